"""Entities in a text: one pass of an automaton over the starts of words, then a look at what follows each start."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hodu.knowledge.endings import TAILS, VERBAL, tails
from hodu.knowledge.surfaces import REASONS, fold

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph

_LONGEST_TAIL = 24
_MOST_ENTRIES = 256  # of one surface: a name that ten thousand entities share is cut at the best of them


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
        self.bits, self.starts = bits.data, starts.data
        self.entities, self.scores = sections["entry_entity"].data, sections["entry_score"].data
        self.reasons = sections["entry_reason"].data
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
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        return _link_decomposed(graph, text, limit)
    linker = graph.linker
    folded = f" {fold(text)} "
    known, masks = linker.tails, linker.masks
    chosen: dict[int, tuple[int, int, int]] = {}
    for pattern, start, end in linker.find(folded, overlapping=True):
        if folded[end] == " ":
            mask = known[""]
        else:
            stop = folded.find(" ", end, end + _LONGEST_TAIL)
            mask = known.get(folded[end:stop], 0) if stop > 0 else 0
        if masks[pattern] & mask:  # a longer one from the same start comes later
            chosen[start] = (end, pattern, mask)
    mentions, last = [], 0
    for start, (end, pattern, mask) in sorted(chosen.items()) if len(chosen) > 1 else chosen.items():
        if start >= last:
            last = end
            mentions.append(_mention(linker, text, folded, start, end, pattern, mask, limit))
    return mentions


def _mention(
    linker: Linker, text: str, folded: str, start: int, end: int, pattern: int, mask: int, limit: int
) -> Mention:
    first, past = linker.starts[pattern], linker.starts[pattern + 1]
    bits, entities, scores, reasons = linker.bits, linker.entities, linker.scores, linker.reasons
    verbal = False
    if past == first + 1:
        candidates: tuple[Candidate, ...] = (Candidate(entities[first], scores[first], REASONS[reasons[first]]),)
        verbal = bits[first] >= 1 << VERBAL
    else:
        fit: dict[int, int] = {}  # an entity may have one start in several classes: 놀- alone and before tails
        for entry in range(first, min(past, first + _MOST_ENTRIES)):
            if bits[entry] & mask and len(fit) < limit:
                fit.setdefault(entities[entry], entry)
        if not fit:  # those that fit are beyond the cut: the best of them
            entry = next(entry for entry in range(first, past) if bits[entry] & mask)
            fit[entities[entry]] = entry
        verbal = bits[next(iter(fit.values()))] >= 1 << VERBAL
        candidates = tuple(Candidate(entity, scores[entry], REASONS[reasons[entry]]) for entity, entry in fit.items())
    stop = folded.find(" ", end) - 1 if verbal else end - 1
    return Mention(start, stop, text[start:stop], candidates)


def _link_decomposed(graph: CompiledGraph, text: str, limit: int) -> list[Mention]:
    """Links the composed text (한 for ㅎ, ㅏ, ㄴ) and gives places in the text as it came."""
    composed, places = "", []
    start = 0
    pieces = []
    for place in range(1, len(text) + 1):
        if place == len(text) or not _continues(text[place]):
            piece = unicodedata.normalize("NFC", text[start:place])
            pieces.append(piece)
            places += [start] * len(piece)
            start = place
    composed = "".join(pieces)
    places.append(len(text))
    if not unicodedata.is_normalized("NFC", composed):  # never seen; better unlinked than without end
        return []
    found = link(graph, composed, limit=limit)
    return [
        Mention(places[one.start], places[one.end], text[places[one.start] : places[one.end]], one.candidates)
        for one in found
    ]


def _continues(character: str) -> bool:
    """Whether a character is composed with the one before it: a combining mark, or a Hangul vowel or final."""
    return unicodedata.combining(character) != 0 or "\u1160" <= character <= "\u11ff"
