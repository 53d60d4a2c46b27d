"""``hodu measure``."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hodu.cli import options as o


def measure(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Folders or hub ids, to stand side by side.")],
    data: o.DataSource,
    split: Annotated[str | None, typer.Option("--split", help="train, dev or test. Default: test, else dev.")] = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Which MODEL the others are compared with. Default: as hodu.json says."),
    ] = None,
    with_baseline: Annotated[
        bool,
        typer.Option(
            "--baseline", help="Train the students' undistilled baselines if they are not there, and measure them too."
        ),
    ] = False,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads for latency, throughput and memory.")] = 1,
    speed: Annotated[bool, typer.Option("--speed/--no-speed", help="Measure latency, throughput and memory.")] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="Save the figures to this file.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a page with plots to this folder (needs hodu\\[report]).")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="Append one row per figure to this results file; its name is the table's."),
    ] = None,
    text_column: o.TextColumn = None,
    pair_column: o.PairColumn = None,
    label_column: o.LabelColumn = None,
    task: o.Task = None,
    generator: o.Generator = None,
    graph: o.Graph = None,
    label_names: o.LabelNames = None,
) -> None:
    """Measure models side by side: quality, agreement with the teacher, size, speed, memory."""
    from hodu.data import load
    from hodu.data import split as add_splits
    from hodu.measuring import append_rows, render_table, rows_of, write_report
    from hodu.measuring import measure as run
    from hodu.models.load import task_at

    own = (task_at(model) for model in models)
    loaded = add_splits(
        load(
            data,
            columns=o.columns(text_column, pair_column, label_column),
            task=o.task_of(task) or next(filter(None, own), None),
            label_names=o.label_names(label_names),
        )
    )
    if with_baseline:
        models = [*models, *_baselines(models)]
    measured = run(
        models, loaded, split=split, teacher=teacher, generator=generator, graph=graph, threads=threads, speed=speed
    )
    Console().print(render_table(measured))
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(
            json.dumps([one.as_json() for one in measured], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    if report:
        typer.echo(f"report: {write_report(measured, report)}")
    if rows:
        append_rows(rows, rows_of(measured, table=rows.stem, command=shlex.join(["hodu", *sys.argv[1:]])))


def _baselines(models: list[str]) -> list[str]:
    """Folders of the students' baselines, trained where they are missing."""
    from hodu.models.load import read_card
    from hodu.training import baseline

    made = []
    for model in models:
        if read_card(model).get("role") != "student":
            continue
        folder = Path(model).with_name(f"{Path(model).name}-baseline")
        if str(folder) not in models:
            made.append(str(folder if folder.exists() else baseline(model, folder)))
    return made
