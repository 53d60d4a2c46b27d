"""Hard labels: what plain training does, as one more objective."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective, logits_of, refuse_language
from hodu.types import Capture, Needs, Pairing, Task


class Labels(Objective):
    """Cross-entropy with the gold class, binary cross-entropy with the gold labels, or squared error to the gold number.

    Args:
        task: classification takes labels ``B`` (class ids), multilabel ``B C`` (0 or 1), regression ``B`` (numbers), as does sentence-embedding, whose logits are
            then the cosines of pairs of sentences (Reimers & Gurevych 2019, §3, regression objective); multiple-choice ``B`` (the right choice).

    Raises:
        ObjectiveError: the batch has no labels.
    """

    student_needs = Needs(logits=True)

    def __init__(self, task: Task = "classification") -> None:
        super().__init__()
        self.task = task

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        refuse_language(pairing.task, "labels of whole texts")
        return cls(pairing.task, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        logits = logits_of(student, "student", self)
        if student.labels is None:
            raise ObjectiveError(
                "the labels objective needs labels, and this batch has none; use a recipe without it or label the data"
            )
        if self.task in ("classification", "multiple-choice"):
            return F.cross_entropy(logits, student.labels)
        if self.task == "multilabel":
            return F.binary_cross_entropy_with_logits(logits, student.labels.float())
        return F.mse_loss(logits.squeeze(-1), student.labels.float())
