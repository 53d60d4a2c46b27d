"""What stands beside a text: the facts that a compiled graph has about what the text mentions, as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from hodu.knowledge.link import Mention, link
from hodu.knowledge.select import Fact, select
from hodu.knowledge.verbalise import verbalise

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph


class Read(NamedTuple):
    """An example with facts beside it.

    Attributes:
        texts: as they came; with slots, a number before each mention.
        facts: sentences, best first; with slots, the same numbers before the same things.
        chosen: the facts themselves.
        mentions: those of all texts, one text after another.
        anchors: for each fact the mention of its subject or object: which text, and the characters there, of the texts as they came; None of a fact between other things.
    """

    texts: tuple[str, ...]
    facts: tuple[str, ...]
    chosen: tuple[Fact, ...]
    mentions: tuple[Mention, ...]
    anchors: tuple[tuple[int, int, int] | None, ...]


class GraphReader:
    """Looks facts up for the texts of an example (a sentence, a pair, a question with a choice) in one graph.

    Args:
        limit: facts at most.
        hops: edges from a mention at most.
        slots: number what is mentioned, in the texts and in the facts, so that a model sees what is the same thing whatever it is called. Numbers are pieces of every vocabulary.
        relation: the relation that is asked for, if that is known; its facts come first.
        names: entity → the entity by whose name it goes, in facts and where a text is nothing but its name: a graph redrawn, so that no weight can hold who is used for what.
    """

    def __init__(
        self,
        graph: CompiledGraph,
        *,
        limit: int = 16,
        hops: int = 2,
        slots: bool = False,
        relation: str | None = None,
        names: Mapping[int, int] | None = None,
    ) -> None:
        self.graph, self.slots, self.names = graph, slots, names or {}
        self._limit, self._hops, self._relation = limit, hops, relation

    def __call__(self, texts: Sequence[str]) -> Read:
        """The facts that matter for these texts together, in the language of the first."""
        linked = [link(self.graph, text) for text in texts]
        mentions = tuple(mention for some in linked for mention in some)
        chosen = tuple(select(self.graph, mentions, relation=self._relation, hops=self._hops, limit=self._limit))
        numbers = _numbered(mentions) if self.slots and chosen else {}
        language = language_of(texts[0])
        read = tuple(self._read(*one, language, numbers) for one in zip(texts, linked, strict=True))
        said = tuple(self._said(fact, language, numbers) for fact in chosen)
        return Read(read, said, chosen, mentions, tuple(_anchor(fact, linked) for fact in chosen))

    def _said(self, fact: Fact, language: str, numbers: dict[int, int]) -> str:
        subject, object = (self._called(end, language, numbers) for end in (fact.subject, fact.object))
        return verbalise(self.graph.relations[fact.relation], subject, object, language)

    def _called(self, entity: int, language: str, numbers: Mapping[int, int]) -> str:
        label = self.graph.label(self.names.get(entity, entity), language)
        return f"{numbers[entity]} {label}" if entity in numbers else label

    def _read(self, text: str, mentions: Sequence[Mention], language: str, numbers: Mapping[int, int]) -> str:
        if (entity := self.named(text, mentions)) in self.names:
            return self._called(entity, language, numbers)
        return _marked(text, mentions, numbers) if numbers else text

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

    def named(self, text: str, mentions: Sequence[Mention] | None = None) -> int:
        """The entity of which a text is nothing but the name; -1 for other texts."""
        mentions = link(self.graph, text) if mentions is None else mentions
        whole = len(mentions) == 1 and mentions[0].surface == text.strip()
        return mentions[0].candidates[0].entity if whole else -1

    def all_named(self, texts: Iterable[str]) -> list[int]:
        """The entities of which one of these texts is nothing but the name."""
        return sorted({self.named(text) for text in set(texts)} - {-1})

    def redrawn(self, entities: Sequence[int], rng: Random) -> GraphReader:
        """A reader of the same graph in which these entities have changed their names among themselves."""
        names = dict(zip(entities, rng.sample(entities, len(entities)), strict=True))
        return GraphReader(
            self.graph, limit=self._limit, hops=self._hops, slots=self.slots, relation=self._relation, names=names
        )


def _anchor(fact: Fact, linked: Sequence[Sequence[Mention]]) -> tuple[int, int, int] | None:
    ends = {fact.subject, fact.object}
    for place, mentions in enumerate(linked):
        for mention in mentions:
            if not ends.isdisjoint(one.entity for one in mention.candidates):
                return place, mention.start, mention.end
    return None


def language_of(text: str) -> str:
    """Korean where a text has Hangul, else English."""
    return "ko" if any("가" <= character <= "힣" for character in text) else "en"


def _numbered(mentions: Sequence[Mention]) -> dict[int, int]:
    """Entity → number: of each mention all candidates have one, and what is mentioned again keeps its own."""
    numbers: dict[int, int] = {}
    for mention in mentions:
        known = [numbers[one.entity] for one in mention.candidates if one.entity in numbers]
        number = known[0] if known else len(set(numbers.values())) + 1
        for one in mention.candidates:
            numbers.setdefault(one.entity, number)
    return numbers


def _marked(text: str, mentions: Sequence[Mention], numbers: Mapping[int, int]) -> str:
    said, last = "", 0
    for mention in mentions:
        said += f"{text[last : mention.start]}{numbers[mention.candidates[0].entity]} "
        last = mention.start
    return said + text[last:]
