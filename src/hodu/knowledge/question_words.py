"""The words by which a graph's classes and relations are asked for, as a compiled file keeps them (read by ``asked.py``)."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from hodu.knowledge import english
from hodu.knowledge.surfaces import fold, language_of, surfaces
from hodu.knowledge.types import Label


class Described(Protocol):
    """What a graph says of its classes."""

    def question_words(self) -> Iterable[tuple[str, Label]]: ...  # noqa: D102
    def subclasses(self) -> Iterable[tuple[str, str]]: ...  # noqa: D102
    def labels_of(self, ids: Sequence[str]) -> Mapping[str, Sequence[Label]]: ...  # noqa: D102


def stored(graph: Described, classes: Sequence[str], relations: Sequence[str]) -> dict[str, list[list[Any]]]:
    """By language, sorted: words, class of their tails (-1: any), whether they are a class's name, numbers of classes and of relations. Nothing of a graph that says no question words.

    A class's words and names ask for those below it too. Names are its labels and, in English, their plurals.
    """
    said = list(graph.question_words())
    if not said:
        return {}
    below = _below(graph.subclasses())
    numbers = {name: number for number, name in enumerate(classes)}
    related = {name: number for number, name in enumerate(relations)}
    found: dict[tuple[str, str, int, bool], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for id, label in said:
        if id not in related and id not in below and id not in numbers:
            continue  # hodu graph check tells of it
        kept = found[language_of(label), _folded(label.text), -1, False]
        if id in related:
            kept[1].add(related[id])
        else:
            kept[0].update(numbers[one] for one in below.get(id, {id}) if one in numbers)
    for id, labels in sorted(graph.labels_of(sorted(set(classes) | below.keys())).items()):
        for label in labels:
            for language, text, tails in _names(label):
                found[language, text, tails, True][0].update(
                    numbers[one] for one in below.get(id, {id}) if one in numbers
                )
    made: dict[str, list[list[Any]]] = defaultdict(list)
    for (language, text, tails, name), (kinds, ways) in sorted(found.items()):
        if text:
            made[language].append([text, tails, name, sorted(kinds), sorted(ways)])
    return dict(made)


def _folded(text: str) -> str:
    return " ".join(fold(unicodedata.normalize("NFC", text)).split())


def _names(label: Label) -> Iterable[tuple[str, str, int]]:
    language, first = language_of(label), next(iter(surfaces(label)), None)
    if first is None:
        return []
    text = " ".join(first.text.split())
    return [(language, one, first.tails) for one in (text, *(english.plurals(text) if language == "en" else ()))]


def _below(pairs: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    """Each class with all below it and itself; circles end."""
    children: dict[str, set[str]] = defaultdict(set)
    for one, above in pairs:
        children[above].add(one)
        children.setdefault(one, set())
    found: dict[str, set[str]] = {}
    for top in children:
        reached, waiting = {top}, [top]
        while waiting:
            new = children[waiting.pop()] - reached
            reached |= new
            waiting += new
        found[top] = reached
    return found
