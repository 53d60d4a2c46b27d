"""What every objective is: two captures in, one scalar out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from hodu.errors import ObjectiveError
from hodu.types import LANGUAGE, Capture, Heads, Needs, Pairing, Readout, Task


class Objective(nn.Module):
    """Base of all objectives.

    An objective sees captures only, never a model, so it works for any architecture that can be tapped. Its value is a mean over the
    examples of the batch, each example counting once whatever its length: so a batch of 8 equals two batches of 4 accumulated, and padding changes nothing.
    Parameters it has (projections) are trained with the student and thrown away with the objective.

    Attributes:
        student_needs, teacher_needs: what must be captured of each forward pass.
    """

    student_needs: Needs = Needs()
    teacher_needs: Needs = Needs()

    @classmethod
    def between(cls, pairing: Pairing, **settings: Any) -> Self:
        """This objective for these two models; ``settings`` are its own keyword arguments, as a recipe states them."""
        raise ObjectiveError(f"{cls.__name__} does not say how it is built for two models: define between()")

    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        """The loss, a scalar. Subclasses write this one."""
        raise ObjectiveError(
            f"{type(self).__name__} does not say how it compares student and teacher: define compare()"
        )

    def prepare(self, captures: Iterable[tuple[Capture, Capture]]) -> None:
        """Look at some (student, teacher) captures before training starts, e.g. to start a projection well. Default: nothing."""

    def forward(self, student: Capture, teacher: Capture) -> Tensor:
        """The loss of this batch, a scalar in float32.

        Raises:
            ObjectiveError: there is no real token, or the result is not finite (checked where it costs no device synchronisation).
        """
        loss = self.compare(student, _detached(teacher))
        if loss.device.type == "cpu" and not torch.isfinite(loss):
            raise ObjectiveError(self._explain(student, teacher))
        return loss

    def _explain(self, student: Capture, teacher: Capture) -> str:
        if not bool(student.mask.any(dim=1).all()):
            return f"{type(self).__name__}: an example of the batch has no real token; drop empty texts"
        for who, capture in (("teacher", teacher), ("student", student)):
            read = capture.readout
            outputs = (capture.logits, *([read.states, read.weight] if read else []))
            tensors = [t for t in (*outputs, *capture.hidden.values()) if t is not None]
            tensors += [t for heads in capture.attention.values() for t in (heads.queries, heads.keys, heads.values)]
            if not all(bool(torch.isfinite(t).all()) for t in tensors):
                advice = "check its weights" if who == "teacher" else "lower the learning rate"
                return f"{type(self).__name__}: the {who} gave NaN or infinite values; {advice}"
        return f"{type(self).__name__}: the loss is not finite although both models gave finite values; lower the learning rate"


def _detached(capture: Capture) -> Capture:
    """The same capture, out of reach for gradients: a teacher must not be bent towards its student."""
    return replace(
        capture,
        logits=None if capture.logits is None else capture.logits.detach(),
        hidden={i: hidden.detach() for i, hidden in capture.hidden.items()},
        attention={
            i: Heads(h.queries.detach(), h.keys.detach(), h.values.detach(), h.scaling)
            for i, h in capture.attention.items()
        },
        readout=_fixed(capture.readout),
    )


def _fixed(readout: Readout | None) -> Readout | None:
    if readout is None:
        return None
    return Readout(
        readout.states.detach(), readout.weight.detach(), None if readout.bias is None else readout.bias.detach()
    )


def logits_of(capture: Capture, who: str, objective: Objective) -> Tensor:
    """The logits in float32, ``B C`` or ``B L C``.

    Raises:
        ObjectiveError: nobody captured them.
    """
    if capture.logits is None:
        raise ObjectiveError(f"{type(objective).__name__} needs the {who}'s logits, and none were captured")
    return capture.logits.float()


def refuse_language(task: Task, what: str) -> None:
    """For objectives that compare one answer per text.

    Raises:
        ObjectiveError: the task is a language task.
    """
    if task in LANGUAGE:
        raise ObjectiveError(
            f"{what} are not what a language model ({task}) says; take the recipe distilbert, minilm (masked-lm), distilgpt (causal-lm) or electra (replaced-token)"
        )


def per_example_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of ``values`` over the entries that are ``valid``, first within each example, then over examples.

    Args:
        values: ``B ...``.
        valid: bool, broadcastable to ``values``.
    """
    weight = valid.expand_as(values).to(values.dtype)
    inner = tuple(range(1, values.dim()))
    # where, not only a product: 0 * NaN is NaN, and what stands at padding is nobody's business
    total = torch.where(valid, values, 0.0).sum(dim=inner)  # B
    return (total / weight.sum(dim=inner)).mean()


def per_token_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Mean of ``values`` (``B L``) over the tokens that count, within each example and then over examples; an example with no such token adds nothing."""
    total = torch.where(counts, values, 0.0).sum(1)  # B
    return (total / counts.sum(1).clamp(min=1)).mean()


def over_positions(logits: Tensor, counts: Tensor) -> Tensor:
    """A question answerer's ``B L 2`` as logits over the tokens that count (``B L``), for where the answer begins and where it ends: ``B 2 L``."""
    low = torch.finfo(torch.bfloat16).min / 2  # finite: a share of 0 times -inf would be NaN
    return logits.mT.masked_fill(~counts[:, None], low)  # B 2 L


def valid_pairs(capture: Capture) -> Tensor:
    """Which key each query may see, ``B 1 L L`` bool: both real, and the key not after the query in a causal model."""
    valid = capture.mask[:, None, :, None] & capture.mask[:, None, None, :]  # B 1 L L
    if capture.causal:
        valid = valid & torch.ones_like(valid[0, 0]).tril()
    return valid
