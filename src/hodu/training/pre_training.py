"""ELECTRA from nothing: a discriminator and its generator, trained together (Clark et al. 2020)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel
from typing_extensions import override

from hodu.models.generator import sampled, without
from hodu.models.load import Loaded, load_masked_lm
from hodu.models.scratch import GENERATOR, is_shape, new_generator, share_embeddings
from hodu.objectives import ReplacedTokens, Vocabulary
from hodu.recipes import Term
from hodu.taps import Tap
from hodu.training.distillation import Distillation, Teachers
from hodu.types import IGNORED, Capture, Needs, Readout

logger = logging.getLogger("hodu")

TERMS = (
    Term(ReplacedTokens, 50.0, "Clark et al. 2020, §2: λ; the reference code: 50", {"soft": 0.0, "hard": 1.0}),
    Term(
        Vocabulary,
        1.0,
        "Clark et al. 2020, §2: the generator's masked-LM loss; the reference code: 1",
        {"soft": 0.0, "hard": 1.0},
    ),
)


class Pair(Distillation):
    """A discriminator (the ``student``) that learns from labels alone, and the generator that replaces pieces for it and learns meanwhile.

    The generator learns to fill in [MASK] and not to deceive: what it samples has no gradient (§2). In eval mode only the discriminator is looked at, on text that was
    corrupted before: the generator gets better, so losses on its own samples cannot be compared from step to step.

    Args:
        special: piece ids that are never put anywhere.
    """

    def __init__(self, discriminator: PreTrainedModel, generator: PreTrainedModel, special: list[int]) -> None:
        judge, guess = (term.objective(**term.settings) for term in TERMS)
        super().__init__(discriminator, Teachers(()), [judge], [TERMS[0].weight], "replaced-token")
        self.generator = generator
        self._guess = guess
        self._special = torch.tensor(sorted(set(special)))
        self._tap: Tap | None = None

    @override
    @contextmanager
    def tapped(self) -> Iterator[None]:
        with super().tapped(), Tap(self.generator, Needs(readout=True)) as self._tap:
            yield

    @override
    def forward(
        self,
        labels: Tensor | None = None,
        row: Tensor | None = None,
        choices: Tensor | None = None,  # running text has none
        **inputs: Tensor,
    ) -> dict[str, Tensor]:
        """In training: ``input_ids`` with [MASK] and ``labels`` the pieces that stood there (:func:`hodu.data.unfilled`). In eval mode: as :class:`Distillation`."""
        if not self.training:
            return super().forward(labels, row, choices, **inputs)
        assert labels is not None
        assert self._tap is not None  # run_stage runs inside tapped()
        guessed = self._tap.ask(inputs, labels)
        loss = self._guess(guessed, Capture(guessed.mask)) * TERMS[1].weight
        hidden = labels != IGNORED  # B L
        original = torch.where(hidden, labels, inputs["input_ids"])
        assert guessed.readout is not None  # asked for
        seen = original.masked_scatter(hidden, self._samples(guessed.readout, hidden))
        replaced = (seen != original).long().masked_fill(~guessed.mask, IGNORED)  # B L
        said = super().forward(replaced, **{**inputs, "input_ids": seen})
        terms = torch.cat([said["terms"], loss.detach()[None]])  # 2
        return {"loss": said["loss"] + loss, "terms": terms}

    @torch.no_grad()
    def _samples(self, readout: Readout, hidden: Tensor) -> Tensor:
        """A piece for each hidden place, ``N``; the dice are torch's own, which a checkpoint keeps as it does dropout's."""
        states = readout.states[hidden]  # N D
        lots = torch.rand(len(states), 1, dtype=torch.float64, device=states.device)
        return sampled(without(Readout(states, readout.weight, readout.bias), self._special), lots)


def partner_of(model: str | Path, discriminator: Loaded, asked: str | Path | None) -> Loaded | None:
    """The generator that is to be trained together with this discriminator; None where pieces come from one that stays as it is, or from no generator.

    Args:
        model: what the user named: a shape, or a folder in which the generator of an earlier training may lie.
        asked: ``--generator``: a shape makes a new one; None makes one for a new discriminator.
    """
    if asked is not None and not is_shape(str(asked)):
        return None
    beside = Path(model) / GENERATOR
    if asked is None and beside.is_dir():
        partner = load_masked_lm(beside)
        share_embeddings(partner.model, discriminator.model)
    elif asked is not None or is_shape(str(model)):
        partner = new_generator(str(asked) if asked is not None else None, discriminator)
    else:
        return None
    config = partner.model.config
    logger.info(
        "a generator of %dx%d is trained together with the discriminator, with the same embeddings",
        config.num_hidden_layers,
        config.hidden_size,
    )
    return partner


def generator_beside(teacher: str | Path) -> Path | None:
    """The generator that was trained with this discriminator, if it lies in its folder."""
    folder = Path(teacher) / GENERATOR
    if not folder.is_dir():
        return None
    logger.info("pieces are replaced by %s, the generator that the teacher was trained with", folder)
    return folder
