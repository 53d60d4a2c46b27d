"""How well discriminators tell replaced pieces: all of them on one corrupted text."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from hodu.data import Fill, Frequency, corrupted, max_length_of, pack
from hodu.errors import ModelError
from hodu.models.generator import load_generator
from hodu.models.load import Loaded
from hodu.objectives.replaced import detected
from hodu.types import IGNORED

CALLED_REPLACED = 1
"""Columns of :func:`detect`."""

_BATCH = 32
_LOOKED_AT = 200  # texts that all tokenizers cut, to see whether they agree
_MORE_PIECES = 0.05  # a pruned vocabulary cuts a few words finer, another vocabulary nearly all


@dataclass(frozen=True)
class Corrupted:
    """A text in which pieces are replaced, cut by one tokenizer and held in memory.

    Attributes:
        batches: as :func:`hodu.data.corrupted` gives them.
        tokenizer: in whose piece ids they are.
        note: what a reader of the figures must know of it.
    """

    batches: tuple[dict[str, Tensor], ...]
    tokenizer: PreTrainedTokenizerBase
    note: str


def corrupt(
    systems: Sequence[Loaded], rows: Dataset, generator: str | Path | None, device: torch.device | str
) -> Corrupted:
    """The text in rows of the shortest model's length, cut by the smallest tokenizer (as a student's pruned one, in distillation too), with 15 % of its pieces hidden and replaced.

    Places and pieces depend on the rows, and on the generator, alone: the same ones in each run.

    Args:
        rows: a column "text".
        generator: a masked language model; None draws pieces by their frequency in these rows.

    Raises:
        ModelError: models with different vocabularies, which cannot read one text; or a generator that cannot serve them.
    """
    reader = min(systems, key=lambda one: len(one.tokenizer))
    for one in systems:
        _check_same_pieces(reader, one, rows)
    length = min(max_length_of(one.tokenizer, one.model.config) for one in systems)
    packed, packing = pack(rows, reader.tokenizer, max_length=length)
    logging.getLogger("hodu").info("%s", packing)
    fill: Fill = Frequency(packed, reader.tokenizer)
    by = "drawn by their frequency (--generator for harder ones)"
    if generator is not None:
        fill = load_generator(generator, reader.tokenizer, max_length=length, device=device)
        by = f"sampled from {generator}"
    batch = corrupted(reader.tokenizer, fill, seed=0)
    begins = range(0, len(packed), _BATCH)
    batches = tuple(
        batch([packed[place] for place in range(begin, min(begin + _BATCH, len(packed)))]) for begin in begins
    )
    return Corrupted(
        batches, reader.tokenizer, f"15 % of the pieces replaced by others, {by}; F1 is that of 'replaced'"
    )


def _check_same_pieces(reader: Loaded, other: Loaded, rows: Dataset) -> None:
    """A text in the reader's pieces must be one that the other model could have read.

    Raises:
        ModelError: it does not know them, or cuts text in another way.
    """
    here, there = reader.tokenizer.get_vocab(), other.tokenizer.get_vocab()
    if here == there:
        return
    lacking = here.keys() - there.keys()
    texts = rows[:_LOOKED_AT]["text"]
    pieces = [sum(len(each) for each in one.tokenizer(texts, verbose=False).input_ids) for one in (reader, other)]
    if lacking or pieces[0] > pieces[1] * (1 + _MORE_PIECES):
        why = f"the latter does not know {min(lacking)!r}" if lacking else f"{pieces[0]:,} pieces against {pieces[1]:,}"
        raise ModelError(
            f"{reader.path} and {other.path} read with different vocabularies ({why}), so no corrupted text is the same for both; measure them one by one"
        )


def detect(loaded: Loaded, text: Corrupted) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Tensor]]:
    """What a discriminator makes of a corrupted text, on the device of the model.

    Returns:
        ``N 5``: sums of each row (:func:`hodu.objectives.replaced.detected`); ``N``: its tokens; and batch by batch which tokens it takes for replaced ones, ``B L`` bool.
    """
    known = loaded.tokenizer.get_vocab()
    names = text.tokenizer.convert_ids_to_tokens(list(range(len(text.tokenizer))))
    own = torch.tensor([known[name] for name in names])  # V of the text
    sums, asked, judged = [], [], []
    nn.Module.eval(loaded.model)
    with torch.inference_mode():
        for batch in text.batches:
            labels = batch["labels"]
            inputs = {name: value.to(loaded.model.device) for name, value in batch.items() if name != "labels"}
            inputs["input_ids"] = own[batch["input_ids"]].to(loaded.model.device)
            logits = loaded.model(**inputs).logits.cpu()  # B L
            sums.append(detected(logits, labels))
            asked.append((labels != IGNORED).sum(1))
            judged.append(logits > 0)
    return torch.cat(sums).double().numpy(), torch.cat(asked).double().numpy(), judged


def alike(ours: Sequence[Tensor], theirs: Sequence[Tensor], text: Corrupted) -> NDArray[np.float64]:
    """``N 5``: the sums of one model's judgements, with another's as the truth."""
    rows = []
    for mine, other, batch in zip(ours, theirs, text.batches, strict=True):
        truth = other.long().masked_fill(batch["labels"] == IGNORED, IGNORED)  # B L
        rows.append(detected(mine.float() - 0.5, truth))
    return torch.cat(rows).double().numpy()
