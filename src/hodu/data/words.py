"""The words of a text that augmentation may replace."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Closed classes of English: another pronoun, negation or preposition says something else. Other languages write much of this inside their words.
_STOP = """
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself
they them their theirs themselves this that these those who whom whose which what where when why how
a an the and or but nor so yet if because as until while than though although whether
am is are was were be been being have has had having do does did doing can could may might must shall should will would
not no never none neither only just too very more most such same other own each every any all both few some
of at by for with about against between into through during before after above below to from up down in out on off over under
again further then once here there now also
s t d ll m re ve don isn aren wasn weren doesn didn won wouldn couldn shouldn hasn haven hadn ain
"""
_STOP_WORDS = frozenset(_STOP.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it stands in its text: ``text[begin:end]``."""

    text: str
    begin: int
    end: int


def replaceable_words(text: str) -> list[Word]:
    """What stands between spaces, its punctuation stripped, where that is a word of letters and no English stop word."""
    words = []
    for match in re.finditer(r"\S+", text):
        begin, end = match.span()
        while begin < end and _is_punctuation(text[begin]):
            begin += 1
        while end > begin and _is_punctuation(text[end - 1]):
            end -= 1
        word = text[begin:end]
        if is_word(word) and word.lower() not in _STOP_WORDS:
            words.append(Word(word, begin, end))
    return words


def is_word(text: str) -> bool:
    """Whether this is letters, of any script, and nothing else; the signs that Devanagari or decomposed text puts on letters are part of them."""
    return text[:1].isalpha() and all(letter.isalpha() or unicodedata.category(letter)[0] == "M" for letter in text)


def replaced(text: str, words: list[Word], by: list[str | None]) -> str:
    """The text with some words replaced (None: left), each new one with a capital where the old one had one."""
    parts, done = [], 0
    for word, new in zip(words, by, strict=True):
        if new is not None:
            # an uncased model offers "fine" for "Good", and the teacher may be cased
            parts += [text[done : word.begin], new[0].upper() + new[1:] if word.text[0].isupper() else new]
            done = word.end
    return "".join([*parts, text[done:]])


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter)[0] not in "LMN"
