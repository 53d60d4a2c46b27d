"""In: models and data. Out: numbers with units, side by side, as rows, a table and a report."""

from __future__ import annotations

from hodu.measure.compare import measure
from hodu.measure.environment import commit, environment, hardware
from hodu.measure.measured import UNITS, Measured, teacher_of, unit_of
from hodu.measure.predict import predict
from hodu.measure.report import write_report
from hodu.measure.rows import Row, append_rows, rows_of
from hodu.measure.score import METRICS, agreement, agreement_interval, answers, bootstrap, score
from hodu.measure.size import shipped_files, size_bytes
from hodu.measure.speed import Latency, latency, peak_memory, sample_rows, throughput
from hodu.measure.table import render_table, to_markdown

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
