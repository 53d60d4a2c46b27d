"""MetaQA: questions about films, one to three steps from the answer, answered by choosing a path of relations; rows in results/metaqa.json.

    python benchmarks/metaqa.py ../shared/data/metaqa --seeds 0 1 2

The questions' train files are not at hand, so everything is trained on dev and measured on test. A question has its entity in [brackets]; hodu.knowledge.routes finds all paths from it, and a model of multiple
choice reads the question with each path as text and chooses one. The model reads the number 1 where the entity stands, as with entity slots: which path is asked for does not depend on the name, and so a question
with a path that was scored before is not scored again (the questions have some 500 forms; those of test are all in dev). hits@1 counts the share of questions for which an entity
drawn at random from the chosen path's answers is right. Parts are kept in runs/, so a stopped run goes on.
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
    kept = Path("runs/metaqa-training-slots.json")
    if not kept.is_file():
        asked = [one for hops in HOPS for one in questions_of(folder, graph, "dev", hops)]
        Random(0).shuffle(asked)
        kept.write_text(json.dumps(training_rows(graph, asked, 0), ensure_ascii=False), encoding="utf-8")
    rows = Dataset.from_dict(json.loads(kept.read_text(encoding="utf-8")))
    held = len(rows) // 20
    splits = {"train": rows.select(range(held, len(rows))), "dev": rows.select(range(held))}
    return Data(splits=splits, task="multiple-choice", labels=(), source=f"{folder} (dev questions)")


def hits(model: Loaded, graph: CompiledGraph, questions: Sequence[Asked]) -> float:
    """The mean over questions of the share of right ones among the answers of the path that the model likes best."""
    scores: dict[tuple[str, str], float] = {}
    expected = []
    for begin in range(0, len(questions), 512):
        some = questions[begin : begin + 512]
        found = [paths(graph, asked) for asked in some]
        pairs = [[(one.text, said(graph, route)) for route in ways] for one, ways in zip(some, found, strict=True)]
        if new := list({pair: None for own in pairs for pair in own if pair not in scores}):
            rows = Dataset.from_dict({"text": [text for text, _ in new], "pair": [path for _, path in new]})
            logits = predict(model.model, model.tokenizer, rows, batch_size=512)[:, 0]
            scores |= dict(zip(new, logits.tolist(), strict=True))
        for asked, own, ways in zip(some, pairs, found, strict=True):
            best = max(range(len(own)), key=lambda place: scores[own[place]], default=None)
            answers = [] if best is None else ways[best].answers.tolist()
            expected.append(len(asked.gold.intersection(answers)) / len(answers) if answers else 0.0)
    return float(np.mean(expected))


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
    both = {"max_length": 64, "seed": seed}
    asked = {"epochs": options.epochs, "learning_rate": 5e-4, "vocabulary": 1000, "dropout": 0.0}
    once(teacher, partial(hodu.train, options.teacher, data, teacher, **asked, **both))
    small = {"student": options.student, "epochs": options.student_epochs}
    once(student, partial(hodu.distill, teacher, data, student, **small, **both))
    return {"teacher": teacher, "student": student}


def main() -> None:
    """Train what is missing, measure, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teacher", default="4x192")
    parser.add_argument("--student", default="2x96")
    parser.add_argument("--epochs", type=float, default=0.4)
    parser.add_argument("--student-epochs", type=float, default=0.4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Path("runs").mkdir(exist_ok=True)
    path, command = Path("results/metaqa.json"), shlex.join(["python", *sys.argv])
    graph = graph_of(options.folder)
    data = training_data(graph, options.folder)
    tests = {hops: questions_of(options.folder, graph, "test", hops) for hops in HOPS}
    for seed in options.seeds:
        for role, folder in trained(options, data, seed).items():
            if (role, seed) in done(path):
                continue
            model = load_model(folder)
            stamp = (seed, command, f"{options.folder} (test)", hardware(), commit(), today())
            rows = [Row("metaqa", role, "parameters", float(count_parameters(model.model)[0]), "parameters", *stamp)]
            for hops, questions in tests.items():
                share, median = hits(model, graph, questions), milliseconds(model, graph, questions[:200])
                print(f"{role} {hops} hops: hits@1 {share:.4f}, {median:.1f} ms a question, {len(questions)} questions")
                rows.append(Row("metaqa", role, f"hits@1_{hops}hop", share, "fraction", *stamp))
                rows.append(Row("metaqa", role, f"latency_p50_ms_{hops}hop", median, "ms", *stamp))
            append_rows(path, rows)


if __name__ == "__main__":
    main()
