"""Which start and which objectives a student needs, and that cached answers teach as well as live ones: every variant with equal steps, several seeds, rows in results/.

    python benchmarks/ablation.py runs/sentences-teacher runs/sst2-sentences --table start-ablation --seeds 0 1 2

A variant already in the results with its seed is not run again, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import hodu
from hodu.data import load
from hodu.measuring import append_rows, measure, rows_of
from hodu.models.load import read_card
from hodu.objectives import AttentionScores, HiddenStates, Labels, Relations, SoftTargets
from hodu.recipes import RECIPES, Recipe, Term

HODU = RECIPES["hodu"]
TERMS = {term.objective: term for term in HODU.stages[0].terms}
LABELS = Term(Labels, 1.0, "ablation")


def with_terms(*terms: Term) -> Recipe:
    """The hodu recipe with these terms instead of its own."""
    return replace(HODU, stages=(replace(HODU.stages[0], terms=terms),))


def tinybert(**epochs: float) -> Recipe:
    """TinyBERT's stages of these names for so many epochs, at the hodu recipe's rate: the paper's are for more than twenty epochs."""
    rate = HODU.stages[0].learning_rate
    stages = (replace(stage, learning_rate=rate) for stage in RECIPES["tinybert"].stages if stage.name in epochs)
    return replace(RECIPES["tinybert"], stages=tuple(replace(stage, epochs=epochs[stage.name]) for stage in stages))


def tinybert_labels(epochs: float) -> Recipe:
    """The undistilled baseline of those stages: labels alone, for as many epochs."""
    recipe = tinybert(prediction=epochs)
    return replace(recipe, stages=(replace(recipe.stages[0], terms=(LABELS,)),))


def variants(table: str) -> dict[str, dict[str, object]]:
    """Name → arguments of hodu.distill."""
    soft, hidden, relations = (TERMS[objective] for objective in (SoftTargets, HiddenStates, Relations))
    attention = Term(
        AttentionScores, 0.1, "ablation: scores are squared and unbounded, so a weight of 1 drowns the rest"
    )
    match table:
        case "start-ablation":
            starts = {start: {"start": start} for start in ("random", "slice", "rotate")}
            # copying layers needs the teacher's width, so it is compared with a random start of that shape
            same_width = {f"{start} 3x384": {"start": start, "student": "3x384"} for start in ("random", "layers")}
            return {**starts, **same_width}
        case "objective-ablation":
            return {
                "labels": {"recipe": with_terms(LABELS)},
                "soft targets": {"recipe": with_terms(soft)},
                "soft targets + labels": {"recipe": with_terms(soft, LABELS)},
                "soft targets + hidden": {"recipe": with_terms(soft, hidden)},
                "soft targets + relations": {"recipe": with_terms(soft, relations)},
                "soft targets + hidden + relations": {"recipe": with_terms(soft, hidden, relations)},
                "soft targets + hidden + attention": {"recipe": with_terms(soft, hidden, attention), "heads": 12},
            }
        case "teacher-cache":
            return {"cached teacher": {"cache": True}, "live teacher": {"cache": False}}
        case "tinybert-stages":
            both, general = tinybert(intermediate=1.5, prediction=1.5), "runs/masked-lm-tinybert-general-{seed}"
            augment = {"augment": "runs/mlm-en-teacher", "augment_copies": 5}
            # six times the rows, a sixth of the epochs: each variant takes the same number of steps
            stages: dict[str, dict[str, object]] = {
                "labels": {"recipe": tinybert_labels(3)},
                "prediction": {"recipe": tinybert(prediction=3)},
                "both": {"recipe": both},
                "augmented prediction": {"recipe": tinybert(prediction=0.5), **augment},
                "augmented both": {"recipe": tinybert(intermediate=0.25, prediction=0.25), **augment},
                "general, then both": {"recipe": both, "student": general},
            }
            return {name: {"epochs": None, **settings} for name, settings in stages.items()}
        case _:
            raise SystemExit(
                f"no table {table!r}; there are start-ablation, objective-ablation, tinybert-stages and teacher-cache"
            )


def done(path: Path) -> set[tuple[str, int]]:
    """(variant, seed) that the results hold already."""
    return {(row["system"], row["seed"]) for row in json.loads(path.read_text())} if path.is_file() else set()


def made_before(seed: int, teachers: list[str], data: str, student: str, epochs: float) -> Path | None:
    """The student of the plain hodu recipe and start with these settings, if the objective ablation has trained it: no need to train it again."""
    twin = Path("runs") / f"objective-ablation-soft-targets-+-hidden-+-relations-{seed}"
    card = read_card(twin) if twin.is_dir() else {}
    same = {"teachers": teachers, "data": data, "student": student, "start": "rotate"}
    found = card.items() >= same.items() and card["stages"][0]["epochs"] == epochs
    return twin if found else None


def main() -> None:
    """Run what is missing of a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("teacher")
    parser.add_argument("data")
    parser.add_argument("--table", required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--variants", nargs="+", help="only these rows of the table")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path, data = Path("results") / f"{options.table}.json", load(options.data)
    for seed in options.seeds:
        for name, settings in variants(options.table).items():
            if (name, seed) in done(path) or name not in (options.variants or [name]):
                continue
            out = Path("runs") / f"{options.table}-{name.replace(' ', '-')}-{seed}"
            arguments = {"student": options.student, "epochs": options.epochs, **settings}
            arguments["student"] = str(arguments["student"]).format(seed=seed)
            same = made_before(seed, [options.teacher], options.data, options.student, options.epochs)
            if name in ("rotate", "cached teacher") and same:
                out = same
            else:
                shutil.rmtree(out, ignore_errors=True)
                hodu.distill(options.teacher, data, out, seed=seed, **arguments)  # type: ignore[arg-type]
            measured = [replace(one, system=name, seed=seed) for one in measure([out], data, speed=False)]
            append_rows(path, rows_of(measured, table=options.table, command=shlex.join(["python", *sys.argv])))


if __name__ == "__main__":
    main()
