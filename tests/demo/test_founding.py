"""The demo's questions to the built-in graph, without the model that the demo trains."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("ahocorasick_rs", reason="the extra hodu[knowledge] is not installed")

from hodu.asking import _candidates
from hodu.demo.founding import ONE_MORE, QUESTIONS, edit
from hodu.demo.world import GRAPH_FILE
from hodu.knowledge import KnowledgeGraph
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.reader import GraphReader


def supported(graph: Path, question: str) -> dict[str, int]:
    """Candidates, and from how many mentions a path leads to each."""
    reader = GraphReader(open_compiled(graph, progress=False))
    texts, entities, reached = _candidates(reader, reader.mentions((question,)), question, ())
    return {text: len(reached[entity].arms) for text, entity in zip(texts, entities, strict=True) if entity is not None}


@pytest.mark.parametrize(
    ("question", "right"),
    [*zip(QUESTIONS, ("모종삽", "굴착기", "trowel", "excavator"), strict=True), (ONE_MORE, "톱")],
)
def test_the_right_tool_is_among_the_candidates(question: str, right: str) -> None:
    """The demo asks, or bids the user ask, what the graph cannot answer."""
    found = supported(GRAPH_FILE, question)
    assert found[right] == max(found.values()) > 1 and len(found) > 2


def test_the_edit_is_of_facts_that_the_graph_has(tmp_path: Path) -> None:
    """The demo takes out a fact that is not there, and the answer before and after it is the same."""
    file = tmp_path / "world.ttl"
    shutil.copyfile(GRAPH_FILE, file)
    with KnowledgeGraph.open(file) as graph:
        edit(graph)
    for question, before, after in ((QUESTIONS[0], "모종삽", "삽"), (QUESTIONS[2], "trowel", "spade")):
        found = supported(file, question)
        assert found[before] == 1 and found[after] == max(found.values()) > 1
