"""What a check finds, and what it must not find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hodu.errors import GraphError
from hodu.knowledge import KnowledgeGraph, check
from tests.knowledge.conftest import TOOLS

SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
[] a sh:NodeShape ; sh:targetClass <urn:hodu:class:Tool> ;
    sh:property [ sh:path skos:altLabel ; sh:minCount 1 ; sh:message "a tool needs an alias" ] .
"""


def found(tmp_path: Path, more: str) -> dict[str, tuple[str, int, str]]:
    """Findings of the tools' graph with some more statements: severity, count and examples by check."""
    file = tmp_path / "more.ttl"
    file.write_text(TOOLS + more, encoding="utf-8")
    with KnowledgeGraph.open(file, read_only=True) as graph:
        return {one.check: (one.severity, one.count, "\n".join(one.examples)) for one in check(graph).findings}


def test_a_good_graph_has_nothing_wrong(tools: Path) -> None:
    """A graph that follows docs/knowledge.md is told off."""
    with KnowledgeGraph.open(tools, read_only=True) as graph:
        report = check(graph)
    assert report.ok and not report.findings, report.findings
    assert (report.entities, report.facts, report.relations, report.classes) == (5, 4, 2, 3)


MISTAKES = [
    ("relation-label", "error", ":trowel rel:new :digging .", "new"),
    ("relation-template", "warning", ':trowel rel:new :digging . rel:new skos:prefLabel "new"@en .', "any"),
    ("relation-template", "warning", 'rel:usedFor skos:prefLabel "sert à"@fr .', "fr"),
    ("template", "error", 'rel:usedFor hodu:template "{subject} dient"@de .', "dient"),
    ("entity-label", "error", ":trowel rel:usedFor :nothing . :nothing a class:Doing .", "nothing"),
    ("entity-label", "error", ":nothing a class:Tool ; rel:usedFor :digging .", "nothing"),
    ("two-preferred-labels", "error", ':trowel skos:prefLabel "scoop"@en .', "scoop"),
    ("domain", "error", ":planting rel:usedFor :digging .", "planting flowers"),
    ("range", "error", ":trowel rel:usedFor :excavator .", "excavator"),
    ("functional", "error", "rel:usedFor a owl:FunctionalProperty .", "and also"),
    ("circle", "error", "class:Tool rdfs:subClassOf class:Machine .", "tool"),
    ("label", "error", ':trowel skos:altLabel "' + "x" * 10_000 + '"@en .', "10,000"),
    ("weight", "error", ':trowel rel:usedFor :planting {| hodu:weight "much" |} .', "much"),
    (
        "same-label",
        "warning",
        ':other a class:Doing ; skos:prefLabel "digging"@en . :trowel rel:usedFor :other .',
        "digging",
    ),
    ("label-language", "warning", ':trowel skos:altLabel "schepje" .', "schepje"),
    (
        "itself",
        "warning",
        ':loop a class:Tool, class:Doing ; skos:prefLabel "loop"@en ; rel:usedFor :loop, :digging .',
        "loop",
    ),
    ("nameless", "warning", ":trowel rel:usedFor [ a class:Doing ] .", "trowel"),
    ("fact-of-a-class", "warning", "class:Tool a class:Tool ; rel:usedFor :digging .", "tool"),
    ("question-word", "warning", ':trowel hodu:questionWord "with what"@en .', "with what"),
    ("islands", "warning", ':lone skos:prefLabel "lone"@en .', "lone"),
]


@pytest.mark.parametrize(("name", "severity", "more", "example"), MISTAKES, ids=[one[0] for one in MISTAKES])
def test_each_mistake_is_found(tmp_path: Path, name: str, severity: str, more: str, example: str) -> None:
    """A mistake in a graph shows only as a wrong answer, weeks later."""
    report = found(tmp_path, more)
    assert name in report, report
    assert report[name][:2] == (severity, 1 if name != "functional" else 2), report[name]
    assert example in report[name][2]


def test_an_empty_graph_is_an_error() -> None:
    """A graph whose facts were all lost passes."""
    with KnowledgeGraph.open() as graph:
        report = check(graph)
    assert [one.check for one in report.errors] == ["empty"]


def test_many_mistakes_are_counted_and_a_few_shown(tmp_path: Path) -> None:
    """A thousand mistakes fill the screen, or the first shown are others in each run."""
    report = found(
        tmp_path,
        "".join(f":trowel rel:usedFor :n{number:04d} . :n{number:04d} a class:Doing .\n" for number in range(1000)),
    )
    assert report["entity-label"][1] == 1000
    assert [line.split(" ")[0] for line in report["entity-label"][2].splitlines()] == [
        f"n000{number}" for number in range(5)
    ]


def test_shapes_that_a_user_brings(tools: Path, tmp_path: Path) -> None:
    """A team's own rule is not checked, or its message is lost."""
    pytest.importorskip("pyshacl")
    (tmp_path / "shapes.ttl").write_text(SHAPE + "<urn:x> a <urn:y> .")
    with KnowledgeGraph.open(tools) as graph:
        assert check(graph, shapes=tmp_path / "shapes.ttl").ok
        graph.add_label("urn:hodu:entity:rake", "rake", "en")
        graph.add("urn:hodu:entity:rake", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "urn:hodu:class:Tool")
        (error,) = check(graph, shapes=tmp_path / "shapes.ttl").errors
    assert error.check == "shape" and "a tool needs an alias" in error.examples[0] and "rake" in error.examples[0]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.ttl", None, "no file"),
        ("a.ttl", "x", "cannot be read"),
        ("a.ttl", "", "no SHACL"),
        ("a.doc", "", "does not know"),
    ],
)
def test_shapes_that_are_none(tools: Path, tmp_path: Path, name: str, text: str | None, words: str) -> None:
    """A wrong file of shapes passes every graph."""
    pytest.importorskip("pyshacl")
    if text is not None:
        (tmp_path / name).write_text(text)
    with KnowledgeGraph.open(tools) as graph, pytest.raises(GraphError, match=words):
        check(graph, shapes=tmp_path / name)
