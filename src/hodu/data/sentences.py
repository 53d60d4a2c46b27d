"""Sentences for encoders: alone, to be distilled from; in pairs with a score, to be scored by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from datasets import Dataset, Value

from hodu.data.labels import is_number
from hodu.data.parts import Part, no_progress_bars
from hodu.data.store import store
from hodu.data.types import Data
from hodu.errors import LabelError

_CHUNK = 1_000


def with_scores_only(parts: Mapping[str, Part]) -> tuple[dict[str, Part], list[str]]:
    """The same splits without labels that are not scores of pairs, and notes that say so: sentences are of use without any."""
    kept, notes = {}, []
    for split, part in parts.items():
        paired = "pair" in part.dataset.column_names
        if part.labels is not None and not (paired and any(is_number(str(label)) for label in part.labels)):
            reason = "are not numbers" if paired else "belong to single sentences"
            notes.append(f"labels of {split} {reason}, so they are no scores of pairs: only its sentences are used")
            part = replace(part, labels=None)
        kept[split] = part
    return kept, notes


def has_scores(dataset: Dataset) -> bool:
    """Whether the rows are pairs of sentences with a score."""
    return {"pair", "label"} <= set(dataset.column_names)


def sentences(dataset: Dataset) -> Dataset:
    """Each different sentence once, those of pairs too: a column ``text``, in the order in which they first stand there."""
    columns = [name for name in ("text", "pair") if name in dataset.column_names]
    seen: set[bytes] = set()

    def batches() -> Iterator[dict[str, pa.Array]]:
        for chunk in dataset.select_columns(columns).iter(_CHUNK):
            fresh = []
            for texts in zip(*(chunk[name] for name in columns), strict=True):
                for text in texts:
                    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=12).digest()
                    if digest not in seen:
                        seen.add(digest)
                        fresh.append(text)
            yield {"text": pa.array(fresh, pa.string())}

    return store(batches(), pa.schema([("text", pa.string())]))


def paired(dataset: Dataset) -> Dataset:
    """Pairs, whatever came: single sentences are each put beside the next one, the last beside the first."""
    if "pair" in dataset.column_names:
        return dataset
    texts = dataset["text"][:]
    return Dataset.from_dict({"text": texts, "pair": [*texts[1:], *texts[:1]]})


def scaled(data: Data) -> tuple[Data, str]:
    """The data with its scores where cosines can reach them, and a note that says how.

    Scores between -1 and 1 stay. Others are brought from their range in train to 0 ... 1, as 0 ... 5 of the STS benchmark is divided by 5.

    Raises:
        LabelError: train has no scored pairs, or one score for all.
    """
    train = data.splits["train"]
    if not has_scores(train):
        raise LabelError(
            "training a sentence encoder needs pairs of sentences with a score, and train has none; "
            "name the columns (--text-column, --pair-column, --label-column)",
            file=data.source,
        )
    scores = np.asarray(train["label"][:], np.float64)
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        raise LabelError(f"all pairs of train have the score {low:g}; expected different ones", file=data.source)
    if low >= -1 and high <= 1:
        return data, "scores are learnt as cosines, as they are"
    splits = {name: _rescaled(split, low, high) if has_scores(split) else split for name, split in data.splits.items()}
    return replace(data, splits=splits), f"scores {low:g} to {high:g} are learnt as cosines 0 to 1"


def _rescaled(split: Dataset, low: float, high: float) -> Dataset:
    scores = (np.asarray(split["label"][:], np.float64) - low) / (high - low)
    with no_progress_bars():
        return split.remove_columns("label").add_column("label", scores.astype(np.float32), feature=Value("float32"))
