"""Training questions, made by rule from doings, purposes and tools that none of the 200 questions names.

``training.jsonl`` has one row for each tool: what was done with it, as a clause in both languages. A question puts a
purpose before or behind the clause, says who did it, and asks. All names come from the graph, so a label that is edited
there is edited here. In four of ten questions the one who did it is somebody whom the graph knows to use one of the
choices, not the right one more often than others: who does it must not tell with what.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from hodu.demo.hangul import final_of, future, with_particle
from hodu.demo.world.questions import GRAPH_FILE, LANGUAGES, NAMESPACE, Question, read_rows

Option = TypeVar("Option")
Row = Mapping[str, str]
Names = Mapping[tuple[str, str], str]

_LABEL = "http://www.w3.org/2004/02/skos/core#prefLabel"
_MOST = 10_000  # in each language there are some 15,000 ways to ask
_MOST_CHOICES = 32

_LEFT_OUT = ("",) * 6  # Korean sentences often begin with the purpose itself
_WHO_KO = (*_LEFT_OUT, "현우", "수진 씨", "이웃 사람", "제 친구", "옆자리 동료", "우리 이모")
_WHEN_KO = (*_LEFT_OUT, "어제 ", "오늘 아침 ", "지난 토요일에 ", "며칠 전 ")
_AIMS_KO = (
    "{when}{who}{willing} {did}다.",
    "{when}{who}{willing} {did}다.",
    "{when}{who}{stem}기 위해 {did}다.",
    "{when}{who}{future} 생각으로 {did}다.",
    "{when}{who}{intending}던 참이라 {did}다.",
    "{when}{who}{did}다. {stem}기 위해서였다.",
)
_ASKS_KO = {
    "로": ("무슨 도구로 {past}을까?", "무엇으로 {past}을까?", "어떤 도구로 {past}을까?", "무엇을 이용해 {past}을까?"),
    "를": ("무엇을 {past}을까?", "어떤 물건을 {past}을까?"),
    "에": ("무엇에 {past}을까?", "어떤 물건에 {past}을까?"),
}
_WHO_EN = (
    *(("Anna", "she"), ("Peter", "he"), ("my aunt", "she"), ("a friend of mine", "he")),
    *(("our neighbour", "she"), ("two colleagues", "they"), ("the twins", "they"), ("I", "I")),
)
_AIMS_EN = (
    "{who} {did} to {aim}.",
    "To {aim}, {who} {did}.",
    "In order to {aim}, {who} {did}.",
    "{who} wanted to {aim}, so {they} {did}.",
    "{who} had to {aim} and {did}.",
    "It was time to {aim}, so {who} {did}.",
    "{who} {did}. The idea was to {aim}.",
)
_ASKS_EN = ("What did {they} {ask}?", "So what did {they} {ask}?", "Guess: what did {they} {ask}?")


def training_questions(
    count: int, *, language: Literal["ko", "en"] | None = None, choices: int = 4, seed: int = 0
) -> list[Question]:
    """So many different questions, in one language or in both by turns, each with so many choices; every tool is asked for equally often.

    The same arguments give the same questions on every machine and Python version.

    Raises:
        ValueError: fewer than 0, more than there are ways to ask, a language other than Korean and English, or fewer than 2 or more than 32 choices.
    """
    if language not in (None, *LANGUAGES):
        raise ValueError(f"language {language!r} came; expected 'ko', 'en', or None for both by turns")
    if not 2 <= choices <= _MOST_CHOICES:
        raise ValueError(f"{choices} choices a question were asked for; expected 2 to {_MOST_CHOICES}")
    if not 0 <= count <= _MOST:
        raise ValueError(f"{count} training questions were asked for; expected 0 to {_MOST}: beyond, texts repeat")
    draw = _Draw(seed)
    languages = LANGUAGES if language is None else (language,)
    turns = _turns(draw)
    made: list[Question] = []
    seen: set[tuple[str, str]] = set()
    while len(made) < count:
        row, spoken = next(turns), languages[len(made) % len(languages)]
        tools = _tools(row, choices, draw)
        text, asked = _WRITERS[spoken](row, _user(tools, draw), draw)
        while (text, asked) in seen:
            text, asked = _WRITERS[spoken](row, _user(tools, draw), draw)
        seen.add((text, asked))
        made.append(_question(f"train-{seed}-{len(made) + 1:05d}", spoken, row, text, asked, tools))
    return made


class _Draw:
    """Draws by ``Random.random`` alone: the one method whose sequence Python promises to keep between versions."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"world {seed}")

    def one(self, options: Sequence[Option]) -> Option:
        return options[int(self._rng.random() * len(options))]

    def shuffled(self, options: Sequence[Option]) -> list[Option]:
        keyed = [(self._rng.random(), option) for option in options]
        return [option for _, option in sorted(keyed, key=lambda pair: pair[0])]


def _turns(draw: _Draw) -> Iterator[Row]:
    """All rows in a random order, each twice so that both languages come by; and again, without end."""
    while True:
        for row in draw.shuffled(_rows()):
            yield row
            yield row


@cache
def _rows() -> tuple[Row, ...]:
    return tuple(read_rows("training.jsonl"))


@cache
def _names() -> Names:
    """Preferred labels by short id and language."""
    return {(_short(subject), label.language): label.value for subject, label in _objects(_LABEL)}


@cache
def _uses() -> frozenset[tuple[str, str]]:
    """Which tool serves which purpose, whatever it does there."""
    return frozenset((_short(tool), _short(purpose)) for tool, purpose in _objects(f"{NAMESPACE}toolForPurpose"))


