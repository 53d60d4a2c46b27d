"""Attention scores: where the teacher looks, the student looks."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.base import Objective, per_example_mean, valid_pairs
from hodu.types import Capture, Heads, LayerPairs, Needs, Pairing


class AttentionScores(Objective):
    """Match ``Q·Kᵀ/√K`` before the softmax, head by head (TinyBERT §3.1, Eq. 7); summed over layer pairs.

    The paper: unnormalised scores converge faster and end better than probabilities. Padding takes no part, neither as key nor as query (the reference code
    leaves padded queries in).

    Args:
        pairs: (student, teacher) layers, 1 ... N.
        student_heads, teacher_heads: H of each, which must be equal, since head i is compared with head i.

    Raises:
        ObjectiveError: no pairs, or different head counts.
    """

    def __init__(self, pairs: LayerPairs, student_heads: int, teacher_heads: int) -> None:
        super().__init__()
        if not pairs:
            raise ObjectiveError("the attention objective got no layer pairs; name at least one, e.g. ((3, 6),)")
        if student_heads != teacher_heads:
            raise ObjectiveError(
                f"attention scores are compared head by head, but the student has {student_heads} heads and the teacher {teacher_heads}; "
                f"give the student {teacher_heads} heads (--heads {teacher_heads}) or use relations, which re-split the heads"
            )
        self.pairs = pairs
        self.student_needs = Needs(attention=frozenset(s for s, _ in pairs))
        self.teacher_needs = Needs(attention=frozenset(t for _, t in pairs))

    @classmethod
    @override
    def between(cls, pairing: Pairing, *, layers: Layers = "uniform", **settings: Any) -> Self:
        student, teacher = pairing.student, pairing.teacher
        return cls(layer_pairs(layers, student.layers, teacher.layers), student.heads, teacher.heads, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        valid = valid_pairs(student)
        total = student.mask.new_zeros((), dtype=torch.float32)
        for s, t in self.pairs:
            apart = (scores(student.attention[s]) - scores(teacher.attention[t])).square()  # B H L L
            total = total + per_example_mean(apart, valid)
        return total


def scores(heads: Heads) -> Tensor:
    """Scores before mask and softmax, ``B H L L`` float32; grouped keys serve their group of query heads."""
    groups = heads.queries.shape[1] // heads.keys.shape[1]
    keys = heads.keys.repeat_interleave(groups, dim=1)  # B H L K
    return (heads.queries @ keys.transpose(-1, -2)).float() * heads.scaling  # B H L L
