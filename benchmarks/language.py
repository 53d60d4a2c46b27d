"""Task-agnostic distillation on raw text: each recipe's students and their undistilled baselines: held-out text (rows in results/TABLE.json), and a task (TABLE-tuned.json).

    python benchmarks/language.py runs/masked-en ../shared/data/enwiki_sample/articles.jsonl.gz --table masked-lm --recipes distilbert distilbert-masked minilm --fine-tune runs/sst2-sentences

Held-out figures are of 200 documents of the test split. What is in the results already is not run again, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hodu
from hodu.data import Data, load
from hodu.data import split as add_splits
from hodu.measuring import append_rows, measure, rows_of
from hodu.models.load import load_model, task_of
from hodu.training import baseline

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done

HELD_OUT = {"dev": 100, "test": 200}


def text_of(source: str, teacher: str) -> Data:
    """The documents, fewer of them held out: a look at all takes longer than a student's training."""
    data = add_splits(load(source, task=task_of(load_model(teacher).model.config)))
    fewer = {name: rows.select(range(HELD_OUT.get(name, len(rows)))) for name, rows in data.splits.items()}
    return replace(data, splits=fewer)


def once(out: Path, make: Callable[[], object]) -> Path:
    """The model in this folder, made if it is not there."""
    if not out.is_dir():
        make()
    return out


def main() -> None:
    """Run what is missing of a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("teacher")
    parser.add_argument("text")
    parser.add_argument("--table", required=True)
    parser.add_argument("--recipes", nargs="+", required=True)
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--epochs", type=float, default=0.25)
    parser.add_argument("--fine-tune", required=True, help="labelled data")
    parser.add_argument("--tuning-epochs", type=float, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    command = shlex.join(["python", *sys.argv])
    text, labelled = text_of(options.text, options.teacher), load(options.fine_tune)
    task = task_of(load_model(options.teacher).model.config)

    def keep(folder: Path | str, data: Data, table: str, system: str, seed: int) -> None:
        path = Path("results") / f"{table}.json"
        if (system, seed) not in done(path):
            measured = [replace(one, system=system, seed=seed) for one in measure([folder], data, speed=False)]
            append_rows(path, rows_of(measured, table=table, command=command))

    def tune(model: Path | str, out: Path, seed: int) -> Path:
        settings = {"epochs": options.tuning_epochs, "seed": seed, "task": "classification"}
        return once(out, lambda: hodu.train(model, labelled, out, **settings))  # type: ignore[arg-type]

    def student_of(recipe: str, seed: int, out: Path) -> Path:
        settings = {"student": options.student, "recipe": recipe, "epochs": options.epochs, "task": task, "seed": seed}
        return once(out, lambda: hodu.distill(options.teacher, text, out, **settings))  # type: ignore[arg-type]

    held_out, tuned = options.table, f"{options.table}-tuned"
    keep(options.teacher, text, held_out, "teacher", 0)
    first = options.seeds[0]  # of the teacher one seed: it is the goal, and what is compared are its students
    best = tune(options.teacher, Path(f"runs/{options.table}-teacher-tuned-{first}"), first)
    keep(best, labelled, tuned, "teacher", first)
    for seed in options.seeds:
        for recipe in options.recipes:
            folder = Path(f"runs/{options.table}-{recipe}-{seed}")
            beside = folder.with_name(f"{folder.name}-baseline")
            student = student_of(recipe, seed, folder)
            once(beside, lambda student=student, beside=beside: baseline(student, beside, data=text))  # type: ignore[misc]
            for model, name in ((student, "student"), (beside, "baseline")):
                keep(model, text, held_out, f"{recipe}: {name}", seed)
                keep(
                    tune(model, model.with_name(f"{model.name}-tuned"), seed),
                    labelled,
                    tuned,
                    f"{recipe}: {name}",
                    seed,
                )


if __name__ == "__main__":
    main()
