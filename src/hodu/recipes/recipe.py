"""What a recipe is: a value. It says what is compared, with which weights, for how long, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hodu.errors import RecipeError
from hodu.objectives import Embeddings, Labels, Objective, ReplacedTokens, Similarities, SoftTargets, Vocabulary
from hodu.types import LANGUAGE, LayerPairs, Needs, Pairing, Quantised, Start, Task


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
        quantise: train with the weights as export stores them in so many bits.
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
    quantise: Quantised | None = None


@dataclass(frozen=True)
class Recipe:
    """A way to distil.

    Attributes:
        paper: what it implements.
        start: how a narrower student starts (``hodu.models.build_student``); equal widths copy layers.
        equal_heads: the student must have as many heads as its teacher.
        task: what its teachers do, where it is made for one task; a checkpoint without a head of its own is loaded for it.
        notes: where it differs from the paper or from its reference code, and which one it follows.
    """

    name: str
    paper: str
    summary: str
    stages: tuple[Stage, ...]
    start: Start = "rotate"
    equal_heads: bool = False
    task: Task | None = None
    notes: tuple[str, ...] = ()

    @property
    def compares_outputs(self) -> bool:
        """Whether the teacher's outputs are looked at, and not only its layers."""
        outputs = (SoftTargets, Vocabulary, ReplacedTokens, Embeddings, Similarities)
        return any(term.objective in outputs for stage in self.stages for term in stage.terms)

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

    def at_layer(self, student: int, teacher: int, *, of: int) -> Recipe:
        """The same recipe, its comparisons of the last layers moved to ``teacher``, an upper layer of a teacher of ``of`` layers (MiniLMv2 §4).

        Raises:
            RecipeError: there is no such layer, or nothing compares the last ones.
        """
        if not 1 <= teacher <= of:
            raise RecipeError(f"the teacher has layers 1 to {of}, and --teacher-layer asks for {teacher}")
        if all(term.settings.get("layers") != "last" for stage in self.stages for term in stage.terms):
            raise RecipeError(
                f"recipe {self.name} does not compare the last layers, so --teacher-layer has nothing to change"
            )
        stages = [
            replace(stage, terms=tuple(_moved(term, ((student, teacher),)) for term in stage.terms))
            for stage in self.stages
        ]
        return replace(self, stages=tuple(stages))

    def then_quantised(self, kind: Quantised) -> Recipe:
        """The same recipe and one stage more: the last one's loss with the weights as export stores them, shorter and gentler."""
        last = self.stages[-1]
        sources = {
            **last.sources,
            "epochs": "ours: a third of the stage before; the student knows its task, and its weights move by less than a step of the grid",
            "learning_rate": "ours: a tenth of the stage before's, about where Q8BERT and TernaryBERT fine-tune (2e-5)",
        }
        quantising = replace(
            last,
            name="quantise",
            epochs=last.epochs / 3,
            learning_rate=last.learning_rate / 10,
            sources=sources,
            quantise=kind,
        )
        return replace(self, stages=(*self.stages, quantising))

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

    def baseline(self, task: Task = "classification") -> Recipe:
        """Labels only, as many steps from the same start: what the student would be without its teacher."""
        first = self.stages[0]
        term = labels_alone(task, "the undistilled baseline")
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


def labels_alone(task: Task, source: str) -> Term:
    """What plain training learns from: gold labels, or the pieces of the text themselves."""
    if task == "replaced-token":
        return Term(ReplacedTokens, 1.0, source, {"soft": 0.0, "hard": 1.0})
    if task in LANGUAGE:
        return Term(Vocabulary, 1.0, source, {"soft": 0.0, "hard": 1.0})
    return Term(Labels, 1.0, source)


def _moved(term: Term, pairs: LayerPairs) -> Term:
    if term.settings.get("layers") != "last":
        return term
    return replace(term, settings={**term.settings, "layers": pairs}, source=f"{term.source}; the layer: the user's")
