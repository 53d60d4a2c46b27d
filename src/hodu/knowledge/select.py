"""The facts that matter for a text: those between its mentions first, then the asked relation, then the rest, none without end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import log2
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hodu.knowledge.compiled import Rows

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention

FAN_OUT = 64  # edges looked at from one entity, each way; of a hub's other edges only those that lead to another mention's neighbours
CANDIDATES = 3  # of a mention
FRONTIER = 32  # entities from which a further hop starts
_BETWEEN, _ASKED, _NEAR, _FAR = range(4)


class Fact(NamedTuple):
    """An edge, what it weighs here, and why it was chosen."""

    subject: int
    relation: int
    object: int
    weight: float
    reason: str


class _Edge(NamedTuple):
    other: int
    subject: int
    relation: int
    object: int
    weight: float


Key = tuple[int, float, int, int, int, int]


def select(
    graph: CompiledGraph, mentions: Sequence[Mention], *, relation: str | None = None, hops: int = 2, limit: int = 16
) -> list[Fact]:
    """The best ``limit`` facts, best first, in an order that depends on nothing but graph and mentions.

    First the facts on paths of at most two edges (one with ``hops=1``) between two mentions, then those of the asked ``relation``, then a mention's others; facts further away, up to
    ``hops``, only where nothing lies between mentions or there is one mention. Within each, by weight and rarity: an edge of an entity with a thousand others says little.

    Raises:
        DataError: the graph has no such relation.
    """
    asked = None if relation is None else graph.relation_number(relation)
    places = {
        candidate.entity: (number, candidate.score)
        for number, mention in reversed(list(enumerate(mentions)))
        for candidate in reversed(mention.candidates[:CANDIDATES])
    }
    near = {entity: _edges(graph, entity) for entity in places}
    _through_hubs(graph, near)
    best: dict[tuple[int, int, int], tuple[Key, str]] = {}
    if len(mentions) > 1:
        _between(graph, mentions, places, near, hops, best)
    found_between = bool(best)
    for entity, edges in near.items():
        for edge in edges:
            _near(graph, mentions, places, entity, edge, asked, best)
    if hops > 1 and not found_between:
        _further(graph, near, hops, asked, limit, best)
    first = sorted((key, fact, reason) for fact, (key, reason) in best.items())[:limit]
    return [Fact(*fact, -key[1], reason) for key, fact, reason in first]


def _edges(graph: CompiledGraph, entity: int, most: int = FAN_OUT) -> list[_Edge]:
    """The entity's first edges, outgoing and then incoming."""
    found = []
    for rows, outgoing in ((graph.out, True), (graph.into, False)):
        first = rows.starts[entity]
        last = min(rows.starts[entity + 1], first + most)
        found += _taken(rows, range(first, last), entity, outgoing)
    return found


def _taken(rows: Rows, places: range | Sequence[int], entity: int, outgoing: bool) -> list[_Edge]:
    index = slice(places.start, places.stop) if isinstance(places, range) else places
    columns = (rows.other[index].tolist(), rows.relation[index].tolist(), rows.weight[index].tolist())
    if outgoing:
        return [_Edge(other, entity, relation, other, weight) for other, relation, weight in zip(*columns, strict=True)]
    return [_Edge(other, other, relation, entity, weight) for other, relation, weight in zip(*columns, strict=True)]


def _through_hubs(graph: CompiledGraph, near: dict[int, list[_Edge]]) -> None:
    """Adds to each hub's edges those that were beyond the cap but lead to another mention or to what another mention has an edge with."""
    for entity, edges in near.items():
        for rows, outgoing in ((graph.out, True), (graph.into, False)):
            first, last = rows.starts[entity], rows.starts[entity + 1]
            if last - first <= FAN_OUT:
                continue
            wanted = {edge.other for other, theirs in near.items() if other != entity for edge in theirs}
            wanted |= near.keys() - {entity}
            beyond = rows.other[first + FAN_OUT : last]
            targets = np.array(sorted(wanted), dtype=np.int32)
            from_, to = np.searchsorted(beyond, targets), np.searchsorted(beyond, targets, side="right")
            for low, high in zip(from_[to > from_].tolist(), to[to > from_].tolist(), strict=True):
                base = first + FAN_OUT
                edges += _taken(rows, range(base + low, base + high), entity, outgoing)


