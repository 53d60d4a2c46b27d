"""``hodu demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_QUESTIONS = ("이 냄비는 예쁘지만 금방 고장 났어요.", "The soup was not bad at all.")


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the data and the models; made anew each time.")] = Path(
        "demo-out"
    ),
) -> None:
    """See all of it on the built-in world: train a teacher, distil it, measure both, ask the student; train a model that reads a knowledge graph, ask it, edit a fact, ask again; put it into a bundle for phones. Some 10 minutes on two cores."""
    from hodu.demo.founding import ONE_MORE, founding
    from hodu.demo.walkthrough import run
    from hodu.exporting.installed import check_installed
    from hodu.measuring import render_table

    check_installed()  # before the trainings, not behind them
    console = Console()
    result = run(out, progress=True)
    console.print(render_table(result.measured))
    for text in _QUESTIONS:
        label, probability = result.answer(text)
        console.print(f"{text}  →  [bold]{label}[/] ({probability:.0%})")
    made = founding(out, progress=True)
    for answer in made.answers:
        console.print(answer.tree())
    console.print(
        "Two edits of the graph, no training: flowers are planted with a spade now, and no longer with a trowel, as after"
    )
    for edit, tool in (("remove", "trowel"), ("add", "spade")):
        command = f"hodu graph {edit} {made.graph} {tool} 'used for the purpose' 'plant flowers'"
        console.print(command, style="dim", soft_wrap=True)
    for answer in made.edited:
        console.print(answer.tree())
    console.print(made.bundle.parity.table())
    console.print(f'Ask more: hodu ask {made.reader} --graph {made.graph} "{ONE_MORE}" --page why.html', soft_wrap=True)
    console.print(
        f"The models are in {out}: hodu measure {out}/teacher {out}/student {out}/student-baseline --data {out}/data --report {out}/report",
        soft_wrap=True,
    )
    page = "" if made.bundle.page else " (make page builds the page; without it there is nothing to see)"
    console.print(
        f"On a phone, or here: hodu preview {made.bundle.folder}, then open http://127.0.0.1:8000/{page}",
        soft_wrap=True,
    )
