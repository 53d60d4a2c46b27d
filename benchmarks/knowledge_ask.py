"""The 200 questions by `hodu ask`, without choices: what the graph leads to, and what the model says of it; rows in results/knowledge-ask.json.

    python benchmarks/knowledge_ask.py runs/knowledge-world-world-{seed}-teacher runs/knowledge-world-world-{seed}-student --seeds 0 1 2 3 4

Right is each tool that does the doing and serves the purpose in the graph that is asked (where facts were taken out: in the graph as it was). "I don't know" is counted apart. The founding question is asked in Korean and
English for both purposes, and for flowers again in an edited graph: they are planted with a spade, and no longer with a trowel.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hodu
from hodu.demo.founding import QUESTIONS, edit
from hodu.demo.world import GRAPH_FILE, NAMESPACE, Question, read_questions
from hodu.knowledge import KnowledgeGraph
from hodu.knowledge.opening import open_compiled
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.models.load import Loaded, load_model

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done
from knowledge_world import PURPOSE, changed, counterfactual, without_gold

DOING = f"{NAMESPACE}toolForDoing"


def right_tools(graph: Path, questions: Sequence[Question]) -> list[frozenset[str]]:
    """For each question the tools that the graph says do the doing and serve the purpose."""
    with KnowledgeGraph.open(graph, read_only=True) as opened:
        facts = {
            (one.subject, one.relation, one.object) for one in opened.triples() if one.relation in (DOING, PURPOSE)
        }
    tools = {subject for subject, _, _ in facts}
    return [
        frozenset(tool for tool in tools if {(tool, DOING, one["doing"]), (tool, PURPOSE, one["purpose"])} <= facts)
        for one in questions
    ]


def asked(model: Loaded, graph: Path, texts: Sequence[str], right: Sequence[frozenset[str]]) -> dict[str, float]:
    """Which share is answered rightly, and which not at all."""
    compiled = open_compiled(graph, progress=False)
    answers = [hodu.ask(model, compiled, text) for text in texts]
    said = [None if one.entity is None else compiled.iri(one.entity) for one in answers]
    return {
        "accuracy": sum(one in tools for one, tools in zip(said, right, strict=True)) / len(texts),
        "unanswered": said.count(None) / len(texts),
    }


def conditions(model: Loaded) -> dict[str, dict[str, float]]:
    """All graphs, with one model."""
    questions = read_questions()
    texts = [f"{one['text']} {one['question']}" for one in questions]
    truth = right_tools(GRAPH_FILE, questions)
    other, _ = counterfactual(questions)
    founding = [frozenset({f"{NAMESPACE}{name}"}) for name in ("trowel", "excavator", "trowel", "excavator")]
    flowers = [text for text, tools in zip(QUESTIONS, founding, strict=True) if f"{NAMESPACE}trowel" in tools]
    return {
        "with the graph": asked(model, GRAPH_FILE, texts, truth),
        "counterfactual graph": asked(model, other, texts, right_tools(other, questions)),
        "gold fact removed": asked(model, without_gold(questions, unfit=False), texts, truth),
        "purpose removed": asked(model, without_gold(questions, unfit=True), texts, truth),
        "founding question": asked(model, GRAPH_FILE, QUESTIONS, founding),
        "founding question, edited": asked(
            model, changed(edit, "edited"), flowers, [frozenset({f"{NAMESPACE}spade"})] * len(flowers)
        ),
    }


def measure(table: str, data: str, first: str, conditions: Callable[[Loaded], dict[str, dict[str, float]]]) -> None:
    """Measure what is missing, append the rows; ``first``: the condition by which a model is known to be done."""
    parser = argparse.ArgumentParser()
    parser.add_argument("teacher", help="folder, with {seed} in it")
    parser.add_argument("student", help="folder, with {seed} in it")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    path, command = Path(f"results/{table}.json"), shlex.join(["python", *sys.argv])
    for seed in options.seeds:
        for role, folder in (("teacher", options.teacher), ("student", options.student)):
            if (f"{role}: {first}", seed) in done(path):
                continue
            stamp = (seed, command, data, hardware(), commit(), today())
            rows = [
                Row(table, f"{role}: {condition}", metric, value, "fraction", *stamp)
                for condition, values in conditions(load_model(folder.format(seed=seed))).items()
                for metric, value in values.items()
            ]
            append_rows(path, rows)


if __name__ == "__main__":
    measure("knowledge-ask", "the built-in world's 200 questions", "with the graph", conditions)
