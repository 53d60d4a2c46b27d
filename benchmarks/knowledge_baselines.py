"""What the built-in world's 200 questions give without any model; rows in results/knowledge-world.json.

    python benchmarks/knowledge_baselines.py

The edge counter takes the choice with the most edges to what the question mentions ("GNN is a counter?", ICLR 2022); string overlap the choice whose name, or whose facts as sentences, share the most pairs of
letters with the question. Ties are broken at random, once for each seed. The best route takes the choice on the first route of `hodu.knowledge.routes` where two mentions meet.
"""

from __future__ import annotations

import argparse
import random
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from hodu.demo.world import GRAPH_FILE, Question, read_questions
from hodu.knowledge import KnowledgeGraph
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import Mention, link
from hodu.knowledge.routes import routes
from hodu.knowledge.select import CANDIDATES

Scorer = Callable[[CompiledGraph, str, Sequence[Mention], Sequence[int], str], list[float]]


def edge_counter(
    graph: CompiledGraph, text: str, mentions: Sequence[Mention], choices: Sequence[int], language: str
) -> list[float]:
    """Of each choice how many edges it has with anything that the text may mention."""
    meant = {candidate.entity for mention in mentions for candidate in mention.candidates[:CANDIDATES]}
    return [
        float(sum(other in meant for way in (graph.outgoing, graph.incoming) for other in way(choice).other.tolist()))
        for choice in choices
    ]


def string_overlap(
    graph: CompiledGraph, text: str, mentions: Sequence[Mention], choices: Sequence[int], language: str
) -> list[float]:
    """Of each choice the share of its name's pairs of letters that the text has too."""
    asked = _letters(text)
    names = [_letters(graph.label(choice, language)) for choice in choices]
    return [len(name & asked) / max(len(name), 1) for name in names]


def fact_overlap(
    graph: CompiledGraph, text: str, mentions: Sequence[Mention], choices: Sequence[int], language: str
) -> list[float]:
    """Of each choice how many of the text's pairs of letters its facts have, written as sentences."""
    asked = _letters(text)
    return [float(len(asked & _letters(" ".join(_facts(graph, choice, language))))) for choice in choices]


def best_route(
    graph: CompiledGraph, text: str, mentions: Sequence[Mention], choices: Sequence[int], language: str
) -> list[float]:
    """1 for the choices on the first route where two mentions meet, 0 for the others."""
    met = next((route for route in routes(graph, mentions, choices=choices) if len(route.arms) == 2), None)
    return [float(met is not None and choice in met.answers) for choice in choices]


SYSTEMS: dict[str, Scorer] = {
    "edge counter": edge_counter,
    "string overlap": string_overlap,
    "string overlap with facts": fact_overlap,
    "best route": best_route,
}


def _letters(text: str) -> set[str]:
    words = text.casefold().split()
    return {word[place : place + 2] for word in words for place in range(len(word) - 1)}


def _facts(graph: CompiledGraph, entity: int, language: str) -> list[str]:
    out, into = graph.outgoing(entity), graph.incoming(entity)
    said = [(entity, relation, other) for relation, other in zip(out.relation, out.other, strict=True)]
    said += [(other, relation, entity) for relation, other in zip(into.relation, into.other, strict=True)]
    return [graph.verbalise(*map(int, fact), language) for fact in said]


def accuracy(scores: Sequence[Sequence[float]], answers: Sequence[int], seed: int) -> float:
    """The share of questions whose answer is drawn among the best choices."""
    dice = random.Random(seed)
    right = 0
    for given, answer in zip(scores, answers, strict=True):
        best = [place for place, score in enumerate(given) if score == max(given)]
        right += dice.choice(best) == answer
    return right / len(answers)


def scores(graph: CompiledGraph, questions: Sequence[Question], system: Scorer) -> list[list[float]]:
    """What a system says of each question's choices."""
    entities = {
        (language, graph.label(entity, language)): entity for entity in range(len(graph)) for language in ("ko", "en")
    }
    found = []
    for question in questions:
        text, language = f"{question['text']} {question['question']}", question["language"]
        choices = [entities[language, choice] for choice in question["choices"]]
        found.append(system(graph, text, link(graph, text), choices, language))
    return found


def main() -> None:
    """Measure, print and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    questions = read_questions()
    answers = [question["choices"].index(question["answer"]) for question in questions]
    from hodu.measuring import Row, append_rows, commit, hardware
    from hodu.measuring.environment import today

    command, rows = shlex.join(["python", *sys.argv]), []
    with tempfile.TemporaryDirectory() as folder, KnowledgeGraph.open(GRAPH_FILE, read_only=True) as source:
        graph = compile_graph(source, Path(folder) / "world.hodu", progress=False)
        for name, system in SYSTEMS.items():
            said = scores(graph, questions, system)
            for seed in range(options.seeds):
                value = accuracy(said, answers, seed)
                print(f"{name:26s} seed {seed}  accuracy {value:.3f}")
                stamp = (seed, command, "the built-in world's 200 questions", hardware(), commit(), today())
                rows.append(Row("knowledge-world", name, "accuracy", value, "fraction", *stamp))
    append_rows(options.results / "knowledge-world.json", rows)


if __name__ == "__main__":
    main()
