"""A question, a graph and a small model: the graph says what may be the answer and why, the model says which."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from datasets import Dataset

from hodu.data import beside
from hodu.errors import DataError, ModelError
from hodu.measuring.choices import answered
from hodu.models.beside import budget_of, reader_of
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, load_model
from hodu.types import FactSettings

if TYPE_CHECKING:
    from rich.tree import Tree

    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention
    from hodu.knowledge.reader import GraphReader
    from hodu.knowledge.routes import Route
    from hodu.knowledge.select import Fact

HOPS = 3
MOST_CANDIDATES, RIVALS = 32, 6
"""Candidates at most; and of those to which one of their paths leads alone, which the model must find worse."""
SURE = 2.0
"""How many times as likely as the others are on average an answer must be: several may be right, but where nothing tells, all are alike."""
LEAST = 0.4
"""And how likely: two that are both right share what there is; three or four alike, among others that are out of the question, are a guess."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer.

    Attributes:
        entity: its number in the graph; None of a choice that the graph does not know.
        chance: the model's probability.
        support: from how many of the things that the question mentions a path of facts leads to it.
    """

    text: str
    entity: int | None
    chance: float
    support: int


@dataclass(frozen=True)
class Answer:
    """What was answered, and why.

    Attributes:
        answer: None for "I don't know".
        candidates: best first.
        facts: the paths from what the question mentions to the answer.
        seconds: by part: ``link``, ``routes``, ``model``.
    """

    question: str
    answer: str | None
    candidates: tuple[Candidate, ...]
    facts: tuple[Fact, ...]
    mentions: tuple[Mention, ...]
    language: str
    graph: CompiledGraph
    seconds: dict[str, float]

    @property
    def entity(self) -> int | None:
        """The answer's number in the graph."""
        return self.candidates[0].entity if self.answer is not None else None

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The facts as sentences."""
        said = (self.graph.verbalise(fact.subject, fact.relation, fact.object, self.language) for fact in self.facts)
        return tuple(dict.fromkeys(said))

    def tree(self) -> Tree:
        """The reason for a terminal."""
        from hodu.knowledge.explain import reason_tree

        return reason_tree(self.graph, self.mentions, self.question, self.facts, self.entity, self.language)

    def svg(self) -> str:
        """The reason as a picture."""
        from hodu.knowledge.explain import reason_svg

        return reason_svg(self.graph, self.mentions, self.question, self.facts, self.entity, self.language)

    def page(self) -> str:
        """The reason as a page that stands alone."""
        from hodu.knowledge.explain import reason_page

        return reason_page(self.graph, self.mentions, self.question, self.facts, self.entity, self.language)


def ask(
    model: str | Path | Loaded,
    graph: str | Path | CompiledGraph,
    question: str,
    *,
    choices: Sequence[str] | None = None,
) -> Answer:
    """Answer a question from a graph.

    What the question mentions is linked; candidates are the choices, or without them the entities at which paths from two or more mentions meet, none longer than the longest to where the most meet; the model
    reads each beside the question with the facts about both. What it likes best is the answer if paths from two mentions lead to it (or from one, where none meet) and it is found twice as likely as the others on average, and with a probability of 0.4 or more, and else
    nobody knows: a candidate that no path of facts leads to is never the answer.

    Args:
        model: one of multiple choice that was trained to read facts (``hodu train --task multiple-choice --graph``), or a student of one.
        graph: a compiled one, or any that :func:`hodu.knowledge.opening.open_compiled` takes.

    Raises:
        DataError: the question is empty, or fewer than two choices are given.
        ModelError: another model.
        GraphError: there is no such graph.
    """
    choices = _checked(question, choices)
    loaded = model if isinstance(model, Loaded) else load_model(model)
    settings = _settings_of(loaded)
    reader = reader_of(graph, settings)
    marks = [time.perf_counter()]
    mentions = reader.mentions((question,))
    marks.append(time.perf_counter())
    texts, entities, reached = _candidates(reader, mentions, question, choices)
    marks.append(time.perf_counter())
    chances = _chances(loaded, settings, reader, question, texts)
    marks.append(time.perf_counter())
    found = [
        Candidate(text, entity, float(chance), len(reached[entity].arms) if entity in reached else 0)
        for text, entity, chance in zip(texts, entities, chances, strict=True)
    ]
    found.sort(key=lambda one: -one.chance)
    best = found[0] if found and _is_sure(found) else None
    return Answer(
        question=question,
        answer=best.text if best else None,
        candidates=tuple(found),
        facts=_reason(reader, reached, best),
        mentions=tuple(mentions),
        language=reader.language(question),
        graph=reader.graph,
        seconds=dict(zip(("link", "routes", "model"), np.diff(marks).tolist(), strict=True)),
    )


def _checked(question: str, choices: Sequence[str] | None) -> list[str]:
    """The choices, each once."""
    if isinstance(choices, str) or not all(isinstance(one, str) and one.strip() for one in choices or ()):
        raise DataError(f"choices are a list of texts that are not empty; came {choices!r:.100}")
    given = list(dict.fromkeys(choices or ()))
    if not question.strip() or len(given) == 1:
        raise DataError(
            "a question is a text, and choices are two or more different ones; came "
            + (f"only the choice {given[0]!r}" if given else "an empty question")
        )
    if any("\ud800" <= letter <= "\udfff" for text in (question, *given) for letter in text):
        raise DataError(
            f"the question or a choice has half a character (a lone surrogate): {question!r:.100}; expected Unicode text"
        )
    return given


def _is_sure(candidates: Sequence[Candidate]) -> bool:
    best = candidates[0]  # another name of the same thing is no rival
    others = [one.chance for one in candidates[1:] if one.entity is None or one.entity != best.entity]
    most = max(one.support for one in candidates)
    likely = best.chance >= LEAST and (not others or best.chance * len(others) >= SURE * sum(others))
    return 0 < min(most, 2) <= best.support and likely


def _settings_of(loaded: Loaded) -> FactSettings:
    settings = facts_of(loaded.model.config)
    if loaded.untrained or settings is None or loaded.made_for != "multiple-choice":
        raise ModelError(
            f"{loaded.path} was not trained to choose among answers with facts beside the question; train one: "
            "hodu train MODEL --task multiple-choice --data QUESTIONS --graph GRAPH --out reader"
        )
    return settings


def _candidates(
    reader: GraphReader, mentions: Sequence[Mention], question: str, choices: Sequence[str]
) -> tuple[list[str], Sequence[int | None], dict[int, Route]]:
    """Texts and entities of the candidates, and for each entity that facts lead to its best route."""
    from hodu.knowledge.asked import along, asked_for, entities_of
    from hodu.knowledge.routes import routes

    named = [reader.entity(choice) for choice in choices]
    if choices:
        known = [entity for entity in named if entity is not None]
        return list(choices), named, _led_to(routes(reader.graph, mentions, hops=HOPS, choices=known))
    asked = asked_for(reader.graph, question, mentions)
    found = routes(reader.graph, mentions, hops=HOPS, choices=entities_of(reader.graph, asked))
    likely = _likely(along(reader.graph, found, asked))
    language = reader.language(question)
    return [reader.graph.label(entity, language) for entity in likely], list(likely), likely


def _led_to(found: Sequence[Route]) -> dict[int, Route]:
    """For each entity that a route leads to the best one."""
    reached: dict[int, Route] = {}
    for route in found:
        for entity in route.answers.tolist():
            reached.setdefault(entity, route)
    return reached


def _likely(found: Sequence[Route]) -> dict[int, Route]:
    """Where two or more mentions meet, those of the most first, on ways no longer than the best's; where none meet, what the shortest ways lead to. Behind it some entities to which only one arm of these ways does, for the model to
    find worse, with that arm: that a longer way leads to them from all mentions is no reason for them.
    """
    if not found:
        return {}

    def rank(route: Route) -> tuple[int, int]:
        return -len(route.arms), sum(len(arm.steps) for arm in route.arms)

    def longest(route: Route) -> int:
        return max(len(arm.steps) for arm in route.arms)

    ranked = sorted(found, key=rank)
    most = len(ranked[0].arms)
    top = [one for one in ranked if len(one.arms) >= min(most, 2) and longest(one) <= longest(ranked[0])]
    best = dict(islice(_led_to(top).items(), MOST_CANDIDATES))
    ways = {(arm.entity, arm.steps) for route in top for arm in route.arms}
    alone = [route for route in found if len(route.arms) == 1 and (route.arms[0].entity, route.arms[0].steps) in ways]
    rivals = ((entity, route) for entity, route in _led_to(alone).items() if entity not in best)
    return best | dict(islice(rivals, RIVALS))


def _chances(
    loaded: Loaded, settings: FactSettings, reader: GraphReader, question: str, texts: Sequence[str]
) -> np.ndarray:
    """The model's probability of each candidate."""
    if not texts:
        return np.zeros(0)
    rows = Dataset.from_dict({"text": [question], "choices": [list(texts)]})
    told = beside(rows, reader, budget_of(loaded.tokenizer, settings))
    logits = answered(loaded, told)[0].astype(np.float64)
    odds: np.ndarray = np.exp(logits - logits.max())
    odds /= odds.sum()
    return odds


def _reason(reader: GraphReader, reached: dict[int, Route], best: Candidate | None) -> tuple[Fact, ...]:
    from hodu.knowledge.routes import evidence

    if best is None or best.entity is None:
        return ()
    return tuple(evidence(reader.graph, reached[best.entity], best.entity))
