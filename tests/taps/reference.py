"""One tapped pass, and the same by transformers' unfused attention."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    PreTrainedModel,
)

from hodu.taps import Tap
from hodu.types import Capture, Needs
from tests.tiny import DECODERS, FAMILIES, batch

LAYERS = 3
EVERYTHING = Needs(hidden=frozenset(range(LAYERS + 1)), attention=frozenset(range(1, LAYERS + 1)))
REAL = batch()["attention_mask"].bool()  # B L
assert_same = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)

every_family = pytest.mark.parametrize("family", FAMILIES)
# Deprecated in transformers 5.23, but its successor is missing in 5.17.
checkpointing_warning = pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated:FutureWarning")


def run(model: PreTrainedModel, needs: Needs = EVERYTHING, **options: Any) -> tuple[Any, Capture]:
    """One tapped forward pass over the padded batch: the model's output, and what was taken."""
    inputs = batch()
    with Tap(model, needs) as tap:
        output = model(**inputs, **options)
        return output, tap.take(output, inputs["attention_mask"])


def eager(model: PreTrainedModel, **options: Any) -> Any:
    """What the same weights compute with transformers' unfused attention, the independent way of doing it."""
    twin = copy.deepcopy(model)
    twin.set_attn_implementation("eager")
    return twin(**batch(), output_hidden_states=True, output_attentions=True, **options)


def visible(family: str, layer: int) -> Tensor:
    """``B 1 L L``, True where a token (third axis) may attend to another (fourth), by the families' definitions."""
    distance = torch.arange(REAL.shape[1])[:, None] - torch.arange(REAL.shape[1])  # L L
    allowed = torch.ones_like(distance, dtype=torch.bool)
    if family in DECODERS:
        allowed = distance >= 0
    if family == "modernbert" and layer % 2 == 0:
        allowed = distance.abs() <= 2
    return allowed & REAL[:, None, None, :]  # B 1 L L


def probabilities(capture: Capture, family: str, layer: int) -> Tensor:
    """Attention probabilities ``B H L L`` of real tokens (zero for padding), from the tapped queries and keys alone."""
    heads = capture.attention[layer]
    groups = heads.queries.shape[1] // heads.keys.shape[1]
    keys = heads.keys.repeat_interleave(groups, dim=1)  # B H L K
    scores = heads.queries @ keys.mT * heads.scaling  # B H L L
    lowest = torch.finfo(scores.dtype).min  # not -inf: in a local layer a padding token may see nothing
    return scores.masked_fill(~visible(family, layer), lowest).softmax(dim=-1) * REAL[:, None, :, None]


def hook_count(model: PreTrainedModel) -> int:
    """All forward hooks of all modules."""
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def loss(hidden: Sequence[Tensor], attentions: Sequence[Tensor]) -> Tensor:
    """Some smooth function of all that real tokens said."""
    states = sum((state[REAL] ** 3).mean() for state in hidden)
    return states + sum((attention * REAL[:, None, :, None]).square().sum() for attention in attentions)


def gradients(model: PreTrainedModel) -> dict[str, Tensor]:
    """The gradients by the names of their weights."""
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
