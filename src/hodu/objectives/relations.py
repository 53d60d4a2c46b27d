"""Self-attention relations: how the tokens of a sentence relate, whatever the number and width of the heads."""

from __future__ import annotations

from math import gcd
from typing import Any, Literal, Self

import torch
from torch import Tensor
from torch.linalg import vecdot
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.base import Objective, per_example_mean
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
            dimensions a head, which is what 48 heads leave of a base model's 768. ``"attention"`` in :meth:`between` takes the student's attention heads (MiniLM §3.2).
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
    def between(
        cls,
        pairing: Pairing,
        *,
        layers: Layers = "last",
        heads: int | Literal["attention"] | None = None,
        **settings: Any,
    ) -> Self:
        student, teacher = pairing.student, pairing.teacher
        settings["heads"] = student.heads if heads == "attention" else heads
        return cls(layer_pairs(layers, student.layers, teacher.layers), student.width, teacher.width, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        floor = floor_of(student)
        total = student.mask.new_zeros((), dtype=torch.float32)
        for s, t in self.pairs:
            for kind in self.kinds:
                ours = self._relation(getattr(student.attention[s], kind), floor)
                theirs = self._relation(getattr(teacher.attention[t], kind), floor)
                share = theirs.exp()
                divergence = vecdot(share, theirs) - vecdot(share, ours)  # B R L
                total = total + per_example_mean(divergence, student.mask[:, None])
        return total

    def _relation(self, vectors: Tensor, floor: Tensor) -> Tensor:
        """Log-probabilities ``B R L L`` from vectors ``B H L K``, in one product: scaled, and masked by ``floor`` (``B 1|L L``)."""
        batch, heads, length, size = vectors.shape
        if heads * size % self.heads:
            raise ObjectiveError(
                f"{self.heads} relation heads do not divide vectors of {heads * size}, which grouped keys and values make ({heads} heads of {size}); "
                "take a recipe without relations, such as hinton"
            )
        joined = vectors.transpose(1, 2).reshape(batch, length, self.heads, -1).transpose(1, 2).flatten(0, 1)  # B*R L K
        masked = floor.repeat_interleave(self.heads, dim=0)  # B*R 1|L L
        scale = joined.shape[-1] ** -0.5
        products = torch.baddbmm(masked.to(joined.dtype), joined, joined.mT, alpha=scale)  # B*R L L
        logs: Tensor = products.float().log_softmax(-1)
        return logs.view(batch, self.heads, length, length)  # B R L L


def floor_of(capture: Capture) -> Tensor:
    """What is added to each product: 0 where a key may be seen, else a low number, ``B 1 L`` (``B L L`` in a causal model).

    It is finite, not -inf: a masked key then adds 0 * finite = 0 to the divergence, never 0 * inf.
    """
    unseen = ~capture.mask[:, None]  # B 1 L
    if capture.causal:
        later = torch.ones(capture.mask.shape[1], capture.mask.shape[1], dtype=torch.bool, device=unseen.device).triu(1)
        unseen = unseen | later  # B L L
    return torch.zeros_like(unseen, dtype=torch.float32).masked_fill(unseen, torch.finfo(torch.bfloat16).min / 2)
