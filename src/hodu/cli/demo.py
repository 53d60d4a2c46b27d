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
    """See all of it on the built-in world: train a teacher, distil it, measure both, ask the student. About 3 minutes on two cores."""
    from hodu.demo.walkthrough import run
    from hodu.measuring import render_table

    console = Console()
    result = run(out, progress=True)
    console.print(render_table(result.measured))
    for text in _QUESTIONS:
        label, probability = result.answer(text)
        console.print(f"{text}  →  [bold]{label}[/] ({probability:.0%})")
    console.print(
        f"The models are in {out}: try  hodu measure {out}/teacher {out}/student {out}/student-baseline --data {out}/data --report {out}/report"
    )
