"""Hard labels: what plain training does, as one more objective."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective, logits_of, over_positions, per_token_mean, refuse_language
from hodu.types import BEGIN, END, IGNORED, UNTOLD, Capture, Needs, Pairing, Task

_UNTOLD = "the labels objective needs labels, and this batch has {}; use a recipe without it or label the data"


class Labels(Objective):
    """Cross-entropy with the gold class (of each word, or of the answer's places), binary cross-entropy with the gold labels, or squared error to the gold number.

    Args:
        task: classification takes labels ``B`` (class ids), multilabel ``B C`` (0 or 1), regression ``B`` (numbers), as does sentence-embedding, whose logits are
            then the cosines of pairs of sentences (Reimers & Gurevych 2019, §3, regression objective); multiple-choice ``B`` (the right choice); token
            classification ``B L`` (class ids at the tokens that count: mean over these, then over examples), question answering ``B L`` (where an answer may
            stand, begins and ends: mean of both).

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
            raise ObjectiveError(_UNTOLD.format("none"))
        if self.task in ("classification", "multiple-choice"):
            return F.cross_entropy(logits, student.labels)
        if self.task == "multilabel":
            return F.binary_cross_entropy_with_logits(logits, student.labels.float())
        if self.task == "token-classification":
            if bool((student.labels == UNTOLD).any()):
                raise ObjectiveError(_UNTOLD.format("words without a tag"))
            nats = F.cross_entropy(logits.mT, student.labels, ignore_index=IGNORED, reduction="none")  # B L
            return per_token_mean(nats, student.labels != IGNORED)
        if self.task == "question-answering":
            counts = student.labels != IGNORED  # B L
            bits = student.labels.where(counts, 0)[:, None] & student.labels.new_tensor([[BEGIN], [END]])  # B 2 L
            if not bool(bits.any(dim=2).all()):
                raise ObjectiveError(_UNTOLD.format("questions without an answer"))
            places = over_positions(logits, counts)  # B 2 L
            return F.cross_entropy(places.flatten(0, 1), bits.argmax(dim=2).flatten())
        return F.mse_loss(logits.squeeze(-1), student.labels.float())
