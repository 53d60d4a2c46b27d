"""Attention distributions: where each token looks, as a probability."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor
from torch.linalg import vecdot
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.attention import scores
from hodu.objectives.base import Objective, per_example_mean
from hodu.objectives.relations import floor_of
from hodu.types import Capture, LayerPairs, Needs, Pairing


class AttentionDistributions(Objective):
    """Match ``softmax(Q·Kᵀ/√K)``, head by head, by KL(teacher ‖ student) (MiniLM: Wang et al. 2020, §3.1); summed over layer pairs, mean over heads and tokens.

    Computed from queries and keys, so it is what attention is before its dropout.

    Args:
        pairs: (student, teacher) layers, 1 ... N; the paper takes the last of both.
        student_heads, teacher_heads: H of each, which must be equal, since head i is compared with head i.

    Raises:
        ObjectiveError: no pairs, or different head counts.
    """

    def __init__(self, pairs: LayerPairs, student_heads: int, teacher_heads: int) -> None:
        super().__init__()
        if not pairs:
            raise ObjectiveError("attention distributions need at least one layer pair, e.g. ((3, 6),)")
        if student_heads != teacher_heads:
            raise ObjectiveError(
                f"attention distributions are compared head by head, but the student has {student_heads} heads and the teacher {teacher_heads}; "
                f"give the student {teacher_heads} heads (--heads {teacher_heads}) or take the recipe minilm, which re-splits the heads"
            )
        self.pairs = pairs
        self.student_needs = Needs(attention=frozenset(s for s, _ in pairs))
        self.teacher_needs = Needs(attention=frozenset(t for _, t in pairs))

    @classmethod
    @override
    def between(cls, pairing: Pairing, *, layers: Layers = "last", **settings: Any) -> Self:
        student, teacher = pairing.student, pairing.teacher
        return cls(layer_pairs(layers, student.layers, teacher.layers), student.heads, teacher.heads, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        floor = floor_of(student)[:, None]  # B 1 1|L L
        total = student.mask.new_zeros((), dtype=floor.dtype)
        for s, t in self.pairs:
            ours = (scores(student.attention[s]) + floor).log_softmax(-1)  # B H L L
            theirs = (scores(teacher.attention[t]) + floor).log_softmax(-1)  # B H L L
            share = theirs.exp()
            divergence = vecdot(share, theirs) - vecdot(share, ours)  # B H L
            total = total + per_example_mean(divergence, student.mask[:, None])
        return total
