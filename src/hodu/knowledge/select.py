"""The facts that matter for a text: those between its mentions first, then the asked relation, then the rest, none without end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hodu.knowledge.compiled import Rows

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention

FAN_OUT = 64  # edges looked at from one entity, each way; of a hub's other edges only those that lead to another mention's neighbours
CANDIDATES = 3  # of a mention
FRONTIER = 32  # entities from which a further hop starts
_DIRECT, _JOINED, _ASKED, _NEAR = range(4)
_BESIDE_ALL = 4  # is added to these tiers for facts about the question alone, which stand beside every choice
_FAR = 2 * _BESIDE_ALL


class Fact(NamedTuple):
    """An edge, what it weighs here, and why it was chosen."""

    subject: int
    relation: int
    object: int
    weight: float
    reason: str


Key = tuple[int, int, int]  # subject, relation, object
Edge = tuple[int, Key, float]  # its other end, and its weight
Ranked = tuple[int, float, int, Key, str]  # tier, less the strength, where it meets others, reason: the best is least


def select(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    *,
    relation: str | None = None,
    hops: int = 2,
    limit: int = 16,
    choice: int = 0,
) -> list[Fact]:
    """The best ``limit`` facts, best first, in an order that depends on nothing but graph and mentions.

    First the edges between two mentions, then those on paths of two edges between them (not with ``hops=1``), then those of the asked ``relation``, then a mention's others; facts further away, up to
    ``hops``, only where nothing lies between mentions or there is one mention. Within each, by weight and rarity: an edge of an entity with a thousand others says little.

    Args:
        choice: of a question with a choice, the number of the choice's first mention: facts in which nothing that the choice mentions has a part come last, in the same order, since they stand beside the other choices too.

    Raises:
        DataError: the graph has no such relation.
    """
    asked = None if relation is None else graph.relation_number(relation)
    places = {
        candidate.entity: (number, candidate.score)
        for number, mention in reversed(list(enumerate(mentions)))
        for candidate in reversed(mention.candidates[:CANDIDATES])
    }
    own = {one.entity for mention in mentions[choice:] for one in mention.candidates[:CANDIDATES]}
    near = {entity: _edges(graph, entity) for entity in places}
    _through_hubs(graph, near)
    best: dict[Key, Ranked] = {}
    if len(mentions) > 1:
        _between(graph, mentions, places, near, hops, own, best)
    found_between = bool(best)
    for entity, edges in near.items():
        number, score = places[entity]
        _near(graph, entity, score, mentions[number].surface, edges, asked, entity not in own, best)
    if hops > 1 and not found_between:
        _further(graph, near, hops, asked, limit, own >= near.keys(), best)
    return [Fact(*fact, -less, reason) for _, less, _, fact, reason in sorted(best.values())[:limit]]


def _edges(graph: CompiledGraph, entity: int, most: int = FAN_OUT) -> list[Edge]:
    """The entity's first edges, outgoing and then incoming."""
    found = []
    for rows, outgoing in ((graph.out, True), (graph.into, False)):
        first, last = rows.starts[entity], rows.starts[entity + 1]
        if first < last:
            found += _taken(rows, slice(first, min(last, first + most)), entity, outgoing)
    return found


def _taken(rows: Rows, places: slice, entity: int, outgoing: bool) -> list[Edge]:
    columns = (rows.other[places].tolist(), rows.relation[places].tolist(), rows.weight[places].tolist())
    if outgoing:
        return [(other, (entity, relation, other), weight) for other, relation, weight in zip(*columns, strict=True)]
    return [(other, (other, relation, entity), weight) for other, relation, weight in zip(*columns, strict=True)]


def _through_hubs(graph: CompiledGraph, near: dict[int, list[Edge]]) -> None:
    """Adds to each hub's edges those that were beyond the cap but lead to another mention or to what another mention has an edge with."""
    for entity, edges in near.items():
        for rows, outgoing in ((graph.out, True), (graph.into, False)):
            first, last = rows.starts[entity] + FAN_OUT, rows.starts[entity + 1]
            if last <= first:
                continue
            wanted = {edge[0] for other, theirs in near.items() if other != entity for edge in theirs}
            wanted |= near.keys() - {entity}
            beyond = rows.other[first:last]
            targets = np.array(sorted(wanted), dtype=np.int32)
            from_, to = np.searchsorted(beyond, targets), np.searchsorted(beyond, targets, side="right")
            for low, high in zip(from_[to > from_].tolist(), to[to > from_].tolist(), strict=True):
                edges += _taken(rows, slice(first + low, first + high), entity, outgoing)


