"""One split as it was read: texts in place, labels still as they were written."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import datasets
import pyarrow as pa
from datasets import Dataset

from hodu.data.columns import Found
from hodu.data.store import new_folder
from hodu.errors import DataError


@dataclass(frozen=True, slots=True)
class Part:
    """One split.

    Attributes:
        dataset: columns ``text`` and, for pairs, ``pair``; or ``words`` (lists of texts), or ``choices`` (lists of texts) beside the question.
        labels: one value a row, as written (ids of declared classes: their names); None without labels.
        rows: where each row stands in its file.
        file: the file, or the hub set and its split.
        found: the columns that were read.
        names: class names that the set itself declares (``ClassLabel``); empty where it does not.
    """

    dataset: Dataset
    labels: list[object] | None
    rows: Sequence[int]
    file: str
    found: Found
    names: tuple[str, ...] = ()


def read_parquet(path: Path) -> Dataset:
    """A Parquet file as a table.

    Raises:
        DataError: it cannot be read.
    """
    folder = new_folder()
    try:
        if path.name.lower().endswith(".gz"):
            plain = folder / "data.parquet"
            with gzip.open(path, "rb") as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            path = plain
        with no_progress_bars():
            dataset = Dataset.from_parquet(str(path), cache_dir=str(folder))
    except (OSError, EOFError, zlib.error, pa.ArrowException, datasets.exceptions.DatasetsError) as error:
        raise DataError(f"cannot be read as Parquet: {error}", file=path) from error
    assert isinstance(dataset, Dataset)
    return dataset


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keep ``datasets`` from drawing bars, and leave its setting as it was."""
    before = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            datasets.enable_progress_bars()
