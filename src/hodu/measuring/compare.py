"""Models side by side: quality, agreement with the teacher, size, speed and memory, all on the same rows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn

from hodu.data import Data, load, match_labels
from hodu.data import split as split_data
from hodu.errors import DataError, HoduError, ModelError
from hodu.measuring.language import expect
from hodu.measuring.measured import Measured
from hodu.measuring.predict import predict
from hodu.measuring.saying import compared, say
from hodu.measuring.score import ALIKE, METRICS, agreement, agreement_interval, bootstrap, score
from hodu.measuring.size import size_bytes
from hodu.measuring.speed import latency, peak_memory, sample_rows, throughput
from hodu.models import count_parameters
from hodu.models.load import Loaded, labels_of, load_model, task_of
from hodu.types import LANGUAGE, TOKENS, Task

logger = logging.getLogger("hodu")

LATENCY_ROWS, THROUGHPUT_ROWS, MEMORY_ROWS = 200, 256, 50


@dataclass
class _System:
    """A model while it is being measured."""

    loaded: Loaded
    role: str
    logits: Any  # ``N C``; of a task about tokens what it says of each row
    asked: NDArray[np.float64] | None = None  # how many pieces a language model had to guess, row by row
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def measure(
    models: Sequence[str | Path],
    data: Data | str | Path,
    *,
    split: str | None = None,
    teacher: str | None = None,
    threads: int = 1,
    speed: bool = True,
) -> list[Measured]:
    """Measures models on the same rows; the teacher comes first in the result.

    Quality needs labels, agreement needs a teacher: without them those figures are absent. Quality is computed on the
    GPU where there is one; size, speed and memory are always those of the CPU.

    Args:
        models: folders or hub ids of sequence classifiers (or regressors), of token classifiers, of question answerers, or of language models of one kind.
        data: loaded, or what :func:`hodu.data.load` takes. Labels are brought into each model's own order first.
        split: which rows; by default the test split, or else dev, or else train (and then a note says so).
        teacher: which of ``models`` is the teacher; by default the one whose ``hodu.json`` says so, or that a student's
            names as its teacher.
        threads: torch threads for latency, throughput and memory.
        speed: latency, throughput and peak memory too; they take the most time.

    Raises:
        DataError: no such split, or no rows in it.
        LabelError: labels that do not fit a model.
        ModelError: a model that cannot be loaded, or a ``teacher`` that is not among ``models``.
    """
    if not models:
        raise ModelError("no model to measure: give at least one folder or hub id")
    twice = [path for path, count in Counter(map(str, models)).items() if count > 1]
    if twice:
        raise ModelError(f"{twice[0]} is given twice; give each model once")
    loaded = [load_model(path) for path in models]
    task = _task_of_all(loaded)
    if not isinstance(data, Data):
        data = split_data(load(data, task=task if task in LANGUAGE | TOKENS else None))
    if (task in TOKENS or data.task in TOKENS) and data.task not in (task, None):
        raise DataError(f"the data is for {data.task}, but {loaded[0].path} does {task}", file=data.source)
    split, notes = _chosen_split(data, split)
    rows = data.splits[split]
    roles = _roles(loaded, teacher)
    logger.info("answering %d rows with %d models", len(rows), len(loaded))
    systems = [
        _System(one, role, *_said(one, rows, task), notes=_untrained(one))
        for one, role in zip(loaded, roles, strict=True)
    ]
    task = task if task in LANGUAGE else data.task or task
    systems.sort(key=lambda system: system.role != "teacher")  # stable: the others stay as typed
    for system in systems:
        _quality(system, data, split)
    _agreements(systems, task, rows)
    for system in systems:
        _size(system)
    if speed:
        _speed(systems, rows, threads)
    names = _names(systems)
    return [
        Measured(
            system=name,
            role=system.role,
            model=system.loaded.path,
            metrics=system.metrics,
            intervals=system.intervals,
            task=task,
            data=data.source,
            split=split,
            rows=len(rows),
            notes=(*notes, *system.notes),
            seed=system.loaded.card.get("seed"),
        )
        for name, system in zip(names, systems, strict=True)
    ]


def _chosen_split(data: Data, asked: str | None) -> tuple[str, tuple[str, ...]]:
    there = [name for name in ("test", "dev", "train") if name in data.splits]
    labelled = [name for name in there if data.task in LANGUAGE or "label" in data.splits[name].column_names]
    if asked is not None and asked not in data.splits:
        raise DataError(f"there is no split {asked!r}; there are {', '.join(there) or 'none'}", file=data.source)
    if not there:
        raise DataError("there are no rows to measure on", file=data.source)
    split = asked or (labelled or there)[0]
    if not len(data.splits[split]):
        raise DataError(f"the split {split!r} has no rows", file=data.source)
    if asked is None and split != "test":
        lacking = "its test split has no labels" if "test" in there else "there is no test split"
        return split, (f"{lacking}: measured on {split}, which may have been used in training",)
    return split, ()


def _roles(systems: Sequence[Loaded], teacher: str | None) -> list[str]:
    """The role of each model: as told, as its ``hodu.json`` says, or as some student's ``hodu.json`` names it."""
    if teacher is not None and not any(_same_place(teacher, system.path) for system in systems):
        raise ModelError(
            f"the teacher {teacher} is not among the models to measure: {', '.join(s.path for s in systems)}"
        )
    named = [str(name) for system in systems for name in system.card.get("teachers", ())]
    roles = []
    for system in systems:
        role = str(system.card.get("role", "model"))
        if role == "model" and any(_same_place(name, system.path) for name in named):
            role = "teacher"
        if teacher is not None and role == "teacher":
            role = "model"
        if teacher is not None and _same_place(teacher, system.path):
            role = "teacher"
        roles.append(role)
    return roles


