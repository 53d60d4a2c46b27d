"""An ensemble of teachers speaks as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from hodu.errors import ObjectiveError
from hodu.objectives.base import over_positions
from hodu.types import TOKENS, Capture, Task

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
        captures: one per teacher, logits ``B C`` (``B L C``) with the same classes in the same order.
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
    logits = torch.stack(given).float()  # teachers B C, or teachers B L C
    share = (share / share.sum()).view(-1, *(1 for _ in given[0].shape))  # teachers 1 1, or teachers 1 1 1
    if task == "regression" or mean == "geometric":
        return replace(captures[0], logits=(share * logits).sum(0))
    if task == "question-answering":  # probabilities of places, not of the two ends
        places = over_positions(logits.flatten(0, 1), captures[0].mask.repeat(len(given), 1))  # teachers*B 2 L
        logits = places.unflatten(0, (len(given), -1))  # teachers B 2 L
        mean_places = _mean_of_probabilities(logits / temperature, share, task)  # B 2 L
        return replace(captures[0], logits=(mean_places * temperature).mT)
    return replace(captures[0], logits=_mean_of_probabilities(logits / temperature, share, task) * temperature)


def _mean_of_probabilities(logits: Tensor, share: Tensor, task: Task) -> Tensor:
    """Logits whose probabilities are the weighted mean of those of ``logits`` (teachers B C, or one axis more), computed in log space: ``B C``."""
    if task in ("classification", "multiple-choice") or task in TOKENS:
        return (logits.log_softmax(-1) + share.log()).logsumexp(0)
    yes = (torch.nn.functional.logsigmoid(logits) + share.log()).logsumexp(0)
    no = (torch.nn.functional.logsigmoid(-logits) + share.log()).logsumexp(0)
    return yes - no
