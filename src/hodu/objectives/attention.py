"""Attention scores: where the teacher looks, the student looks."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.base import Objective, valid_pairs
from hodu.types import Capture, Heads, LayerPairs, Needs, Pairing


class HeadByHead(Objective):
    """What compares head i of the student with head i of the teacher, in pairs of layers.

    Args:
        pairs: (student, teacher) layers, 1 ... N.
        student_heads, teacher_heads: H of each, which must be equal.

    Raises:
        ObjectiveError: no pairs, or different head counts.
    """

    usual: ClassVar[Layers]
    """The layers of the paper."""

    def __init__(self, pairs: LayerPairs, student_heads: int, teacher_heads: int) -> None:
        super().__init__()
        name = type(self).__name__
        if not pairs:
            raise ObjectiveError(f"{name} got no layer pairs; name at least one, e.g. ((3, 6),)")
        if student_heads != teacher_heads:
            raise ObjectiveError(
                f"{name} compares head by head, but the student has {student_heads} heads and the teacher {teacher_heads}; "
                f"give the student {teacher_heads} heads (--heads {teacher_heads}), or take relations (recipes hodu, minilm), which re-split the heads"
            )
        self.pairs = pairs
        self.student_needs = Needs(attention=frozenset(s for s, _ in pairs))
        self.teacher_needs = Needs(attention=frozenset(t for _, t in pairs))

    @classmethod
    @override
    def between(cls, pairing: Pairing, *, layers: Layers | None = None, **settings: Any) -> Self:
        student, teacher = pairing.student, pairing.teacher
        pairs = layer_pairs(layers or cls.usual, student.layers, teacher.layers)
        return cls(pairs, student.heads, teacher.heads, **settings)


class AttentionScores(HeadByHead):
    """Match ``Q·Kᵀ/√K`` before the softmax, head by head (TinyBERT §3.1, Eq. 7); summed over layer pairs.

    The paper: unnormalised scores converge faster and end better than probabilities. Padding takes no part, neither as key nor as query (the reference code
    leaves padded queries in).
    """

    usual: ClassVar[Layers] = "uniform"

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        valid = valid_pairs(student)  # B 1 L L
        count = valid.sum(dim=(1, 2, 3))  # B
        total = student.mask.new_zeros((), dtype=torch.float32)
        for s, t in self.pairs:
            ours, theirs = student.attention[s], scores(teacher.attention[t])
            apart = _minus(ours, theirs).masked_fill_(~valid, 0.0).flatten(1)  # B H*L*L
            total = total + (torch.linalg.vecdot(apart, apart) / (count * theirs.shape[1])).mean()
        return total


def scores(heads: Heads) -> Tensor:
    """Scores before mask and softmax, ``B H L L`` float32."""
    return (heads.queries * heads.scaling @ _keys(heads).mT).float()  # B H L L


def _minus(heads: Heads, others: Tensor) -> Tensor:
    """These heads' scores minus ``others`` (``B H L L``), in one product and one tensor."""
    queries, keys = heads.queries.flatten(0, 1), _keys(heads).flatten(0, 1)  # B*H L K
    apart = torch.baddbmm(others.flatten(0, 1).to(queries.dtype), queries, keys.mT, beta=-1, alpha=heads.scaling)
    return apart.float().view_as(others)  # B H L L


def _keys(heads: Heads) -> Tensor:
    """Keys ``B H L K``; grouped ones serve their group of query heads."""
    return heads.keys.repeat_interleave(heads.queries.shape[1] // heads.keys.shape[1], dim=1)
