"""The example of docs/knowledge.md is a graph."""

from __future__ import annotations

import re
from pathlib import Path

from hodu.knowledge import KnowledgeGraph, check

PAGE = Path(__file__).parent.parent.parent / "docs" / "knowledge.md"


def test_the_example_is_a_graph_with_nothing_wrong(tmp_path: Path) -> None:
    """Who copies the example is told off by `hodu graph check`."""
    (example,) = re.findall(r"```turtle\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "tools.ttl").write_text(example, encoding="utf-8")
    with KnowledgeGraph.open(tmp_path / "tools.ttl") as graph:
        report = check(graph)
    assert not report.findings, report.findings
    assert (report.entities, report.facts) == (5, 4)
