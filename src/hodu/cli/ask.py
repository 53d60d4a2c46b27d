"""``hodu ask``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape


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
    page: Annotated[Path | None, typer.Option("--page", help="Write the reason as a page with a picture.")] = None,
) -> None:
    """Answer a question from a knowledge graph, and say which facts decided it."""
    from hodu.asking import ask as run

    given = [one.strip() for one in choices.split(",") if one.strip()] if choices else []
    answer = run(model, graph, question, choices=given)
    console = Console(highlight=False)
    console.print(answer.tree())
    shown = ", ".join(f"{escape(one.text)} {one.chance:.0%}" for one in answer.candidates[:5])
    if answer.candidates:
        console.print(f"[dim]{shown}[/]")
    elif not answer.mentions:
        console.print("[dim]the question mentions nothing that the graph knows[/]")
    if page:
        page.write_text(answer.page(), encoding="utf-8")
        console.print(f"the reason as a page: {page}")
