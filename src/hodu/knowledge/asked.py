"""What a question asks for: things of which classes, or along which relations. The graph says by which words it is asked (``hodu:questionWord``): for persons by who and 누구, for what a thing is made of by "made of".

A graph whose classes have such words in the question's language has nothing of what is clearly asked for and has no name in it: "what color", "how much", 무슨 색, 얼마. Where a question can be read in two ways, anything may be the answer: the model chooses as it would in a graph without such words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hodu.knowledge.endings import TAILS, tails
from hodu.knowledge.hangul import words as listed
from hodu.knowledge.surfaces import fold
from hodu.knowledge.vocabulary import language_of

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention
    from hodu.knowledge.routes import Route

_MOST_SENTENCES, _MOST_WORDS = 20, 100  # a question has fewer
_END = re.compile(r"[?!。？！\n]|\.(?![^ \n\t])")
_WORD = re.compile("[^ ]+")  # of folded text

_ASK_EN = listed("who whom whose where when why how what which")
_WHICH_EN = listed("what which")
_WHEN_EN = listed("where when why")  # also begin clauses: when they dug, ...
_AUXILIARY = listed(
    "do does did is are was were s be been has have had can could will would shall should may might must"
)
# Behind what: no noun that says of what kind, but the question goes on.
_GOES_ON = _AUXILIARY + listed(
    "am re d ll ve m don doesn didn isn aren wasn weren hasn haven hadn couldn won wouldn shouldn mustn not never t to of on in with for about at by under from besides instead if or then "
    "else exactly next most all both each ones one i you he she it we they people somebody someone everyone the a an this that these those my your his her our their"
)
_OWN = listed("my your his her its our their")
_ITS = _OWN + listed("the a an")
_KIND_OF = listed("kind kinds type types sort sorts name piece")  # of tool: tools, too

_ASK_KO = listed("누구 누가 누굴 어디 언제 왜 어떻게 어땠 얼마 며칠 무엇 무얼 뭐 뭘 뭔")
_SOME_KO = listed(
    "누군가 누구나 누구든 어디까지나 어디선가 어딘가 어디든 언제나 언젠가 왜냐 어떻게든 얼마든 무언가 무엇이든 뭔가 뭐라도 뭐든"
)
_WHICH_KO = listed("무슨 어떤 어느 뭔")
_NEVER_KNOWN = listed("언제 어땠 얼마 며칠")
_IS_WHAT_KO = re.compile("무엇(일|이었|이에|이야|이지|인가|인지|입)|뭘까|뭐(야|지|예|니|죠|였)|뭔(가|지|데)")
_TOPIC_KO = re.compile("(.+)[은는이가]")
_LIKE_A_VERB = listed("은 는 한 운 린 된 의 고")  # the end of what describes the next noun
_WITH_KO = listed("으로 로")
_THING_KO = listed("것 거 게 걸 건 쪽")


class Asked(NamedTuple):
    """Numbers of the classes and of the relations that are asked for; None: any."""

    classes: frozenset[int] | None
    relations: frozenset[int] | None

    @property
    def anything(self) -> bool:
        """Whether any entity may be the answer."""
        return self.classes is None and self.relations is None


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


_ANYTHING = Asked(None, None)
_NOTHING = Asked(frozenset(), None)


def asked_for(graph: CompiledGraph, question: str, mentions: Sequence[Mention]) -> Asked:
    """What a question asks for, by its last sentence with a question mark, or with a question word; ``mentions``: those of the whole question."""
    language = language_of(question)
    known = graph.asking.get(language, ())
    if not known:
        return _ANYTHING
    korean = language == "ko"
    for words in _sentences(question, mentions):
        finder = _Finder(known, words)
        places = [place for place, word in enumerate(words) if not word.mentioned and _asks(finder, place, korean)]
        if places:
            return _korean(finder, places[-1]) if korean else _english(finder, _deciding(finder, places))
    return _ANYTHING


def entities_of(graph: CompiledGraph, asked: Asked) -> list[int] | None:
    """The entities of the classes that are asked for; None where any may be the answer."""
    return None if asked.classes is None else graph.entities_of(asked.classes)


def along(graph: CompiledGraph, found: Iterable[Route], asked: Asked) -> list[Route]:
    """The routes that lead to what is asked for: along a relation that is asked for, in either direction, and where mentions do not meet in one step, since of what is further away nobody asked."""
    if asked.anything:
        return list(found)
    near = [route for route in found if len(route.arms) > 1 or len(route.arms[0].steps) == 1]
    if asked.relations is None:
        return near
    either = asked.relations | {graph.inverses[one] for one in asked.relations if one in graph.inverses}
    return [route for route in near if any(arm.steps[-1].relation in either for arm in route.arms)]


def _sentences(question: str, mentions: Sequence[Mention]) -> Iterator[list[_Word]]:
    """The words of each sentence: those with a question mark before others, and the last before those before it."""
    found, start = [], 0
    for end, mark in [*((one.start(), one[0]) for one in _END.finditer(question)), (len(question), "")]:
        before = question[max(start, end - 4) : end].rsplit(" ", 1)[-1]
        if mark == "." and len(before) < 4 and "A" <= before[:1] <= "Z":
            continue  # Dr. Smith: the sentence goes on
        found.append((mark not in ("?", "？"), start, end))
        start = end + 1
    folded = fold(question)
    for _, start, end in sorted(reversed(found), key=lambda one: one[0])[:_MOST_SENTENCES]:
        words = list(_WORD.finditer(folded, start, end))[-_MOST_WORDS:]
        near = [one for one in mentions if words and words[0].start() < one.end]
        yield [
            _Word(unicodedata.normalize("NFC", word[0]), any(one.start <= word.start() < one.end for one in near))
            for word in words
        ]


def _asks(finder: _Finder, place: int, korean: bool) -> bool:
    word = finder.words[place].text
    if korean:
        some = word.startswith(_SOME_KO)
        return not some and (word in _WHICH_KO or word == "몇" or word.startswith(_ASK_KO) or bool(finder.word(place)))
    if word in _WHEN_EN:  # a question has its verb at once; other clauses have not
        behind = [one.text for one in finder.words[place + 1 : place + 3]]
        return not behind or any(one in _AUXILIARY for one in behind)
    return word in _ASK_EN or bool(finder.word(place))


class _Finder:
    """The longest known words that begin at a place of a sentence."""

    def __init__(self, known: Sequence[Asking], words: Sequence[_Word]) -> None:
        self.words = words
        self._along = [one for one in known if one.relations]
        self._names = [one for one in known if one.name]
        self._words = [one for one in known if not one.name and one.classes]

    @property
    def closed(self) -> bool:
        """Whether classes have question words, so that what has none is not there."""
        return bool(self._words)

    def word(self, place: int) -> Asking | None:
        """A class's question word."""
        return self._longest(self._words, place)

    def name(self, place: int) -> Asking | None:
        """A class's name."""
        return self._longest(self._names, place)

    def along(self, place: int) -> Asking | None:
        """A relation's question word."""
        return self._longest(self._along, place)

    def _longest(self, among: Iterable[Asking], place: int) -> Asking | None:
        fitting = (one for one in among if self._fits(one, place))
        return max(fitting, key=lambda one: sum(map(len, one.words)), default=None)

    def _fits(self, one: Asking, place: int) -> bool:
        here = [word.text for word in self.words[place : place + len(one.words)]]
        last = one.words[-1]
        if len(here) < len(one.words) or here[:-1] != list(one.words[:-1]) or not here[-1].startswith(last):
            return False
        tail = here[-1][len(last) :]
        if last.isascii():
            return not tail
        return one.tails is None or tail in tails()[TAILS[one.tails]]

    def nothing(self) -> Asked:
        """What has no name in a graph that says how it is asked."""
        return _NOTHING if self.closed else _ANYTHING

    def itself(self, place: int) -> Asked:
        """What a question word alone asks for."""
        said = self.word(place)
        return Asked(said.classes, None) if said else _ANYTHING


