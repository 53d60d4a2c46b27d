"""Soft targets: the student matches the teacher's softened answer."""

from __future__ import annotations

from typing import Any, Literal, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives.base import Objective, logits_of, over_positions, per_token_mean, refuse_language
from hodu.types import IGNORED, TOKENS, Capture, Needs, Pairing, Task


class SoftTargets(Objective):
    """Match the teacher's output distribution at a temperature (Hinton et al. 2015, §2).

    - classification, multiple-choice (over the choices of a question): divergence between ``softmax(teacher / T)`` and ``softmax(student / T)``;
    - multilabel: the same between the two Bernoulli distributions of each label, mean over labels;
    - token classification: the classification's at the first piece of each word, tagged or not, mean over them within an example;
    - question answering: the same between the distributions over the tokens where an answer may stand (those of the context, and the first one for "not in this
      window"), for where it begins and for where it ends, mean of both;
    - regression: mean squared error of the outputs (a number has no distribution: T must be 1).

    Args:
        task: what the logits mean.
        temperature: T > 0; higher shows more of what the teacher thinks of the wrong classes.
        scale: ``"squared"`` multiplies by T², which keeps the size of the gradient when T changes (Hinton §2: gradients scale as 1/T²);
            ``"none"`` leaves it out, as TextBrewer and TinyBERT do.
        divergence: ``"kl"`` is zero when both agree; ``"cross_entropy"`` is TinyBERT's (§3.2, Eq. 10), with the teacher's entropy as its floor:
            the same gradient.

    Raises:
        ObjectiveError: T ≤ 0, T ≠ 1 for regression, or different numbers of classes.
    """

    student_needs = Needs(logits=True)
    teacher_needs = Needs(logits=True)

    def __init__(
        self,
        task: Task = "classification",
        *,
        temperature: float = 1.0,
        scale: Literal["squared", "none"] = "squared",
        divergence: Literal["kl", "cross_entropy"] = "kl",
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ObjectiveError(
                f"the temperature of soft targets must be above 0, got {temperature}; 1 leaves the teacher's answer as it is"
            )
        if task == "regression" and temperature != 1:
            raise ObjectiveError(f"a temperature of {temperature} means nothing for regression; set it to 1")
        self.task, self.temperature, self.divergence = task, temperature, divergence
        self.factor = temperature**2 if scale == "squared" else 1.0

    @classmethod
    @override
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        refuse_language(pairing.task, "soft targets over classes")
        if pairing.task == "sentence-embedding":
            raise ObjectiveError(
                "a sentence encoder gives vectors, not classes: compare Embeddings and Similarities instead of SoftTargets (hodu.recipes.for_vectors)"
            )
        if pairing.task == "regression":
            settings["temperature"] = 1.0  # the one temperature that a number can have
        return cls(pairing.task, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        ours, theirs = logits_of(student, "student", self), logits_of(teacher, "teacher", self)
        if ours.shape != theirs.shape:
            raise ObjectiveError(
                f"soft targets compare the same classes, but the student gives {tuple(ours.shape)} and the teacher {tuple(theirs.shape)} "
                f"({'examples, tokens, classes' if self.task in TOKENS else 'examples, classes'}); build the student from this teacher"
            )
        if self.task == "regression":
            return F.mse_loss(ours, theirs)
        ours, theirs = ours / self.temperature, theirs / self.temperature
        if self.task == "multilabel":
            # a Bernoulli is a softmax over (logit, 0)
            ours, theirs = (torch.stack((x, torch.zeros_like(x)), dim=-1) for x in (ours, theirs))  # B C 2
        counts = student.mask if student.labels is None else student.labels != IGNORED  # B L, of tasks about tokens
        if self.task == "question-answering":
            ours, theirs = (over_positions(x, counts) for x in (ours, theirs))  # B 2 L
        apart = self._apart(ours.log_softmax(-1), theirs.log_softmax(-1))  # B, B C, B L or B 2
        if self.task != "token-classification":
            return apart.mean() * self.factor
        return per_token_mean(apart, counts) * self.factor

    def _apart(self, log_student: Tensor, log_teacher: Tensor) -> Tensor:
        reference = log_student if self.divergence == "cross_entropy" else log_student - log_teacher
        return -(log_teacher.exp() * reference).sum(-1)
