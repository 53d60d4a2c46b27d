"""Facts that are read and not learnt by heart: training batches in which they are missing, or stand in another order, each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor

Collate = Callable[[list[dict[str, Any]]], dict[str, Tensor]]

_ALONG = ("input_ids", "attention_mask", "token_type_ids", "fact_ids", "anchors", "tags")


@dataclass(frozen=True, slots=True)
class Varying:
    """How the facts of training rows change from epoch to epoch.

    Attributes:
        dropout: share of rows that get none.
        gaps: share of a row's facts that are missing, where it has some.
    """

    dropout: float = 0.1
    gaps: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.dropout or self.gaps)


def varied(collate: Collate, varying: Varying) -> Collate:
    """The same collator on rows whose facts were shuffled and thinned. Only training rows, which are numbered (``row``); the global torch generator decides, so a resumed run goes on as it would have."""

    def batch(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        return collate([_varied(row, varying) for row in rows] if "row" in rows[0] else rows)

    return batch


def _varied(row: Mapping[str, Any], varying: Varying) -> dict[str, Any]:
    none = _chance() < varying.dropout
    names = [name for name in _ALONG if name in row]
    if np.ndim(row["input_ids"][0]) == 0:
        return {**row, **_rearranged({name: row[name] for name in names}, varying, none=none)}
    texts = [
        _rearranged({name: row[name][place] for name in names}, varying, none=none)
        for place in range(len(row["input_ids"]))
    ]
    return {**row, **{name: [text[name] for text in texts] for name in names}}


def _rearranged(columns: Mapping[str, Sequence[int]], varying: Varying, *, none: bool) -> dict[str, list[int]]:
    places = [[place for place, _ in some] for _, some in groupby(enumerate(columns["fact_ids"]), lambda at: at[1])]
    text = places.pop(0)  # a text has a first token
    order = [] if none else torch.randperm(len(places)).tolist()
    kept = [places[number] for number in order if not varying.gaps or _chance() >= varying.gaps]
    whole = [*text, *(place for fact in kept for place in fact)]
    moved = {name: [values[place] for place in whole] for name, values in columns.items()}
    moved["fact_ids"] = [0] * len(text) + [number for number, fact in enumerate(kept, 1) for _ in fact]
    return moved


def _chance() -> float:
    return float(torch.rand(()))