def _keep(best: dict[Key, Ranked], tier: int, strength: float, group: int, fact: Key, reason: str) -> None:
    if fact not in best or (tier, -strength, group) < best[fact][:3]:
        best[fact] = (tier, -strength, group, fact, reason)


def _between(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    places: dict[int, tuple[int, float]],
    near: dict[int, list[Edge]],
    hops: int,
    own: set[int],
    best: dict[Key, Ranked],
) -> None:
    """Edges between two mentions, and pairs of edges that meet at one entity. The more and the rarer mentions meet there, the better."""
    rarity = graph.rarity
    meeting: dict[int, dict[int, list[tuple[float, float, Key]]]] = {}
    met = _met(places, near) if hops > 1 else set()
    for entity, edges in near.items():
        number, score = places[entity]
        for other, fact, weight in edges:
            if other in places:
                theirs, their_score = places[other]
                if theirs != number:
                    strength = score * their_score * weight * rarity[entity] * rarity[other]
                    said = f"between {mentions[number].surface} and {mentions[theirs].surface}"
                    tier = _DIRECT + _BESIDE_ALL * own.isdisjoint((entity, other))
                    _keep(best, tier, 4.0 * strength, -1, fact, said)
            elif other in met:
                meeting.setdefault(other, {}).setdefault(number, []).append((score * weight, rarity[entity], fact))
    for middle, arms in meeting.items():
        strength = 4.0 * rarity[middle] * sum(max(rare for _, rare, _ in each) for each in arms.values())
        for each in arms.values():
            strength *= max(weight for weight, _, _ in each)
        words = [mentions[number].surface for number in sorted(arms)]
        reason = f"joins {', '.join(words[:-1])} and {words[-1]}"
        late = all(own.isdisjoint(fact[::2]) for each in arms.values() for _, _, fact in each)
        tier = _JOINED + _BESIDE_ALL * late
        for each in arms.values():
            for _, _, fact in each:
                _keep(best, tier, strength, middle, fact, reason)


def _met(places: dict[int, tuple[int, float]], near: dict[int, list[Edge]]) -> set[int]:
    """The entities with which several mentions have an edge and which are no mention themselves."""
    ends: dict[int, set[int]] = {}
    for entity, edges in near.items():
        ends.setdefault(places[entity][0], set()).update([other for other, _, _ in edges])
    met: set[int] = set()
    seen: set[int] = set()
    for theirs in ends.values():
        met |= seen & theirs
        seen |= theirs
    return met - places.keys()


def _near(
    graph: CompiledGraph,
    entity: int,
    score: float,
    surface: str,
    edges: list[Edge],
    asked: int | None,
    beside_all: bool,
    best: dict[Key, Ranked],
) -> None:
    """A mention's own edges, but for those that are between it and another."""
    rarity = graph.rarity
    mine = rarity[entity]
    about, answer = f"about {surface}", f"the asked relation of {surface}"
    later = _BESIDE_ALL * beside_all
    for other, fact, weight in edges:
        # as _keep does, without the call: most of all edges come by here
        less = -(score * weight * mine * rarity[other])
        known = best.get(fact)
        tier, reason = (_ASKED, answer) if fact[1] == asked else (_NEAR, about)
        tier += later
        # what lies between two mentions stays that, early or late (modulo)
        if known is None or (known[0] % _BESIDE_ALL > _JOINED and (tier, less) < known[:2]):
            best[fact] = (tier, less, -1, fact, reason)


def _further(
    graph: CompiledGraph,
    near: dict[int, list[Edge]],
    hops: int,
    asked: int | None,
    limit: int,
    all_own: bool,
    best: dict[Key, Ranked],
) -> None:
    """Edges two and more hops away, from the nearest entities by their best edge, while there is room."""
    if len(best) >= limit and asked is None:
        return
    rarity, wanted = graph.rarity, _ASKED if all_own else _ASKED + _BESIDE_ALL
    seen = set(near)
    frontier = {other for edges in near.values() for other, _, _ in edges}
    for hop in range(2, hops + 1):
        nearest = sorted(frontier - seen, key=lambda entity: (-rarity[entity], entity))[:FRONTIER]
        seen.update(nearest)
        frontier = set()
        for entity in nearest:
            mine = rarity[entity]
            for other, fact, weight in _edges(graph, entity, FRONTIER):
                frontier.add(other)
                if fact not in best:
                    strength = weight * mine * rarity[other] / hop / 4
                    tier, reason = (wanted, "the asked relation, ") if fact[1] == asked else (_FAR, "")
                    _keep(best, tier, strength, -1, fact, f"{reason}{hop} hops away")
        if len(best) >= limit and asked is None:
            return