def _deciding(finder: _Finder, places: Sequence[int]) -> int:
    """Of several question words the last what or which with a verb or a class behind it; else the first."""
    for place in reversed(places[1:]):
        if finder.words[place].text in _WHICH_EN:
            behind = finder.words[place + 1 : place + 2]
            if (behind and behind[0].text in _AUXILIARY) or finder.name(place + 1):
                return place
    return places[0]


def _english(finder: _Finder, place: int) -> Asked:
    words = finder.words
    word, behind = words[place].text, [one.text for one in words[place + 1 : place + 5]]
    around = range(max(place - 3, 0), place + 1)  # in what year, as one question word
    said = next((one for at in around if (one := finder.along(at)) and at + len(one.words) > place), None)
    if said is None and word in _WHICH_EN and behind and behind[0] not in _GOES_ON:
        return _of_kind(finder, place + 1)
    said = said or _related(finder, place)
    if said is not None:
        return Asked(None, said.relations)
    if word in _WHICH_EN and len(behind) > 1 and behind[0] in _AUXILIARY and behind[1] in _ITS:
        return _is_the(finder, place)
    if finder.word(place) is None and (word == "when" or (word == "how" and behind and behind[0] not in _GOES_ON)):
        return finder.nothing()  # how much, how heavy; but how did they dig
    return finder.itself(place)


