"""``hodu export`` and ``hodu preview``."""

from __future__ import annotations

import shlex
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hodu.cli import options as o


class TargetName(StrEnum):
    """For whom."""

    phone = "phone"
    onnx = "onnx"
    gguf = "gguf"
    litert = "litert"
    executorch = "executorch"


class PrecisionName(StrEnum):
    """How weights are stored."""

    int8 = "int8"
    int4 = "int4"
    blocks8 = "blocks8"
    fp32 = "fp32"


def export(
    model: Annotated[str, typer.Argument(help="A student, or any fine-tuned model: a folder or hub id.")],
    out: o.Out,
    to: Annotated[
        TargetName,
        typer.Option(
            "--to",
            help="phone: with the page that runs it in a browser; onnx: without; gguf: a GPT-2 for llama.cpp (--out may be FILE.gguf); litert, executorch: for the runtimes of native apps.",
        ),
    ] = TargetName.phone,
    graph: o.Graph = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Texts to compare it with PyTorch on, as other commands take them; the first ones become examples in the bundle. Default: built-in texts.",
        ),
    ] = None,
    precision: Annotated[
        PrecisionName,
        typer.Option(
            "--precision",
            help="int8; int4: about two thirds of it, for students of hodu distill --quantise int4; blocks8: nearly fp32, for native apps only; fp32.",
        ),
    ] = PrecisionName.int8,
    agreement: Annotated[
        float,
        typer.Option(
            "--agreement", min=0, max=1, help="Write nothing if a smaller share of texts is answered as PyTorch does."
        ),
    ] = 0.99,
    text_column: o.TextColumn = None,
    pair_column: o.PairColumn = None,
    label_column: o.LabelColumn = None,
    label_names: o.LabelNames = None,
    overwrite: o.Overwrite = False,
) -> None:
    """Write a model as a folder that runs offline on a phone, compared with PyTorch first."""
    from hodu.exporting.export import export as run
    from hodu.exporting.parity import Disagreement

    console = Console(highlight=False)
    try:
        made = run(
            model,
            out,
            to=to.value,
            graph=graph,
            data=data,
            precision=precision.value,
            agreement=agreement,
            columns=o.columns(text_column, pair_column, label_column),
            label_names=o.label_names(label_names),
            overwrite=overwrite,
        )
    except Disagreement as error:
        console.print(error.parity.table())
        raise
    console.print(made.parity.table())
    for file in made.manifest["files"].values():
        console.print(f"{made.folder / file['path']}: {file['bytes'] / 1e6:.2f} MB")
    if made.page:
        console.print(f"{out} is ready: hodu preview {shlex.quote(str(out))}", markup=False, soft_wrap=True)
    elif to is TargetName.phone:
        console.print(f"{out} is ready, but without a page: this checkout has none; run make page and export again")
    else:
        console.print(f"{out} is ready")


def preview(
    bundle: Annotated[Path, typer.Argument(help="A folder that hodu export made.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8000,
) -> None:
    """Show a bundle's page on this machine (loopback only); Ctrl-C ends it."""
    from hodu.exporting.preview import LOOPBACK, server_of

    with server_of(bundle, port) as server:
        typer.echo(f"http://{LOOPBACK}:{server.server_port}/   (Ctrl-C ends it)")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
