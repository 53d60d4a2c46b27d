"""What a graph says about its own classes and relations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode

from hodu.knowledge import patterns
from hodu.knowledge.terms import Row, node
from hodu.knowledge.types import Label, Relation
from hodu.knowledge.vocabulary import ALIAS, OWL, PREFERRED, RDFS, TEMPLATE, TYPE, describes

Select = Callable[..., Iterator[Row]]
_AT_ONCE = 200  # ids in one query, so that an endpoint takes it


@dataclass(frozen=True, slots=True)
class Schema:
    """Relations by id, the classes, and both together: what is ``hidden`` among entities."""

    relations: Mapping[str, Relation]
    classes: frozenset[str]
    hidden: frozenset[str]


def read_schema(select: Select) -> Schema:
    """The classes and relations: those declared, and those that are used as such."""
    classes = {row["c"].value for row in select(patterns.CLASSES) if isinstance(row["c"], NamedNode)} - patterns.META
    used = {row["p"].value for row in select(patterns.PREDICATES)}
    declared = {row["p"].value for row in select(patterns.DECLARED) if isinstance(row["p"], NamedNode)}
    ids = sorted(id for id in used | declared if not describes(id))
    said = _said(select, ids)
    relations = {id: _relation(id, said.get(id, [])) for id in ids}
    return Schema(relations, frozenset(classes), frozenset(classes | relations.keys()))


def labels_by_id(select: Select, ids: Sequence[str]) -> dict[str, tuple[Label, ...]]:
    """The labels of each of these ids that has any."""
    return {id: _labels(rows) for id, rows in _said(select, ids).items()}


def label_from(row: Row, *, preferred: bool) -> Label:
    """A label from a solution with ``?text``."""
    text = row["text"]
    return Label(text.value, (text.language or "") if isinstance(text, Literal) else "", preferred)


def _said(select: Select, ids: Sequence[str]) -> dict[str, list[tuple[str, Any]]]:
    said: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for start in range(0, len(ids), _AT_ONCE):
        for row in select(patterns.ABOUT, id=[node(id) for id in ids[start : start + _AT_ONCE]]):
            said[row["id"].value].append((row["k"].value, row["v"]))
    return said


def _labels(rows: list[tuple[str, Any]]) -> tuple[Label, ...]:
    kinds = {key for key, _ in rows}
    shown = PREFERRED if PREFERRED in kinds else f"{RDFS}label"
    found = {Label(value.value, value.language or "", key == shown) for key, value in rows if key in (shown, ALIAS)}
    return tuple(sorted(found, key=lambda label: (not label.preferred, label.language, label.text)))


def _relation(id: str, rows: list[tuple[str, Any]]) -> Relation:
    def first(key: str) -> str | None:
        found = sorted(value.value for name, value in rows if name == key and isinstance(value, NamedNode))
        return found[0] if found else None

    templates = sorted((value.language or "", value.value) for name, value in rows if name == TEMPLATE)
    functional = (TYPE, node(f"{OWL}FunctionalProperty")) in rows
    return Relation(
        id=id,
        labels=_labels(rows),
        templates=dict(reversed(templates)),  # of two in one language the first in order counts
        inverse=first(f"{OWL}inverseOf"),
        domain=first(f"{RDFS}domain"),
        range=first(f"{RDFS}range"),
        functional=functional,
    )
