"""What a recipe is: a value. It says what is compared, with which weights, for how long, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hodu.errors import RecipeError
from hodu.objectives import Labels, Objective
from hodu.types import Needs, Pairing, Start


@dataclass(frozen=True)
class Term:
    """One objective in a stage's loss: ``weight`` times its value.

    ``settings`` are the objective's own arguments (``Objective.between``). ``source`` says where weight and settings come from: a place in the paper, or
    ``"ours: reason"``.
    """

    objective: type[Objective]
    weight: float
    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, pairing: Pairing) -> Objective:
        """The objective for these two models."""
        return self.objective.between(pairing, **self.settings)


@dataclass(frozen=True)
class Stage:
    """One training run: the loss is the weighted sum of its terms.

    Attributes:
        epochs: passes over the training data.
        learning_rate: peak; AdamW.
        batch_size: examples per optimizer step, all processes together.
        schedule: a ``transformers`` scheduler name: ``linear`` decays to zero, ``constant`` does not.
        warmup: share of the steps over which the learning rate rises.
        dropout: of the student while it trains; None leaves it as the teacher's configuration has it.
        keep_best: end with the checkpoint that was best on dev; else with the last.
        sources: for each number above, where it comes from.
    """

    name: str
    terms: tuple[Term, ...]
    epochs: float
    learning_rate: float
    batch_size: int
    sources: Mapping[str, str]
    schedule: str = "linear"
    warmup: float = 0.1
    weight_decay: float = 0.01
    dropout: float | None = None
    keep_best: bool = True


@dataclass(frozen=True)
class Recipe:
    """A way to distil.

    Attributes:
        paper: what it implements.
        start: how a narrower student starts (``hodu.models.build_student``); equal widths copy layers.
        equal_heads: the student must have as many heads as its teacher.
        notes: where it differs from the paper or from its reference code, and which one it follows.
    """

    name: str
    paper: str
    summary: str
    stages: tuple[Stage, ...]
    start: Start = "rotate"
    equal_heads: bool = False
    notes: tuple[str, ...] = ()

    @property
    def epochs(self) -> float:
        """Of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def teacher_needs(self, pairing: Pairing) -> Needs:
        """All that its stages ask of a teacher."""
        needs = Needs()
        for term in (term for stage in self.stages for term in stage.terms):
            needs |= term.build(pairing).teacher_needs
        return needs

    def with_changes(
        self,
        *,
        epochs: float | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
    ) -> Recipe:
        """The same recipe with other numbers; in a recipe of several stages they go to the first, and the rest keep theirs."""
        changes: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size}
        changes = {name: value for name, value in changes.items() if value is not None}
        for name, value in changes.items():
            if not value > 0:
                raise RecipeError(f"{name} must be above 0, got {value}")
        sources = {**self.stages[0].sources, **dict.fromkeys(changes, "the user's")}
        return replace(self, stages=(replace(self.stages[0], **changes, sources=sources), *self.stages[1:]))

    def without_labels(self) -> Recipe:
        """The same recipe for unlabelled text: terms that need gold labels are left out.

        Raises:
            RecipeError: a stage would have no term left.
        """
        stages = []
        for stage in self.stages:
            terms = tuple(term for term in stage.terms if term.objective is not Labels)
            if not terms:
                raise RecipeError(
                    f"stage {stage.name!r} of recipe {self.name!r} needs labels, and the data has none; choose another recipe"
                )
            stages.append(replace(stage, terms=terms))
        return replace(self, stages=tuple(stages))

    def baseline(self) -> Recipe:
        """Labels only, as many steps from the same start: what the student would be without its teacher."""
        first = self.stages[0]
        term = Term(Labels, 1.0, "the undistilled baseline")
        stage = replace(
            first,
            name="labels",
            terms=(term,),
            epochs=self.epochs,
            keep_best=True,
            schedule="linear",
            dropout=None,
        )
        return replace(self, name=f"{self.name}-baseline", stages=(stage,))
