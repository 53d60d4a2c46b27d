"""Whether the ends of facts are of the classes that their relations ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from pyoxigraph import NamedNode

from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.terms import node
from hodu.knowledge.types import Triple
from hodu.knowledge.vocabulary import OWL, RDFS

# The classes above a class are followed here, once, and not by rdf:type/rdfs:subClassOf* in the query: there each fact walks them anew, which is a hundred times as slow.
QUERY = {
    "domain": "SELECT ?s ?p ?o ?k WHERE { ?s ?p ?o FILTER(isIRI(?s)) OPTIONAL { ?s rdf:type ?k } }",
    "range": "SELECT ?s ?p ?o ?k WHERE { ?s ?p ?o FILTER(isIRI(?o)) OPTIONAL { ?o rdf:type ?k } }",
}
_EVERYTHING = {f"{OWL}Thing", f"{RDFS}Resource"}


def misfits(graph: KnowledgeGraph, end: str, fact: Triple | None = None) -> Iterator[tuple[str, str, str, str]]:
    """Facts, or this one, whose subject (``domain``) or object (``range``) is not of the class asked for, with that class."""
    relations = [one for one in graph.relations() if fact is None or one.id == fact.relation]
    asked = {one.id: getattr(one, end) for one in relations if getattr(one, end) not in (None, *_EVERYTHING)}
    if not asked:
        return
    within = _Below(
        (row["a"].value, row["b"].value) for row in graph.query("SELECT ?a ?b WHERE { ?a rdfs:subClassOf ?b }")
    )
    fitting = {one: within(one) for one in set(asked.values())}
    only = {} if fact is None else {"s": [node(fact.subject)], "o": [node(fact.object)]}
    rows = graph.query(QUERY[end], p=[node(id) for id in asked], **only)
    for (s, p, o), same in groupby(rows, key=lambda row: (row["s"], row["p"].value, row["o"])):
        of = {row["k"].value for row in same if isinstance(row.get("k"), NamedNode)}
        if of.isdisjoint(fitting[asked[p]]):
            yield str(s), f"<{p}>", str(o), f"<{asked[p]}>"


class _Below:
    """The classes below a class, and itself."""

    def __init__(self, edges: Iterable[tuple[str, str]]) -> None:
        self._below: Mapping[str, list[str]] = defaultdict(list)
        for lower, upper in edges:
            self._below[upper].append(lower)

    def __call__(self, top: str) -> set[str]:
        found, ahead = {top}, [top]
        while ahead:
            new = [one for one in self._below.get(ahead.pop(), ()) if one not in found]
            found.update(new)
            ahead += new
        return found
