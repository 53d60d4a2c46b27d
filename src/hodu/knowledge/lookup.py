"""From what a person types to ids."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from hodu.errors import GraphError
from hodu.knowledge.check import template_fits
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.terms import Value, node
from hodu.knowledge.vocabulary import (
    ALIAS,
    PREFERRED,
    PREFIXES,
    QUESTION_WORD,
    TEMPLATE,
    TYPE,
    entity_id,
    fault_of_label,
    language_of,
    name_in,
    relation_id,
)

TEXTS = {
    "skos:prefLabel": PREFERRED,
    "skos:altLabel": ALIAS,
    "hodu:questionWord": QUESTION_WORD,
    "hodu:template": TEMPLATE,
}
"""What a text can be of an entity, a class or a relation, as people write it."""

_EXACT = "SELECT DISTINCT ?id WHERE { ?id skos:prefLabel|skos:altLabel|rdfs:label ?text }"
_ANY = "SELECT DISTINCT ?id WHERE { ?id skos:prefLabel|skos:altLabel|rdfs:label ?text FILTER(LCASE(STR(?text)) = LCASE(?typed)) }"
_LIKE = "SELECT DISTINCT ?text WHERE { ?id skos:prefLabel|skos:altLabel|rdfs:label ?text FILTER(CONTAINS(LCASE(STR(?text)), LCASE(?typed))) } LIMIT 3"
_KNOWN = "ASK { { ?id ?p ?o } UNION { ?s ?id ?o } UNION { ?s ?p ?id } }"
_SHOWN = 10


def look_up(graph: KnowledgeGraph, text: str) -> list[str]:
    """The ids of what has this label, in any language and with any case, or of what has this id.

    Raises:
        GraphError: nothing has.
    """
    found = _found(graph, text)
    if not found:
        raise GraphError(f"{graph.name} has nothing with the label or id {text!r}{_like(graph, text)}")
    return found


def one_of(graph: KnowledgeGraph, text: str, kind: str, *, new: bool | None = None) -> str:
    """The id of the one entity or relation that a person means.

    Args:
        kind: ``entity`` or ``relation``.
        new: make it, with its label, if it is not there; None: that is no choice here.

    Raises:
        GraphError: none is there, or several have the label: they are listed.
    """
    schema = graph.schema
    found = [
        id for id in _found(graph, text) if (id in schema.relations if kind == "relation" else id not in schema.hidden)
    ]
    if kind == "relation" and not found:  # one without a label goes by the end of its id
        found = [id for id in schema.relations if name_in(id) == text]
    if found:
        return _only(graph, text, found)
    if not new:
        known = (
            f"; it has {', '.join(sorted(_told(graph, id) for id in schema.relations))[:300]}"
            if kind == "relation"
            else ""
        )
        make = "" if new is None else ". To make it, give --new"
        raise GraphError(f"{graph.name} has no {kind} with the label or id {text!r}{known}{_like(graph, text)}{make}")
    return _made(graph, text, kind)


def ends_of(graph: KnowledgeGraph, subject: str, relation: str, object: str, *, new: bool | None = None) -> list[str]:
    """The ids of the three parts of a fact that a person means; ``rdf:type`` relates an entity to one of the graph's classes.

    Raises:
        GraphError: as :func:`one_of`, or there is no such class.
    """
    if relation == "rdf:type":
        return [one_of(graph, subject, "entity", new=new), TYPE, _one_class(graph, object)]
    if relation.partition(":")[0] in PREFIXES:
        raise GraphError(
            f"{relation!r} is nothing that is added or removed so; expected a relation of the graph, rdf:type, or {', '.join(TEXTS)}"
        )
    parts = ((subject, "entity"), (relation, "relation"), (object, "entity"))
    return [one_of(graph, text, kind, new=new) for text, kind in parts]


def text_of(graph: KnowledgeGraph, subject: str, what: str, *, new: bool) -> tuple[str, str]:
    """The ids of what a person means that has a text or, ``new``, gets one, and of what the text is there.

    Raises:
        GraphError: nothing or several things have the label, or what has it has no such texts.
    """
    schema = graph.schema
    fitting = (
        {"hodu:questionWord": schema.hidden, "hodu:template": frozenset(schema.relations)}.get(what) if new else None
    )
    found = [id for id in _found(graph, subject) if fitting is None or id in fitting]
    if not found:  # one without a label goes by the end of its id
        found = [id for id in (schema.hidden if fitting is None else fitting) if name_in(id) == subject]
    if not found and fitting is None:
        found = look_up(graph, subject)
    if not found:
        kind = "a relation" if what == "hodu:template" else "a class or a relation"
        names = ", ".join(sorted(_told(graph, id) for id in fitting or ()))[:300]
        raise GraphError(f"{what} is said of {kind}, and {subject!r} is none in {graph.name}; it has {names}")
    return _only(graph, subject, found), TEXTS[what]


def check_text(graph: KnowledgeGraph, id: str, what: str, text: str) -> None:
    """Refuse a text that nothing could read.

    Raises:
        GraphError: with what to do.
    """
    language = language_of(text)
    if what == "hodu:template" and not template_fits(text):
        raise GraphError(f"{text!r} is no sentence of a relation; expected {{subject}} and {{object}} in it, each once")
    if what == "hodu:questionWord" and not any(map(str.isalnum, text)):
        raise GraphError(f"{text!r} is no word by which a question could ask; expected letters")
    rows = graph.query("SELECT ?v WHERE { ?id ?k ?v }", id=node(id), k=node(TEXTS[what]))
    before = [row["v"].value for row in rows if isinstance(row["v"], Literal) and row["v"].language == language]
    if what in ("skos:prefLabel", "hodu:template") and before and text not in before:
        other = "; or add it as skos:altLabel" if what == "skos:prefLabel" else ""
        raise GraphError(f"there is one in {language} already: {before[0]!r}; remove that first{other}")


def _only(graph: KnowledgeGraph, text: str, found: list[str]) -> str:
    if len(found) == 1:
        return found[0]
    shown = "; ".join(f"{_told(graph, id)} <{id}>" for id in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise GraphError(
        f"{len(found)} things have the label {text!r}: {shown}{more}. Give the id of the one that is meant"
    )


def _one_class(graph: KnowledgeGraph, text: str) -> str:
    known = graph.schema.classes
    found = [id for id in _found(graph, text) if id in known] or [id for id in known if name_in(id) == text]
    if len(found) != 1:
        names = ", ".join(sorted(_told(graph, id) for id in known))[:300] or "none"
        raise GraphError(f"{graph.name} has {len(found)} classes with the label or id {text!r}; it has {names}")
    return found[0]


def _made(graph: KnowledgeGraph, text: str, kind: str) -> str:
    if _is_id(text):
        return text
    if fault := fault_of_label(text):
        raise GraphError(fault)
    label = " ".join(text.split())
    id = relation_id(label) if kind == "relation" else entity_id(label)
    graph.add_label(id, label, language_of(label))
    return id


def _found(graph: KnowledgeGraph, text: str) -> list[str]:
    if _is_id(text) and graph.ask(_KNOWN, id=node(text)):
        return [text]
    exact: list[Value] = [Literal(text), *(Literal(text, language=language) for language in ("en", "ko"))]
    found = {
        row["id"].value for one in exact for row in graph.query(_EXACT, text=one) if isinstance(row["id"], NamedNode)
    }
    if not found:  # another language, or another case: all labels are looked at
        found = {row["id"].value for row in graph.query(_ANY, typed=text) if isinstance(row["id"], NamedNode)}
    return sorted(found)


def _like(graph: KnowledgeGraph, text: str) -> str:
    """Labels in which the text stands."""
    found = sorted(
        {str(row["text"].value) for row in graph.query(_LIKE, typed=text) if isinstance(row["text"], Literal)}
    )
    return f"; there is {', '.join(map(repr, found))}" if found else ""


def _is_id(text: str) -> bool:
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def _told(graph: KnowledgeGraph, id: str) -> str:
    """A thing by its label and what tells it from others of that label: its classes, or a fact."""
    labels = graph.labels(id)
    name = labels[0].text if labels else name_in(id)
    classes = [name_in(one) for one in graph.classes(id)]
    return f"{name} ({', '.join(classes)})" if classes else name
