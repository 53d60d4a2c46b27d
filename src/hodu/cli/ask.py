"""``hodu ask``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hodu.cli.plain import console, plain
from hodu.errors import OutputError


def ask(
    model: Annotated[str, typer.Argument(help="A model that was trained to choose with facts beside the question.")],
    question: Annotated[str, typer.Argument(help="A question, Korean or English.")],
    graph: Annotated[
        str,
        typer.Option("--graph", help="A knowledge graph: an RDF file, a folder, an endpoint's URL, or a compiled one."),
    ],
    choices: Annotated[
        str | None,
        typer.Option("--choices", help="Possible answers, separated by commas. Default: what the graph has."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="Write the reason as a page with a picture, or the picture alone (FILE.svg)."),
    ] = None,
) -> None:
    """Answer a question from a knowledge graph, and say which facts decided it."""
    from hodu.asking import ask as run

    given = [one.strip() for one in choices.split(",") if one.strip()] if choices else []
    answer = run(model, graph, question, choices=given)
    screen = console()
    screen.print(answer.tree())
    shown = ", ".join(f"{plain(one.text)} {one.chance:.0%}" for one in answer.candidates[:5])
    if answer.candidates:
        screen.print(f"[dim]{shown}[/]")
    elif not answer.mentions:
        screen.print("[dim]the question mentions nothing that the graph knows[/]")
    if page:
        try:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(answer.svg() if page.suffix == ".svg" else answer.page(), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{page} cannot be written: {error.strerror}; the answer stands above") from error
        screen.print(f"the reason as a page: {plain(str(page))}")
