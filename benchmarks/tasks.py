"""Every common task on real data: a teacher, students of an eighth of it, their undistilled baselines; rows in results/tasks.json.

    python benchmarks/tasks.py wnut17 BASE ../shared/data/wnut17 --task token-classification --epochs 5

BASE is the model that becomes the teacher: a pre-trained encoder, or the teacher itself where it is one already (``--epochs 0``). What is in the results already is not run again, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import hodu
from hodu.data import load
from hodu.data import split as add_splits
from hodu.measuring import append_rows, measure, rows_of
from hodu.training import baseline

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done
from language import once


def main() -> None:
    """Run what is missing of one task."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("name")
    parser.add_argument("base")
    parser.add_argument("data")
    parser.add_argument("--task")
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--epochs", type=float, default=3, help="of the teacher; 0 takes BASE as it is")
    parser.add_argument("--student-epochs", type=float, default=5)
    parser.add_argument("--rate", type=float, help="of the teacher")
    parser.add_argument("--max-length", type=int)
    parser.add_argument("--rows", type=int, help="only so many training rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path, command = Path("results/tasks.json"), shlex.join(["python", *sys.argv])
    data = add_splits(load(options.data, task=options.task))
    if options.rows:
        fewer = data.splits["train"].shuffle(seed=0).select(range(options.rows))
        data = replace(data, splits={**data.splits, "train": fewer})
    teacher, same = Path(f"runs/task-{options.name}-teacher"), {"task": options.task, "max_length": options.max_length}
    settings = {"epochs": options.epochs, "learning_rate": options.rate, **same}
    if options.epochs:
        once(teacher, lambda: hodu.train(options.base, data, teacher, **settings))
    else:
        teacher = options.base
    for seed in options.seeds:
        folder = Path(f"runs/task-{options.name}-{seed}")
        asked = {"student": options.student, "epochs": options.student_epochs, "seed": seed, **same}
        once(folder, lambda folder=folder, asked=asked: hodu.distill(teacher, data, folder, **asked))  # type: ignore[misc]
        beside = folder.with_name(f"{folder.name}-baseline")
        once(beside, lambda folder=folder, beside=beside: baseline(folder, beside, data=data))  # type: ignore[misc]
        if (f"{options.name}: student", seed) in done(path):
            continue
        for one in measure([teacher, folder, beside], data, speed=False):
            if one.role != "teacher" or (f"{options.name}: teacher", 0) not in done(path):
                named = replace(one, system=f"{options.name}: {one.role}", seed=0 if one.role == "teacher" else seed)
                append_rows(path, rows_of([named], table="tasks", command=command))


if __name__ == "__main__":
    main()
