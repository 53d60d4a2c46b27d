"""The report: one HTML page that needs nothing else, and the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from hodu.errors import OutputError
from hodu.measuring.environment import environment
from hodu.measuring.measured import Measured, teacher_of, unit_of
from hodu.measuring.page import METHODS, PAGE
from hodu.measuring.plots import scatter
from hodu.measuring.rows import write_whole
from hodu.measuring.score import METRICS
from hodu.measuring.table import Cell, caption, cell, columns_of, notes_of

_TITLES = {
    "accuracy": "accuracy",
    "f1": "F1",
    "pearson": "Pearson correlation",
    "agreement": "agreement with the teacher",
}
_AGAINST = {
    "size_bytes": ("size on disk, MB", "Up is better, left is smaller."),
    "latency_p50_ms": ("latency at batch 1, ms (median)", "Up is better, left is faster."),
}
_GAINS = {
    "non_embedding_parameters": "parameters outside the embeddings",
    "size_bytes": "on disk",
    "latency_p50_ms": "at batch 1",
}


def write_report(measured: Sequence[Measured], out: str | Path) -> Path:
    """Writes ``index.html`` and ``report.json`` into a folder.

    The page needs nothing else: plots, table and environment are in it; it follows the reader's light or dark mode.
    An earlier report in that folder is replaced.

    Returns:
        The page.

    Raises:
        OutputError: matplotlib is missing, the folder holds something else, or it cannot be written.
    """
    out = Path(out)
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / "report.json").is_file()):
        raise OutputError(f"{out} is there and is no earlier report; choose another folder for the report")
    where = environment()
    page = render_page(measured, where)
    figures = {"measured": [one.as_json() for one in measured], "environment": where}
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / "report.json", json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        write_whole(out / "index.html", page)
    except OSError as error:
        raise OutputError(f"{out}: the report cannot be written: {error.strerror or error}") from error
    return out / "index.html"


def render_page(measured: Sequence[Measured], where: Mapping[str, str]) -> str:
    """The page as text; ``where`` is the environment that it names."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in notes_of(measured))
    return PAGE.substitute(
        title="hodu: models side by side" if teacher_of(measured) is None else "hodu: what the student kept and gained",
        caption=escape(caption(measured)),
        summary=_summary(measured),
        plots=_plots(measured),
        table=_table(measured),
        notes=f"<h2>Notes</h2><ul>{notes}</ul>" if notes else "",
        methods=_pairs(METHODS),
        environment=_pairs({**{one.system: one.model for one in measured}, **where}),
    )


def _summary(measured: Sequence[Measured]) -> str:
    """A line for each system beside the teacher: what it kept, and what was gained."""
    teacher = teacher_of(measured)
    if teacher is None:
        return ""
    columns = {column.metrics[0]: column for column in columns_of(measured)}
    headline = METRICS[teacher.task][:1] if teacher.task else ()
    lines = []
    for one in measured:
        beside = {
            metric: cell(columns[metric], one, teacher).beside for metric in [*headline, *_GAINS] if metric in columns
        }
        said = [f"{text} {_GAINS[m]}" if m in _GAINS else f"{_TITLES[m]} {text}" for m, text in beside.items() if text]
        if said:
            lines.append(f"<li><b>{escape(one.system)}</b>: {escape(', '.join(said))}</li>")
    return f'<ul class="summary">{"".join(lines)}</ul>' if lines else ""


def _plots(measured: Sequence[Measured]) -> str:
    task = measured[0].task
    wanted = [*(METRICS[task][:1] if task else ()), "agreement"]
    quality = next((metric for metric in wanted if any(metric in one.metrics for one in measured)), None)
    figures = []
    for against, (title, reading) in _AGAINST.items():
        if quality is None or not any(quality in one.metrics and against in one.metrics for one in measured):
            continue
        unit = ", %" if unit_of(quality, task) == "fraction" else ""
        drawn = scatter(measured, against, quality, x_title=title, y_title=_TITLES[quality] + unit)
        figures.append(f"<figure>{drawn}<figcaption>{reading} Bars are 95 % intervals.</figcaption></figure>")
    return f'<div class="plots">{"".join(figures)}</div>' if figures else ""


def _table(measured: Sequence[Measured]) -> str:
    teacher, columns = teacher_of(measured), columns_of(measured)
    head = "".join(f"<th>{escape(column.title).replace(chr(10), '<br>')}</th>" for column in columns)
    body = ""
    for one in measured:
        role = one.role if one.role in ("teacher", "student", "baseline") else "model"
        cells = "".join(_cell(cell(column, one, teacher)) for column in columns)
        body += (
            f'<tr><td><span class="dot" style="background:var(--{role})"></span>{escape(one.system)}</td>{cells}</tr>'
        )
    return f"<table><thead><tr><th>system</th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(filled: Cell) -> str:
    small = "".join(f"<small>{escape(text)}</small>" for text in (filled.interval, filled.beside) if text)
    return f"<td>{escape(filled.value)}{small}</td>"


def _pairs(named: Mapping[str, str]) -> str:
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in named.items() if value)
