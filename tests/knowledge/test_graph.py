"""Opening, reading and changing a graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode

from hodu.errors import GraphError
from hodu.knowledge import KnowledgeGraph, Label, Triple, build
from hodu.knowledge.terms import bind

E, R, C = "urn:hodu:entity:", "urn:hodu:relation:", "urn:hodu:class:"
FACTS = {
    Triple(f"{E}trowel", f"{R}usedFor", f"{E}digging", 0.7, "a gardener"),
    Triple(f"{E}trowel", f"{R}usedFor", f"{E}planting"),
    Triple(f"{E}excavator", f"{R}usedFor", f"{E}digging"),
    Triple(f"{E}excavator", f"{R}usedFor", f"{E}building"),
}


def test_reads_what_is_there(tools: Path) -> None:
    """An entity, a label in one of the languages, a weight or a relation's sentence is lost, or a class is taken for an entity."""
    with KnowledgeGraph.open(tools) as graph:
        assert list(graph.entities()) == [
            f"{E}{name}" for name in ("building", "digging", "excavator", "planting", "trowel")
        ]
        assert set(graph.triples()) == FACTS
        assert graph.labels(f"{E}trowel") == (
            Label("trowel", "en", True),
            Label("모종삽", "ko", True),
            Label("hand trowel", "en", False),
        )
        assert graph.classes(f"{E}excavator") == (f"{C}Machine",)
        purpose, used = graph.relations()
        assert used.templates == {"en": "{subject} is used for {object}", "ko": "{subject}은(는) {object}에 쓰인다"}
        assert (used.domain, used.range, used.functional) == (f"{C}Tool", f"{C}Doing", False)
        assert purpose.inverse == used.id
        assert (f"{E}excavator", Label("포클레인", "ko", False)) in set(graph.all_labels())
        assert set(graph.all_classes()) == {
            *((f"{E}{name}", f"{C}Doing") for name in ("digging", "planting", "building")),
            (f"{E}trowel", f"{C}Tool"),
            (f"{E}excavator", f"{C}Machine"),
        }


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": f"{E}trowel"},
        {"object": f"{E}digging"},
        {"relation": f"{R}purpose"},
        {"subject": f"{E}trowel", "relation": f"{R}usedFor", "object": f"{E}digging"},
    ],
)
def test_facts_by_their_ends(tools: Path, asked: dict[str, str]) -> None:
    """`hodu graph show` leaves facts out, or shows those of others."""
    with KnowledgeGraph.open(tools) as graph:
        assert set(graph.triples(**asked)) == {
            one for one in FACTS if all(getattr(one, end) == id for end, id in asked.items())
        }


@pytest.mark.parametrize("where", ["memory", "folder", "file"])
def test_an_edit_stays(tools: Path, tmp_path: Path, where: str) -> None:
    """A fact that was added, weighed anew or removed is as before when the graph is opened again, or its old weight lingers."""
    place = {"memory": None, "folder": tmp_path / "graph", "file": tools}[where]
    fact = (f"{E}a", f"{R}usedFor", f"{E}b")
    with KnowledgeGraph.open(place) as graph:
        graph.add(*fact, weight=0.5, source="me")
        graph.add(*fact, weight=0.25)
        graph.add_label(f"{E}a", "가래", "ko")
        assert list(graph.triples(subject=f"{E}a")) == [Triple(*fact, 0.25)]
        if where == "memory":
            return
    with KnowledgeGraph.open(place, read_only=True) as graph:
        assert list(graph.triples(subject=f"{E}a")) == [Triple(*fact, 0.25)]
        assert graph.labels(f"{E}a") == (Label("가래", "ko", True),)
        with pytest.raises(GraphError, match="read only"):
            graph.add(*fact)
    with KnowledgeGraph.open(place) as graph:
        graph.remove(*fact)
        assert not list(graph.triples(subject=f"{E}a"))
        assert not graph.ask("ASK { ?r rdf:reifies <<( ?s ?p ?o )>> FILTER(?s = ?a) ?a ?k ?v }", a=NamedNode(f"{E}a"))
        with pytest.raises(GraphError, match="has no fact"):
            graph.remove(*fact)