def _related(finder: _Finder, place: int) -> Asking | None:
    """A relation's words behind the question word and its verb, or at the end: what is made of steel, what is steel made of."""
    last = len(finder.words)
    for at in range(place + 1, last):
        said = None if finder.words[at].mentioned else finder.along(at)
        if said and (at + len(said.words) == last or finder.words[at - 1].text in _AUXILIARY):
            return said
    return None


def _of_kind(finder: _Finder, noun: int) -> Asked:
    """Which tool, which small old tool, what kind of tool; what color."""
    words, at = finder.words, noun
    while at < min(noun + 4, len(words)) and words[at].text not in _AUXILIARY:
        named = finder.name(at)
        if named:
            return _with_what_it_is_of(finder, at, named)
        at += 1
    if words[noun].mentioned or any(one.text in _GOES_ON or one.text.endswith("ly") for one in words[noun:at]):
        asked_of = words[noun + 1].text == "of" if noun + 1 < len(words) else False  # which brand of drill
        return finder.nothing() if asked_of and not words[noun].mentioned else finder.itself(noun - 1)
    ended = at == len(words) and at == noun + 1  # what color?
    return finder.nothing() if ended or (at < len(words) and words[at].text in _AUXILIARY) else finder.itself(noun - 1)


def _with_what_it_is_of(finder: _Finder, at: int, named: Asking) -> Asked:
    """Of a kind of tool: the kinds, and the tools."""
    words = finder.words
    if words[at].text not in _KIND_OF or at + 2 >= len(words) or words[at + 1].text != "of":
        return Asked(named.classes, None)
    inner = None if words[at + 2].text in ("thing", "things") else finder.name(at + 2)
    return Asked(named.classes | (inner.classes if inner else frozenset()), None)


def _is_the(finder: _Finder, place: int) -> Asked:
    """What is the tool, what is the name of the tool; what is the price of it, what was the weather like, what was her name."""
    words, noun = finder.words, place + 3
    if noun >= len(words) or words[noun].mentioned:
        return finder.itself(place)
    named = finder.name(noun)
    if named:
        return _with_what_it_is_of(finder, noun, named)
    behind = words[noun + 1].text if noun + 1 < len(words) else ""
    if behind == "of" and words[noun].text in _KIND_OF:
        inner = next((one for at in (noun + 2, noun + 3) if at < len(words) and (one := finder.name(at))), None)
        return Asked(inner.classes, None) if inner else finder.itself(place)
    own = not behind and words[noun - 1].text in _OWN
    return finder.nothing() if own or behind in ("of", "like") else finder.itself(place)


def _korean(finder: _Finder, place: int) -> Asked:
    words, word = finder.words, finder.words[place].text
    related = finder.along(place)
    if related is not None:
        return Asked(None, related.relations)
    said = finder.word(place)
    if said is None and (word.startswith(_NEVER_KNOWN) or word == "몇"):
        return finder.nothing()
    if word in _WHICH_KO and place + 1 < len(words):  # 무슨 도구로, 어떤 작은 도구로; 무슨 색일까
        return _which(finder, place)
    before = words[place - 1] if place else None
    topic = _TOPIC_KO.fullmatch(before.text) if before and _IS_WHAT_KO.match(word) else None
    if before and topic and not before.mentioned:  # 재료는 무엇일까; 기중기의 무게는 뭘까, 그 사람의 이름은 뭘까
        named, owner = finder.name(place - 1), words[place - 2].text if place > 1 else ""
        if named:
            return Asked(named.classes, None)
        if owner.endswith("의"):
            inner = finder.name(place - 2)
            return Asked(inner.classes, None) if inner else finder.nothing()
    return finder.itself(place)


def _which(finder: _Finder, place: int) -> Asked:
    words, at = finder.words, place + 1
    while at < min(place + 4, len(words)):
        named = finder.name(at)
        if named:
            return Asked(named.classes, None)
        if not words[at].text.endswith(_LIKE_A_VERB):
            break
        at += 1
    noun = words[min(at, len(words) - 1)]
    if noun.text.startswith(_THING_KO) or noun.mentioned or noun.text.endswith(_WITH_KO) or words[place].text == "어떤":
        return finder.itself(place)  # 어떤 것, 무슨 수로
    return finder.nothing()
