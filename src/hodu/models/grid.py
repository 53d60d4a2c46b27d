"""The grids on which export stores weights, in eight bits and in four: training rounds to what export will write."""

from __future__ import annotations

import torch
from torch import Tensor

from hodu.types import Quantised

GROUP = 32
"""Weights that share a scale in four bits."""
TABLE, PRODUCT = 4096, 1024
"""The fewest numbers of a table that is looked up, and (in four bits) of a matrix of a product, that are worth storing so."""


def by_rows(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Eight bits: ``R C`` whole numbers from -127 to 127, and ``R 1`` scales with which they are the rows again."""
    scales = rows.abs().amax(1, keepdim=True) / 127  # R 1
    scales = scales.where(scales != 0, 1)
    return (rows / scales).round(), scales


def by_groups(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Four bits: ``R G 32`` whole numbers from -8 to 7, and ``R G 1`` scales; what a row lacks of its last group is 0.

    The number furthest from 0 is stored as -8 (the scale takes its sign), so rounding what was rounded changes nothing.
    """
    groups = torch.nn.functional.pad(rows, (0, -rows.shape[1] % GROUP)).unflatten(1, (-1, GROUP))  # R G 32
    furthest = groups.gather(2, groups.abs().argmax(2, keepdim=True))  # R G 1
    scales = (furthest / -8).where(furthest != 0, 1)
    return (groups / scales).round().clamp(-8, 7), scales


def on_grid(rows: Tensor, kind: Quantised) -> Tensor:
    """``R C``: what is left of the rows when they are stored."""
    if kind == "int8":
        numbers, scales = by_rows(rows)
        return numbers * scales
    numbers, scales = by_groups(rows)
    return (numbers * scales).flatten(1)[:, : rows.shape[1]]  # R C


def in_a_byte(values: Tensor) -> Tensor:
    """What eight bits leave of what goes into a product: one range an example, found as it runs (ONNX's DynamicQuantizeLinear on one text)."""
    others = tuple(range(1, values.dim()))
    low = values.amin(others, keepdim=True).clamp(max=0)
    high = values.amax(others, keepdim=True).clamp(min=0)
    scale = (high - low) / 255
    scale = scale.where(scale != 0, 1)
    zero = (-low / scale).round().clamp(0, 255)
    return ((values / scale).round() + zero).clamp(0, 255).sub(zero).mul(scale)
