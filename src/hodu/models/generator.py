"""ELECTRA's generator: a masked language model that proposes what stands at hidden places (Clark et al. 2020, §2)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase

from hodu.data import max_length_of
from hodu.errors import ModelError
from hodu.models.load import Loaded, load_masked_lm
from hodu.taps import Tap
from hodu.types import Needs, Readout

_CHUNK = {"cpu": 2**22, "cuda": 2**25}  # chances at a time


class Generator:
    """Fills hidden places with samples of a masked language model's softmax: a :data:`hodu.data.Fill`.

    The model never runs through its vocabulary at places that are not hidden, and no special piece is ever put anywhere (ours: a good generator hardly ever
    proposes one, an untrained one does).

    Args:
        loaded: a masked language model, on the device on which it shall run.
        tokenizer: of those who read the batches. Its pieces are known to the model, perhaps under other ids: a student's vocabulary may be pruned, and what is
            not in it cannot be sampled.

    Raises:
        ModelError: the model does not know all pieces of the tokenizer.
    """

    def __init__(self, loaded: Loaded, tokenizer: PreTrainedTokenizerBase) -> None:
        self._model = loaded.model
        self._inputs = ("input_ids", "attention_mask", *loaded.tokenizer.model_input_names)
        self._pieces = _ids_of(loaded, tokenizer)  # V of the reader
        self._special = torch.tensor(sorted(set(tokenizer.all_special_ids)))
        self._rows: tuple[Tensor, Tensor] | None = None

    @torch.inference_mode()
    def __call__(self, batch: dict[str, Tensor], hidden: Tensor, dice: torch.Generator) -> Tensor:
        """The pieces for the hidden places, row by row, in the reader's ids."""
        device = self._model.device
        inputs = {name: value.to(device) for name, value in batch.items() if name in self._inputs}
        inputs["input_ids"] = self._pieces.to(device)[inputs["input_ids"]]
        with Tap(self._model, Needs(readout=True)) as tap:
            readout = tap.ask(inputs).readout
        assert readout is not None  # asked for
        if self._rows is None:  # once: the generator does not change
            self._rows = self._of_the_reader(readout)
        states = readout.states[hidden.to(device)]  # N D
        lots = torch.rand(len(states), 1, generator=dice, dtype=torch.float64).to(device)
        return sampled(Readout(states, *self._rows), lots).cpu()

    def _of_the_reader(self, readout: Readout) -> tuple[Tensor, Tensor]:
        """``V D`` and ``V``: the vocabulary that the reader has, without a chance for its special pieces."""
        pieces = self._pieces.to(readout.weight.device)
        whole = torch.equal(pieces, torch.arange(len(readout.weight), device=pieces.device))
        weight = readout.weight if whole else readout.weight[pieces]
        bias = None if readout.bias is None else readout.bias[pieces]
        rows = without(Readout(readout.states, weight, bias), self._special)
        assert rows.bias is not None  # what is left out stands there
        return rows.weight, rows.bias


def load_generator(
    path: str | Path, tokenizer: PreTrainedTokenizerBase, *, max_length: int, device: torch.device | str = "cpu"
) -> Generator:
    """The generator in a folder or of a hub id, for readers with this tokenizer and rows of ``max_length`` tokens.

    Raises:
        ModelError: it is no masked language model, does not know the reader's pieces, or takes shorter rows.
    """
    loaded = load_masked_lm(path)
    most = max_length_of(loaded.tokenizer, loaded.model.config)
    if max_length > most:
        raise ModelError(
            f"the generator {path} takes {most} tokens, and the rows have {max_length}; give --max-length {most}"
        )
    generator = Generator(loaded, tokenizer)
    torch.nn.Module.to(loaded.model, device)
    return generator


def without(readout: Readout, pieces: Tensor) -> Readout:
    """The same readout, in which these pieces have no chance."""
    weight, bias = readout.weight, readout.bias
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    return Readout(readout.states, weight, bias.index_fill(0, pieces.to(bias.device), -torch.inf))


def sampled(readout: Readout, lots: Tensor) -> Tensor:
    """One piece per state of ``N D`` from the whole softmax, at temperature 1.

    Args:
        lots: ``N 1``, uniform between 0 and 1, float64.
    """
    weight = readout.weight
    size = max(1, _CHUNK.get(weight.device.type, _CHUNK["cpu"]) // len(weight))
    parts = zip(readout.states.split(size), lots.split(size), strict=True)
    return torch.cat([_drawn(F.linear(some, weight, readout.bias), few) for some, few in parts])  # N


def _drawn(logits: Tensor, lots: Tensor) -> Tensor:
    """One piece per row of ``n V``, where its lot falls among the heaped chances; float64, for 30,000 small numbers are summed."""
    heaped = logits.float().softmax(-1).cumsum(-1, dtype=torch.float64)  # n V
    # right: never a piece without a chance
    found = torch.searchsorted(heaped, lots * heaped[:, -1:], right=True)  # n 1
    return found[:, 0].clamp(max=heaped.shape[1] - 1)


def _ids_of(loaded: Loaded, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """``V``: the generator's id of each piece of the reader's tokenizer."""
    known, pieces = loaded.tokenizer.get_vocab(), tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    lacking = [piece for piece in pieces if piece not in known]
    if lacking:
        raise ModelError(
            f"the generator {loaded.path} reads with another vocabulary: it does not know {len(lacking):,} of the {len(pieces):,} pieces, such as {lacking[0]!r}; "
            "name the generator that was trained with this discriminator, or a masked language model with the same tokenizer"
        )
    return torch.tensor([known[piece] for piece in pieces])
