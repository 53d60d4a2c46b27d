"""What deciding a question of the built-in world takes is found in it: its doing, its purpose, and both facts."""

from __future__ import annotations

import pytest

pytest.importorskip("ahocorasick_rs", reason="the extra hodu[knowledge] is not installed")

from hodu.demo.world import GRAPH_FILE, Question, read_questions, training_questions
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.link import link_all
from hodu.knowledge.select import select

QUESTIONS = {"the 200": read_questions(), "training": training_questions(300)}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    graph = KnowledgeGraph.open(GRAPH_FILE, read_only=True)
    return compile_graph(graph, tmp_path_factory.mktemp("world") / "world.hodu", progress=False)


def lost(graph: CompiledGraph, questions: list[Question], most: int) -> dict[str, list[str]]:
    """What is not found of a question's doing and purpose, and not among so many facts of its gold."""
    found = {}
    linked = link_all(graph, (f"{one['text']} {one['question']}" for one in questions))
    for one, mentions in zip(questions, linked, strict=True):
        meant = {graph.iri(candidate.entity) for mention in mentions for candidate in mention.candidates}
        facts = [
            [graph.iri(fact.subject), graph.relations[fact.relation].id, graph.iri(fact.object)]
            for fact in select(graph, mentions, limit=most)
        ]
        missed = [name for name in (one["doing"], one["purpose"]) if name not in meant]
        missed += [" ".join(fact) for fact in one["gold"] if fact not in facts]
        if missed:
            found[one["id"]] = missed
    return found


@pytest.mark.parametrize("which", QUESTIONS)
def test_every_question_can_be_decided(compiled: CompiledGraph, which: str) -> None:
    """The reader is blamed for questions whose facts it never saw."""
    assert lost(compiled, QUESTIONS[which], 16) == {}


def test_the_facts_are_no_matter_of_luck(compiled: CompiledGraph) -> None:
    """The deciding facts come so late among the 16 that three quarters of the room for them cost questions."""
    assert (
        len(lost(compiled, QUESTIONS["the 200"], 12)) == 0
    )  # a purpose has up to two tools that are unfit for it, with two facts each, beside the right one
