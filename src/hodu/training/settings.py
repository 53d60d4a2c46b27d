"""What was asked of a distillation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hodu.data.augment import COPIES
from hodu.objectives.ensemble import Mean
from hodu.types import Quantised, Start, StudentFacts, Task

Vocabulary = Literal["pruned", "full"]


@dataclass(frozen=True)
class Choices:
    """What was chosen for a distillation: recorded in ``hodu.json``, compared when a run is resumed, repeated for the baseline."""

    teachers: tuple[str, ...]
    data: str
    student: str
    recipe: str
    start: Start | None  # None: the student is a model that goes on
    vocabulary: Vocabulary = "pruned"
    heads: int | None = None
    feed_forward: int | None = None
    weights: tuple[float, ...] = (1.0,)
    mean: Mean = "arithmetic"
    text_column: str | None = None
    pair_column: str | None = None
    label_column: str | None = None
    task: Task | None = None
    label_names: tuple[str, ...] | None = None
    max_length: int | None = None
    seed: int = 0
    accumulate: int = 1
    cache: bool | None = None
    whole_word: bool = False
    generator: str | None = None
    size: str | None = None
    speed: str | None = None
    augment: str | None = None
    augment_copies: int = COPIES
    glove: str | None = None
    graph: str | None = None
    student_facts: StudentFacts = "reader"
    redraw: int = 0
    distractors: int = 0
    quantise: Quantised | None = None


@dataclass(frozen=True)
class Options:
    """What changes nothing in the result: where to, and who looks on."""

    out: Path
    overwrite: bool = False
    restart: bool = False
    progress: bool = True
    tensorboard: Path | None = None
