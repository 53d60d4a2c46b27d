"""A compiled graph: one read-only file, mapped into memory. Entities are numbers from 0, in the order of their IRIs."""

from __future__ import annotations

from functools import cached_property
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hodu.errors import DataError
from hodu.knowledge import layout
from hodu.knowledge.types import Label, Relation
from hodu.knowledge.verbalise import verbalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hodu.knowledge.asked import Asking
    from hodu.knowledge.link import Linker

Array = np.ndarray[Any, Any]
ANY = "*"  # labels in a language that was not asked for, where an entity has no other


class Edges(NamedTuple):
    """The edges of an entity, sorted by the other end and then by relation: three arrays of equal length."""

    relation: Array
    other: Array
    weight: Array


class Strings:
    """Texts one after another in a section, found by number."""

    def __init__(self, places: Array, text: Array) -> None:
        self._places, self._text = places.data, text.data

    def __len__(self) -> int:
        return len(self._places) - 1

    def bytes(self, number: int) -> bytes:
        """One of them in UTF-8."""
        return bytes(self._text[self._places[number] : self._places[number + 1]])

    def __getitem__(self, number: int) -> str:
        return self.bytes(number).decode()


class Rows:
    """Edges by entity: where each entity's begin, and the columns."""

    def __init__(self, sections: dict[str, Array], way: str) -> None:
        self.starts = sections[f"{way}_starts"].data
        self.relation, self.other = sections[f"{way}_relation"], sections[f"{way}_other"]
        self.weight = sections.get(f"{way}_weight", np.broadcast_to(np.float32(1.0), len(self.other)))

    def edges(self, entity: int) -> Edges:
        """The entity's edges: views, but for the relations, which the file keeps in fewer bytes."""
        place = slice(self.starts[entity], self.starts[entity + 1])
        return Edges(self.relation[place].astype(np.int32), self.other[place], self.weight[place])


class CompiledGraph:
    """Entities, labels and edges of a compiled file, and what linking and selecting need of it."""

    def __init__(self, path: Path, header: dict[str, Any], sections: dict[str, Array]) -> None:
        self.path, self.sections = path, sections
        self.languages: tuple[str, ...] = tuple(header["languages"])
        self.relations: tuple[Relation, ...] = tuple(map(_relation, header["relations"]))
        self.classes: tuple[str, ...] = tuple(header["classes"])
        self.triples: int = header["triples"]
        self._asking: dict[str, list[list[Any]]] = header.get("asking", {})  # older files have none
        self._iris = Strings(sections["iri_places"], sections["iris"])
        self._labels = {
            language: Strings(sections[f"label_places_{language}"], sections[f"labels_{language}"])
            for language in (*self.languages, ANY)
        }
        self.out, self.into = Rows(sections, "out"), Rows(sections, "in")
        self._class_starts, self._class_of = sections["class_starts"], sections["class_of"]

    @classmethod
    def open(cls, path: str | Path) -> CompiledGraph:
        """Maps a compiled file.

        Raises:
            DataError: no compiled graph, of another version, cut short or damaged.
        """
        header, sections = layout.read(Path(path))
        return cls(Path(path), header, sections)

    def __len__(self) -> int:
        return len(self._iris)

    def id_of(self, iri: str) -> int:
        """The number of an entity.

        Raises:
            DataError: the graph has none of this name.
        """
        wanted, low, high = iri.encode(), 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._iris.bytes(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        if low == len(self) or self._iris.bytes(low) != wanted:
            raise DataError(
                f"has no entity {iri!r}; expected the IRI of an entity that was there when it was compiled",
                file=self.path,
            )
        return low

    def iri(self, entity: int) -> str:
        """The IRI of an entity."""
        return self._iris[entity]

    def label(self, entity: int, language: str) -> str:
        """The preferred label in the language, else in any, else the end of the IRI."""
        for one in dict.fromkeys((language, *self.languages, ANY)):
            if one in self._labels and (text := self._labels[one][entity]):
                return text
        return _readable(self.iri(entity))

    def classes_of(self, entity: int) -> tuple[str, ...]:
        """The IRIs of an entity's classes."""
        first, last = self._class_starts[entity], self._class_starts[entity + 1]
        return tuple(self.classes[number] for number in self._class_of[first:last])

    def entities_of(self, classes: Iterable[int]) -> list[int]:
        """The entities of any of these classes, given by their numbers, in order."""
        places = np.flatnonzero(np.isin(self._class_of, list(classes)))
        entities = np.searchsorted(np.asarray(self._class_starts), places, side="right") - 1
        return [int(one) for one in np.unique(entities)]

    @cached_property
    def asking(self) -> dict[str, tuple[Asking, ...]]:
        """By language the words by which its classes and relations are asked for."""
        from hodu.knowledge.asked import Asking

        return {
            language: tuple(
                Asking(
                    tuple(text.split()), None if tails < 0 else tails, name, frozenset(classes), frozenset(relations)
                )
                for text, tails, name, classes, relations in said
            )
            for language, said in self._asking.items()
        }

    def outgoing(self, entity: int) -> Edges:
        """The edges of which the entity is the subject."""
        return self.out.edges(entity)

    def incoming(self, entity: int) -> Edges:
        """The edges of which the entity is the object."""
        return self.into.edges(entity)

    @cached_property
    def degree(self) -> Array:
        """How many edges each entity has, both ways."""
        out, into = (np.diff(np.asarray(rows.starts)) for rows in (self.out, self.into))
        return (out + into).astype(np.int32)

    @cached_property
    def rarity(self) -> memoryview:
        """How much an entity's edges say: less, the more it has. 1 / log2(2 + degree)."""
        degrees, which = np.unique(self.degree, return_inverse=True)
        return np.array([1.0 / log2(2 + degree) for degree in degrees.tolist()], np.float32).astype(float)[which].data

    def relation_number(self, name: str) -> int:
        """The number of a relation, by its IRI or by one of its labels.

        Raises:
            DataError: there is none, with the names that there are.
        """
        for number, relation in enumerate(self.relations):
            if name == relation.id or name in (label.text for label in relation.labels):
                return number
        known = ", ".join(
            relation.labels[0].text if relation.labels else relation.id for relation in self.relations[:20]
        )
        raise DataError(
            f"has no relation {name!r}; expected one of: {known or 'none, it has no relations'}", file=self.path
        )

    @cached_property
    def inverses(self) -> dict[int, int]:
        """Of each relation that has an inverse in the graph its number, whichever of the two names the other."""
        numbers = {relation.id: number for number, relation in enumerate(self.relations)}
        found: dict[int, int] = {}
        for number, relation in enumerate(self.relations):
            if relation.inverse in numbers:
                found.setdefault(number, numbers[relation.inverse])
                found.setdefault(numbers[relation.inverse], number)
        return found

    def verbalise(self, subject: int, relation: int, object: int, language: str) -> str:
        """The fact as a sentence: by the relation's template, else subject, label, object."""
        return verbalise(
            self.relations[relation], self.label(subject, language), self.label(object, language), language
        )

    @cached_property
    def linker(self) -> Linker:
        """The automaton over all surfaces, built when the first text is linked."""
        from hodu.knowledge.link import Linker

        return Linker(self.sections)


def _relation(stored: dict[str, Any]) -> Relation:
    return Relation(**{**stored, "labels": tuple(Label(*label) for label in stored["labels"])})


def _readable(iri: str) -> str:
    from urllib.parse import unquote

    return unquote(iri.rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]) or iri
