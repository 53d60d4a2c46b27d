"""Models side by side: quality, agreement with the teacher, size, speed and memory, all on the same rows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset

from hodu.data import Data, as_read, load
from hodu.data import split as split_data
from hodu.errors import DataError, HoduError, ModelError
from hodu.measuring.judging import System, said, score_agreement, score_quality
from hodu.measuring.measured import Measured
from hodu.measuring.replaced import Corrupted, corrupt
from hodu.measuring.size import size_bytes
from hodu.measuring.speed import latency, peak_memory, sample_rows, throughput
from hodu.models import count_parameters
from hodu.models.beside import rows_beside
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, load_model, task_of
from hodu.types import LANGUAGE, OWN_CLASS, TOKENS, Task

logger = logging.getLogger("hodu")

_ONE_TEXT: dict[Task, str] = {
    "sentence-embedding": "of one sentence",
    "multiple-choice": "of a question with one of its choices",
}
LATENCY_ROWS, THROUGHPUT_ROWS, MEMORY_ROWS = 200, 256, 50


def measure(
    models: Sequence[str | Path],
    data: Data | str | Path,
    *,
    split: str | None = None,
    teacher: str | None = None,
    generator: str | Path | None = None,
    graph: str | Path | None = None,
    threads: int = 1,
    speed: bool = True,
) -> list[Measured]:
    """Measures models on the same rows; the teacher comes first in the result.

    Quality needs labels, agreement needs a teacher: without them those figures are absent. Quality is computed on the
    GPU where there is one; size, speed and memory are always those of the CPU.

    Args:
        models: folders or hub ids of sequence classifiers (or regressors), or of models of one other task: token classifiers, question answerers, multiple choice,
            sentence encoders, language models of one kind.
        data: loaded, or what :func:`hodu.data.load` takes. Labels are brought into each model's own order first.
        split: which rows; by default the test split, or else dev, or else train (and then a note says so).
        teacher: which of ``models`` is the teacher; by default the one whose ``hodu.json`` says so, or that a student's
            names as its teacher.
        generator: for discriminators of replaced pieces: the masked language model whose samples replace them; by default they are drawn by their frequency in these rows. All models
            read the same corrupted text.
        graph: a knowledge graph, for models that were trained to read facts: each gets them beside the texts as it knows them; the others read the texts alone.
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
        data = split_data(load(data, task=task if task in OWN_CLASS else None))
    if (task in TOKENS or data.task in TOKENS) and data.task not in (task, None):
        raise DataError(f"the data is for {data.task}, but {loaded[0].path} does {task}", file=data.source)
    split, notes = _chosen_split(data, split)
    rows = data.splits[split]
    if (task == "multiple-choice") != ("choices" in rows.column_names):
        raise DataError(
            f"these models do {task}, and the data was {'' if task == 'multiple-choice' else 'not '}read without choices; "
            f"{'load it with' if task == 'multiple-choice' else 'leave out'} --task multiple-choice",
            file=data.source,
        )
    roles = _roles(loaded, teacher)
    logger.info("answering %d rows with %d models", len(rows), len(loaded))
    text = _corrupted(loaded, task, rows, generator)
    read = [rows if graph is None else rows_beside(one, rows, graph) for one in loaded]
    systems = [
        System(one, role, **said(one, task, own, text), notes=_untrained(one) + _without_graph(one, graph))
        for one, role, own in zip(loaded, roles, read, strict=True)
    ]
    notes = (*notes, *([text.note] if text else []))
    task = task if task in OWN_CLASS else data.task or task
    systems.sort(key=lambda system: system.role != "teacher")  # stable: the others stay as typed
    for system in systems:
        score_quality(system, data, split)
    score_agreement(systems, task, rows, text)
    for system in systems:
        _size(system)
    if speed:
        _speed(systems, as_read(rows, task), threads)
        notes += (f"speed and memory: {_ONE_TEXT[task]}",) if task in _ONE_TEXT else ()
        notes += ("speed and memory: of the texts without facts",) if graph else ()
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


def _without_graph(system: Loaded, graph: str | Path | None) -> tuple[str, ...]:
    reads = facts_of(system.model.config) is not None
    if reads and graph is None:
        return ("it was trained to read facts, and no graph was given (--graph): these are its answers without any",)
    return () if reads or graph is None else ("it was not trained to read facts: it read the texts alone",)


def _task_of_all(systems: Sequence[Loaded]) -> Task:
    tasks = {one.path: task_of(one.model.config) for one in systems}
    own = {path: task for path, task in tasks.items() if task in OWN_CLASS}
    if own and len(set(tasks.values())) > 1:
        listed = ", ".join(f"{path} ({task})" for path, task in tasks.items())
        raise ModelError(f"these models do different things and cannot stand side by side: {listed}")
    return next(iter(tasks.values()))


def _corrupted(systems: Sequence[Loaded], task: Task, rows: Dataset, generator: str | Path | None) -> Corrupted | None:
    if task == "replaced-token":
        return corrupt(systems, rows, generator, "cuda" if torch.cuda.is_available() else "cpu")
    if generator is not None:
        raise ModelError(
            f"--generator {generator} replaces pieces for discriminators (ELECTRA), and these models do {task}"
        )
    return None


def _size(system: System) -> None:
    everything, without_embeddings = count_parameters(system.loaded.model)
    system.metrics["parameters"] = everything
    system.metrics["non_embedding_parameters"] = without_embeddings
    system.metrics["size_bytes"] = size_bytes(system.loaded.path)


def _speed(systems: Sequence[System], rows: Dataset, threads: int) -> None:
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


def _names(systems: Sequence[System]) -> list[str]:
    """The role when only one has it, else the folder's name, else (two folders of one name) the whole path."""
    roles = Counter(system.role for system in systems)
    folders = Counter(Path(system.loaded.path).name for system in systems)
    names = []
    for system in systems:
        folder = Path(system.loaded.path).name
        alone = roles[system.role] == 1 and system.role != "model"
        names.append(system.role if alone else folder if folders[folder] == 1 else system.loaded.path)
    return names
