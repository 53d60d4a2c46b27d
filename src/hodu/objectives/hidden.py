"""Hidden states: the student's layers are led towards the teacher's, through a learned projection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.layers import Layers, layer_pairs
from hodu.objectives.base import Objective, per_example_mean
from hodu.objectives.projection import fit
from hodu.types import Capture, LayerPairs, Needs, Pairing

Projection = Literal["shared", "each", "none", "if needed"]


class HiddenStates(Objective):
    """Match hidden states (TinyBERT §3.1, Eq. 8) and the embeddings' output, hidden state 0 (Eq. 9); summed over layer pairs.

    Args:
        pairs: (student, teacher) hidden-state indices; (0, 0) are the embeddings.
        student_width, teacher_width: D of each.
        distance: ``"mse"``, mean over D; or ``"cosine"``, 1 - cos (DistilBERT §2 uses it on the last layer).
        projection: a linear map from the student's width to the teacher's: one ``"shared"`` by all pairs (TinyBERT's code), one for ``"each"`` pair
            (its paper writes W_e and W_h), ``"none"``, for equal widths, or one for each pair ``"if needed"``, for other widths only.
        initial: ``"least_squares"`` starts each projection where it maps the untrained student best onto the teacher (ours: the first
            epochs then train the student instead of the map); ``"random"`` as ``nn.Linear`` starts.

    Raises:
        ObjectiveError: no pairs, or different widths without a projection.
    """

    def __init__(
        self,
        pairs: LayerPairs,
        student_width: int,
        teacher_width: int,
        *,
        distance: Literal["mse", "cosine"] = "mse",
        projection: Projection = "shared",
        initial: Literal["least_squares", "random"] = "random",
    ) -> None:
        super().__init__()
        if not pairs:
            raise ObjectiveError(
                "the hidden-state objective got no layer pairs; name at least one, e.g. ((0, 0), (3, 6))"
            )
        if projection == "if needed":
            projection = "none" if student_width == teacher_width else "each"
        if projection == "none" and student_width != teacher_width:
            raise ObjectiveError(
                f"hidden states of width {student_width} (student) and {teacher_width} (teacher) cannot be compared without a projection; "
                "use projection='shared' or a student of equal width"
            )
        self.pairs, self.distance, self.initial = pairs, distance, initial
        count = {"shared": 1, "each": len(pairs), "none": 0}[projection]
        self.projections = nn.ModuleList(nn.Linear(student_width, teacher_width) for _ in range(count))
        self.student_needs = Needs(hidden=frozenset(s for s, _ in pairs))
        self.teacher_needs = Needs(hidden=frozenset(t for _, t in pairs))

    @classmethod
    @override
    def between(cls, pairing: Pairing, *, layers: Layers = "uniform", **settings: Any) -> Self:
        student, teacher = pairing.student, pairing.teacher
        pairs = layer_pairs(layers, student.layers, teacher.layers, embeddings=layers == "uniform")
        return cls(pairs, student.width, teacher.width, **settings)

    @override
    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        total = student.mask.new_zeros((), dtype=torch.float32)
        for place, (s, t) in enumerate(self.pairs):
            ours, theirs = self._project(place, student.hidden[s]).float(), teacher.hidden[t].float()
            if self.distance == "mse":
                difference = ours - theirs
                apart = (
                    torch.linalg.vecdot(difference, difference) / difference.shape[-1]
                )  # B L, without a square of B L D
            else:
                apart = 1 - nn.functional.cosine_similarity(ours, theirs, dim=-1)  # B L
            total = total + per_example_mean(apart, student.mask)
        return total

    def _project(self, place: int, hidden: Tensor) -> Tensor:
        if not self.projections:
            return hidden
        # one projection serves every pair when it is shared
        projected: Tensor = self.projections[min(place, len(self.projections) - 1)](hidden)
        return projected

    @torch.no_grad()
    def prepare(self, captures: Iterable[tuple[Capture, Capture]]) -> None:
        """Fit each projection by least squares on these captures (only with ``initial="least_squares"``)."""
        if self.initial == "random" or not self.projections:
            return
        seen = [[(s.hidden[i][s.mask], t.hidden[j][s.mask]) for i, j in self.pairs] for s, t in captures]
        for place, projection in enumerate(self.projections):
            mine = (
                [batch[place] for batch in seen]
                if len(self.projections) > 1
                else [pair for batch in seen for pair in batch]
            )
            assert isinstance(projection, nn.Linear)
            fit(projection, torch.cat([x for x, _ in mine]), torch.cat([y for _, y in mine]))
