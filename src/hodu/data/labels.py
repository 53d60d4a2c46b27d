"""What labels mean: the task, the names of the classes, and the column that a model learns from."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from datasets import Dataset, List, Value

from hodu.data.columns import listed
from hodu.data.parts import Part
from hodu.errors import LabelError
from hodu.types import Task

REGRESSION_NAMES = ("score", "similarity")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the labels of a set are.

    ``names`` are the classes in the order of their ids; ``separator`` stands between the classes of one text in a
    multi-label column.
    """

    task: Task
    names: tuple[str, ...] = ()
    separator: str = ","


def meaning_of(parts: Mapping[str, Part], task: Task | None, label_names: Sequence[str] | None) -> Meaning | None:
    """Find out the task and the classes; None when no part has labels.

    Class names are ``label_names``, else what the set declares, else the values themselves: numbers by size, other
    values sorted.

    Raises:
        LabelError: an empty label, names that do not fit the task, a label that only dev or test has, a single class.
    """
    values = {split: _distinct(part) for split, part in parts.items() if part.labels is not None}
    if not values:
        if task or label_names:
            raise LabelError(
                "a task or label names were given, but there are no labels: name their column with --label-column"
            )
        return None
    if label_names and len(set(label_names)) < len(label_names):
        raise LabelError(f"label names must differ; these came: {', '.join(label_names)}")
    declared = tuple(label_names or next((parts[split].names for split in values if parts[split].names), ()))
    scored = any((parts[split].found.label or "").casefold() in REGRESSION_NAMES for split in values)
    task = task or _infer_task([value for distinct in values.values() for value in distinct], bool(declared), scored)
    for split, distinct in values.items():
        _refuse_empty(parts[split], distinct, task)
    if task == "regression":
        if label_names:
            raise LabelError(
                f"label names ({', '.join(label_names)}) do not go with labels that are numbers to predict (regression)"
            )
        return Meaning(task)
    barred = any(isinstance(value, str) and "|" in value for distinct in values.values() for value in distinct)
    meaning = Meaning(task, declared, "|" if barred else ",")
    found = {
        split: {name for value in distinct for name in _members(value, meaning)} for split, distinct in values.items()
    }
    if task == "classification" and len(found.get("train", ())) == 1:
        raise LabelError(
            f"all rows have the label {found['train'].pop()!r}; expected two or more classes", file=parts["train"].file
        )
    if declared:
        return meaning
    for split in ("dev", "test"):
        if "train" in found and split in found:
            _refuse_unseen(parts[split], split, values[split], meaning, found["train"])
    return Meaning(task, _ordered(set().union(*found.values())), meaning.separator)


def with_labels(part: Part, meaning: Meaning) -> Dataset:
    """The part's texts with a column ``label``: int64, float32, or ``C`` float32 of 0 and 1, by task.

    Raises:
        LabelError: a label that is not a finite number (regression) or not one of the classes; names file and row.
    """
    values, distinct = _hashable(part), _distinct(part)
    if meaning.task == "regression":
        numbers = {value: _number(part, value, index) for value, index in distinct.items()}
        return part.dataset.add_column(
            "label", np.array([numbers[value] for value in values], np.float32), feature=Value("float32")
        )
    known = {_spelling(name): index for index, name in enumerate(meaning.names)}
    ids = {value: _ids(part, value, index, meaning, known) for value, index in distinct.items()}
    if meaning.task == "classification":
        return part.dataset.add_column(
            "label", np.array([ids[value][0] for value in values], np.int64), feature=Value("int64")
        )
    hot = np.zeros((len(values), len(known)), np.float32)  # N C
    for index, value in enumerate(values):
        hot[index, ids[value]] = 1
    return part.dataset.add_column("label", list(hot), feature=List(Value("float32"), length=len(known)))


def _hashable(part: Part) -> list[Hashable]:
    return [tuple(value) if isinstance(value, list) else value for value in cast(list[Any], part.labels)]


