"""What stands beside a text: the facts that a compiled graph has about what the text mentions, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from hodu.knowledge.link import Mention, link
from hodu.knowledge.select import Fact, select
from hodu.knowledge.verbalise import verbalise
from hodu.knowledge.vocabulary import language_of

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph

LIMIT, HOPS = 16, 2
"""Facts beside a text at most, and edges from a mention at most."""


_AS_IT_IS: Mapping[int, str] = {}
_UNHEARD = "□"  # in hardly any vocabulary
_UNSAID = 1 / 8


class Read(NamedTuple):
    """An example with facts beside it.

    Attributes:
        texts: as they came; with slots, a number before each mention.
        facts: sentences, best first; with slots, the same numbers before the same things.
        chosen: the facts themselves.
        mentions: those of all texts, one text after another.
        anchors: for each fact the mention of its subject or object: which text, and the characters there, of the texts as they came; None of a fact between other things.
        others: distractors, as sentences.
    """

    texts: tuple[str, ...]
    facts: tuple[str, ...]
    chosen: tuple[Fact, ...]
    mentions: tuple[Mention, ...]
    anchors: tuple[tuple[int, int, int] | None, ...]
    others: tuple[str, ...] = ()


class GraphReader:
    """Looks facts up for the texts of an example (a sentence, a pair, a question with a choice) in one graph.

    Args:
        limit: facts at most.
        hops: edges from a mention at most.
        slots: number what is mentioned, in the texts and in the facts, so that a model sees what is the same thing whatever it is called; what a choice names, if the question does not, is 0. Numbers are pieces of every vocabulary.
        distractors: tell up to so many facts about anything else too, as many as dice say: for training, so that a model does not take all that it is told for what was asked.
    """

    def __init__(
        self,
        graph: CompiledGraph,
        *,
        limit: int = LIMIT,
        hops: int = HOPS,
        slots: bool = False,
        distractors: int = 0,
    ) -> None:
        self.graph, self.slots = graph, slots
        self._limit, self._hops = limit, hops
        self._distractors, self._dice = distractors, Random("distractors")

    def __call__(self, texts: Sequence[str], choice: str | None = None) -> Read:
        """The facts that matter for these texts together, in the language of the first; with a choice, which is read as one text more, those in which it has a part first."""
        together = texts if choice is None else (*texts, choice)
        linked = [link(self.graph, text) for text in together]
        return self._read(together, linked, self._chosen(linked, last_is_choice=choice is not None), {})

    def redrawn(self, texts: Sequence[str], choices: Sequence[str], rng: Random) -> tuple[list[Read], list[int]]:
        """These texts with each of the choices, in a graph in which what the question mentions is related to other choices than in truth: the edges between both have been dealt anew.

        With slots, what is numbered is called by another name in all facts, and by yet another in half of the texts: one of the graph, one invented, or one that a vocabulary made from the graph
        does not even have. So it is known by its number: names in tests are new ones.

        All other facts about choices are dealt anew too, by another deal: if they stayed, the right choice would be told by their missing. What is right follows from the edges alone, so no
        weight can hold it. In one of eight nothing is said between any choice and one of the things that the question mentions: often the answer can only be guessed then, among those that the other
        things leave, and a model that is sure of it is sure of many wrong ones.

        Returns:
            What is read with each choice; and for each choice the place of the one whose edges it was dealt.
        """
        asked = [link(self.graph, text) for text in texts]
        meant = {one.entity for some in asked for mention in some for one in mention.candidates}
        each = [[*asked, link(self.graph, choice)] for choice in choices]
        named = [some[-1][0].candidates[0].entity if some[-1] else -1 for some in each]
        places = range(len(choices))
        if len(set(named) - {-1}) < len(
            choices
        ):  # a choice that the graph does not know, or two of one name: nothing can be dealt
            return [self(texts, choice) for choice in choices], list(places)
        order, rest = rng.sample(places, len(choices)), rng.sample(places, len(choices))
        dealt, others = ({named[source]: named[place] for place, source in enumerate(one)} for one in (order, rest))
        chosen = [self._chosen(linked, last_is_choice=True) for linked in each]

        def direct(fact: Fact, entity: int) -> bool:
            ends = {fact.subject, fact.object}
            return entity in ends and not meant.isdisjoint(ends - {entity})

        if rng.random() < _UNSAID:
            chosen = _with_something_unsaid(chosen, set(named), meant, rng)

        language, numbered = language_of(texts[0]), sorted(meant | set(named)) if self.slots else []
        called = {entity: self._other_name(language, rng) for entity in numbered}
        written = {entity: self._other_name(language, rng) for entity in numbered if rng.random() < 0.5}
        reads = []
        for place in places:
            edge, more = order[place], rest[place]
            mine = [fact for fact in chosen[edge] if direct(fact, named[edge])]
            kept = [fact for fact in chosen[more] if not direct(fact, named[more]) and not direct(fact, named[edge])]
            facts = (mine + kept)[: self._limit]
            names = {fact: dealt if any(direct(fact, entity) for entity in named) else others for fact in facts}
            reads.append(self._read((*texts, choices[place]), each[place], facts, names, called, written))
        return reads, order

    def _chosen(self, linked: Sequence[Sequence[Mention]], *, last_is_choice: bool) -> list[Fact]:
        mentions = [mention for some in linked for mention in some]
        choice = len(mentions) - len(linked[-1]) if last_is_choice else 0
        return select(self.graph, mentions, hops=self._hops, limit=self._limit, choice=choice)

    def _read(
        self,
        texts: Sequence[str],
        linked: Sequence[Sequence[Mention]],
        chosen: Sequence[Fact],
        names: Mapping[Fact, Mapping[int, int]],
        called: Mapping[int, str] = _AS_IT_IS,
        written: Mapping[int, str] = _AS_IT_IS,
    ) -> Read:
        """What is read; ``names``: of some facts, by whose name an entity goes there; ``called``: other names in all facts of what is numbered, ``written``: in the texts."""
        mentions = tuple(mention for some in linked for mention in some)
        numbers = _numbered(linked) if self.slots and chosen else {}
        language = language_of(texts[0])
        read = tuple(_marked(*one, numbers, written) if numbers else one[0] for one in zip(texts, linked, strict=True))
        said = tuple(self._said(fact, language, numbers, names.get(fact, {}), called) for fact in chosen)
        others = tuple(self._said(fact, language, {}, {}) for fact in self._others() if chosen)
        return Read(read, said, tuple(chosen), mentions, tuple(_anchor(fact, linked) for fact in chosen), others)

    def _others(self) -> Iterator[Fact]:
        """Facts drawn from the whole graph, entity by entity: its hubs would tell most of them otherwise."""
        for _ in range(self._dice.randrange(self._distractors + 1)):
            subject = self._dice.randrange(len(self.graph))
            edges = self.graph.outgoing(subject)
            if len(edges.other):
                one = self._dice.randrange(len(edges.other))
                yield Fact(subject, int(edges.relation[one]), int(edges.other[one]), 1.0, "distractor")

    def _said(
        self,
        fact: Fact,
        language: str,
        numbers: Mapping[int, int],
        names: Mapping[int, int],
        called: Mapping[int, str] = _AS_IT_IS,
    ) -> str:
        ends = (names.get(end, end) for end in (fact.subject, fact.object))
        subject, object = (
            f"{numbers[end]} {called.get(end) or self.graph.label(end, language)}"
            if end in numbers
            else self.graph.label(end, language)
            for end in ends
        )
        return verbalise(self.graph.relations[fact.relation], subject, object, language)

    def _other_name(self, language: str, rng: Random) -> str:
        """Another entity's name in half of the cases; else its letters in another order, or what no text has."""
        name = self.graph.label(rng.randrange(len(self.graph)), language)
        kind = rng.random()
        if kind < 0.5:
            return name
        return _UNHEARD if kind < 0.6 else " ".join("".join(rng.sample(name, len(name))).split())

    def mentions(self, texts: Sequence[str]) -> list[Mention]:
        """What the texts mention, one text after another."""
        return [mention for text in texts for mention in link(self.graph, text)]

    def language(self, text: str) -> str:
        """The language in which facts about a text are said."""
        return language_of(text)

    def entity(self, text: str) -> int | None:
        """The entity that a short text names, or mentions first; None where the graph knows none."""
        found = link(self.graph, text)
        return found[0].candidates[0].entity if found else None


