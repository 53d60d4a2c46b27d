"""In: models and data. Out: numbers with units, side by side, as rows, a table and a report."""

from __future__ import annotations

from hodu.measuring.compare import measure
from hodu.measuring.environment import commit, environment, hardware
from hodu.measuring.measured import UNITS, Measured, teacher_of, unit_of
from hodu.measuring.predict import predict
from hodu.measuring.report import write_report
from hodu.measuring.rows import Row, append_rows, rows_of
from hodu.measuring.score import METRICS, agreement, agreement_interval, answers, bootstrap, score
from hodu.measuring.size import shipped_files, size_bytes
from hodu.measuring.speed import Latency, latency, peak_memory, sample_rows, throughput
from hodu.measuring.table import render_table, to_markdown

__all__ = [
    "METRICS",
    "UNITS",
    "Latency",
    "Measured",
    "Row",
    "agreement",
    "agreement_interval",
    "answers",
    "append_rows",
    "bootstrap",
    "commit",
    "environment",
    "hardware",
    "latency",
    "measure",
    "peak_memory",
    "predict",
    "render_table",
    "rows_of",
    "sample_rows",
    "score",
    "shipped_files",
    "size_bytes",
    "teacher_of",
    "throughput",
    "to_markdown",
    "unit_of",
    "write_report",
]
