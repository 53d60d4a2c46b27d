"""The founding question, 200 times: teachers and students that read the built-in graph, and every control that could show that they do not; rows in results/knowledge-world.json.

    python benchmarks/knowledge_world.py 4x256 --student 2x128 --seeds 0 1 2 3 4

BASE is a shape (from nothing) or a pre-trained model. Training questions are about other doings and tools than the 200, and so is the graph that they are read with: nothing
that is asked about was seen, not even as a word. Conditions, all with the same model and the same 200 questions:

with the graph · no graph · random facts (another question's, as many) · counterfactual (the tools of a doing's purposes exchanged: does the answer follow?) · gold fact removed (what the other tools are unfit
for still tells it) · purpose removed (that too) · noise N (N random facts of the graph among the others) · facts only (the facts without the question, which were chosen for it).

What is in the results already is not run again, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from datasets import Dataset

import hodu
from hodu.data import beside
from hodu.demo.world import GRAPH_FILE, Question, read_questions, rows_of_questions, training_data, training_graph
from hodu.knowledge import KnowledgeGraph
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.reader import GraphReader, Read
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.choices import answered
from hodu.measuring.environment import today
from hodu.models import count_parameters
from hodu.models.beside import budget_of
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, load_model
from hodu.types import FactSettings

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done
from language import once

PURPOSE, UNFIT = "urn:hodu:world:toolForPurpose", "urn:hodu:world:unfitFor"
NOISE = (0, 4, 8, 16)


def siblings(questions: Sequence[Question]) -> dict[str, list[tuple[str, str]]]:
    """Doing → its purposes and their tools."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in questions:
        found[one["doing"]][one["purpose"]] = one["gold"][0][0]
    return {doing: sorted(uses.items()) for doing, uses in found.items()}


def changed(change: Callable[[KnowledgeGraph], None], name: str) -> Path:
    """The built-in graph, edited."""
    file = Path("runs") / f"world-{name}.ttl"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(GRAPH_FILE.read_bytes())
    with KnowledgeGraph.open(file) as graph:
        change(graph)
    return file


def counterfactual(questions: Sequence[Question]) -> tuple[Path, list[Question]]:
    """Each purpose gets the tool of the doing's next purpose; the right answers follow."""
    given: dict[tuple[str, str], str] = {}
    for doing, uses in siblings(questions).items():
        for (purpose, _), (_, tool) in zip(uses, uses[1:] + uses[:1], strict=True):
            given[doing, purpose] = tool

    def change(graph: KnowledgeGraph) -> None:
        old = {(tool, purpose) for uses in siblings(questions).values() for purpose, tool in uses}
        new = {(tool, purpose) for (_, purpose), tool in given.items()}
        unfit = {(one.subject, one.object) for one in graph.triples(relation=UNFIT)}
        for tool, purpose in sorted(old - new):
            graph.remove(tool, PURPOSE, purpose)
            graph.add(tool, UNFIT, purpose)
        for tool, purpose in sorted(new - old):
            graph.add(tool, PURPOSE, purpose)
            if (tool, purpose) in unfit:
                graph.remove(tool, UNFIT, purpose)

    compiled = open_compiled(GRAPH_FILE, progress=False)
    asked = []
    for one in questions:
        answer = compiled.label(compiled.id_of(given[one["doing"], one["purpose"]]), one["language"])
        if answer in one["choices"]:
            asked.append({**one, "answer": answer})
    return changed(change, "counterfactual"), asked  # type: ignore[return-value]  # still questions


def without_gold(questions: Sequence[Question], *, unfit: bool) -> Path:
    """The graph without the facts that say which tool serves a question's purpose; with ``unfit`` also without those that say which does not."""

    def change(graph: KnowledgeGraph) -> None:
        for tool, relation, purpose in sorted({tuple(fact) for one in questions for fact in one["gold"]}):
            if relation == PURPOSE:
                graph.remove(tool, relation, purpose)
        asked = {one["purpose"] for one in questions} if unfit else set()
        for fact in [one for one in graph.triples(relation=UNFIT) if one.object in asked]:
            graph.remove(fact.subject, UNFIT, fact.object)

    return changed(change, "without-purposes" if unfit else "without-gold")


class Noisy(GraphReader):
    """Tells so many random facts of the graph besides, the same ones for a question each time."""

    def __init__(self, reader: GraphReader, count: int) -> None:
        super().__init__(reader.graph, slots=reader.slots)
        self._count = count

    def __call__(self, texts: Sequence[str], choice: str | None = None) -> Read:
        """The facts that matter, and others."""
        dice, said, language = Random(f"{self._count} {texts[0]}"), [], self.language(texts[0])
        while len(said) < self._count:
            subject = dice.randrange(len(self.graph))
            edges = self.graph.outgoing(subject)
            if len(edges.other):
                place = dice.randrange(len(edges.other))
                said.append(
                    self.graph.verbalise(subject, int(edges.relation[place]), int(edges.other[place]), language)
                )
        return super().__call__(texts, choice)._replace(others=tuple(said))


def read(model: Loaded, graph: str | Path, questions: Sequence[Question], noise: int = 0) -> Dataset:
    """The questions with facts beside them as this model reads them, noise on top of its budget."""
    settings = facts_of(model.model.config) or FactSettings()
    reader = GraphReader(open_compiled(graph, progress=False), slots=settings.slots)
    told = Noisy(reader, noise) if noise else reader
    return beside(rows_of_questions(questions), told, budget_of(model.tokenizer, settings))


