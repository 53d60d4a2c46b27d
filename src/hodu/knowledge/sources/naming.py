"""Ids and labels for what a table names by words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Quad

from hodu.errors import GraphError
from hodu.knowledge.sources.known_relations import KNOWN
from hodu.knowledge.terms import node
from hodu.knowledge.vocabulary import (
    ALIAS,
    OWL,
    PREFERRED,
    PREFIXES,
    QUESTION_WORD,
    RDF,
    RDFS,
    TEMPLATE,
    TYPE,
    class_id,
    entity_id,
    fault_of_label,
    language_of,
    relation_id,
)

_DECLARED = {"relation": f"{RDF}Property", "class": f"{RDFS}Class"}

# Rows of a table may also say what a graph says about itself: what stands at either end of these relations.
ROLES = {
    PREFERRED: ("entity", "text"),
    ALIAS: ("entity", "text"),
    TYPE: ("entity", "class"),
    f"{RDFS}subClassOf": ("class", "class"),
    TEMPLATE: ("relation", "text"),
    f"{OWL}inverseOf": ("relation", "relation"),
    QUESTION_WORD: ("class", "text"),
    f"{RDFS}domain": ("relation", "class"),
    f"{RDFS}range": ("relation", "class"),
}


class Naming:
    """Gives each name its id, and says a label once."""

    def __init__(self, language: str | None = None) -> None:
        self._language = language
        self._known: dict[tuple[str, str], NamedNode] = {}
        self._new: list[Quad] = []
        self._fresh: list[tuple[str, str]] = []

    def statement(self, subject: str, relation: str, object: str) -> Quad:
        """The RDF statement of a row, whose new labels :meth:`news` tells.

        Raises:
            GraphError: a name cannot be a label, or an id is none.
        """
        predicate = self._predicate(relation)
        first, second = ROLES.get(predicate.value, ("entity", "entity"))
        value = self.text(object) if second == "text" else self.named(object, second)
        return Quad(self.named(subject, first), predicate, value)

    def news(self) -> Iterator[Quad]:
        """The labels that were not said before."""
        yield from self._new
        self._new.clear()
        self._fresh.clear()

    def forget(self) -> None:
        """Take back what a row named that is left out."""
        for one in self._fresh:
            del self._known[one]
        self._new.clear()
        self._fresh.clear()

    def named(self, name: str, kind: str) -> NamedNode:
        """The id of an entity, relation or class that a row names by its label or its id."""
        found = self._known.get((kind, name))
        if found is None:
            found = self._known[kind, name] = self._id(name, kind)
            self._fresh.append((kind, name))
        return found

    def text(self, text: str) -> Literal:
        """A text of a row, tagged with its language."""
        text = _clean(text)
        return Literal(text, language=self._language or language_of(text))

    def _predicate(self, name: str) -> NamedNode:
        prefix, _, local = name.partition(":")
        if prefix in PREFIXES and local:
            return node(PREFIXES[prefix] + local)
        return self.named(name, "relation")

    def _id(self, name: str, kind: str) -> NamedNode:
        if name.startswith(("urn:", "http://", "https://")):
            return node(name)
        label = _clean(name)
        id = node({"entity": entity_id, "relation": relation_id, "class": class_id}[kind](label))
        if kind == "relation" and label in KNOWN:
            self._new += described(id, label)
        else:
            self._new.append(Quad(id, NamedNode(PREFERRED), self.text(label)))
            self._new += [Quad(id, NamedNode(TYPE), NamedNode(_DECLARED[kind]))] if kind in _DECLARED else []
        return id


def described(id: NamedNode, name: str) -> list[Quad]:
    """What hodu knows of a relation with one of ConceptNet's names: labels and sentences in English and Korean."""
    said = [Quad(id, NamedNode(TYPE), NamedNode(f"{RDF}Property"))]
    for language, (label, template) in KNOWN[name].items():
        said.append(Quad(id, NamedNode(PREFERRED), Literal(label, language=language)))
        said.append(Quad(id, NamedNode(TEMPLATE), Literal(template, language=language)))
    return said


def _clean(text: str) -> str:
    """A label as it is kept: composed Hangul, single spaces.

    Raises:
        GraphError: it cannot be one.
    """
    fault = fault_of_label(text)
    if fault:
        raise GraphError(fault)
    return unicodedata.normalize("NFC", " ".join(text.split()))
