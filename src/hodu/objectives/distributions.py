"""Attention distributions: where each token looks, as a probability."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.linalg import vecdot
from typing_extensions import override

from hodu.layers import Layers
from hodu.objectives.attention import HeadByHead, scores
from hodu.objectives.base import per_example_mean
from hodu.objectives.relations import floor_of
from hodu.types import Capture


class AttentionDistributions(HeadByHead):
    """Match ``softmax(Q·Kᵀ/√K)``, head by head, by KL(teacher ‖ student) (MiniLM: Wang et al. 2020, §3.1); summed over layer pairs, mean over heads and tokens.

    Computed from queries and keys, so it is what attention is before its dropout. The paper takes the last layer of both.
    """

    usual: ClassVar[Layers] = "last"

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
