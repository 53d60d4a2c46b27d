"""The compiled file: what it keeps, and what it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hodu.errors import DataError, OutputError
from hodu.knowledge import layout
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from tests.knowledge.conftest import NAMES, small_world
from tests.knowledge.small_graph import SmallGraph


def test_it_keeps_the_graph(world: CompiledGraph) -> None:
    """An edge, a label or a class is gone after compiling."""
    assert [world.iri(number) for number in range(len(world))] == sorted(NAMES)
    for name, (korean, english) in NAMES.items():
        number = world.id_of(name)
        assert (world.label(number, "ko"), world.label(number, "en")) == (korean, english)
    edges = world.outgoing(world.id_of("excavator"))
    assert [world.iri(other) for other in edges.other] == ["build", "dig"]
    assert [world.relations[one].id for one in edges.relation] == ["used-for"] * 2
    assert [world.iri(other) for other in world.incoming(world.id_of("dig")).other] == ["excavator", "trowel"]
    assert world.outgoing(world.id_of("apple")).weight.tolist() == [0.5]
    assert world.classes_of(world.id_of("trowel")) == ("tool",)
    assert world.degree.sum() == 2 * world.triples == 12
    with pytest.raises(DataError, match="no entity 'spade'"):
        world.id_of("spade")


def test_labels_in_other_languages(tmp_path: Path) -> None:
    """An entity with a French name only is shown by its address, or as nothing."""
    graph = SmallGraph()
    graph.add_label("pelle", "pelle", "fr")
    graph.add("pelle", "r", "urn:hodu:entity:%EB%95%85")
    compiled = compile_graph(graph, tmp_path / "g", progress=False)
    assert compiled.label(compiled.id_of("pelle"), "ko") == "pelle"
    assert compiled.label(compiled.id_of("urn:hodu:entity:%EB%95%85"), "en") == "땅"


def test_an_edge_given_twice_counts_once(tmp_path: Path) -> None:
    """A row pasted twice makes a fact appear twice."""
    graph = SmallGraph()
    graph.add("a", "r", "b", weight=0.2)
    graph.add("a", "r", "b", weight=0.7)
    edges = compile_graph(graph, tmp_path / "g", progress=False).outgoing(0)
    assert edges.weight.tolist() == pytest.approx([0.7])


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    compile_graph(small_world(), tmp_path / "g.hodu", progress=False)
    return tmp_path / "g.hodu"


def refused(path: Path) -> str:
    with pytest.raises(DataError) as error:
        CompiledGraph.open(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_another_version_is_refused(whole: Path) -> None:
    """A file of next year's hodu is read as nonsense."""
    data = bytearray(whole.read_bytes())
    data[8] = layout.VERSION + 1
    whole.write_bytes(data)
    assert f"has version {layout.VERSION + 1}; this hodu reads version {layout.VERSION}" in refused(whole)


@pytest.mark.parametrize("kept", [0, 7, 31, 32, 500, -1])
def test_a_file_cut_short_is_refused(whole: Path, kept: int) -> None:
    """A half-copied file crashes Python, or answers from half of the graph."""
    whole.write_bytes(whole.read_bytes()[:kept])
    assert "hodu graph compile" in refused(whole)


def test_damage_anywhere_is_refused(whole: Path) -> None:
    """One flipped bit on a disk becomes a wrong fact."""
    data = whole.read_bytes()
    for place in [*range(0, 64), *range(64, len(data), 997)]:
        if 28 <= place < 32:
            continue  # four bytes that mean nothing
        hurt = bytearray(data)
        hurt[place] ^= 4
        whole.write_bytes(hurt)
        refused(whole)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """Someone gives the graph's text file, and sees a traceback."""
    (tmp_path / "a.tsv").write_text("trowel\tused for\tdigging\n" * 9)
    assert "is no compiled graph" in refused(tmp_path / "a.tsv")
    assert "No such file" in refused(tmp_path / "none")
    refused(tmp_path)


def test_a_failed_compile_leaves_what_was_there(whole: Path) -> None:
    """The served graph is gone because the next one was bad."""
    before = whole.read_bytes()
    bad = small_world()
    bad.add("trowel", "used-for", "dig", weight=math.nan)
    with pytest.raises(DataError, match="weight nan; expected a finite number"):
        compile_graph(bad, whole, progress=False)
    assert whole.read_bytes() == before and list(whole.parent.iterdir()) == [whole]
    with pytest.raises(OutputError, match="cannot be written"):
        compile_graph(small_world(), whole / "inside", progress=False)
