"""Do facts help an ordinary task, and do they harm one that needs none? The same model trained without a graph, with one, and with one whose facts are about other things; rows in results/knowledge-task.json.

    python benchmarks/knowledge_task.py comve BASE ../shared/data/comve ../shared/data/conceptnet_en/cn100k_train.tsv.gz --rows 4000
    python benchmarks/knowledge_task.py sst2 BASE runs/sst2-sentences ../shared/data/conceptnet_en/cn100k_train.tsv.gz

comve: which of two statements makes sense (a question with two choices). In the random graph the heads of all triples are exchanged, so that as many facts of the same kind stand beside the same words.
Two systems are compared on the same test rows by McNemar's exact test. What is in the results already is not run again, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import logging
import shlex
import sys
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from datasets import Dataset
from scipy.stats import binomtest

import hodu
from hodu.data import Data, load
from hodu.data import split as add_splits
from hodu.knowledge.build import build
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.choices import answered
from hodu.measuring.environment import today
from hodu.models.beside import rows_beside
from hodu.models.load import load_model
from hodu.types import FactSettings

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done
from language import once


def graph_of(triples: Path, *, random: bool) -> Path:
    """ConceptNet's triples as a graph; ``random``: each said of another head."""
    made = Path(f"runs/{triples.name.split('.')[0]}{'-random' if random else ''}.nq")
    if made.is_file():
        return made
    with gzip.open(triples, "rt", encoding="utf-8") as file:
        rows = [
            (one["relation"], one["head"], one["tail"])
            for one in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    heads = [head for _, head, _ in rows]
    if random:
        Random(0).shuffle(heads)
    lines = {f"{head}\t{relation}\t{tail}" for head, (relation, _, tail) in zip(heads, rows, strict=True)}
    table = made.with_suffix(".tsv")
    table.write_text("\n".join(["subject\trelation\tobject", *sorted(lines)]) + "\n", encoding="utf-8")
    build([table], made)
    return made


def statements(folder: Path, count: int) -> Data:
    """ComVE's pairs as questions with two choices, the sensible one at a random place."""
    dice, splits = Random(0), {}
    for name in ("train", "dev", "test"):
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            pairs = [json.loads(line) for line in file]
        labels = [dice.randrange(2) for _ in pairs]
        both = [(one["correct"], one["incorrect"]) for one in pairs]
        choices = [list(pair) if label == 0 else list(pair[::-1]) for pair, label in zip(both, labels, strict=True)]
        text = ["Which statement makes sense?"] * len(pairs)
        splits[name] = Dataset.from_dict({"text": text, "choices": choices, "label": labels})
    splits["train"] = splits["train"].select(range(min(count, len(splits["train"]))))
    return Data(splits=splits, task="multiple-choice", labels=(), source=str(folder))


def right(folder: Path, rows: Dataset, graph: Path | None) -> np.ndarray:
    """Of which rows the model's answer is right."""
    model = load_model(folder)
    told = rows_beside(model, rows, graph) if graph else rows
    found: np.ndarray = answered(model, told).argmax(1) == np.asarray(rows["label"][:])
    return found


def mcnemar(one: np.ndarray, other: np.ndarray) -> float:
    """How likely two systems that are equally good would differ so much on these rows, by McNemar's exact test."""
    better, worse = int((one & ~other).sum()), int((other & ~one).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def main() -> None:
    """Train what is missing, measure, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("task", choices=["comve", "sst2"])
    parser.add_argument("base")
    parser.add_argument("data", type=Path)
    parser.add_argument("triples", type=Path)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rows", type=int, default=4000, help="of ComVE's training set")
    parser.add_argument("--fact-bias", type=float, help="another one than a first reader's")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path, command = Path("results/knowledge-task.json"), shlex.join(["python", *sys.argv])
    data = statements(options.data, options.rows) if options.task == "comve" else add_splits(load(options.data))
    graphs = {"no graph": None, "with the graph": graph_of(options.triples, random=False)}
    if options.task == "comve":
        graphs["random facts"] = graph_of(options.triples, random=True)
    test, facts = data.splits["test"], FactSettings("star", tokens=48, bias=options.fact_bias)
    said = "" if options.fact_bias is None else f", bias {options.fact_bias:g}"
    for seed in options.seeds:
        if (f"{options.task}: with the graph{said}", seed) in done(path):
            continue
        answers = {}
        for name, graph in graphs.items():
            system = name + (said if graph else "")
            out = Path(f"runs/knowledge-{options.task}-{system.replace(',', '').replace(' ', '-')}-{seed}")
            asked = {"epochs": options.epochs, "seed": seed, "graph": graph, "facts": facts if graph else None}
            once(out, partial(hodu.train, options.base, data, out, **asked))
            answers[name] = right(out, test, graph)
            if name == "with the graph":
                answers["graph off"] = right(out, test, None)
        stamp = (seed, command, f"{options.data} (test, {len(test)} rows)", hardware(), commit(), today())
        rows = []
        for name, found in answers.items():
            system = f"{options.task}: {name}{said if name != 'no graph' else ''}"
            if (system, seed) in done(path):
                continue
            rows.append(Row("knowledge-task", system, "accuracy", float(found.mean()), "fraction", *stamp))
            if name != "no graph":
                p = mcnemar(found, answers["no graph"])
                rows.append(Row("knowledge-task", system, "mcnemar_p", p, "probability", *stamp))
            if name == "with the graph" and "random facts" in answers:
                p = mcnemar(found, answers["random facts"])
                rows.append(Row("knowledge-task", system, "mcnemar_p_random", p, "probability", *stamp))
        append_rows(path, rows)


if __name__ == "__main__":
    main()
