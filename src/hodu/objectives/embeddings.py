"""Sentence vectors: where the teacher puts a sentence, and how near to each other it puts two.

Both models give a vector a sentence, ``B D``, in the place of logits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective, logits_of
from hodu.objectives.projection import fit
from hodu.types import Capture, Needs, Pairing


class Embeddings(Objective):
    """Match the vector of each sentence (Reimers & Gurevych 2020, §2: mean squared error), mean over sentences.

    A narrower student is compared through a projection, which is thrown away; so this alone says little about the cosines among the student's own vectors: add
    :class:`Similarities`.

    Args:
        student_width, teacher_width: D of each; different ones get a projection, fitted by least squares before training.
        distance: ``"cosine"``, 1 - cos, which is what the vectors are used for; or ``"mse"``, mean over D (the paper's).
    """

    student_needs = Needs(logits=True)
    teacher_needs = Needs(logits=True)

    def __init__(
        self, student_width: int, teacher_width: int, *, distance: Literal["cosine", "mse"] = "cosine"
    ) -> None:
        super().__init__()
        self.distance = distance
        self.projection = None if student_width == teacher_width else nn.Linear(student_width, teacher_width)

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        _only_encoders(pairing, "sentence vectors")
        return cls(pairing.student.width, pairing.teacher.width, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        ours, theirs = logits_of(student, "student", self), logits_of(teacher, "teacher", self)
        if self.projection is not None:
            ours = self.projection(ours).float()
        if ours.shape != theirs.shape:
            raise ObjectiveError(
                f"vectors of the same sentences are compared, but the student gives {tuple(ours.shape)} and the teacher {tuple(theirs.shape)} (sentences, width)"
            )
        return F.mse_loss(ours, theirs) if self.distance == "mse" else (1 - F.cosine_similarity(ours, theirs)).mean()

    @override
    def prepare(self, captures: Iterable[tuple[Capture, Capture]]) -> None:
        """Fit the projection on these captures."""
        if self.projection is None:
            return
        seen = [(logits_of(s, "student", self), logits_of(t, "teacher", self)) for s, t in captures]
        fit(self.projection, torch.cat([ours for ours, _ in seen]), torch.cat([theirs for _, theirs in seen]))


class Similarities(Objective):
    """Match the cosines among the sentences of a batch: mean squared error over all pairs of different rows. No projection, any two widths.

    It compares examples with each other, so a batch of 8 holds more pairs than two accumulated batches of 4; a single sentence has none and counts 0.
    """

    student_needs = Needs(logits=True)
    teacher_needs = Needs(logits=True)

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        _only_encoders(pairing, "cosines among sentences")
        return cls(**settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        ours, theirs = (
            _cosines(logits_of(one, who, self)) for one, who in ((student, "student"), (teacher, "teacher"))
        )
        others = len(ours) * (len(ours) - 1)  # the diagonal is 1 in both
        return (ours - theirs).square().sum() / max(others, 1)


def _cosines(vectors: Tensor) -> Tensor:
    unit = F.normalize(vectors, dim=-1)
    return unit @ unit.T  # B B


def _only_encoders(pairing: Pairing, what: str) -> None:
    if pairing.task != "sentence-embedding":
        raise ObjectiveError(
            f"{what} are for sentence encoders, and this is {pairing.task}: compare SoftTargets, or give --task sentence-embedding"
        )
