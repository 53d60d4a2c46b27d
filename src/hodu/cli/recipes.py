"""``hodu recipes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from hodu.recipes import Recipe, Stage


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this recipe's numbers and where each comes from.")] = None,
) -> None:
    """List the recipes, or show one with the source of each of its numbers."""
    from hodu.recipes import RECIPES, find_recipe

    console = Console()
    if name is not None:
        _show(find_recipe(name), console)
        return
    table = Table("recipe", "what it does", "paper", box=None)
    for recipe in RECIPES.values():
        table.add_row(recipe.name, recipe.summary, recipe.paper)
    console.print(table)


def _show(recipe: Recipe, console: Console) -> None:
    console.print(f"[bold]{recipe.name}[/]: {recipe.summary}\n{recipe.paper}")
    console.print(f"start: {recipe.start}" + (", as many heads as the teacher" if recipe.equal_heads else ""))
    for stage in recipe.stages:
        console.print(_stage_table(stage))
    for note in recipe.notes:
        console.print(f"· {note}")


def _stage_table(stage: Stage) -> Table:
    table = Table("number", "value", "source", title=f"stage {stage.name}", title_justify="left")
    for term in stage.terms:
        settings = ", ".join(f"{key} {value}" for key, value in term.settings.items())
        table.add_row(
            term.objective.__name__, f"weight {term.weight:g}" + (f"; {settings}" if settings else ""), term.source
        )
    for field, source in stage.sources.items():
        table.add_row(field.replace("_", " "), f"{getattr(stage, field)}", source)
    return table
