"""Facts that are read and not learnt by heart: training batches in which they are missing, or stand in another order, each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor

Collate = Callable[[list[dict[str, Any]]], dict[str, Tensor]]

_ALONG = ("input_ids", "attention_mask", "token_type_ids", "fact_ids", "anchors", "tags")


def varied(collate: Collate, dropout: float) -> Collate:
    """The same collator on rows whose facts stand in another order each time. Only training rows, which are numbered (``row``); the global torch generator decides, so a resumed run goes on as it would have.

    Args:
        dropout: share of the rows that get none.
    """

    def batch(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        return collate([_varied(row, dropout) for row in rows] if "row" in rows[0] else rows)

    return batch


def _varied(row: Mapping[str, Any], dropout: float) -> dict[str, Any]:
    none = float(torch.rand(())) < dropout
    names = [name for name in _ALONG if name in row]
    if np.ndim(row["input_ids"][0]) == 0:
        return {**row, **_rearranged({name: row[name] for name in names}, none=none)}
    texts = [
        _rearranged({name: row[name][place] for name in names}, none=none) for place in range(len(row["input_ids"]))
    ]
    return {**row, **{name: [text[name] for text in texts] for name in names}}


def _rearranged(columns: Mapping[str, Sequence[int]], *, none: bool) -> dict[str, list[int]]:
    places = [[place for place, _ in some] for _, some in groupby(enumerate(columns["fact_ids"]), lambda at: at[1])]
    text = places.pop(0)  # a text has a first token
    order = [] if none else torch.randperm(len(places)).tolist()
    kept = [places[number] for number in order]
    whole = [*text, *(place for fact in kept for place in fact)]
    moved = {name: [values[place] for place in whole] for name, values in columns.items()}
    moved["fact_ids"] = [0] * len(text) + [number for number, fact in enumerate(kept, 1) for _ in fact]
    return moved
