"""The table of all systems, for the terminal and as Markdown. Ratios to the teacher stand in the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from hodu.measuring.measured import Measured, teacher_of, unit_of
from hodu.measuring.score import LOWER_IS_BETTER
from hodu.types import LANGUAGE

_TO = "\N{EN DASH}"
_WITHOUT_GAIN = (
    "{}: its undistilled baseline is as good: here the teacher's answers add nothing to the labels; a better teacher, more text without labels, "
    "or labels beside its answers (--recipe hinton) may help"
)


@dataclass(frozen=True)
class Cell:
    """A figure, its 95 % interval, and what it means beside the teacher ("8.0x fewer"); each may be empty."""

    value: str = ""
    interval: str = ""
    beside: str = ""

    def __str__(self) -> str:
        together = f"{self.value} ({self.interval})" if self.interval else self.value
        return f"{together}, {self.beside}" if self.beside else together


@dataclass(frozen=True)
class Column:
    """One or two metrics read together, and the words for a gain and a loss against the teacher (quality has none).

    The title has its line break where a narrow table needs it.
    """

    title: str
    metrics: tuple[str, ...]
    gain: str = ""
    loss: str = ""


QUALITY = (
    Column("accuracy", ("accuracy",)),
    Column("F1", ("f1",)),
    Column("micro F1", ("f1_micro",)),
    Column("exact match", ("exact_match",)),
    Column("precision", ("precision",)),
    Column("recall", ("recall",)),
    Column("Pearson", ("pearson",)),
    Column("Spearman", ("spearman",)),
    Column("perplexity", ("perplexity",)),
    Column("cross-entropy", ("cross_entropy",)),
    Column("agreement", ("agreement",)),
)
COST = (
    Column("parameters", ("parameters",), "fewer", "more"),
    Column("without\nembeddings", ("non_embedding_parameters",), "fewer", "more"),
    Column("size\non disk", ("size_bytes",), "smaller", "larger"),
    Column("latency ms\np50 / p95", ("latency_p50_ms", "latency_p95_ms"), "faster", "slower"),
    Column("throughput\ntokens/s", ("tokens_per_second",), "faster", "slower"),
    Column("peak\nmemory", ("peak_memory_bytes",), "less", "more"),
)


def columns_of(measured: Sequence[Measured]) -> list[Column]:
    """The columns that somebody has a figure for; of the quality columns the task's headline first."""
    order = [metric for one in measured for metric in one.metrics]
    quality = [column for column in QUALITY if column.metrics[0] in order]
    quality.sort(key=lambda column: (column.title == "agreement", order.index(column.metrics[0])))
    return quality + [column for column in COST if column.metrics[0] in order]


def cell(column: Column, one: Measured, teacher: Measured | None) -> Cell:
    """What stands in a table for this model: empty where the metric does not apply."""
    metric = column.metrics[0]
    if metric not in one.metrics:
        return Cell()
    value = " / ".join(
        show(one.metrics[name], unit_of(name, one.task)) for name in column.metrics if name in one.metrics
    )
    if column.gain:
        return Cell(value, beside=_ratio(column, one, teacher))
    low, high = one.intervals.get(metric, (math.nan, math.nan))
    interval = "" if math.isnan(low) else f"{_bare(low, one, metric)}{_TO}{_bare(high, one, metric)}"
    return Cell(value, interval, _kept(metric, one, teacher))


def show(value: float, unit: str) -> str:
    """A figure as people write it: 0.899 as fraction → "89.9%", 1334000 parameters → "1.33 M", 9.1e7 bytes → "91.0 MB".

    Milliseconds and tokens a second stand without their unit, which the column's title has.
    """
    if math.isnan(value):
        return "undefined"
    match unit:
        case "fraction":
            return f"{value * 100:.1f}%"
        case "correlation":
            return f"{value:.3f}"
        case "pieces":  # perplexity: between how many equally likely ones the model chooses
            return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
        case "nats":
            return f"{value:.3f}"
        case "ms":
            return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
        case "tokens/s":
            return f"{value:,.0f}"
        case "parameters":
            return _scaled(value, ("", "k", "M", "G"))
        case "bytes":
            return _scaled(value, ("bytes", "kB", "MB", "GB"))
        case _:
            raise ValueError(f"no way to write {unit!r}")