def _with_something_unsaid(
    chosen: Sequence[Sequence[Fact]], named: set[int], meant: set[int], rng: Random
) -> list[list[Fact]]:
    """All that is said between the choices and one of the things that the question mentions, left out beside every choice."""

    def between(fact: Fact) -> set[int]:
        ends = ((fact.subject, fact.object), (fact.object, fact.subject))
        return {other for one, other in ends if one in named and other in meant and one != other}

    about = sorted({one for facts in chosen for fact in facts for one in between(fact)})
    if not about:
        return [list(facts) for facts in chosen]
    unsaid = about[rng.randrange(len(about))]
    return [[fact for fact in facts if unsaid not in between(fact)] for facts in chosen]


def _anchor(fact: Fact, linked: Sequence[Sequence[Mention]]) -> tuple[int, int, int] | None:
    ends = {fact.subject, fact.object}
    for place, mentions in enumerate(linked):
        for mention in mentions:
            if not ends.isdisjoint(one.entity for one in mention.candidates):
                return place, mention.start, mention.end
    return None


def _numbered(linked: Sequence[Sequence[Mention]]) -> dict[int, int]:
    """Entity → number, from 1: of each mention all candidates have one, and what is mentioned again keeps its own. What is first new in the last text of several, such as a choice, is 0, so that facts about it look alike whatever the question mentions."""
    numbers: dict[int, int] = {}
    for place, mentions in enumerate(linked):
        for mention in mentions:
            known = [numbers[one.entity] for one in mention.candidates if one.entity in numbers]
            used = set(numbers.values())
            new = 0 if place and place == len(linked) - 1 and 0 not in used else len(used - {0}) + 1
            for one in mention.candidates:
                numbers.setdefault(one.entity, known[0] if known else new)
    return numbers


def _marked(text: str, mentions: Sequence[Mention], numbers: Mapping[int, int], written: Mapping[int, str]) -> str:
    said, last = "", 0
    for mention in mentions:
        entity = mention.candidates[0].entity
        said += f"{text[last : mention.start]}{numbers[entity]} {written.get(entity, mention.surface)}"
        last = mention.end
    return said + text[last:]
