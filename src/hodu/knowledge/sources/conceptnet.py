"""ConceptNet's own assertions: five columns, with ids such as /r/UsedFor and /c/en/dig/v."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from hodu.errors import GraphError
from hodu.knowledge.facts import remarks
from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.known_relations import KNOWN
from hodu.knowledge.sources.lines import Advance, lines
from hodu.knowledge.sources.naming import described
from hodu.knowledge.terms import node
from hodu.knowledge.vocabulary import PREFERRED, RDF, TYPE, fault_of_label

HOME = "http://conceptnet.io"


def is_assertion(line: str) -> bool:
    """Whether a file's first line is one of ConceptNet's assertions."""
    return line.startswith("/a/[") and line.count("\t") >= 3


def read_conceptnet(
    path: Path, faults: Faults, advance: Advance, *, languages: Collection[str] = ("ko", "en")
) -> Iterator[Quad]:
    """The assertions between concepts of these languages, with their weights.

    Senses are not kept apart: ``/c/en/dig/v`` and ``/c/en/dig`` are one concept, as most assertions know only the latter.

    Raises:
        DataError: a row is not one of ConceptNet's and bad rows are not left out.
    """
    said: set[str] = set()
    for row, line in lines(path, faults, advance):
        if not line:
            continue
        try:
            quads = list(_assertion(line, languages, said))
        except (GraphError, ValueError, KeyError, TypeError) as error:
            faults.bad(
                f"is no assertion of ConceptNet ({error}); expected URI, relation, start, end and JSON with a weight, separated by tabs",
                path,
                row,
            )
            continue
        yield from quads


def _assertion(line: str, languages: Collection[str], said: set[str]) -> Iterator[Quad]:
    fields = line.split("\t")
    if len(fields) < 5:
        raise GraphError(f"{len(fields)} fields")
    _, relation, start, end, about = fields[:5]
    if not relation.startswith("/r/"):
        raise GraphError(f"the relation is {relation!r:.60}")
    ends = [_concept(start), _concept(end)]
    if not all(end and end[0] in languages for end in ends):  # other languages, and links to the web
        return
    subject, object = (node(f"{HOME}/c/{language}/{term}") for language, term in ends if language)
    fact = Quad(subject, node(HOME + relation), object)
    weight = float(json.loads(about)["weight"])
    for id, (language, term) in zip((subject, object), ends, strict=True):
        if id.value not in said:
            yield _label(id, term, language)
            said.add(id.value)
    if relation not in said:
        yield from _relation(fact.predicate, relation.removeprefix("/r/"))
        said.add(relation)
    yield fact
    yield from remarks(fact, weight, None)


def _concept(id: str) -> tuple[str, str]:
    parts = id.split("/")
    return (parts[2], parts[3]) if len(parts) >= 4 and parts[1] == "c" else ("", "")


def _label(id: NamedNode, term: str, language: str) -> Quad:
    text = term.replace("_", " ")
    if fault := fault_of_label(text):
        raise GraphError(fault)
    return Quad(id, NamedNode(PREFERRED), Literal(text, language=language))


def _relation(id: NamedNode, name: str) -> list[Quad]:
    if name in KNOWN:
        return described(id, name)
    label = name.rpartition("/")[2]
    return [
        Quad(id, NamedNode(TYPE), NamedNode(f"{RDF}Property")),
        Quad(id, NamedNode(PREFERRED), Literal(label, language="en")),
    ]
