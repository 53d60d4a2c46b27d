"""Weight and source of a fact: remarks about the statement itself.

RDF 1.2 has triple terms for it, ``_:r rdf:reifies <<( s p o )>> ; hodu:weight 0.7``. Servers that do not know them yet (Virtuoso) hold the older form of RDF 1.1,
``_:r rdf:subject s ; rdf:predicate p ; rdf:object o ; hodu:weight 0.7``, and are read by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from hashlib import blake2b

from pyoxigraph import Literal, NamedNode, Quad

from hodu.errors import GraphError
from hodu.knowledge.terms import Row
from hodu.knowledge.types import Triple
from hodu.knowledge.vocabulary import HODU, REIFIES, SOURCE, WEIGHT


class Form(Enum):
    """How a graph keeps remarks about its facts."""

    none = "none"
    terms = "triple terms"
    statements = "statements of RDF 1.1"


_FACTS = "SELECT ?s ?p ?o ?w ?from WHERE {{ ?s ?p ?o FILTER(isIRI(?s) && isIRI(?o)) {} }}"
_REMARK = "OPTIONAL {{ {} OPTIONAL {{ ?r hodu:weight ?w }} OPTIONAL {{ ?r hodu:source ?from }} }}"
_TERM = "?r rdf:reifies <<( ?s ?p ?o )>> ."
_STATEMENT = "?r rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o ."

QUERY = {
    Form.none: _FACTS.format(""),
    Form.terms: _FACTS.format(_REMARK.format(_TERM)),
    Form.statements: _FACTS.format(_REMARK.format(_STATEMENT)),
}
# With the statement itself bound a store finds it at once; with its three parts bound it looks through all reifiers.
ONE_BY_ONE = {
    Form.terms: "SELECT ?t ?r ?k ?v WHERE { ?r rdf:reifies ?t . ?r ?k ?v }",
    Form.statements: f"SELECT ?s ?p ?o ?r ?k ?v WHERE {{ {_STATEMENT} ?r ?k ?v }}",
}


_KEYS = {WEIGHT: "w", SOURCE: "from"}


def form(ask: Callable[[str], bool]) -> Form:
    """How this graph keeps its remarks, found by asking it."""
    try:
        if ask("ASK { ?r rdf:reifies <<( ?s ?p ?o )>> }"):
            return Form.terms
    except (
        GraphError
    ):  # a server that does not know triple terms refuses the query; one that is gone refuses the next too
        pass
    return Form.statements if ask("ASK { ?r rdf:subject ?s ; hodu:weight ?w }") else Form.none


def with_remarks(
    plain: Iterable[tuple[str, str, str]], ask_about: Callable[[Quad], Iterable[Quad]]
) -> Iterator[Triple]:
    """These facts, each with the remarks on it."""
    for s, p, o in plain:
        said: list[Row] = [
            {_KEYS[quad.predicate.value]: quad.object}
            for quad in ask_about(Quad(NamedNode(s), NamedNode(p), NamedNode(o)))
            if quad.predicate.value in _KEYS
        ]
        yield Triple(s, p, o, *weight_and_source(said))


def ends(row: Row, given: Mapping[str, NamedNode]) -> tuple[str, str, str]:
    """Subject, relation and object of a solution."""
    s, p, o = (row.get(name) or given[name] for name in "spo")
    return s.value, p.value, o.value


def weight_and_source(rows: Iterable[Row]) -> tuple[float, str | None]:
    """The largest weight and all sources of one fact."""
    weights, sources = [], set()
    for row in rows:
        weights += [_number(row["w"].value)] if "w" in row else []
        sources |= {row["from"].value} if "from" in row else set()
    return max(weights, default=1.0), "; ".join(sorted(sources)) or None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise GraphError(
            f"the graph has the weight {text!r}; expected a number: hodu graph check shows where it is"
        ) from None


def remarks(fact: Quad, weight: float, source: str | None) -> list[Quad]:
    """The statements about a fact's weight and source; none for weight 1 without a source.

    Raises:
        GraphError: the weight is no finite number of 0 or more.
    """
    if not (math.isfinite(weight) and weight >= 0):
        raise GraphError(
            f"the weight {weight} is no number of 0 or more; expected one such as 0.7 (1 when none is given)"
        )
    if weight == 1.0 and source is None:
        return []
    # The same fact has the same reifier in every build, so two builds of one table are one graph.
    reifier = NamedNode(f"{HODU}fact:{blake2b(str(fact.triple).encode(), digest_size=16).hexdigest()}")
    said = [Quad(reifier, NamedNode(REIFIES), fact.triple)]
    said += [Quad(reifier, NamedNode(WEIGHT), Literal(float(weight)))] if weight != 1.0 else []
    said += [Quad(reifier, NamedNode(SOURCE), Literal(source))] if source is not None else []
    return said
