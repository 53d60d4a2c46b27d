"""Random captures, as a tap would give them, for testing objectives without a model."""

from __future__ import annotations

import torch
from torch import Tensor

from hodu.types import Capture, Heads, Readout, Shape

STUDENT = Shape(layers=2, width=8, heads=2, feed_forward=16)
TEACHER = Shape(layers=4, width=12, heads=2, feed_forward=24)
CLASSES = 3
VOCABULARY = 7


def capture(
    shape: Shape,
    *,
    seed: int,
    lengths: tuple[int, ...] = (5, 3),
    padded_to: int = 5,
    classes: int = CLASSES,
    per_token: bool = False,
    grad: bool = False,
    labels: Tensor | None = None,
) -> Capture:
    """A capture with every layer recorded. The values at real tokens depend on ``seed`` alone, not on the padding, which holds other noise.

    Args:
        per_token: logits are ``B L`` instead of ``B C``.
    """
    batch = len(lengths)
    mask = torch.arange(padded_to)[None] < torch.tensor(lengths)[:, None]  # B L
    generator = torch.Generator().manual_seed(seed)
    noise = torch.Generator().manual_seed(padded_to)

    def values(*axes: int) -> Tensor:
        longest = max(lengths)
        real = torch.randn(batch, longest, *axes, generator=generator)
        whole = torch.randn(batch, padded_to, *axes, generator=noise) * 10
        whole[:, :longest] = torch.where(
            mask[:, :longest].reshape(batch, longest, *(1 for _ in axes)), real, whole[:, :longest]
        )
        return whole

    def heads() -> Heads:
        width = shape.width // shape.heads
        queries, keys, kept = (
            values(shape.heads, width).transpose(1, 2).contiguous().requires_grad_(grad) for _ in range(3)
        )  # B H L K
        return Heads(queries, keys, kept, width**-0.5)

    logits = (values() if per_token else torch.randn(batch, classes, generator=generator)).requires_grad_(grad)
    hidden = {i: values(shape.width).requires_grad_(grad) for i in range(shape.layers + 1)}
    attention = {i: heads() for i in range(1, shape.layers + 1)}
    states = values(shape.width).requires_grad_(grad)
    weight, bias = (
        torch.randn(VOCABULARY, shape.width, generator=generator),
        torch.randn(VOCABULARY, generator=generator),
    )
    readout = Readout(states, weight.requires_grad_(grad), bias.requires_grad_(grad))
    return Capture(mask, logits, hidden, attention, labels=labels, readout=readout)


def tensors(one: Capture) -> list[Tensor]:
    """Everything in a capture that a gradient could reach."""
    given = [one.logits] if one.logits is not None else []
    given += list(one.hidden.values())
    if one.readout is not None and one.readout.bias is not None:
        given += [one.readout.states, one.readout.weight, one.readout.bias]
    return given + [t for heads in one.attention.values() for t in (heads.queries, heads.keys, heads.values)]
