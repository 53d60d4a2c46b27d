"""An ensemble of teachers speaks as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from hodu.errors import ObjectiveError
from hodu.types import Capture, Task

Mean = Literal["arithmetic", "geometric"]


def combine(
    captures: Sequence[Capture],
    weights: Sequence[float],
    task: Task,
    *,
    temperature: float = 1.0,
    mean: Mean = "arithmetic",
) -> Capture:
    """One capture whose logits say what the teachers say together (Hinton et al. 2015, §1: arithmetic or geometric mean of their predictions).

    The arithmetic mean is taken of the probabilities *at this temperature*; the logits returned give just that mean when softened by the same temperature.
    The geometric mean is the mean of the logits, at any temperature. Numbers (regression) are averaged. Hidden states and attention have no
    meaningful mean over teachers: those of the first one are passed on.

    Args:
        captures: one per teacher, logits ``B C`` with the same classes in the same order.
        weights: one per teacher, positive; only their proportion counts.

    Raises:
        ObjectiveError: unequal counts, weights that are not positive, or different classes.
    """
    if len(captures) == 1:
        return captures[0]
    if len(captures) != len(weights) or not all(w > 0 for w in weights):
        raise ObjectiveError(f"{len(captures)} teachers need as many positive weights, got {list(weights)}")
    given = [c.logits for c in captures if c.logits is not None]
    if len(given) < len(captures) or len({t.shape for t in given}) > 1:
        raise ObjectiveError(
            f"an ensemble compares outputs over the same classes, got shapes {[tuple(t.shape) for t in given]}"
        )
    share = torch.tensor(weights, dtype=torch.float32, device=given[0].device)
    share = (share / share.sum())[:, None, None]  # teachers 1 1
    logits = torch.stack(given).float()  # teachers B C
    if task == "regression" or mean == "geometric":
        return replace(captures[0], logits=(share * logits).sum(0))
    return replace(captures[0], logits=_mean_of_probabilities(logits / temperature, share, task) * temperature)


def _mean_of_probabilities(logits: Tensor, share: Tensor, task: Task) -> Tensor:
    """Logits whose probabilities are the weighted mean of those of ``logits`` (teachers B C), computed in log space: ``B C``."""
    if task in ("classification", "multiple-choice"):
        return (logits.log_softmax(-1) + share.log()).logsumexp(0)
    yes = (torch.nn.functional.logsigmoid(logits) + share.log()).logsumexp(0)
    no = (torch.nn.functional.logsigmoid(-logits) + share.log()).logsumexp(0)
    return yes - no
