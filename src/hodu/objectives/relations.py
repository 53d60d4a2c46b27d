"""Self-attention relations: how the tokens of a sentence relate, whatever the number and width of the heads."""

from __future__ import annotations

from math import gcd
from typing import Any, Literal, Self

import torch
from torch import Tensor
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.base import Objective, per_example_mean, valid_pairs
from hodu.types import Capture, LayerPairs, Needs, Pairing

Kind = Literal["queries", "keys", "values"]


class Relations(Objective):
    """Match Q-Q, K-K and V-V relations of chosen layers (MiniLMv2: Wang et al. 2021, §3.1).

    The heads of each model are joined and split again into R relation heads, so widths and head counts may differ. For each relation head the
    scaled dot products among the tokens' vectors, softmaxed over the real keys, are one distribution per token; the student's is led to the teacher's by
    KL(teacher ‖ student), summed over ``kinds`` and layer pairs, mean over relation heads and tokens, then over examples.

    Args:
        pairs: (student, teacher) layers, 1 ... N; the paper uses one pair, the last student layer and an upper teacher layer.
        student_width, teacher_width: width of the joined heads (H times K).
        heads: R; None takes the largest number up to 48 (the open implementations' for base models) that divides both widths and leaves 16
            dimensions a head, which is what 48 heads leave of a base model's 768.
        kinds: which vectors.

    Raises:
        ObjectiveError: no pairs or kinds, or R does not divide both widths.
    """

    def __init__(
        self,
        pairs: LayerPairs,
        student_width: int,
        teacher_width: int,
        *,
        heads: int | None = None,
        kinds: tuple[Kind, ...] = ("queries", "keys", "values"),
    ) -> None:
        super().__init__()
        if not pairs or not kinds:
            raise ObjectiveError(
                f"relations need at least one layer pair and one kind, got pairs {pairs} and kinds {kinds}"
            )
        common = gcd(student_width, teacher_width)
        self.heads = heads or max(
            r for r in range(1, 49) if common % r == 0 and (r == 1 or min(student_width, teacher_width) // r >= 16)
        )
        if common % self.heads:
            raise ObjectiveError(
                f"{self.heads} relation heads do not divide both widths, {student_width} (student) and {teacher_width} (teacher); "
                f"take a divisor of {common}"
            )
        self.pairs, self.kinds = pairs, kinds
        self.student_needs = Needs(attention=frozenset(s for s, _ in pairs))
        self.teacher_needs = Needs(attention=frozenset(t for _, t in pairs))

    @classmethod
    @override
    def between(cls, pairing: Pairing, *, layers: Layers = "last", **settings: Any) -> Self:
        student, teacher = pairing.student, pairing.teacher
        return cls(layer_pairs(layers, student.layers, teacher.layers), student.width, teacher.width, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        valid = valid_pairs(student)
        total = student.mask.new_zeros((), dtype=torch.float32)
        for s, t in self.pairs:
            for kind in self.kinds:
                ours = self._relation(getattr(student.attention[s], kind), valid)
                theirs = self._relation(getattr(teacher.attention[t], kind), valid)
                divergence = (theirs.exp() * (theirs - ours)).sum(-1)  # B R L
                total = total + per_example_mean(divergence, student.mask[:, None])
        return total

    def _relation(self, vectors: Tensor, valid: Tensor) -> Tensor:
        """Log-probabilities ``B R L L`` from vectors ``B H L K``."""
        batch, _, length, _ = vectors.shape
        joined = vectors.transpose(1, 2).reshape(batch, length, self.heads, -1).transpose(1, 2)  # B R L K
        products = (joined @ joined.transpose(-1, -2)).float() * joined.shape[-1] ** -0.5  # B R L L
        # a finite floor, not -inf: a masked key then adds 0 * finite = 0 to the divergence, never 0 * inf
        floored: Tensor = products.masked_fill(~valid, torch.finfo(products.dtype).min / 2)
        return floored.log_softmax(-1)