def shuffled(rows: Dataset) -> Dataset:
    """Each question with the facts of another, in a tree at the places where they hung there."""
    others = rows.select(np.roll(np.arange(len(rows)), len(rows) // 2 + 7).tolist())
    for name in ("facts", "fact_anchors"):
        rows = rows.remove_columns(name).add_column(name, others[name][:])
    return rows


def figures(model: Loaded, rows: Dataset, questions: Sequence[Question]) -> dict[str, float]:
    """Accuracy in both languages together and each alone, and how sure the model is."""
    logits = answered(model, rows)
    right = logits.argmax(1) == np.asarray(rows["label"][:])
    korean = np.asarray([one["language"] == "ko" for one in questions])
    odds = np.exp(logits - logits.max(1, keepdims=True))
    sure = float((odds / odds.sum(1, keepdims=True)).max(1).mean())
    parts = {"accuracy": right, "accuracy_ko": right[korean], "accuracy_en": right[~korean]}
    return {**{name: float(part.mean()) for name, part in parts.items()}, "confidence": sure}


def conditions(model: Loaded, questions: Sequence[Question]) -> dict[str, dict[str, float]]:
    """All controls of one model."""
    plain = read(model, GRAPH_FILE, questions)
    other_graph, others = counterfactual(questions)
    found = {
        "with the graph": figures(model, plain, questions),
        "no graph": figures(model, rows_of_questions(questions), questions),
        "random facts": figures(model, shuffled(plain), questions),
        "counterfactual graph": figures(model, read(model, other_graph, others), others),
        "gold fact removed": figures(model, read(model, without_gold(questions, unfit=False), questions), questions),
        "purpose removed": figures(model, read(model, without_gold(questions, unfit=True), questions), questions),
        "facts only": figures(model, without_question(plain), questions),
    }
    for count in NOISE[1:]:
        found[f"noise {count}"] = figures(model, read(model, GRAPH_FILE, questions, count), questions)
    return found


def without_question(rows: Dataset) -> Dataset:
    """The facts and the choices, but not what was asked."""
    return rows.remove_columns("text").add_column("text", ["?"] * len(rows))


def trained(options: argparse.Namespace, seed: int) -> dict[str, Path]:
    """Teacher and, if one is asked for, student, made if they are not there."""
    home = f"runs/{options.table}-{options.name or 'world'}-{seed}"
    folders = {"teacher": Path(f"{home}-teacher")}
    data = training_data(options.questions, choices=options.choices)
    slots = not options.no_slots and options.layout != "tree"
    asked = {
        "seed": seed,
        "graph": str(training_graph(Path("runs/world-for-training.ttl"))),
        "redraw": options.redraw,
        "distractors": options.distractors,
        "learning_rate": options.rate,
        "batch_size": options.batch_size,
    }
    new = {
        "epochs": options.epochs,
        "facts": FactSettings(options.layout, options.tokens, slots, options.fact_bias),
        "vocabulary": options.vocabulary,
        "dropout": options.dropout,
    }
    once(folders["teacher"], partial(hodu.train, options.base, data, folders["teacher"], **new, **asked))
    if options.student:
        folders["student"] = Path(f"{home}-student")
        small = {"student": options.student, "epochs": options.student_epochs or options.epochs}
        once(folders["student"], partial(hodu.distill, folders["teacher"], data, folders["student"], **small, **asked))
    return folders


def main() -> None:
    """Train what is missing, measure, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("base")
    parser.add_argument("--student", help="its shape; none is made if not given")
    parser.add_argument("--questions", type=int, default=3000)
    parser.add_argument("--choices", type=int, default=4, help="of a training question")
    parser.add_argument("--vocabulary", type=int, default=1500, help="pieces, of a teacher from nothing")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--rate", type=float, help="of both")
    parser.add_argument("--batch-size", type=int, help="of both")
    parser.add_argument("--student-epochs", type=float, help="as many as the teacher's if not given")
    parser.add_argument("--redraw", type=int, default=1)
    parser.add_argument("--distractors", type=int, default=0)
    parser.add_argument("--dropout", type=float, help="of the teacher")
    parser.add_argument("--layout", default="star", choices=["star", "text", "tree"])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--no-slots", action="store_true")
    parser.add_argument("--fact-bias", type=float, help="of the teacher; another one than hodu train takes by itself")
    parser.add_argument("--table", default="knowledge-world")
    parser.add_argument("--name", default="", help="stands before each system's name")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path, command = Path("results") / f"{options.table}.json", shlex.join(["python", *sys.argv])
    questions = read_questions()
    prefix = f"{options.name}: " if options.name else ""
    for seed in options.seeds:
        for role, folder in trained(options, seed).items():
            if (f"{prefix}{role}: with the graph", seed) in done(path):
                continue
            model = load_model(folder)
            stamp = (seed, command, "the built-in world's 200 questions", hardware(), commit(), today())
            rows = [
                Row(options.table, f"{prefix}{role}: {condition}", metric, value, "fraction", *stamp)
                for condition, values in conditions(model, questions).items()
                for metric, value in values.items()
            ]
            size = float(count_parameters(model.model)[1])
            rows.append(Row(options.table, f"{prefix}{role}", "non_embedding_parameters", size, "parameters", *stamp))
            append_rows(path, rows)


if __name__ == "__main__":
    main()
