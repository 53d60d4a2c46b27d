"""Surface forms: what a label may look like in a text, as starts of words with the class of their tails.

Text and surfaces are folded in the same way, one character for one character, so that positions stay: lower case, and a space for whatever is no letter or digit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from hodu.knowledge import english, korean
from hodu.knowledge.endings import TAILS, noun_tails
from hodu.knowledge.hangul import is_syllable, spoken_final
from hodu.knowledge.stop_words import STOP_WORDS
from hodu.knowledge.types import Label

LONGEST = 120  # characters of a surface; longer labels are kept and shown, but no text is searched for them
REASONS = (
    "its label",
    "another label of it",
    "a form of its label",
    "a form of another label of it",
    "the noun in its label",
    "its label, but a word too common to mean much",
)
QUALITIES = (1.0, 0.9, 0.8, 0.7, 0.5, 0.05)
_FORM, _NOUN, _COMMON = 2, 4, 5
_KEPT = "+#"  # C++ and C# are not C
_OBJECT = re.compile(r"(?<=\S)[을를] (?=\S+$)")
_CLASS = {name: number for number, name in enumerate(TAILS)}


class Surface(NamedTuple):
    """The start of a word, or of several: folded, the number of the class of its tail, and of the reason in ``REASONS``."""

    text: str
    tails: int
    reason: int


class _Folding(dict[int, str]):
    def __missing__(self, code: int) -> str:
        character = chr(code)
        lower = character.lower()
        known = character.isalnum() or character in _KEPT or unicodedata.category(character) in ("Mn", "Mc")
        self[code] = folded = (lower if len(lower) == 1 else character) if known else " "
        return folded


FOLDING = _Folding()
_ASCII = "".join(FOLDING[code] for code in range(128)).encode() + bytes(range(128, 256))


def fold(text: str) -> str:
    """The text as it is searched, of the same length."""
    if text.isascii():  # bytes are translated several times as fast
        return text.encode().translate(_ASCII).decode()
    return text.translate(FOLDING)


def language_of(label: Label) -> str:
    """The language by the tag, or by the script where there is none: ko, en or another."""
    if label.language:
        return label.language.split("-")[0].lower()
    return "ko" if any(map(is_syllable, label.text)) else "en"


def surfaces(label: Label) -> Iterator[Surface]:
    """All surface forms of a label. None for one that has no letter or digit, or is longer than ``LONGEST``."""
    folded = fold(unicodedata.normalize("NFC", label.text)).strip()
    if not folded or len(folded) > LONGEST:
        return
    alias = 0 if label.preferred else 1
    for text in dict.fromkeys((folded, " ".join(folded.split()))):
        reason = _COMMON if text in STOP_WORDS else alias
        language = language_of(label)
        if language == "ko" or is_syllable(text[-1]):
            yield from _korean(text, reason)
        else:
            yield Surface(text, _CLASS["noun_any"], reason)
            if language == "en":
                yield from _english(text, reason)


def _english(text: str, reason: int) -> Iterator[Surface]:
    changed = reason if reason == _COMMON else _FORM + reason
    short = english.bare(text)
    if short != text and short not in STOP_WORDS:
        yield Surface(short, _CLASS["noun_any"], reason)
    for form in english.variants(short):
        yield Surface(form, _CLASS["noun_any"], _COMMON if form in STOP_WORDS else changed)


def _korean(text: str, reason: int) -> Iterator[Surface]:
    """The label as a noun, and the forms of its last word where that can be a verb."""
    tails = noun_tails(spoken_final(text)) if is_syllable(text[-1]) else "noun_any"
    yield Surface(text, _CLASS[tails], reason)
    before, _, word = text.rpartition(" ")
    changed = reason if reason == _COMMON else _FORM + reason
    starts = [f"{before} "] if before else [""]
    if _OBJECT.search(text):  # 꽃을 심다 is also said 꽃 심다
        starts.append(f"{_OBJECT.sub(' ', text).rpartition(' ')[0]} ")
    if korean.is_verb(word):
        yield from _conjugated(starts, word, changed)
        if word.endswith("하다") and len(word) > 3:  # 청소하다 is also said 청소를 하다
            noun = starts[0] + word[:-2]
            yield Surface(noun, _CLASS[noun_tails(spoken_final(noun))], _NOUN)
    elif before and word.endswith("기") and len(word) > 1 and all(map(is_syllable, word)):
        if is_syllable(before[-1]) and not _OBJECT.search(text):  # 꽃 심기 is also said 꽃을 심으려고
            starts.append(f"{before}{'를' if spoken_final(before) == '' else '을'} ")
        yield from _conjugated(starts, f"{word[:-1]}다", changed)


def _conjugated(starts: list[str], verb: str, reason: int) -> Iterator[Surface]:
    for base in korean.bases(verb):
        for start in starts:
            yield Surface(start + base.text, _CLASS[base.tails], reason)
