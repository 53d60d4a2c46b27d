"""Labels in the order of the teacher's classes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from datasets import Dataset, List, Value

from hodu.data.columns import listed
from hodu.data.parts import no_progress_bars
from hodu.data.types import Data
from hodu.errors import LabelError


def match_labels(data: Data, id2label: Mapping[int, str]) -> tuple[Data, tuple[str, ...]]:
    """Give the labels the ids that the teacher gives them, so that class ``i`` means the same to both.

    Names decide: as they are, then without regard to case, spaces, ``_`` and ``-``. Failing that, labels that are
    numbers are taken as the teacher's ids, and the classes of a teacher without names (``LABEL_0``, or plain numbers)
    in the order of ``data.labels``. The labels may be fewer than the teacher's classes, never others.

    Args:
        data: what ``load`` gave; without labels it comes back as it is.
        id2label: of the teacher's config.

    Returns:
        The data with the teacher's ids, and notes that show the mapping unless it changes nothing.

    Raises:
        LabelError: a label that the teacher does not have, or another number of outputs than the task needs.
    """
    teacher = [id2label[key] for key in sorted(id2label, key=int)]
    if data.task is None:
        return data, ()
    if data.task == "regression" and len(teacher) == 1:
        return data, ()
    if data.task == "regression":
        raise LabelError(
            f"{data.source} has numbers to predict (regression), but the teacher has {len(teacher)} classes "
            f"({listed(teacher)})"
        )
    ids, names, certain = _teacher_ids(data, teacher)
    shown = ", ".join(f"{label} → {index} {teacher[index]}" for label, index in zip(data.labels, ids, strict=True))
    if ids == list(range(len(teacher))):
        return replace(data, labels=names), () if certain else (f"labels taken as the teacher's, by number: {shown}",)
    splits = {split: _renumbered(dataset, ids, len(teacher)) for split, dataset in data.splits.items()}
    return replace(data, splits=splits, labels=names), (f"labels put in the teacher's order: {shown}",)


def _teacher_ids(data: Data, teacher: Sequence[str]) -> tuple[list[int], tuple[str, ...], bool]:
    """The teacher's id of each label, the names of all its classes, and whether that is certain."""
    for spelling in (str, _folded):
        known = {spelling(name): index for index, name in enumerate(teacher)}
        wanted = [spelling(name) for name in data.labels]
        if len(known) == len(teacher) and len(set(wanted)) == len(wanted) and all(name in known for name in wanted):
            return [known[name] for name in wanted], tuple(teacher), True
    nameless = all(name in (f"LABEL_{index}", str(index)) for index, name in enumerate(teacher))
    if all(name.isdecimal() and int(name) < len(teacher) for name in data.labels):
        ids = [int(name) for name in data.labels]
        return ids, data.labels if nameless and len(ids) == len(teacher) else tuple(teacher), nameless
    if nameless and len(data.labels) == len(teacher):
        return list(range(len(teacher))), data.labels, False
    raise LabelError(
        f"the labels of {data.source} ({listed(data.labels)}) are not those of the teacher ({listed(teacher)}); give "
        "names that the teacher "
        "knows, in the order of your labels' numbers, with --label-names, or rename them in the file"
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFC", name)).casefold()


def _renumbered(dataset: Dataset, ids: Sequence[int], classes: int) -> Dataset:
    if "label" not in dataset.column_names:
        return dataset
    if "words" in dataset.column_names:
        return _renumbered_tags(dataset, ids)
    old = np.asarray(dataset["label"][:])  # N, or N C for multi-label
    if old.ndim == 1:
        column, feature = np.asarray(ids)[old], Value("int64")
    else:
        new = np.zeros((len(old), classes), np.float32)  # N C
        new[:, ids] = old
        column, feature = list(new), List(Value("float32"), length=classes)
    with no_progress_bars():
        return dataset.remove_columns("label").add_column("label", column, feature=feature)


def _renumbered_tags(dataset: Dataset, ids: Sequence[int]) -> Dataset:
    tags = [[ids[tag] for tag in row] for row in dataset["label"][:]]
    with no_progress_bars():
        return dataset.remove_columns("label").add_column("label", tags, feature=List(Value("int64")))
