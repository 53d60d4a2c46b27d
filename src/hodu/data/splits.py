"""The dev and test splits that a set does not bring along, chosen by what the rows say."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from datasets import Dataset

from hodu.data.types import Data
from hodu.errors import DataError, LabelError

SHARE = 0.1
MOST_DEV_ROWS = 5_000
FEW_TEXTS = 200  # from here on a tenth by hash is never empty (0.9 ** 200 is 1e-9); below, texts are counted off
Hashes = npt.NDArray[np.uint64]


def split(data: Data) -> Data:
    """Add the dev split, and for one whole file also the test split, that are missing.

    Where a row goes depends on its text (and pair) alone: equal texts go together, whatever their case, spacing or
    Unicode form (questions with the others about their context), and rows that are added later move no other row (save where dev is at its cap, or the set has fewer
    than 200 texts). A whole file gives 10 % to dev and 10 % to test; a set without dev gives 10 % of train, at most
    5,000 rows. Splits that exist are never touched. The notes say what was done, and how many rows of test (or dev)
    also stand in train.

    Raises:
        DataError: too few different texts to split.
        LabelError: what is left to train on has one class only.
    """
    if "train" not in data.splits:
        return data
    train = data.splits["train"]
    hashes = known = _hashes(train)
    if (
        data.task == "question-answering"
    ):  # questions about one context go together, or a model is examined on what it was taught
        hashes = _hashes(train, ("pair",))
    notes: list[str] = []
    splits = dict(data.splits)
    if "dev" not in splits:
        wanted = 3 if data.whole else 2
        if len(np.unique(hashes)) < wanted:
            raise DataError(
                f"too few different texts to set some aside; expected {wanted} or more, or files for dev and test",
                file=data.source,
            )
        in_dev = _tenth(hashes, len(hashes) if data.whole else MOST_DEV_ROWS)
        in_test = _tenth(~hashes, len(hashes)) if data.whole else np.zeros_like(in_dev)
        made = {"train": ~(in_dev | in_test), "dev": in_dev, "test": in_test}
        splits = {name: train.select(np.flatnonzero(rows)) for name, rows in made.items() if rows.any()} | {
            name: dataset for name, dataset in splits.items() if name != "train"
        }
        sizes = ", ".join(f"{name} {len(dataset):,}" for name, dataset in splits.items())
        notes.append(
            f"split by content: {sizes} rows" if data.whole else f"dev set aside from train by content: {sizes} rows"
        )
        notes += _missing_classes(splits["train"], data)
    seen_in_train = set(known.tolist())
    for name in data.splits.keys() - {"train"}:
        seen = sum(value in seen_in_train for value in _hashes(splits[name]).tolist())
        if seen:
            notes.append(
                f"{seen:,} of {len(splits[name]):,} rows of {name} also stand in train: figures on {name} flatter by "
                "that"
            )
    return replace(data, splits=splits, notes=data.notes + tuple(notes), whole=False)


def _tenth(hashes: Hashes, most: int) -> npt.NDArray[np.bool_]:
    """The rows of the tenth with the lowest hashes.

    Whole groups of equal hashes, at least one group, and (but for that one) not more than ``most`` rows.
    """
    distinct, counts = np.unique(hashes, return_counts=True)
    groups = (
        int(np.searchsorted(distinct, SHARE * 2**64))
        if len(distinct) >= FEW_TEXTS
        else math.ceil(SHARE * len(distinct))
    )
    groups = max(1, min(groups, int(np.searchsorted(counts.cumsum(), most, side="right"))))
    chosen: npt.NDArray[np.bool_] = hashes <= distinct[groups - 1]
    return chosen


def _hashes(dataset: Dataset, of: tuple[str, ...] = ("text", "pair", "choices")) -> Hashes:
    """64 bits for each row's text, pair and choices; equal in every run, on every machine."""
    columns = [name for name in of if name in dataset.column_names]
    hashes = np.empty(len(dataset), np.uint64)
    start = 0
    for batch in dataset.select_columns(columns).iter(10_000):
        for index, cells in enumerate(zip(*(batch[name] for name in columns), strict=True), start):
            texts = [text for cell in cells for text in ([cell] if isinstance(cell, str) else cell)]
            plain = "\0".join(" ".join(unicodedata.normalize("NFC", text).casefold().split()) for text in texts)
            hashes[index] = int.from_bytes(hashlib.blake2b(plain.encode("utf-8"), digest_size=8).digest(), "big")
        start += len(batch[columns[0]])
    return hashes


def _missing_classes(train: Dataset, data: Data) -> list[str]:
    """A note on classes that no row of the new train has; an error when only one is left."""
    if data.task != "classification":
        return []
    present = set(train["label"][:])
    if len(present) < 2:
        raise LabelError(
            f"after dev and test were set aside, only {data.labels[present.pop()]!r} is left to train on; add rows, or "
            "give files for dev and test",
            file=data.source,
        )
    missing = [name for index, name in enumerate(data.labels) if index not in present]
    return [f"no row of train has the label {', '.join(missing)}"] if missing else []