def render_table(measured: Sequence[Measured]) -> Table:
    """A table for a terminal: one column a system, so that three systems fit 80 characters; notes below.

    Under each figure stand its 95 % interval and what it means beside the teacher.
    """
    notes = "\n".join(notes_of(measured))
    table = Table(
        title=Text(caption(measured)),
        caption=Text(notes) if notes else None,
        caption_justify="left",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    teacher = teacher_of(measured)
    table.add_column("")
    for one in measured:
        table.add_column(Text(one.system), justify="right", overflow="fold")
    for column in columns_of(measured):
        table.add_row(column.title.replace("\n", " "), *(_lines(cell(column, one, teacher)) for one in measured))
    return table


def to_markdown(measured: Sequence[Measured]) -> str:
    """The same as a Markdown table, its caption above and its notes below."""
    teacher, columns = teacher_of(measured), columns_of(measured)
    rows = [["system", *(column.title.replace("\n", " ") for column in columns)]]
    rows += [[one.system, *(str(cell(column, one, teacher)) for column in columns)] for one in measured]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
    lines.insert(1, "|---" + "|---:" * len(columns) + "|")
    notes = [f"- {note}" for note in notes_of(measured)]
    return "\n".join([caption(measured), "", *lines, *([""] if notes else []), *notes]) + "\n"


def caption(measured: Sequence[Measured]) -> str:
    """On what: "reviews.csv, test split, 1,821 rows; under quality its 95% interval"."""
    first = measured[0]
    intervals = "; under quality its 95% interval" if any(one.intervals for one in measured) else ""
    return f"{first.data}, {first.split} split, {first.rows:,} rows{intervals}"


def notes_of(measured: Sequence[Measured]) -> list[str]:
    """All notes, those that not every system has with the names before them; last of students for which distillation was worth nothing."""
    notes: dict[str, list[str]] = {}
    for one in measured:
        for note in one.notes:
            notes.setdefault(note, []).append(one.system)
    said = [note if len(some) == len(measured) else f"{', '.join(some)}: {note}" for note, some in notes.items()]
    return said + [_WITHOUT_GAIN.format(one.system) for one in measured if _is_without_gain(one, measured)]


def _is_without_gain(student: Measured, measured: Sequence[Measured]) -> bool:
    """Whether its undistilled baseline, measured beside it, is as good. A language model's perplexity says little of a recipe that does not train the head."""
    name, headline = f"{Path(student.model).name}-baseline", next(iter(student.metrics), "agreement")
    baselines = (one for one in measured if one.role == "baseline" and Path(one.model).name == name)
    beside = next(baselines, None)
    if student.role != "student" or beside is None or headline == "agreement" or student.task in LANGUAGE:
        return False
    return student.metrics[headline] <= beside.metrics[headline]


def _lines(filled: Cell) -> Text:
    text = Text(filled.value)
    for extra in filter(None, (filled.interval, filled.beside)):
        text.append(f"\n{extra}", style="dim")
    return text


def _scaled(value: float, units: Sequence[str]) -> str:
    """Three digits and the unit of a thousand, a million ...: 1334000 → "1.33 M"."""
    power = 0
    while value >= 999.5 and power < len(units) - 1:
        value, power = value / 1000, power + 1
    digits = 0 if value >= 99.95 or power == 0 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {units[power]}".strip()


def _bare(value: float, one: Measured, metric: str) -> str:
    return show(value, unit_of(metric, one.task)).removesuffix("%")


def _kept(metric: str, one: Measured, teacher: Measured | None) -> str:
    """How much of the teacher's quality is left; nothing for agreement, which is relative to the teacher as it is, nor where less is better."""
    if teacher is None or one is teacher or metric == "agreement" or metric in LOWER_IS_BETTER:
        return ""
    if not (
        one.metrics[metric] >= 0 and teacher.metrics.get(metric, math.nan) > 0
    ):  # a share of a negative or undefined figure says nothing
        return ""
    return f"{one.metrics[metric] / teacher.metrics[metric] * 100:.1f}% kept"


def _ratio(column: Column, one: Measured, teacher: Measured | None) -> str:
    metric = column.metrics[0]
    if teacher is None or one is teacher or not one.metrics[metric] or not teacher.metrics.get(metric):
        return ""
    ratio = teacher.metrics[metric] / one.metrics[metric]
    if metric == "tokens_per_second":
        ratio = 1 / ratio
    return f"{ratio:.1f}x {column.gain}" if ratio >= 1 else f"{1 / ratio:.1f}x {column.loss}"