def _distinct(part: Part) -> dict[Hashable, int]:
    """Each value of the labels, and where it first stands: a million rows have few different labels."""
    first: dict[Hashable, int] = {}
    for index, value in enumerate(_hashable(part)):
        try:
            first.setdefault(value, index)
        except TypeError as error:
            raise _error(
                part, index, f"the label {str(value)[:40]!r} is not a text, a number or a list of these"
            ) from error
    return first


def _infer_task(values: Sequence[Hashable], declared: bool, scored: bool) -> Task:
    if any(isinstance(value, tuple) for value in values):
        return "multilabel"
    written = [str(value) for value in values if not _is_empty(value)]
    if declared or not all(is_number(value) for value in written):
        return "classification"
    return "regression" if scored or not all(float(value).is_integer() for value in written) else "classification"


def _refuse_empty(part: Part, distinct: Mapping[Hashable, int], task: Task) -> None:
    for value, index in distinct.items():
        if isinstance(value, tuple) and task != "multilabel":
            raise _error(
                part, index, f"the label is a list, {list(value)!r}, but the task is {task}; expected one value"
            )
        members = value if isinstance(value, tuple) else (value,)
        none_of_them = task == "multilabel" and (isinstance(value, str) or not members)
        if not none_of_them and (not members or any(_is_empty(member) for member in members)):
            raise _error(part, index, f"the label is empty or NaN ({value!r}); fill it in or remove the row")


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or not str(value).strip()


def _refuse_unseen(part: Part, split: str, distinct: Mapping[Hashable, int], meaning: Meaning, train: set[str]) -> None:
    for value, index in distinct.items():
        for name in _members(value, meaning):
            if name not in train:
                several = (
                    "give --task multilabel if this is several labels" if "," in name or "|" in name else "correct it"
                )
                raise _error(
                    part,
                    index,
                    f"the label {name!r} is only in {split}, never in train, which has {listed(_ordered(train))}; "
                    f"{several}, or name all "
                    "labels with --label-names",
                )


def _members(value: object, meaning: Meaning) -> list[str]:
    """The classes that a label names: one; in multi-label those of its list or of its text."""
    if meaning.task != "multilabel":
        return [_spelling(value)]
    if isinstance(value, str):
        return [_spelling(name) for name in value.split(meaning.separator) if name.strip()]
    return [_spelling(member) for member in (value if isinstance(value, tuple) else (value,))]


def _ids(part: Part, value: object, index: int, meaning: Meaning, known: Mapping[str, int]) -> list[int]:
    """Class ids of a label; a number that is no class's name is an id itself."""
    ids = []
    for name in _members(value, meaning):
        number = int(name) if name.isdecimal() and int(name) < len(known) else None
        if (found := known.get(name, number)) is None:
            raise _error(part, index, f"the label {name!r} is none of {listed(meaning.names)}")
        ids.append(found)
    return ids


def _number(part: Part, value: object, index: int) -> float:
    text = str(value).strip()
    if not is_number(text) or not math.isfinite(float(text)):
        raise _error(part, index, f"the label {value!r} is not a finite number, as regression needs")
    return float(text)


def _spelling(value: object) -> str:
    """One spelling of one class: 1, 1.0 and "1" are equal, and so are composed and decomposed Hangul."""
    if isinstance(value, bool):
        return str(value).lower()
    text = unicodedata.normalize("NFC", str(value).strip())
    return str(int(float(text))) if is_number(text) and float(text).is_integer() and abs(float(text)) < 2**53 else text


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    names = list(names)
    return tuple(sorted(names, key=float) if all(is_number(name) for name in names) else sorted(names))


def is_number(text: str) -> bool:
    """Whether this is a number as people write it, NaN and infinity included."""
    return _NUMBER.fullmatch(text.strip()) is not None


def _error(part: Part, index: int, message: str) -> LabelError:
    return LabelError(message, file=part.file, row=part.rows[index], column=part.found.label)
