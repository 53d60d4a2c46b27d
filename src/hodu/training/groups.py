"""From answers about texts to answers about rows that are several texts (:mod:`hodu.data.groups`)."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor
from torch.nn.functional import cosine_similarity

from hodu.data import ABSENT
from hodu.types import Capture, Task


def brought_together(said: Tensor, choices: Tensor, task: Task) -> Tensor:
    """One answer a row: of pairs of sentences the cosine of their vectors, ``B 1``; of questions the logits of their choices, ``B N``.

    Args:
        said: what the model says of each text, ``T D`` or ``T 1``.
        choices: ``B N`` bool, how many texts each row has.
    """
    if task == "sentence-embedding":
        one, other = said.float().unflatten(0, (-1, 2)).unbind(1)  # B D
        return cosine_similarity(one, other, dim=-1)[:, None]  # B 1
    return said.new_full(choices.shape, ABSENT).masked_scatter(choices, said[:, 0])  # B N


def together(capture: Capture, choices: Tensor | None, task: Task) -> Capture:
    """The same capture, its answers of rows; layers stay those of texts."""
    if choices is None or capture.logits is None:
        return capture
    return replace(capture, logits=brought_together(capture.logits, choices, task))
