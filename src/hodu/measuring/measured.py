"""What was measured of one model, and the unit of each figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from hodu.types import NUMBERS, Task

UNITS: Mapping[str, str] = {
    "accuracy": "fraction",
    "f1": "fraction",
    "f1_micro": "fraction",
    "precision": "fraction",
    "recall": "fraction",
    "exact_match": "fraction",
    "pearson": "correlation",
    "spearman": "correlation",
    "perplexity": "pieces",
    "cross_entropy": "nats",
    "agreement": "fraction",
    "parameters": "parameters",
    "non_embedding_parameters": "parameters",
    "size_bytes": "bytes",
    "latency_p50_ms": "ms",
    "latency_p95_ms": "ms",
    "tokens_per_second": "tokens/s",
    "peak_memory_bytes": "bytes",
}
"""Metric → unit; :func:`unit_of` knows the one exception."""


def unit_of(metric: str, task: Task | None) -> str:
    """The unit of a metric: of ``UNITS``, but agreement of a student that answers with numbers is a correlation with the teacher."""
    return "correlation" if metric == "agreement" and task in NUMBERS else UNITS[metric]


@dataclass(frozen=True)
class Measured:
    """One model, measured.

    Attributes:
        system: its name in tables: its role when no other model measured with it has the same, else its folder's name.
        role: "teacher", "student", "baseline", or "model" when nothing says.
        model: path or hub id, as typed.
        metrics: metric → value in its unit of ``UNITS``; quality first, the headline before all.
        intervals: metric → 95 % bootstrap interval, for the metrics that come from rows.
        task: of the data, or where that has no labels of the model.
        data, split, rows: what it was measured on.
        seed: with which it was trained, as its ``hodu.json`` says.
        notes: things that must be said beside the figures (a mapping of labels, a fallback of the split).
    """

    system: str
    role: str
    model: str
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    task: Task | None = None
    data: str = ""
    split: str = ""
    rows: int = 0
    notes: tuple[str, ...] = ()
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON object; undefined figures (NaN is no JSON) become null."""
        plain = asdict(self)
        plain["metrics"] = {name: _finite(value) for name, value in self.metrics.items()}
        plain["intervals"] = {name: [_finite(low), _finite(high)] for name, (low, high) in self.intervals.items()}
        plain["notes"] = list(self.notes)
        return plain


def teacher_of(measured: Sequence[Measured]) -> Measured | None:
    """The teacher that the others are compared with: the first, when there are several."""
    return next((one for one in measured if one.role == "teacher"), None)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