def _same_place(one: str, other: str) -> bool:
    return one == other or (Path(one).exists() and Path(one).resolve() == Path(other).resolve())


def _untrained(system: Loaded) -> tuple[str, ...]:
    if not system.untrained:
        return ()
    note = (
        f"{', '.join(system.untrained)} not in the checkpoint of {system.path}, so random: "
        "its quality is that of an untrained head; fine-tune it first (hodu train)"
    )
    logger.warning("%s", note)
    return (note,)


def _task_of_all(systems: Sequence[Loaded]) -> Task:
    tasks = {one.path: task_of(one.model.config) for one in systems}
    language = {path: task for path, task in tasks.items() if task in LANGUAGE | TOKENS}
    if language and len(set(tasks.values())) > 1:
        listed = ", ".join(f"{path} ({task})" for path, task in tasks.items())
        raise ModelError(f"these models do different things and cannot stand side by side: {listed}")
    return next(iter(tasks.values()))


def _said(system: Loaded, rows: Dataset, task: Task) -> tuple[Any, NDArray[np.float64] | None]:
    model: nn.Module = system.model
    if torch.cuda.is_available():
        model.to("cuda")
    try:
        if task_of(system.model.config) in LANGUAGE:
            return expect(system, rows)
        if task in TOKENS:
            return say(task, system.model, system.tokenizer, rows), None
        return predict(system.model, system.tokenizer, rows), None
    finally:
        model.to("cpu")


def _quality(system: _System, data: Data, split: str) -> None:
    if system.asked is not None:
        task = task_of(system.loaded.model.config)
        system.metrics.update(score(task, system.logits, system.asked))
        for metric in METRICS[task]:
            system.intervals[metric] = bootstrap(task, system.logits, system.asked, metric)
        return
    if data.task is None or "label" not in data.splits[split].column_names:
        return
    names = labels_of(system.loaded.model.config)
    matched, notes = match_labels(data, names) if data.task != "question-answering" else (data, ())
    system.notes += notes
    gold = matched.splits[split]["label"][:]
    given, gold = (
        compared(data.task, system.logits, gold, matched.labels, data.splits[split])
        if data.task in TOKENS
        else (system.logits, np.asarray(gold))
    )
    system.metrics.update(score(data.task, given, gold))
    for metric in METRICS[data.task]:
        system.intervals[metric] = bootstrap(data.task, given, gold, metric)


