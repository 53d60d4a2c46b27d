"""What the sentences of both languages are drawn from: things, what can be said of them, and which split may say it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

Kind = Literal["plain", "both", "negated", "contrast", "expectation", "comparison", "hearsay"]
"""How a sentence reaches its verdict: one claim · two that agree · a negated one · two that disagree · against what was
expected · against another thing · against what others say."""

KINDS: tuple[Kind, ...] = get_args(Kind)

Split = Literal["train", "dev", "test"]
Option = TypeVar("Option")


@dataclass(frozen=True, slots=True)
class Claim:
    """What can be said of a thing.

    Attributes:
        text: English: an adjective ("sturdy") or, for an event, a verb phrase ("broke on the first day");
            Korean: the stem.
        polite: Korean only: the polite statement, 튼튼해요, from which the other forms follow.
        event: it happened; it cannot be intensified, negated or expected as an adjective can.
    """

    text: str
    polite: str = ""
    event: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    """Things that the same claims fit: food, tools, objects of a household, services.

    Attributes:
        things: their names.
        new_things: names that only the test split uses.
        good, bad: claims that praise and claims that complain.
        old: the name of an earlier one of its kind, with ``{}`` for the thing.
        this: how the present one is then referred to.
        asides: sentences beside the point.
        verb: English only: "was" or "is".
    """

    things: tuple[str, ...]
    new_things: tuple[str, ...]
    good: tuple[Claim, ...]
    bad: tuple[Claim, ...]
    old: str
    this: str
    asides: tuple[str, ...]
    verb: str = ""


def words(listed: str) -> tuple[str, ...]:
    """The words of a list with commas: one line per list keeps the lexicon readable."""
    return tuple(word.strip() for word in listed.split(",") if word.strip())


def for_test(domain: Domain, thing: str, claim: Claim) -> bool:
    """Whether this pair is kept for the test split: one in four of each thing's claims."""
    claims = domain.good if claim in domain.good else domain.bad
    return (domain.things.index(thing) + claims.index(claim)) % 4 == 0


class Draw:
    """Draws for one sentence, within what its split may use.

    It never says the same or its literal opposite twice (practical, impractical · 친절하, 불친절하).
    Only ``Random.random`` is used: it is the one method whose sequence Python promises to keep between versions.
    """

    def __init__(self, rng: random.Random, split: Split) -> None:
        self._rng, self._split = rng, split
        self._said: list[str] = []

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._rng.random() < probability

    def one(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return options[int(self._rng.random() * len(options))]

    def thing(self, domain: Domain) -> str:
        """A thing of the domain; in the test split one in three has a name that training never saw."""
        return self.one(domain.new_things if self._split == "test" and self.chance(1 / 3) else domain.things)

    def claim(self, domain: Domain, thing: str, *, good: bool, adjective: bool = False) -> Claim:
        """Praise or complaint that fits the thing, that this split may say of it, and that was not said yet."""
        claims = [claim for claim in (domain.good if good else domain.bad) if not (adjective and claim.event)]
        fresh = [claim for claim in claims if not any(claim.text in said or said in claim.text for said in self._said)]
        if thing in domain.things:
            fresh = [claim for claim in fresh if for_test(domain, thing, claim) == (self._split == "test")] or fresh
        claim = self.one(fresh)
        self._said.append(claim.text)
        return claim