def test_a_failure_in_the_block_saves_nothing(tools: Path) -> None:
    """A script that stops half-way leaves half of its changes in the file."""
    before = tools.read_bytes()

    def stop_half_way() -> None:
        with KnowledgeGraph.open(tools) as graph:
            graph.add(f"{E}a", f"{R}b", f"{E}c")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_half_way()
    assert tools.read_bytes() == before


@pytest.mark.parametrize("text", ['" } DROP ALL #', "\\", "'''", "}", "a\nb", "<urn:x>", "?s", '모종삽"@ko'])
def test_user_text_never_becomes_query(text: str) -> None:
    """A name with a quote breaks the query, or worse, is run as one."""
    with KnowledgeGraph.open() as graph:
        graph.query("SELECT * { ?s ?p ?text }", text=text)
        (row,) = graph.query("SELECT ?text { BIND(1 AS ?x) }", text=text)
        assert row["text"] == Literal(text)
        assert graph.ask("ASK { FILTER(?text = ?same) }", text=text, same=text)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ('SELECT ("{" AS ?a) WHERE { ?s ?p ?x }', 'WHERE {'),
        ("CONSTRUCT { ?x ?p ?o } WHERE { ?x ?p ?o }", "WHERE {"),
        ("# { of ?x\nASK { ?x ?p ?o }", "ASK {"),
        ("SELECT * { ?x ?p '''}''' }", "* {"),
    ],
)  # fmt: skip
def test_values_are_bound_in_the_outermost_group(query: str, place: str) -> None:
    """A query with a brace in a string or a comment is broken by binding a value, and the error shows a text that nobody wrote."""
    assert f'{place} VALUES ?x {{ "v" }}' in bind(query, {"x": "v"}).replace("  ", " ")


def test_a_binding_that_binds_nothing_is_refused() -> None:
    """A misspelt variable answers with everything."""
    with KnowledgeGraph.open() as graph, pytest.raises(GraphError, match=r"no variable \?txt"):
        list(graph.query("SELECT * { ?s ?p ?text }", txt="a"))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere", "holds no graph"),
        ("none.ttl", "no file"),
        ("broken.ttl", "row 2"),
        ("notes.md", "does not know"),
        ("other", "no graph"),
    ],
)
def test_what_is_no_graph_is_said(tmp_path: Path, place: str, words: str) -> None:
    """A wrong path makes an empty graph, or a traceback."""
    (tmp_path / "broken.ttl").write_text("<urn:a> <urn:b> <urn:c> .\nthis is not Turtle\n")
    (tmp_path / "notes.md").write_text("notes")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    with pytest.raises(GraphError, match=words):
        KnowledgeGraph.open(tmp_path / place, read_only=place == "nowhere")


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.0])
def test_a_weight_is_a_number(weight: float) -> None:
    """A fact that weighs nan is sorted anywhere."""
    with KnowledgeGraph.open() as graph, pytest.raises(GraphError, match="weight"):
        graph.add(f"{E}a", f"{R}b", f"{E}c", weight=weight)


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_000, "a\x00b", "줄\n바꿈"])
def test_a_label_is_a_word(text: str) -> None:
    """A label that no text can mention is stored, and breaks the automaton or the terminal later."""
    with KnowledgeGraph.open() as graph, pytest.raises(GraphError, match="label"):
        graph.add_label(f"{E}a", text, "ko")


def test_builds_alike_in_a_folder_and_a_file(tools: Path, tmp_path: Path) -> None:
    """The same source gives other facts, by where it is kept."""
    found = []
    for out in ("folder", "file.nt", "file.ttl", "file.nq"):
        build([tools], tmp_path / out)
        with KnowledgeGraph.open(tmp_path / out, read_only=True) as graph:
            found.append((set(graph.triples()), sorted(graph.all_labels(), key=str)))
    assert all(one == found[0] for one in found) and found[0][0] == FACTS