def _agreements(systems: Sequence[_System], task: Task, rows: Dataset) -> None:
    teacher = next((system for system in systems if system.role == "teacher"), None)
    if teacher is None or task in LANGUAGE:
        return
    for system in systems:
        if system is teacher:
            continue
        if task in TOKENS:
            _agree_on_tokens(system, teacher, task, rows)
            continue
        own = (
            system.logits if task == "regression" else system.logits[:, _columns(teacher.loaded, system.loaded)]
        )  # N C
        system.metrics["agreement"] = agreement(task, own, teacher.logits)
        system.intervals["agreement"] = agreement_interval(task, own, teacher.logits)


def _agree_on_tokens(system: _System, teacher: _System, task: Task, rows: Dataset) -> None:
    """The share of words that both tag alike, or of questions that both answer with the same text."""
    said, right, names = system.logits, teacher.logits, list(labels_of(teacher.loaded.model.config).values())
    if task == "token-classification":
        ours = {column: place for place, column in enumerate(_columns(teacher.loaded, system.loaded))}
        said = [[ours.get(tag, len(names)) if tag >= 0 else tag for tag in row] for row in said]
        names.append("a tag that the teacher does not have")
    else:
        right = [[answer] for answer in right]
    counts, asked = compared(task, said, right, names, rows)
    same = ALIKE[task]
    system.metrics["agreement"] = score(task, counts, asked)[same]
    system.intervals["agreement"] = bootstrap(task, counts, asked, same)


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


def _size(system: _System) -> None:
    everything, without_embeddings = count_parameters(system.loaded.model)
    system.metrics["parameters"] = everything
    system.metrics["non_embedding_parameters"] = without_embeddings
    system.metrics["size_bytes"] = size_bytes(system.loaded.path)


def _speed(systems: Sequence[_System], rows: Dataset, threads: int) -> None:
    loaded = [system.loaded for system in systems]
    logger.info("timing %d models, %d threads", len(loaded), threads)
    latencies = latency(loaded, sample_rows(rows, LATENCY_ROWS), threads=threads)
    spread = np.linspace(0, len(rows) - 1, min(len(rows), THROUGHPUT_ROWS)).round().astype(int)
    rates = throughput(loaded, rows.select(spread.tolist()), threads=threads)
    for system, times, rate in zip(systems, latencies, rates, strict=True):
        system.metrics["latency_p50_ms"] = times.p50_ms
        system.metrics["latency_p95_ms"] = times.p95_ms
        system.metrics["tokens_per_second"] = rate
    for system in systems:
        logger.info("measuring the peak memory of %s in a process of its own", system.loaded.path)
        try:
            system.metrics["peak_memory_bytes"] = peak_memory(
                system.loaded.path, sample_rows(rows, MEMORY_ROWS), threads=threads
            )
        except HoduError as error:  # everything else is measured by now: say it and keep that
            system.notes += (f"peak memory is not known: {error}",)
            logger.warning("%s", system.notes[-1])


def _names(systems: Sequence[_System]) -> list[str]:
    """The role when only one has it, else the folder's name, else (two folders of one name) the whole path."""
    roles = Counter(system.role for system in systems)
    folders = Counter(Path(system.loaded.path).name for system in systems)
    names = []
    for system in systems:
        folder = Path(system.loaded.path).name
        alone = roles[system.role] == 1 and system.role != "model"
        names.append(system.role if alone else folder if folders[folder] == 1 else system.loaded.path)
    return names
