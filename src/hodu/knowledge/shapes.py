"""Shapes that a user brings, checked by pySHACL."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hodu.errors import GraphError
from hodu.knowledge.finding import Finding, Severity, Tally
from hodu.knowledge.vocabulary import SHACL, name_in

if TYPE_CHECKING:
    from hodu.knowledge.graph import KnowledgeGraph

_FORMATS = {".ttl": "turtle", ".nt": "nt", ".jsonld": "json-ld", ".json": "json-ld", ".rdf": "xml", ".owl": "xml"}
_ALL = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(?p != rdf:reifies) }"


def violations(graph: KnowledgeGraph, shapes: Path) -> list[Finding]:
    """Where a graph breaks shapes, one finding for each shape and path. rdflib holds the graph in memory: some hundred thousand statements take a minute.

    Raises:
        GraphError: the shapes are not there or cannot be read, or pySHACL is missing.
    """
    try:
        import pyshacl
        import rdflib
    except ImportError as error:
        raise GraphError(f"--shapes needs pySHACL ({error}); install it with: pip install 'hodu[knowledge]'") from error
    wanted = _read(rdflib, shapes)
    data = rdflib.Graph()
    lines = "".join(f"{row['s']} {row['p']} {row['o']} .\n" for row in graph.query(_ALL))
    data.parse(data=lines, format="nt")
    try:
        _, results, _ = pyshacl.validate(data, shacl_graph=wanted, advanced=True)
    except Exception as error:  # pySHACL has no family of its own: shapes with a mistake raise whatever they meet
        raise GraphError(f"pySHACL cannot use the shapes in {shapes}: {error}") from error
    return _findings(rdflib, results)


def _read(rdflib: Any, shapes: Path) -> Any:
    if not shapes.is_file():
        raise GraphError(f"there is no file {shapes}; expected SHACL shapes in {', '.join(_FORMATS)}")
    kind = _FORMATS.get(shapes.suffix.lower())
    if kind is None:
        raise GraphError(f"{shapes} has a name that hodu does not know; expected SHACL shapes in {', '.join(_FORMATS)}")
    try:
        found = rdflib.Graph().parse(shapes, format=kind)
    except Exception as error:  # each of rdflib's parsers has its own errors
        raise GraphError(f"{shapes} cannot be read: {str(error)[:500]}") from error
    if not any(found.subjects(rdflib.URIRef(f"{SHACL}targetClass"))) and SHACL not in found.serialize(format="nt"):
        raise GraphError(f"{shapes} holds no SHACL shape; expected one such as: [] a sh:NodeShape ; sh:targetClass …")
    return found


def _findings(rdflib: Any, results: Any) -> list[Finding]:
    def value(result: Any, name: str) -> Any:
        return results.value(result, rdflib.URIRef(SHACL + name))

    groups: dict[tuple[str, str, Severity], Tally] = defaultdict(Tally)
    for result in results.subjects(rdflib.RDF.type, rdflib.URIRef(f"{SHACL}ValidationResult")):
        shape, path = value(result, "sourceShape"), value(result, "resultPath")
        severe = value(result, "resultSeverity") == rdflib.URIRef(f"{SHACL}Violation")
        name = name_in(str(path or shape))
        message = " ".join(str(value(result, "resultMessage") or "breaks the shape").split())
        focus = value(result, "focusNode")
        found = groups[name, name_in(str(value(result, "sourceConstraintComponent"))), "error" if severe else "warning"]
        found.add((f"{name_in(str(focus))} <{focus}>:", message[:200]))
    return [
        Finding(
            "shape",
            severity,
            f"SHACL, {name}: {kind}",
            "see the shape",
            tally.count,
            tuple(" ".join(place) for place in tally.examples()),
        )
        for (name, kind, severity), tally in sorted(groups.items())
    ]
