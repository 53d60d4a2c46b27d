"""MetaQA: questions about films, one to three steps from the answer, answered by choosing a path of relations; rows in results/metaqa.json.

    python benchmarks/metaqa.py ../shared/data/metaqa --seeds 0 1 2 3 4

The questions' train files are not at hand, so everything is trained on dev and measured on test. A question has its entity in [brackets]; hodu.knowledge.routes finds all paths from it, and a model of multiple
choice reads the question with each path as text and chooses one. The model reads the number 1 where the entity stands, as with entity slots: which path is asked for does not depend on the name. The questions have
some 500 forms, and those of test are all in dev: "look-up of the form" shows how far one comes by that alone, "best path there is" how far any choice of a path can come. hits@1 counts the share of questions for
which an entity drawn at random from the chosen path's answers is right. Parts are kept in runs/, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import logging
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from datasets import Dataset

import hodu
from hodu.data import Data, texts_of_rows
from hodu.knowledge.build import build
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import Candidate, Mention
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.routes import Route, path_text, routes
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.measuring.predict import predict
from hodu.models import count_parameters
from hodu.models.load import Loaded, load_model

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done
from language import once

HOPS = (1, 2, 3)
SLOT = "1"  # stands for the entity
CHOICES = 8  # in training; when it counts, all paths are read


@dataclass(frozen=True)
class Asked:
    """A question: its text with the slot in place of the entity, the entity, and the right answers."""

    text: str
    entity: int
    gold: frozenset[int]


def rows_in(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a TSV file, packed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def graph_of(folder: Path) -> CompiledGraph:
    """All triples, built and compiled as a user would."""
    made = Path("runs/metaqa.nq")
    if not made.is_file():
        table = Path("runs/metaqa.tsv")
        triples = {
            (one["head"], one["relation"], one["tail"]) for part in sorted(folder.glob("kg_*")) for one in rows_in(part)
        }
        lines = ["subject\trelation\tobject", *("\t".join(one) for one in sorted(triples))]
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        build([table], made)
    return open_compiled(made)


def questions_of(folder: Path, graph: CompiledGraph, split: str, hops: int) -> list[Asked]:
    """The questions of one split whose entity the graph has; the others count as wrong."""
    names = {graph.label(entity, "en"): entity for entity in range(len(graph))}
    found = []
    for one in rows_in(folder / f"qa_{hops}hop_{split}.tsv.gz"):
        before, _, rest = one["question"].partition("[")
        name, _, after = rest.partition("]")
        gold = frozenset(names.get(answer, -1) for answer in one["answers"].split("|"))
        found.append(Asked(f"{before}{SLOT}{after}", names.get(name, -1), gold))
    return found


def paths(graph: CompiledGraph, asked: Asked) -> list[Route]:
    """All paths of one to three steps from the question's entity."""
    if asked.entity < 0:
        return []
    start = asked.text.index(SLOT)
    return routes(graph, [Mention(start, start + len(SLOT), SLOT, (Candidate(asked.entity, 1.0, "its label"),))])


def said(graph: CompiledGraph, route: Route) -> str:
    """The path as a model reads it, without the name that the question has already."""
    return path_text(graph, route, "en").removeprefix(graph.label(route.arms[0].entity, "en")).strip()


def likeness(route: Route, gold: frozenset[int]) -> float:
    """F1 of the path's answers."""
    return 2 * len(gold.intersection(route.answers.tolist())) / (len(gold) + len(route.answers))


@dataclass(frozen=True)
class Ways:
    """A question's paths as a model reads them, and of each path's answers the share that is right and their F1."""

    text: str
    paths: list[str]
    shares: list[float]
    likeness: list[float]


def ways_of(graph: CompiledGraph, folder: Path, split: str, hops: int) -> list[Ways]:
    """Of all questions; kept in runs/, since every model chooses among the same ones."""
    kept = Path(f"runs/metaqa-ways-{split}-{hops}.jsonl")
    if not kept.is_file():
        lines = []
        for asked in questions_of(folder, graph, split, hops):
            best: dict[str, tuple[float, float]] = {}
            for route in paths(graph, asked):
                share = len(asked.gold.intersection(route.answers.tolist())) / len(route.answers)
                best.setdefault(said(graph, route), (share, likeness(route, asked.gold)))
            both = list(best.values())
            lines.append(json.dumps([asked.text, list(best), [one for one, _ in both], [one for _, one in both]]))
        kept.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [Ways(*json.loads(line)) for line in kept.read_text(encoding="utf-8").splitlines()]


def meant(questions: Sequence[Ways]) -> dict[str, str]:
    """Form → the path that is meant. Several paths of one question often have the same answers (a film's director wrote it too); the other questions of the form tell them apart."""
    summed: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in questions:
        for path, like in zip(one.paths, one.likeness, strict=True):
            summed[one.text][path] += like
    return {text: max(found, key=lambda path: found[path]) for text, found in summed.items()}


def training_rows(questions: Sequence[Ways], seed: int) -> dict[str, list[object]]:
    """Each question with the path that its form means and others, half of them of the same length."""
    right, dice, rows = meant(questions), Random(seed), {"text": [], "choices": [], "label": []}
    for one in questions:
        answer = right.get(one.text)
        if answer not in one.paths or len(one.paths) < 2:
            continue
        others = [path for path in one.paths if path != answer]
        dice.shuffle(others)
        others.sort(key=lambda path: steps_of(path) != steps_of(answer))
        half = (CHOICES - 1) // 2
        texts = [answer, *others[:half], *dice.sample(others[half:], min(CHOICES - 1 - half, len(others[half:])))]
        dice.shuffle(texts)
        rows["text"].append(one.text)
        rows["choices"].append(texts)
        rows["label"].append(texts.index(answer))
    return rows


