"""What a question asks for: things of which classes, or along which relations. The graph says by which words it is asked (``hodu:questionWord``): for persons by who and 누구, for what a thing is made of by "made of".

A graph whose classes have such words in the question's language is asked by these and by the classes' names alone: "what color" asks for nothing that it has where no class is called color, and so do when and how much where nothing has
such a word. What a graph without them is asked for is not looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hodu.knowledge.endings import TAILS, tails
from hodu.knowledge.surfaces import fold
from hodu.knowledge.vocabulary import language_of

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention
    from hodu.knowledge.routes import Route

_MOST_WORDS = 100  # of the last sentence: a question has fewer
_SENTENCE = re.compile(r"[^.?!。？！\n]+")
_WORD = re.compile("[^ ]+")  # of folded text
# Question words that ask for something, whether or not the graph has it.
_ASK_EN = frozenset(["who", "whom", "whose", "where", "when", "why", "how", "what", "which"])
_ASK_KO = (
    "누구",
    "누가",
    "누굴",
    "어디",
    "언제",
    "왜",
    "어떻게",
    "어땠",
    "얼마",
    "며칠",
    "무엇",
    "무얼",
    "뭐",
    "뭘",
    "뭔",
)
_WHICH_EN, _WHICH_KO = frozenset(("what", "which")), frozenset(("무슨", "어떤", "어느", "몇", "뭔"))
_WHAT = ("what", "which", "무엇", "무얼", "뭐", "뭘", "뭔", "무슨", "어떤", "어느")
# Behind what: no noun that says what kind, but the question goes on.
_GOES_ON = frozenset(
    [
        "do",
        "does",
        "did",
        "is",
        "are",
        "was",
        "were",
        "am",
        "be",
        "been",
        "s",
        "re",
        "d",
        "ll",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "to",
        "of",
        "on",
        "in",
        "with",
        "for",
        "about",
        "else",
        "exactly",
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "one",
        "people",
        "somebody",
        "someone",
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "my",
        "your",
        "his",
        "her",
        "our",
        "their",
    ]
)
_IS, _ITS = (
    frozenset(["is", "are", "was", "were", "s"]),
    frozenset(["the", "a", "an", "my", "your", "his", "her", "its", "our", "their"]),
)
_OF = frozenset(("of", "like"))  # what is the PRICE of it, what was the WEATHER like
_THING_KO = re.compile("(것|거|게|걸|건)(은|는|이|을|를|으로|로|에|일까|인가|이지|야)?")
_IS_WHAT_KO = re.compile("무엇[일이인입]|뭘까|뭐[야지예에니일죠였가]|뭔[가지데]")
_TOPIC_KO = re.compile(".+[은는이가]")
_NOTHING: frozenset[int] = frozenset()


class Asked(NamedTuple):
    """Numbers of the classes and of the relations that are asked for; None: any."""

    classes: frozenset[int] | None
    relations: frozenset[int] | None


class Asking(NamedTuple):
    """By what a question asks for these classes or relations.

    Attributes:
        words: folded.
        tails: the class of what may follow the last word in Korean; None for anything.
        name: of a class, which stands behind which or 무슨; else a question word.
    """

    words: tuple[str, ...]
    tails: int | None
    name: bool
    classes: frozenset[int]
    relations: frozenset[int]


class _Word(NamedTuple):
    text: str
    mentioned: bool


def asked_for(graph: CompiledGraph, question: str, mentions: Sequence[Mention]) -> Asked:
    """What the last sentence of a question asks for; ``mentions``: those of the whole question."""
    language = language_of(question)
    known = graph.asking.get(language, ())
    words = _words(question, mentions) if known else []
    related = [
        one for place, word in enumerate(words) if not word.mentioned and (one := _along_at(known, words, place))
    ]
    if related:
        return Asked(None, frozenset().union(*(one.relations for one in related)))
    if not any(_is_of_class(one) for one in known):
        return Asked(None, None)
    korean = language == "ko"
    first = next((at for at, word in enumerate(words) if _asks(word.text, korean) or _word_at(known, words, at)), None)
    if first is None:
        return Asked(None, None)
    return Asked((_korean if korean else _english)(known, words, first), None)


def entities_of(graph: CompiledGraph, asked: Asked) -> list[int] | None:
    """The entities of the classes that are asked for; None where any may be the answer."""
    return None if asked.classes is None else graph.entities_of(asked.classes)


def along(graph: CompiledGraph, found: Iterable[Route], asked: Asked) -> list[Route]:
    """The routes on which a path ends with a relation that is asked for, in either direction."""
    if asked.relations is None:
        return list(found)
    either = asked.relations | {graph.inverses[one] for one in asked.relations if one in graph.inverses}
    return [route for route in found if any(arm.steps[-1].relation in either for arm in route.arms)]


def _words(question: str, mentions: Sequence[Mention]) -> list[_Word]:
    folded, spans = fold(question), [(one.start, one.end) for one in mentions]
    sentences = (list(_WORD.finditer(folded, *one.span())) for one in _SENTENCE.finditer(question))
    found = ([one for one in sentences if one] or [[]])[-1][-_MOST_WORDS:]
    return [
        _Word(unicodedata.normalize("NFC", one[0]), any(first <= one.start() < past for first, past in spans))
        for one in found
    ]


def _asks(word: str, korean: bool) -> bool:
    if not korean:
        return word in _ASK_EN
    return word in _WHICH_KO or (word.startswith(_ASK_KO) and word != "언제나")


def _is_of_class(one: Asking) -> bool:
    return not one.name and not one.relations


def _along_at(known: Sequence[Asking], words: Sequence[_Word], place: int) -> Asking | None:
    return _longest((one for one in known if one.relations), words, place)


def _word_at(known: Sequence[Asking], words: Sequence[_Word], place: int) -> Asking | None:
    return _longest((one for one in known if _is_of_class(one)), words, place)


def _name_at(known: Sequence[Asking], words: Sequence[_Word], places: Sequence[int]) -> Asking | None:
    """The name of a class at the first of these places that has one."""
    names = [one for one in known if one.name]
    return next((one for place in places if (one := _longest(names, words, place))), None)


def _longest(among: Iterable[Asking], words: Sequence[_Word], place: int) -> Asking | None:
    fitting = (one for one in among if _fits(one, words, place))
    return max(fitting, key=lambda one: sum(map(len, one.words)), default=None)


def _fits(one: Asking, words: Sequence[_Word], place: int) -> bool:
    here = [word.text for word in words[place : place + len(one.words)]]
    last = one.words[-1]
    if len(here) < len(one.words) or here[:-1] != list(one.words[:-1]) or not here[-1].startswith(last):
        return False
    tail = here[-1][len(last) :]
    if last.isascii():
        return not tail
    return one.tails is None or tail in tails()[TAILS[one.tails]]


def _itself(known: Sequence[Asking], words: Sequence[_Word], place: int) -> frozenset[int] | None:
    """What the question word alone asks for: of those that the graph does not say, what asks for anything, and the others for nothing that it has."""
    said = _word_at(known, words, place)
    if said is not None:
        return said.classes
    return None if words[place].text.startswith(_WHAT) else _NOTHING


def _english(known: Sequence[Asking], words: Sequence[_Word], place: int) -> frozenset[int] | None:
    noun = place + 1
    if words[place].text not in _WHICH_EN or noun == len(words):
        return _itself(known, words, place)
    if words[noun].text not in _GOES_ON:  # which tool, which old tool, what color
        named = _name_at(known, words, (noun, noun + 1))
        return named.classes if named else _NOTHING
    if words[noun].text in _IS and noun + 2 < len(words) and words[noun + 1].text in _ITS:  # what is the ...
        noun += 2
        named = _name_at(known, words, (noun,))
        if not words[noun].mentioned and (named or noun + 1 == len(words) or words[noun + 1].text in _OF):
            return named.classes if named else _NOTHING
    return _itself(known, words, place)


def _korean(known: Sequence[Asking], words: Sequence[_Word], place: int) -> frozenset[int] | None:
    word, noun = words[place].text, place + 1
    if word in _WHICH_KO and noun < len(words):  # 무슨 도구로, 무슨 색일까
        named = _name_at(known, words, (noun, noun + 1))
        if named or not _THING_KO.fullmatch(words[noun].text):
            return named.classes if named else _NOTHING
    before = words[place - 1] if place else None
    if before and not before.mentioned and _IS_WHAT_KO.match(word) and _TOPIC_KO.fullmatch(before.text):
        named = _name_at(known, words, (place - 1,))  # 재료는 무엇일까, 이름은 무엇일까
        if named or not _THING_KO.fullmatch(before.text):
            return named.classes if named else _NOTHING
    return _itself(known, words, place)
