"""MetaQA: questions about films, one to three steps from the answer, answered by choosing a path of relations; rows in results/metaqa.json.

    python benchmarks/metaqa.py ../shared/data/metaqa --teacher 4x256 --student 3x128

The questions' train files are not at hand, so everything is trained on dev and measured on test. A question has its entity in [brackets]; hodu.knowledge.routes finds all paths from it, and a model of multiple
choice reads the question with each path as text and chooses one. hits@1 counts the share of questions for which an entity drawn at random from the chosen path's answers is right. Parts are kept in runs/, so a
stopped run goes on.
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
from collections.abc import Iterator, Sequence
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
from language import once

HOPS = (1, 2, 3)
CHOICES = 8  # in training; when it counts, all paths are read


@dataclass(frozen=True)
class Asked:
    """A question: its text without brackets, the entity that it is about, and the right answers."""

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
        found.append(Asked(f"{before}{name}{after}", names.get(name, -1), gold))
    return found


def paths(graph: CompiledGraph, asked: Asked) -> list[Route]:
    """All paths of one to three steps from the question's entity."""
    if asked.entity < 0:
        return []
    name = graph.label(asked.entity, "en")
    start = asked.text.find(name)
    return routes(graph, [Mention(start, start + len(name), name, (Candidate(asked.entity, 1.0, "its label"),))])


def said(graph: CompiledGraph, route: Route) -> str:
    """The path as a model reads it, without the name that the question has already."""
    return path_text(graph, route, "en").removeprefix(graph.label(route.arms[0].entity, "en")).strip()


def best_of(found: Sequence[Route], gold: frozenset[int]) -> int:
    """The path whose answers are most like the right ones; of two the shorter."""

    def alike(route: Route) -> float:
        both = len(gold.intersection(route.answers.tolist()))
        return 2 * both / (len(gold) + len(route.answers))

    return max(range(len(found)), key=lambda place: (alike(found[place]), -place))


def training_rows(graph: CompiledGraph, questions: Sequence[Asked], seed: int) -> dict[str, list[object]]:
    """Each question with its path and others, half of them of the same length."""
    dice, rows = Random(seed), {"text": [], "choices": [], "label": []}
    for asked in questions:
        found = paths(graph, asked)
        if not found:
            continue
        right = best_of(found, asked.gold)
        if not asked.gold.intersection(found[right].answers.tolist()):
            continue
        steps = len(found[right].arms[0].steps)
        others = [route for place, route in enumerate(found) if place != right]
        dice.shuffle(others)
        others.sort(key=lambda route: len(route.arms[0].steps) != steps)
        half = (CHOICES - 1) // 2
        wrong = others[:half] + dice.sample(others[half:], min(CHOICES - 1 - half, len(others[half:])))
        texts = list(dict.fromkeys([said(graph, found[right]), *(said(graph, route) for route in wrong)]))
        if len(texts) < 2:
            continue
        answer = texts[0]
        dice.shuffle(texts)
        rows["text"].append(asked.text)
        rows["choices"].append(texts)
        rows["label"].append(texts.index(answer))
    return rows


def training_data(graph: CompiledGraph, folder: Path) -> Data:
    """The dev questions of all lengths, a twentieth of them to choose the checkpoint by."""
    kept = Path("runs/metaqa-training.json")
    if not kept.is_file():
        asked = [one for hops in HOPS for one in questions_of(folder, graph, "dev", hops)]
        Random(0).shuffle(asked)
        kept.write_text(json.dumps(training_rows(graph, asked, 0), ensure_ascii=False), encoding="utf-8")
    rows = Dataset.from_dict(json.loads(kept.read_text(encoding="utf-8")))
    held = len(rows) // 20
    splits = {"train": rows.select(range(held, len(rows))), "dev": rows.select(range(held))}
    return Data(splits=splits, task="multiple-choice", labels=(), source=f"{folder} (dev questions)")


def hits(model: Loaded, graph: CompiledGraph, questions: Sequence[Asked]) -> tuple[float, float]:
    """hits@1, and the median of a question's milliseconds: paths, model, answer, one question at a time for the first 200."""
    expected, times = [], []
    for begin in range(0, len(questions), 256):
        some = questions[begin : begin + 256]
        found = [paths(graph, asked) for asked in some]
        rows = Dataset.from_dict(
            {
                "text": [one.text for one, routes in zip(some, found, strict=True) for _ in routes],
                "pair": [said(graph, route) for routes in found for route in routes],
            }
        )
        scores = predict(model.model, model.tokenizer, rows, batch_size=512)[:, 0]
        place = 0
        for asked, routes_found in zip(some, found, strict=True):
            own = scores[place : place + len(routes_found)]
            place += len(routes_found)
            answers = routes_found[int(own.argmax())].answers.tolist() if routes_found else []
            expected.append(len(asked.gold.intersection(answers)) / len(answers) if answers else 0.0)
    for asked in questions[:200]:
        start = time.perf_counter()
        found_one = paths(graph, asked)
        if found_one:
            rows = Dataset.from_dict({"text": [asked.text], "choices": [[said(graph, route) for route in found_one]]})
            predict(model.model, model.tokenizer, texts_of_rows(rows)[0], batch_size=512)
        times.append(time.perf_counter() - start)
    return float(np.mean(expected)), float(np.median(times) * 1000)


def main() -> None:
    """Train what is missing, measure, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teacher", default="4x256")
    parser.add_argument("--student", default="3x128")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--student-epochs", type=float, default=2)
    parser.add_argument("--questions", type=int, help="only so many of each test set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Path("runs").mkdir(exist_ok=True)
    graph = graph_of(options.folder)
    data = training_data(graph, options.folder)
    teacher, student = (Path(f"runs/metaqa-{role}-{options.seed}") for role in ("teacher", "student"))
    asked = {"epochs": options.epochs, "max_length": 64, "learning_rate": 5e-4, "seed": options.seed}
    once(teacher, partial(hodu.train, options.teacher, data, teacher, **asked))
    small = {"student": options.student, "epochs": options.student_epochs, "seed": options.seed, "max_length": 64}
    once(student, partial(hodu.distill, teacher, data, student, **small))
    command = shlex.join(["python", *sys.argv])
    for role, folder in (("teacher", teacher), ("student", student)):
        model = load_model(folder)
        stamp = (options.seed, command, f"{options.folder} (test)", hardware(), commit(), today())
        rows = [Row("metaqa", role, "parameters", float(count_parameters(model.model)[0]), "parameters", *stamp)]
        for hops in HOPS:
            questions = questions_of(options.folder, graph, "test", hops)[: options.questions]
            share, median = hits(model, graph, questions)
            print(f"{role} {hops} hops: hits@1 {share:.4f}, {median:.1f} ms a question, {len(questions)} questions")
            rows.append(Row("metaqa", role, f"hits@1_{hops}hop", share, "fraction", *stamp))
            rows.append(Row("metaqa", role, f"latency_p50_ms_{hops}hop", median, "ms", *stamp))
        append_rows(Path("results/metaqa.json"), rows)


if __name__ == "__main__":
    main()