def steps_of(path: str) -> int:
    """How many relations long."""
    return path.count(">") + path.count("<")


def training_data(questions: Sequence[Ways], folder: Path) -> Data:
    """The dev questions of all lengths, a twentieth of them to choose the checkpoint by."""
    asked = list(questions)
    Random(0).shuffle(asked)
    rows = Dataset.from_dict(training_rows(asked, 0))
    held = len(rows) // 20
    splits = {"train": rows.select(range(held, len(rows))), "dev": rows.select(range(held))}
    return Data(splits=splits, task="multiple-choice", labels=(), source=f"{folder} (dev questions)")


Choose = Callable[[Ways], int | None]  # which path; nothing where none will do


def hits(choose: Choose, questions: Sequence[Ways]) -> float:
    """The mean over questions of the share of right ones among the answers of the path that is chosen."""
    chosen = [(one, choose(one) if one.paths else None) for one in questions]
    return float(np.mean([0.0 if place is None else one.shares[place] for one, place in chosen]))


def reader(model: Loaded, questions: Sequence[Ways]) -> Choose:
    """Chooses the path that the model likes best; each form is read once with each path."""
    pairs = list({(one.text, path): None for one in questions for path in one.paths})
    rows = Dataset.from_dict({"text": [text for text, _ in pairs], "pair": [path for _, path in pairs]})
    logits = predict(model.model, model.tokenizer, rows, batch_size=512)[:, 0]
    scores = dict(zip(pairs, logits.tolist(), strict=True))
    return lambda one: max(range(len(one.paths)), key=lambda place: scores[one.text, one.paths[place]])


def look_up(table: dict[str, str]) -> Choose:
    """Chooses the path that the form meant in training: no model, and no answer to a question put in other words."""
    return lambda one: one.paths.index(table[one.text]) if table.get(one.text) in one.paths else None


def milliseconds(model: Loaded, graph: CompiledGraph, questions: Sequence[Asked]) -> float:
    """The median time of one question from its text to its answer: paths, all of them read by the model, one question at a time; its entity is given, nothing is linked."""
    times = []
    for asked in questions:
        start = time.perf_counter()
        if found := paths(graph, asked):
            rows = Dataset.from_dict({"text": [asked.text], "choices": [[said(graph, route) for route in found]]})
            predict(model.model, model.tokenizer, texts_of_rows(rows)[0], batch_size=512)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1000)


def trained(options: argparse.Namespace, data: Data, seed: int) -> dict[str, Path]:
    """Teacher and student, made if they are not there."""
    teacher, student = (Path(f"runs/metaqa-{role}-{seed}") for role in ("teacher", "student"))
    both = {
        "max_length": 64,
        "seed": seed,
        "batch_size": 8,
        "learning_rate": 5e-4,
    }  # from nothing: many small steps (at 1e-3 longer training fell to chance)
    asked = {"epochs": options.epochs, "vocabulary": 1000, "dropout": 0.0}
    once(teacher, partial(hodu.train, options.teacher, data, teacher, **asked, **both))
    small = {"student": options.student, "epochs": options.student_epochs}
    once(student, partial(hodu.distill, teacher, data, student, **small, **both))
    return {"teacher": teacher, "student": student}


def main() -> None:
    """Train what is missing, measure, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teacher", default="3x128")
    parser.add_argument("--student", default="2x96")
    parser.add_argument("--epochs", type=float, default=1.2)
    parser.add_argument("--student-epochs", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Path("runs").mkdir(exist_ok=True)
    path, command = Path("results/metaqa.json"), shlex.join(["python", *sys.argv])
    graph = graph_of(options.folder)
    learnt = [one for hops in HOPS for one in ways_of(graph, options.folder, "dev", hops)]
    tests = {hops: ways_of(graph, options.folder, "test", hops) for hops in HOPS}
    timed = {hops: questions_of(options.folder, graph, "test", hops)[:200] for hops in HOPS}
    data = training_data(learnt, options.folder)

    def rows(system: str, seed: int, choose: Choose, model: Loaded | None = None) -> list[Row]:
        stamp = (seed, command, f"{options.folder} (test)", hardware(), commit(), today())
        made = []
        for hops, questions in tests.items():
            share = hits(choose, questions)
            made.append(Row("metaqa", system, f"hits@1_{hops}hop", share, "fraction", *stamp))
            if model is not None:
                took = milliseconds(model, graph, timed[hops])
                made.append(Row("metaqa", system, f"latency_p50_ms_{hops}hop", took, "ms", *stamp))
        if model is not None:
            size = float(count_parameters(model.model)[0])
            made.append(Row("metaqa", system, "parameters", size, "parameters", *stamp))
        print(system, seed, *(f"{one.metric} {one.value:.4g}" for one in made), sep="  ")
        return made

    if ("best path there is", 0) not in done(path):
        append_rows(path, rows("best path there is", 0, lambda one: int(np.argmax(one.shares))))
        append_rows(path, rows("look-up of the form", 0, look_up(meant(learnt))))
    for seed in options.seeds:
        for role, folder in trained(options, data, seed).items():
            if (role, seed) not in done(path):
                model = load_model(folder)
                asked = [one for questions in tests.values() for one in questions]
                append_rows(path, rows(role, seed, reader(model, asked), model))


if __name__ == "__main__":
    main()
