"""Entities in a text: one pass of an automaton over the starts of words, then a look at what follows each start."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hodu.knowledge.endings import TAILS, VERBAL, tails
from hodu.knowledge.surfaces import REASONS, fold

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph

_LONGEST_TAIL = 24
_MOST_ENTRIES = 256  # of one surface: a name that ten thousand entities share is cut at the best of them
_AT_ONCE = 64  # texts given to the automaton together
_BREAK = "\n"  # between texts; no folded text and no surface has one
_ENTRY = Struct("<ifII")  # entity, score, the class of its tail as a bit, reason
_VERBAL = 1 << VERBAL


class Candidate(NamedTuple):
    """An entity that a mention may mean."""

    entity: int
    score: float
    reason: str


class Mention(NamedTuple):
    """Characters ``start`` to ``end`` of a text, and what they may mean, best first. Of a verb it is the whole word (팠다), of a noun not its particle (땅)."""

    start: int
    end: int
    surface: str
    candidates: tuple[Candidate, ...]


class Linker:
    """The automaton over a compiled graph's surfaces. Each begins with a space, so that it is found at the start of a word only."""

    def __init__(self, sections: dict[str, Any]) -> None:
        from ahocorasick_rs import AhoCorasick

        joined = bytes(sections["surfaces"]).decode()
        patterns = [f" {surface}" for surface in joined.split("\n")] if joined else []
        self.automaton = AhoCorasick(patterns, store_patterns=False)
        self.find = self.automaton.find_matches_as_indexes
        starts = sections["entry_starts"]
        bits = np.left_shift(np.uint32(1), sections["entry_tails"].astype(np.uint32))
        self.masks = (np.bitwise_or.reduceat(bits, starts[:-1]) if len(patterns) else bits).data
        columns = (sections["entry_entity"], sections["entry_score"], bits, sections["entry_reason"])
        self.starts, self.entries = (
            starts.data,
            memoryview(np.rec.fromarrays(columns, dtype="<i4,<f4,<u4,<u4").tobytes()),
        )
        self.tails = _masks()


def _masks() -> dict[str, int]:
    """Each tail with the classes that have it, as bits."""
    found: dict[str, int] = {}
    for number, name in enumerate(TAILS):
        for tail in tails()[name]:
            found[tail] = found.get(tail, 0) | 1 << number
    return found


def link(graph: CompiledGraph, text: str, *, limit: int = 8) -> list[Mention]:
    """The longest mentions that do not overlap, from left to right, each with its best ``limit`` candidates."""
    if _is_decomposed(text):
        return _link_decomposed(graph.linker, text, limit)
    return _linked(graph.linker, [text], limit)[0]


def link_all(graph: CompiledGraph, texts: Iterable[str], *, limit: int = 8) -> Iterator[list[Mention]]:
    """The mentions of each text. Sooner done than one by one: the automaton is asked once for some dozens."""
    rest = iter(texts)
    while some := list(islice(rest, _AT_ONCE)):
        plain = ["" if _is_decomposed(text) else text for text in some]
        for text, linked, found in zip(some, plain, _linked(graph.linker, plain, limit), strict=True):
            yield found if text == linked else link(graph, text, limit=limit)


def _linked(linker: Linker, texts: list[str], limit: int) -> list[list[Mention]]:
    folded = _BREAK.join([f" {fold(text)} " for text in texts])
    chosen = _chosen(linker, folded)
    found: list[list[Mention]] = [[] for _ in texts]
    number, first, past, last = -1, 0, 0, 0
    for start in sorted(chosen):
        if start < last:
            continue
        while start >= past:  # the text in which the mention begins
            number += 1
            first, past = past, past + len(texts[number]) + 3
        last, pattern, mask = chosen[start]
        verbal, candidates = _meanings(linker, pattern, mask, limit)
        stop = (folded.find(" ", last) if verbal else last) - first - 1
        text, start = texts[number], start - first
        found[number].append(Mention(start, stop, text[start:stop], candidates))
    return found


def _chosen(linker: Linker, folded: str) -> dict[int, tuple[int, int, int]]:
    """The longest surface from each start that has a right tail: where it ends, its number, and the tail's classes."""
    classes, masks = linker.tails.get, linker.masks
    chosen = {}
    stop = 0  # of the word in which a surface ends; surfaces come in the order of their ends
    for pattern, start, end in linker.find(folded, overlapping=True):
        if end > stop:
            stop = folded.find(" ", end)
        if stop - end < _LONGEST_TAIL and (mask := classes(folded[end:stop])) and masks[pattern] & mask:
            chosen[start] = (end, pattern, mask)
    return chosen


def _meanings(linker: Linker, pattern: int, mask: int, limit: int) -> tuple[bool, tuple[Candidate, ...]]:
    """Whether a surface is that of a verb here, and its best candidates."""
    first, past = linker.starts[pattern], linker.starts[pattern + 1]
    if past == first + 1:
        entity, score, bits, reason = _ENTRY.unpack_from(linker.entries, first * _ENTRY.size)
        return bits >= _VERBAL, (Candidate(entity, score, REASONS[reason]),)
    verbal = False
    fit: dict[int, Candidate] = {}  # an entity may have one start in several classes: 놀- alone and before tails
    entries = _ENTRY.iter_unpack(linker.entries[first * _ENTRY.size : past * _ENTRY.size])
    for count, (entity, score, bits, reason) in enumerate(entries, 1):
        if bits & mask and entity not in fit:
            verbal = verbal if fit else bits >= _VERBAL
            fit[entity] = Candidate(entity, score, REASONS[reason])
        if fit and (len(fit) >= limit or count >= _MOST_ENTRIES):
            break
    return verbal, tuple(fit.values())


def _link_decomposed(linker: Linker, text: str, limit: int) -> list[Mention]:
    """Links the composed text (한 for ㅎ, ㅏ, ㄴ) and gives places in the text as it came."""
    places, pieces, start = [], [], 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _continues(text[place]):
            pieces.append(unicodedata.normalize("NFC", text[start:place]))
            places += [start] * len(pieces[-1])
            start = place
    composed = "".join(pieces)
    places.append(len(text))
    if _is_decomposed(composed):  # never seen; better unlinked than without end
        return []
    return [
        Mention(places[one.start], places[one.end], text[places[one.start] : places[one.end]], one.candidates)
        for one in _linked(linker, [composed], limit)[0]
    ]


def _is_decomposed(text: str) -> bool:
    return not text.isascii() and not unicodedata.is_normalized("NFC", text)


def _continues(character: str) -> bool:
    """Whether a character is composed with the one before it: a combining mark, or a Hangul vowel or final."""
    return unicodedata.combining(character) != 0 or "\u1160" <= character <= "\u11ff"
