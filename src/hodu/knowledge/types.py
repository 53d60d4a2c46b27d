"""The small values that a knowledge graph hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A name of an entity, class or relation; ``preferred`` for the one to show, False for an alias."""

    text: str
    language: str
    preferred: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation with what the graph says about it; ``templates`` are sentences by language."""

    id: str
    labels: tuple[Label, ...]
    templates: Mapping[str, str]
    inverse: str | None
    domain: str | None
    range: str | None
    functional: bool


@dataclass(frozen=True, slots=True)
class Triple:
    """A fact between two entities. Ids are IRIs without angle brackets."""

    subject: str
    relation: str
    object: str
    weight: float = 1.0
    source: str | None = None
