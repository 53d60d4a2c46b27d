"""What a check found: how many places, the first of them in words, and what to do."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that is wrong. ``examples`` name things by label and id."""

    check: str
    severity: Severity
    title: str
    advice: str
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """All findings, errors first, and what was looked at."""

    name: str
    entities: int = 0
    relations: int = 0
    classes: int = 0
    facts: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """What makes the graph wrong."""
        return [one for one in self.findings if one.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What may be meant, or will read badly."""
        return [one for one in self.findings if one.severity == "warning"]

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return not self.errors


class Tally:
    """Counts places and keeps the first few in order, however many there are."""

    def __init__(self, places: Iterable[tuple[str, ...]] = ()) -> None:
        self.count = 0
        self.first: list[tuple[str, ...]] = []
        for place in places:
            self.add(place)

    def add(self, place: tuple[str, ...]) -> None:
        """Count one place."""
        self.count += 1
        self.first.append(place)
        if len(self.first) > 50 * EXAMPLES:
            self.first = heapq.nsmallest(EXAMPLES, self.first)

    def examples(self) -> list[tuple[str, ...]]:
        """The first places in order, the same in every run."""
        return heapq.nsmallest(EXAMPLES, self.first)
