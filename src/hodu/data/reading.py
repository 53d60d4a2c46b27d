"""Files and tables of all kinds, read: what the task, or else the columns, say that they hold."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import datasets
import pyarrow as pa
from datasets import Dataset

from hodu.data.choices import questions
from hodu.data.columns import Found, find_columns_for
from hodu.data.conll import read_conll
from hodu.data.parts import Part, read_parquet
from hodu.data.rows import CONLL, Record, kind_of, read_rows
from hodu.data.squad import read_json
from hodu.data.store import store
from hodu.data.types import Columns
from hodu.errors import DataError
from hodu.types import Task

_CHUNK = 1_000


def read_part(path: Path, columns: Columns, task: Task | None = None) -> Part:
    """Read a file of any known format; ``task`` says what its columns are, where that is not to be inferred.

    Raises:
        DataError: the file is unreadable or empty, lacks a column, or a row has no text; names file and row.
        LabelError: an answer that names none of a question's choices.
        OutputError: no room for temporary data.
    """
    if kind_of(path) == ".parquet":
        return part_of(read_parquet(path), columns, str(path), task)
    records = _records(path, task)
    if task == "multiple-choice":
        return questions(records, columns, str(path))
    first = next(records, None)
    if first is None:
        raise DataError("there are no rows of data in it (it is empty, or has only a header)", file=path)
    found = find_columns_for(task, columns, first[1], path)
    labels: list[object] = []
    rows = array("q")
    batches = _text_batches(itertools.chain([first], records), found, path, labels, rows)
    dataset = store(batches, pa.schema([(name, _kind(name)) for name in _texts(found).values()]))
    return Part(dataset, labels if found.label else None, rows, str(path), found)


def part_of(dataset: Dataset, columns: Columns, file: str, task: Task | None = None) -> Part:
    """The same of a dataset that is already a table (Parquet, hub); rows count from 1. Raises as :func:`read_part`."""
    if not len(dataset):
        raise DataError("there are no rows of data in it", file=file)
    if task == "multiple-choice":
        return questions(enumerate(dataset, start=1), columns, file)
    found = find_columns_for(task, columns, dataset[0], file)
    labels, names = _table_labels(dataset, found.label) if found.label else (None, ())
    if labels is not None and found.starts:
        labels = _placed(labels, dataset[found.starts][:])
    texts = _texts(found)
    kept = dataset.select_columns(list(texts))
    for start, batch in zip(itertools.count(1, _CHUNK), kept.iter(_CHUNK), strict=False):
        for name in texts:
            _check(texts[name])(batch[name], range(start, start + _CHUNK), file, name)
    # Two steps, as a set may call its label "text".
    kept = kept.rename_columns({name: f"hodu {new}" for name, new in texts.items()})
    kept = kept.rename_columns({f"hodu {new}": new for new in texts.values()})
    return Part(kept, labels, range(1, len(kept) + 1), file, found, names)


def _records(path: Path, task: Task | None) -> Iterator[Record]:
    kind = kind_of(path)
    if kind in CONLL or (task == "token-classification" and kind in (".txt", ".tsv")):  # where no line can hold a list
        return read_conll(path)
    return read_json(path) if kind == ".json" else read_rows(path)


def _texts(found: Found) -> dict[str, str]:
    """The columns of text as the file calls them → as we do."""
    if found.task == "token-classification":
        return {found.text: "words"}
    return {found.text: "text"} | ({found.pair: "pair"} if found.pair else {})


def _text_batches(
    records: Iterator[Record], found: Found, path: Path, labels: list[object], rows: array[int]
) -> Iterator[dict[str, pa.Array]]:
    """The texts in batches of columns; ``labels`` and ``rows`` are filled on the way, so that a file is read once."""
    while chunk := list(itertools.islice(records, _CHUNK)):
        numbers = [row for row, _ in chunk]
        rows.extend(numbers)
        if found.label:
            given = _column(chunk, found.label, path)
            labels += _placed(given, _column(chunk, found.starts, path)) if found.starts else given
        batch = {}
        for theirs, ours in _texts(found).items():
            values = _column(chunk, theirs, path)
            _check(ours)(values, numbers, path, theirs)
            batch[ours] = pa.array(values, _kind(ours))
        yield batch


def _column(chunk: list[Record], name: str, path: Path) -> list[object]:
    for row, values in chunk:
        if name not in values:
            raise DataError(f"this row has no {name!r}, only {', '.join(map(repr, values))}", file=path, row=row)
    return [values[name] for _, values in chunk]


def _check_texts(values: Sequence[object], rows: Sequence[int], file: str | Path, column: str) -> None:
    for value, row in zip(values, rows, strict=False):
        if not isinstance(value, str):
            raise DataError(
                f"{type(value).__name__} {str(value)[:40]!r}, expected a text", file=file, row=row, column=column
            )
        if not value.strip():
            raise DataError("the text is empty; fill it in or remove the row", file=file, row=row, column=column)


def _check_words(values: Sequence[object], rows: Sequence[int], file: str | Path, column: str) -> None:
    for value, row in zip(values, rows, strict=False):
        if not isinstance(value, list):
            raise DataError(
                f"{type(value).__name__} {str(value)[:40]!r}, expected a list of words",
                file=file,
                row=row,
                column=column,
            )
        if not value:
            raise DataError("the list of words is empty; remove the row", file=file, row=row, column=column)
        for place, word in enumerate(value, 1):
            if not isinstance(word, str):
                raise DataError(
                    f"word {place} is {type(word).__name__} {str(word)[:40]}, expected a text",
                    file=file,
                    row=row,
                    column=column,
                )


def _check(ours: str) -> Callable[[Sequence[object], Sequence[int], str | Path, str], None]:
    return _check_words if ours == "words" else _check_texts


def _kind(ours: str) -> pa.DataType:
    return pa.list_(pa.string()) if ours == "words" else pa.string()


def _placed(answers: Sequence[object], starts: Sequence[object]) -> list[object]:
    """Flat answers as SQuAD writes them."""
    return [{"text": [text], "answer_start": [start]} for text, start in zip(answers, starts, strict=True)]


def _table_labels(dataset: Dataset, column: str) -> tuple[list[object] | None, tuple[str, ...]]:
    """Labels as values, or as names where the set declares classes; None when all are -1 (test sets that hide them)."""
    values = list(dataset[column][:])
    feature = dataset.features[column]
    feature = getattr(feature, "feature", feature)  # of a list: what it is a list of
    if not isinstance(feature, datasets.ClassLabel):
        return values, ()
    if all(value == -1 for value in values):
        return None, ()
    named = {None: None, -1: None} | dict(enumerate(feature.names))
    return [[named[i] for i in value] if isinstance(value, list) else named[value] for value in values], tuple(
        feature.names
    )
