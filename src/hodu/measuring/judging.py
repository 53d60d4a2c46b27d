"""How well a model answers, and how much as its teacher does, whatever its task is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor, nn

from hodu.data import Data, has_scores, match_labels
from hodu.measuring.choices import answered
from hodu.measuring.language import expect
from hodu.measuring.replaced import CALLED_REPLACED, Corrupted, alike, detect
from hodu.measuring.saying import compared, say
from hodu.measuring.score import ALIKE, METRICS, agreement, agreement_interval, bootstrap, counted_agreement, score
from hodu.measuring.sentences import cosines
from hodu.models.load import Loaded, labels_of, task_of
from hodu.types import CLASSES, LANGUAGE, NUMBERS, TOKENS, Task


@dataclass
class System:
    """A model while it is being measured.

    Attributes:
        logits: ``N C``; of a task about tokens what it says of each row.
        asked: how many pieces a language model had to guess (or judge), row by row.
        judged: which pieces a discriminator takes for replaced ones.
    """

    loaded: Loaded
    role: str
    logits: Any
    asked: NDArray[np.float64] | None = None
    judged: list[Tensor] | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def said(loaded: Loaded, task: Task, rows: Dataset, text: Corrupted | None) -> dict[str, Any]:
    """What a model says of these rows, by the names of :class:`System`; on the GPU where there is one.

    Args:
        text: these rows as discriminators of replaced pieces are given them.
    """
    model: nn.Module = loaded.model
    if torch.cuda.is_available():
        model.to("cuda")
    try:
        if text is not None:
            return dict(zip(("logits", "asked", "judged"), detect(loaded, text), strict=True))
        if task in LANGUAGE:
            return dict(zip(("logits", "asked"), expect(loaded, rows), strict=True))
        if task in TOKENS:
            return {"logits": say(task, loaded.model, loaded.tokenizer, rows)}
        if task == "sentence-embedding":
            return {"logits": cosines(loaded, rows)}
        return {"logits": answered(loaded, rows)}
    finally:
        model.to("cpu")


def score_quality(system: System, data: Data, split: str) -> None:
    """Add the metrics of the model's task to what is known of it, as far as the rows have labels.

    Raises:
        LabelError: labels that do not fit the model.
    """
    task = task_of(system.loaded.model.config)
    if system.asked is not None:
        if system.judged is not None and not system.logits[:, CALLED_REPLACED].any():
            system.notes += ("calls no piece replaced, so it has not learned to tell them: train it longer",)
        _add(system, task, system.logits, system.asked)
        return
    rows = data.splits[split]
    if data.task is None or "label" not in rows.column_names:
        return
    if task == "sentence-embedding" and not (has_scores(rows) and data.task in NUMBERS):
        note = f"{split} has no pairs of sentences with a score, so quality is not known"
        system.notes += (f"{note} (labels are {data.task}; numbers are scores with --task sentence-embedding)",)
        return
    task = task if task == "sentence-embedding" else data.task
    if task in CLASSES or task == "regression":
        data, notes = match_labels(data, labels_of(system.loaded.model.config))
        system.notes += notes
    gold = data.splits[split]["label"][:]
    if task in TOKENS:
        _add(system, task, *compared(task, system.logits, gold, data.labels, rows))
    else:
        _add(system, task, system.logits, np.asarray(gold))


def _add(system: System, task: Task, given: NDArray[Any], gold: NDArray[Any]) -> None:
    system.metrics.update(score(task, given, gold))
    for metric in METRICS[task]:
        system.intervals[metric] = bootstrap(task, given, gold, metric)


def score_agreement(systems: Sequence[System], task: Task, rows: Dataset, text: Corrupted | None) -> None:
    """Add to what is known of each model how far it answers as the teacher among them; nothing without a teacher, nor to language models that guess."""
    teacher = next((system for system in systems if system.role == "teacher"), None)
    if teacher is None or (task in LANGUAGE and text is None):
        return
    for system in systems:
        if system is teacher:
            continue
        if text is not None or task in TOKENS:
            counts, asked = _counted_alike(system, teacher, task, rows, text)
            system.metrics["agreement"] = counted_agreement(task, counts, asked)
            system.intervals["agreement"] = bootstrap(task, counts, asked, ALIKE[task])
            continue
        own = system.logits[:, _columns(teacher.loaded, system.loaded)] if task in CLASSES else system.logits  # N C
        system.metrics["agreement"] = agreement(task, own, teacher.logits)
        system.intervals["agreement"] = agreement_interval(task, own, teacher.logits)


def _counted_alike(
    system: System, teacher: System, task: Task, rows: Dataset, text: Corrupted | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Row by row how many pieces both judge alike, words both tag alike or questions both answer with the same text, and how many there are."""
    if text is not None:
        assert system.judged is not None  # all read the corrupted text
        assert teacher.judged is not None
        assert system.asked is not None
        return alike(system.judged, teacher.judged, text), system.asked
    names = list(labels_of(teacher.loaded.model.config).values())
    if task == "question-answering":
        return compared(task, system.logits, [[answer] for answer in teacher.logits], names, rows)
    ours = {column: place for place, column in enumerate(_columns(teacher.loaded, system.loaded))}
    tags = [[ours.get(tag, len(names)) if tag >= 0 else tag for tag in row] for row in system.logits]
    return compared(task, tags, teacher.logits, [*names, "a tag that the teacher does not have"], rows)


def _columns(teacher: Loaded, student: Loaded) -> list[int]:
    """For each class of the teacher the student's column of that class, by the rule that matches data to models."""
    names = tuple(labels_of(teacher.model.config).values())
    classes = list(range(len(names)))
    probe = Data(
        splits={"test": Dataset.from_dict({"text": list(names), "label": classes})},
        task="classification",
        labels=names,
        source=teacher.path,
        notes=(),
    )
    return list(match_labels(probe, labels_of(student.model.config))[0].splits["test"]["label"])
