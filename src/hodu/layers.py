"""Which teacher layer each student layer learns from."""

from __future__ import annotations

from typing import Literal

from hodu.types import LayerPairs

Layers = Literal["uniform", "last"] | LayerPairs
"""``"uniform"``: student i from teacher i·N/M (TinyBERT §3.1) · ``"last"``: only the last of both · or pairs."""


def uniform(student: int, teacher: int) -> tuple[int, ...]:
    """Teacher layer (1 ... N) for each student layer 1 ... M, evenly spread and ending in N: 3 from 6 gives 2, 4, 6.

    Where N is not a multiple of M the nearest layer is taken (TinyBERT's code refuses).
    """
    return tuple((2 * i * teacher + student) // (2 * student) for i in range(1, student + 1))


def layer_pairs(layers: Layers, student: int, teacher: int, *, embeddings: bool = False) -> LayerPairs:
    """Pairs (student, teacher) for students of ``student`` layers; with ``embeddings`` also (0, 0).

    Explicit pairs are returned as they are.
    """
    if not isinstance(layers, str):
        return layers
    if layers == "last":
        return ((student, teacher),)
    pairs = tuple(enumerate(uniform(student, teacher), 1))
    return ((0, 0), *pairs) if embeddings else pairs
