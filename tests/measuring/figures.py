"""Figures as if measured, for the table, the rows and the report."""

from __future__ import annotations

from typing import Any

from hodu.measuring import Measured

TEACHER = {
    "accuracy": 0.909,
    "f1": 0.908,
    "parameters": 22_700_000,
    "non_embedding_parameters": 10_800_000,
    "size_bytes": 91_600_000,
    "latency_p50_ms": 10.0,
    "latency_p95_ms": 21.26,
    "tokens_per_second": 1334.4,
    "peak_memory_bytes": 103_000_000,
}
STUDENT = {
    "accuracy": 0.899,
    "f1": 0.898,
    "agreement": 0.974,
    "parameters": 7_330_000,
    "non_embedding_parameters": 1_350_000,
    "size_bytes": 30_000_000,
    "latency_p50_ms": 1.6,
    "latency_p95_ms": 3.0,
    "tokens_per_second": 6672.0,
    "peak_memory_bytes": 206_000_000,
}


def measured(system: str, metrics: dict[str, float], **more: Any) -> Measured:
    """One system with these figures, intervals around the quality ones, and usual circumstances."""
    quality = ("accuracy", "f1", "pearson", "agreement")
    settings: dict[str, Any] = {
        "role": system,
        "model": f"out/{system}",
        "task": "classification",
        "data": "films.tsv",
        "split": "test",
        "rows": 1821,
        "intervals": {name: (value - 0.013, value + 0.012) for name, value in metrics.items() if name in quality},
    }
    return Measured(system=system, metrics=dict(metrics), **(settings | more))


def teacher_and_student() -> list[Measured]:
    """Both of the above."""
    return [measured("teacher", TEACHER), measured("student", STUDENT)]
