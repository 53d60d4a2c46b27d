"""A graph in memory with just what compiling asks of one; `KnowledgeGraph` can stand in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hodu.knowledge.types import Label, Relation, Triple


class SmallGraph:
    """Entities come from labels and triples."""

    def __init__(self) -> None:
        self._labels: list[tuple[str, Label]] = []
        self._triples: list[Triple] = []
        self._relations: dict[str, Relation] = {}
        self._classes: list[tuple[str, str]] = []

    def add(self, subject: str, relation: str, object: str, *, weight: float = 1.0, source: str | None = None) -> None:
        self._triples.append(Triple(subject, relation, object, weight, source))

    def add_label(self, id: str, text: str, language: str, *, preferred: bool = True) -> None:
        self._labels.append((id, Label(text, language, preferred)))

    def add_class(self, id: str, name: str) -> None:
        self._classes.append((id, name))

    def add_relation(self, id: str, **labels_and_templates: dict[str, str]) -> None:
        labels = tuple(Label(text, tag, True) for tag, text in labels_and_templates.get("labels", {}).items())
        self._relations[id] = Relation(id, labels, labels_and_templates.get("templates", {}), None, None, None, False)

    def entities(self) -> Iterator[str]:
        named = {id for id, _ in self._labels} | {end for one in self._triples for end in (one.subject, one.object)}
        yield from sorted(named)

    def relations(self) -> Iterator[Relation]:
        yield from self._relations.values()

    def triples(self) -> Iterator[Triple]:
        yield from self._triples

    def all_labels(self) -> Iterator[tuple[str, Label]]:
        yield from self._labels

    def all_classes(self) -> Iterator[tuple[str, str]]:
        yield from self._classes

    def question_words(self) -> Iterator[tuple[str, Label]]:
        yield from ()

    def subclasses(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def labels_of(self, ids: Sequence[str]) -> dict[str, tuple[Label, ...]]:
        return {id: tuple(label for one, label in self._labels if one == id) for id in ids}
