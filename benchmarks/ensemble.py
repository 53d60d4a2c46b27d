"""Students of each single teacher and of all together, three seeds each, with equal steps; rows in results/ensemble.json.

python benchmarks/ensemble.py runs/sst2-sentences TEACHER TEACHER TEACHER
"""

from __future__ import annotations

import argparse
import logging
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import hodu
from hodu.data import load
from hodu.measuring import append_rows, measure, rows_of

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done, made_before


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("data")
    parser.add_argument("teachers", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=float, default=3)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path, data = Path("results/ensemble.json"), load(options.data)
    command = shlex.join(["python", *sys.argv])

    def keep(folder: Path | str, system: str, seed: int) -> None:
        measured = [replace(one, system=system, seed=seed) for one in measure([folder], data, speed=False)]
        append_rows(path, rows_of(measured, table="ensemble", command=command))

    for number, teacher in enumerate(options.teachers):
        if (f"teacher {number}", number) not in done(path):
            keep(teacher, f"teacher {number}", number)
    students = {f"student of teacher {number}": [teacher] for number, teacher in enumerate(options.teachers)}
    students["student of all"] = options.teachers
    for seed in options.seeds:
        for system, teachers in students.items():
            if (system, seed) in done(path):
                continue
            out = Path("runs") / f"ensemble-{system.replace(' ', '-')}-{seed}"
            if same := made_before(seed, teachers, options.data, "3x192", options.epochs):
                out = same
            else:
                shutil.rmtree(out, ignore_errors=True)
                hodu.distill(teachers, data, out, student="3x192", epochs=options.epochs, seed=seed)
            keep(out, system, seed)


if __name__ == "__main__":
    main()
