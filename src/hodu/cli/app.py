"""``hodu``: its commands and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from typing_extensions import override

import hodu
from hodu.cli.ask import ask
from hodu.cli.cache import cache
from hodu.cli.demo import demo
from hodu.cli.distill import baseline, distill
from hodu.cli.export import export, preview
from hodu.cli.graph import graph
from hodu.cli.graph_compiled import add_compiled_commands
from hodu.cli.measure import measure
from hodu.cli.plain import console, plain
from hodu.cli.recipes import recipes
from hodu.cli.train import train
from hodu.errors import DataError, HoduError

app = typer.Typer(
    help="hodu (호두): a language model in a nutshell. Distil a big transformer into a small one and measure what was kept.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, train, distill, baseline, measure, ask, export, preview, recipes, cache):
    app.command()(command)
add_compiled_commands(graph)
app.add_typer(graph, name="graph")


class _Plain(logging.Formatter):
    """What the library says, line by line; only warnings say that they are."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        return f"{record.levelname.lower()}: {said}" if record.levelno >= logging.WARNING else said


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"hodu {hodu.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only warnings and errors.")] = False,
) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain())
    logger = logging.getLogger("hodu")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    if int(os.environ.get("RANK", "0")):  # of the processes that accelerate launches, the first speaks
        logger.setLevel(logging.ERROR)
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives


def main() -> None:
    """Run the command; a known error is one sentence on standard error and exit code 1, a stop by Ctrl-C or SIGTERM (`docker stop`) is 130."""
    screen = console(stderr=True)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _check_arguments(sys.argv[1:])
        app()
    except HoduError as error:
        said = "\n".join(map(plain, str(error).splitlines()))
        screen.print(f"[bold red]error:[/] {said}", soft_wrap=True)
        sys.exit(1)
    except SystemExit as end:  # typer's own answer to Ctrl-C says nothing
        if end.code == 130:
            screen.print(
                "stopped. Nothing half-written is left; a training goes on from its last checkpoint when its command is repeated.",
                soft_wrap=True,
            )
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_arguments(given: list[str]) -> None:
    """Bytes that are no UTF-8 come as halves of characters, which no tokenizer and no graph takes; names of files may have them."""
    for one in given:
        if any("\ud800" <= letter <= "\udfff" for letter in one) and not Path(one).exists():
            shown = one.encode("utf-8", "replace").decode()
            raise DataError(
                f"{shown!r} is no UTF-8 text; set the terminal or the script that calls hodu to UTF-8 (in an old Korean one it is CP949)"
            )
