"""The values that this folder hands out: which columns to read, and what was read."""

from __future__ import annotations

from dataclasses import dataclass

from datasets import Dataset

from hodu.types import Task

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns to read; None means: find it by its usual names."""

    text: str | None = None
    pair: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Texts, and labels where there are any, in one form whatever they were read from.

    Attributes:
        splits: by name, in the order ``train``, ``dev``, ``test``, as far as they exist. Columns: ``text``; ``pair``
            for pairs; ``choices`` (lists of texts) for questions with choices; and, in splits that have labels, ``label``: a class id (int64), a number (float32), or one 0.0 or
            1.0 per class (``C`` float32), of questions with choices the place of the right one (int64). For token classification also ``words`` (``text`` is these with spaces
            between), and ``label`` has a class id for each. For question answering ``text`` is the question and ``pair`` the context, ``label`` the answers that count as right
            and ``starts`` where each of them begins in the context.
        task: what the labels are; None when no split has any.
        labels: the names of the classes, in the order of their ids; empty for regression, multiple choice and without labels.
        source: what the user typed.
        notes: what a person should be told: columns found, labels and their ids, splits made.
        whole: the only split, called ``train``, is one file that says nothing of splits, so ``split`` makes a test of
            it as well.
    """

    splits: dict[str, Dataset]
    task: Task | None
    labels: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()
    whole: bool = False
