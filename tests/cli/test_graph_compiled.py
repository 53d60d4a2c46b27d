"""``hodu graph link`` and ``hodu graph facts``."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from hodu.cli.app import app
from hodu.knowledge.compile import compile_graph
from tests.knowledge.conftest import small_world

TEXT = "꽃을 심으려고 땅을 팠다"


def test_link_and_facts(tmp_path: Path) -> None:
    """The commands print nothing that a person can use."""
    file = tmp_path / "g.hodu"
    compile_graph(small_world(), file, progress=False)
    linked = CliRunner().invoke(app, ["graph", "link", str(file), TEXT], env={"COLUMNS": "160"})
    assert linked.exit_code == 0 and "땅을 팠다" in linked.output and "a form of its label" in linked.output
    found = CliRunner().invoke(app, ["graph", "facts", str(file), TEXT], env={"COLUMNS": "160"})
    assert found.exit_code == 0 and "모종삽은 꽃을 심다 일에 쓰인다" in found.output and "joins" in found.output
    nothing = CliRunner().invoke(app, ["graph", "facts", str(file), "안녕"])
    assert "no entity of the graph is mentioned" in nothing.output
