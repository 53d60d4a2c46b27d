"""``hodu cache``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def cache(
    model: Annotated[str | None, typer.Argument(help="Only models (and graphs) whose name contains this.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove what would be shown.")] = False,
) -> None:
    """Show what models said and hodu keeps, and compiled graphs, or remove it: it is only ever a saving of time."""
    from hodu.training.stored import clear as remove
    from hodu.training.stored import stored
    from hodu.training.teacher_cache import cache_home

    ones = [one for one in stored() if model is None or model in one.model]
    if clear:
        typer.echo(f"{remove(ones) / 1e9:.2f} GB removed from {cache_home()}")
        return
    if not ones:
        typer.echo(f"nothing is kept in {cache_home()}" + (f" of {model}" if model else ""))
        return
    table = Table("model", "what was asked", "examples", "GB", "last used (UTC)", box=None)
    for one in ones:
        table.add_row(one.model, one.asked, f"{one.examples:,}", f"{one.bytes / 1e9:.2f}", f"{one.used:%Y-%m-%d %H:%M}")
    console = Console()
    console.print(table)
    console.print(f"{sum(one.bytes for one in ones) / 1e9:.2f} GB in {cache_home()}; hodu cache --clear removes it")