@cache
def _does() -> frozenset[tuple[str, str]]:
    """Which tool does what, whatever for."""
    return frozenset((_short(tool), _short(doing)) for tool, doing in _objects(f"{NAMESPACE}toolForDoing"))


@cache
def _around() -> Mapping[str, tuple[str, ...]]:
    """Purpose or doing → what is no tool and has a fact with it: a place, a person, a material, another purpose."""
    found: dict[str, set[str]] = defaultdict(set)
    for relation in ("doneAt", "actsOn", "purposeInvolves", "materialFor", "knowsHowTo"):
        for subject, value in _objects(f"{NAMESPACE}{relation}"):
            found[_short(subject)].add(_short(value))
            found[_short(value)].add(_short(subject))
    return {name: tuple(sorted(others)) for name, others in found.items()}


@cache
def _users() -> Mapping[str, tuple[str, ...]]:
    """Tool → who uses it."""
    found: dict[str, set[str]] = defaultdict(set)
    for tool, user in _objects(f"{NAMESPACE}usedBy"):
        found[_short(tool)].add(_short(user))
    return {tool: tuple(sorted(users)) for tool, users in found.items()}


def _objects(relation: str) -> list[tuple[Any, Any]]:
    """Subjects and objects of the graph's facts with this relation."""
    import pyoxigraph  # only who trains on the world needs the extra "knowledge"

    facts = pyoxigraph.parse(path=str(GRAPH_FILE), format=pyoxigraph.RdfFormat.TURTLE)
    return [(fact.subject, fact.object) for fact in facts if fact.predicate.value == relation]


def _short(node: Any) -> str:
    return str(node.value).removeprefix(NAMESPACE)


def _user(tools: Sequence[str], draw: _Draw) -> str:
    """Who uses one of these tools; in half of the cases, and where the graph knows nobody, empty."""
    users = _users().get(draw.one(tools), ())
    return draw.one(("", draw.one(users))) if users else ""


def _korean(row: Row, user: str, draw: _Draw) -> tuple[str, str]:
    stem = _names()[row["purpose"], "ko"].removesuffix("다")
    willing = f"{stem}려고" if final_of(stem) in ("", "ㄹ") else f"{stem}으려고"
    who = _names()[user, "ko"] if user else draw.one(_WHO_KO)
    text = draw.one(_AIMS_KO).format(
        when=draw.one(_WHEN_KO),
        who=f"{with_particle(who, '은')} " if who else "",
        willing=willing,
        intending=willing.removesuffix("고"),
        stem=stem,
        future=stem if final_of(stem) == "ㄹ" else future(stem),  # 덜 생각, 먹을 생각
        did=_shorter(row["did_ko"], draw),
    )
    return text, draw.one(_ASKS_KO[row["how_ko"]]).format(past=_verb(row["did_ko"]))


def _shorter(clause: str, draw: _Draw) -> str:
    """The clause whole, or only its last words: Korean leaves out what is known, and a reader that was trained with long sentences alone does not read short ones."""
    words = clause.split(" ")
    last = " ".join(words[draw.one(range(len(words))) :])
    return draw.one((clause, last, last))


def _verb(clause: str) -> str:
    """What the question repeats of a clause: its verb."""
    return clause.rsplit(" ", 1)[-1]


def _english(row: Row, user: str, draw: _Draw) -> tuple[str, str]:
    who, they = (f"the {_names()[user, 'en']}", draw.one(("she", "he", "they"))) if user else draw.one(_WHO_EN)
    text = draw.one(_AIMS_EN).format(who=who, they=they, did=row["did_en"], aim=_names()[row["purpose"], "en"])
    asked = draw.one(_ASKS_EN).format(they=they, ask=row["ask_en"])
    return text[:1].upper() + text[1:], asked


_WRITERS = {"ko": _korean, "en": _english}


def _tools(row: Row, count: int, draw: _Draw) -> list[str]:
    """The right one and wrong ones: half of all for the doing's other purposes, a quarter for the same purpose that do something else, as far as there are any, a fifth that are no tools (a purpose's place is no
    answer to what it is done with), and tools for other doings.
    """
    siblings = [other["tool"] for other in _rows() if other["doing"] == row["doing"] and other["tool"] != row["tool"]]
    strangers = [
        other["tool"]
        for other in _rows()
        if other["doing"] != row["doing"] and (other["tool"], row["purpose"]) not in _uses()
    ]
    does = {tool for tool, doing in _does() if doing == row["doing"]}
    helpers = sorted({tool for tool, purpose in _uses() if purpose == row["purpose"]} - does)
    asked = {row["doing"], row["purpose"]}
    others = sorted({one for end in asked for one in _around().get(end, ())} - asked)
    wrong = [
        *draw.shuffled(siblings)[: count // 2],
        *draw.shuffled(helpers)[: count // 4],
        *draw.shuffled(others)[: count // 5],
        *draw.shuffled(strangers),
    ]
    different = list(dict.fromkeys(wrong))
    return draw.shuffled([row["tool"], *different[: count - 1]])


def _question(
    id: str, language: Literal["ko", "en"], row: Row, text: str, asked: str, tools: Sequence[str]
) -> Question:
    names = _names()
    doing, purpose, tool = (NAMESPACE + row[key] for key in ("doing", "purpose", "tool"))
    return Question(
        id=id,
        language=language,
        text=text,
        question=asked,
        choices=[names[one, language] for one in tools],
        answer=names[row["tool"], language],
        doing=doing,
        purpose=purpose,
        gold=[[tool, f"{NAMESPACE}toolForDoing", doing], [tool, f"{NAMESPACE}toolForPurpose", purpose]],
    )
