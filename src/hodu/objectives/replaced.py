"""Replaced-token detection: which pieces the teacher takes for replaced ones, and which ones are."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective, logits_of, per_example_mean
from hodu.types import IGNORED, Capture, Needs, Pairing


class ReplacedTokens(Objective):
    """``soft · T² KL(teacher ‖ student) + hard · cross-entropy with the truth``, for the two chances of each token: replaced, or original.

    The hard part is ELECTRA's loss (Clark et al. 2020, §2); the soft one is Hinton's (2015, §2) for the Bernoulli distributions ``σ(logit / T)``, ours: no paper
    distils a discriminator so. Both are means over all real tokens of a row, special ones included as in ELECTRA, and then over rows.

    Args:
        soft: weight of the soft targets; 0 asks nothing of the teacher.
        hard: weight of the cross-entropy, T = 1.
        temperature: T.

    Raises:
        ObjectiveError: T ≤ 0, no weight, a batch without labels for ``hard``, logits that are not one a token, or models for another task.
    """

    def __init__(self, *, soft: float = 1.0, hard: float = 0.0, temperature: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise ObjectiveError(f"the temperature of soft targets must be above 0, got {temperature}")
        if soft < 0 or hard < 0 or soft + hard == 0:
            raise ObjectiveError(f"weights must not be negative, and not both 0; got soft {soft} and hard {hard}")
        self.soft, self.hard, self.temperature = soft, hard, temperature
        self.student_needs = Needs(logits=True)
        self.teacher_needs = Needs(logits=soft > 0)

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        if pairing.task != "replaced-token":
            raise ObjectiveError(
                f"replaced pieces are for ELECTRA discriminators, and this is {pairing.task}: take another recipe (hodu recipes), or --task replaced-token"
            )
        return cls(**settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        ours = self._logits(student, "student")  # B L
        total = ours.new_zeros(())
        if self.soft:
            apart = self._divergence(ours, self._logits(teacher, "teacher"))
            total = total + self.soft * per_example_mean(apart, student.mask)
        if self.hard:
            if student.labels is None:
                raise ObjectiveError(
                    "which pieces were replaced is missing: give labels, as a corrupted batch has them"
                )
            nats = F.binary_cross_entropy_with_logits(ours, (student.labels == 1).to(ours.dtype), reduction="none")
            total = total + self.hard * per_example_mean(nats, student.labels != IGNORED)
        return total

    def _divergence(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """T² KL of two Bernoulli distributions at each token, ``B L``."""
        ours, theirs = ours / self.temperature, theirs / self.temperature
        replaced = theirs.sigmoid() * (F.logsigmoid(theirs) - F.logsigmoid(ours))
        original = (-theirs).sigmoid() * (F.logsigmoid(-theirs) - F.logsigmoid(-ours))
        return (replaced + original) * self.temperature**2

    def _logits(self, capture: Capture, who: str) -> Tensor:
        logits = logits_of(capture, who, self)
        if logits.shape != capture.mask.shape:
            raise ObjectiveError(
                f"replaced pieces need one logit a token, {tuple(capture.mask.shape)}, but the {who} gives {tuple(logits.shape)}; "
                "take an ELECTRA discriminator"
            )
        return logits


def detected(logits: Tensor, labels: Tensor) -> Tensor:
    """How a discriminator does on each row of a batch; a logit above 0 says that the piece is a replaced one.

    Args:
        logits: ``B L``.
        labels: ``B L``, 1 replaced, 0 original, :data:`IGNORED` at padding.

    Returns:
        ``B 5``: replaced pieces that it found, pieces that it called replaced, replaced pieces, pieces judged right, nats of cross-entropy.
    """
    there = labels != IGNORED
    said, replaced = (logits > 0) & there, labels == 1
    nats = F.binary_cross_entropy_with_logits(logits.float(), replaced.float(), reduction="none").where(there, 0.0)
    counts = (said & replaced, said, replaced, (said == replaced) & there, nats)
    return torch.stack([each.float().sum(1) for each in counts], dim=1)  # B 5