def _rarity(graph: CompiledGraph, entity: int) -> float:
    out, into = graph.out.starts, graph.into.starts
    return 1.0 / log2(2 + out[entity + 1] - out[entity] + into[entity + 1] - into[entity])


def _keep(
    best: dict[tuple[int, int, int], tuple[Key, str]], edge: _Edge, tier: int, score: float, group: int, reason: str
) -> None:
    fact = (edge.subject, edge.relation, edge.object)
    key = (tier, -score, group, *fact)
    if fact not in best or key < best[fact][0]:
        best[fact] = (key, reason)


def _between(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    places: dict[int, tuple[int, float]],
    near: dict[int, list[_Edge]],
    hops: int,
    best: dict[tuple[int, int, int], tuple[Key, str]],
) -> None:
    """Edges between two mentions, and pairs of edges that meet at one entity. The more mentions meet there, the better."""
    meeting: dict[int, dict[int, list[tuple[float, _Edge]]]] = {}
    for entity, edges in near.items():
        number, score = places[entity]
        for edge in edges:
            other = places.get(edge.other)
            if other is not None and other[0] != number:
                strength = score * other[1] * edge.weight * _rarity(graph, entity) * _rarity(graph, edge.other)
                said = f"between {mentions[number].surface} and {mentions[other[0]].surface}"
                _keep(best, edge, _BETWEEN, 4.0 * strength, -1, said)
            elif other is None and hops > 1:
                meeting.setdefault(edge.other, {}).setdefault(number, []).append((score * edge.weight, edge))
    for middle, arms in meeting.items():
        if len(arms) < 2:
            continue
        strength = len(arms) * _rarity(graph, middle)
        for each in arms.values():
            strength *= max(weight for weight, _ in each)
        words = [mentions[number].surface for number in sorted(arms)]
        reason = f"joins {', '.join(words[:-1])} and {words[-1]}"
        for each in arms.values():
            for _, edge in each:
                _keep(best, edge, _BETWEEN, strength, middle, reason)


def _near(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    places: dict[int, tuple[int, float]],
    entity: int,
    edge: _Edge,
    asked: int | None,
    best: dict[tuple[int, int, int], tuple[Key, str]],
) -> None:
    fact = (edge.subject, edge.relation, edge.object)
    if fact in best and best[fact][0][0] == _BETWEEN:
        return
    number, score = places[entity]
    strength = score * edge.weight * _rarity(graph, entity) * _rarity(graph, edge.other)
    surface = mentions[number].surface
    if edge.relation == asked:
        _keep(best, edge, _ASKED, strength, -1, f"the asked relation of {surface}")
    else:
        _keep(best, edge, _NEAR, strength, -1, f"about {surface}")


def _further(
    graph: CompiledGraph,
    near: dict[int, list[_Edge]],
    hops: int,
    asked: int | None,
    limit: int,
    best: dict[tuple[int, int, int], tuple[Key, str]],
) -> None:
    """Edges two and more hops away, from the nearest entities by their best edge, while there is room."""
    seen = set(near)
    frontier = [edge.other for edges in near.values() for edge in edges]
    for hop in range(2, hops + 1):
        if len(best) >= limit and asked is None:
            return
        frontier = sorted(set(frontier) - seen, key=lambda entity: (-_rarity(graph, entity), entity))[:FRONTIER]
        seen.update(frontier)
        edges = [(entity, edge) for entity in frontier for edge in _edges(graph, entity, FRONTIER)]
        for entity, edge in edges:
            strength = edge.weight * _rarity(graph, entity) * _rarity(graph, edge.other) / hop
            tier, reason = (_ASKED, "the asked relation, ") if edge.relation == asked else (_FAR, "")
            if (edge.subject, edge.relation, edge.object) not in best:
                _keep(best, edge, tier, strength / 4, -1, f"{reason}{hop} hops away")
        frontier = [edge.other for _, edge in edges]


def budgeted(facts: Iterable[Fact], texts: Iterable[str], count: Callable[[str], int], tokens: int) -> list[Fact]:
    """As many facts as fit into so many tokens, best first: one that is too long is passed over for the next. ``texts`` are the facts as they will be read."""
    chosen = []
    for fact, text in zip(facts, texts, strict=True):
        needed = count(text)
        if needed <= tokens:
            chosen.append(fact)
            tokens -= needed
    return chosen
