"""What paths of relations reach: all of one length at once, as arrays of path and entity, so that time goes with the edges that are touched and not with Python's steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph, Rows

FRONTIER = 256
"""Entities of a path from which it goes on: those with the lowest numbers. A path that had more is cut, and says so."""
EDGES = 10_000
"""Edges that a path follows from its frontier, each way; likewise. A mention's own edges are all followed."""
Array = np.ndarray[Any, Any]


class Reach(NamedTuple):
    """All paths of one length, and a row for each entity that one of them reaches, by path and then by entity."""

    path: Array
    entity: Array
    through: Array  # of each row: whether every way there leads through another mention
    parent: Array  # of each path: its place among the paths that are a step shorter
    step: Array  # of each path: its last step, twice the relation's number, and 1 more when it goes from object to subject
    start: Array  # of each path: the entity at which it starts
    cut: Array  # of each path: whether there were more entities or edges than are followed


def at(starts: Sequence[int]) -> Reach:
    """The paths of no step."""
    entity, count = np.array(starts, dtype=np.int64), len(starts)
    none = np.zeros(count, dtype=bool)
    return Reach(np.arange(count), entity, none, np.full(count, -1), np.full(count, -1), entity, none)


def onward(graph: CompiledGraph, reach: Reach) -> Reach:
    """All paths that are a step longer. None comes back to its start."""
    rows, cut = _frontier(graph, reach)
    most = EDGES if (reach.step >= 0).any() else None
    sides = [_edges(way, reach.entity[rows], most) for way in (graph.out, graph.into)]
    row = np.concatenate([rows[place] for place, _, _ in sides])
    step = np.concatenate([2 * relation + back for back, (_, relation, _) in enumerate(sides)])
    return _grouped(graph, reach, row, step, np.concatenate([other for *_, other in sides]), cut)


def onto(graph: CompiledGraph, reach: Reach, ends: Array) -> Reach:
    """The paths that are a step longer and reach one of ``ends``: found from the ends, so that nothing needs to be cut."""
    sides = [_edges(way, ends, None) for way in (graph.into, graph.out)]
    end = np.concatenate([ends[place] for place, _, _ in sides])
    step = np.concatenate([2 * relation + back for back, (_, relation, _) in enumerate(sides)])
    before = np.concatenate([other for *_, other in sides])
    row, edge = pairs(reach.entity, before)
    return _grouped(graph, reach, row, step[edge], end[edge], reach.cut)


def pairs(left: Array, right: Array) -> tuple[Array, Array]:
    """The places of all pairs of equal numbers in the two."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first, last = np.searchsorted(ordered, left), np.searchsorted(ordered, left, side="right")
    place, index = _runs(first, last - first)
    return place, order[index]


def _runs(first: Array, count: Array) -> tuple[Array, Array]:
    """For runs of ``count`` numbers from ``first``: of each number its run and itself."""
    run = np.repeat(np.arange(len(count)), count)
    return run, np.arange(len(run)) + np.repeat(first - np.cumsum(count) + count, count)


def _edges(rows: Rows, entities: Array, most: int | None) -> tuple[Array, Array, Array]:
    """Of each edge of the entities, of one no more than ``most``: the entity's place, the relation, the other end."""
    starts = np.asarray(rows.starts)
    first, last = starts[entities].astype(np.int64), starts[entities + 1].astype(np.int64)
    place, index = _runs(first, last - first if most is None else np.minimum(last - first, most))
    return place, rows.relation[index].astype(np.int64), rows.other[index].astype(np.int64)


def _frontier(graph: CompiledGraph, reach: Reach) -> tuple[Array, Array]:
    """The rows from which paths go on, and which paths are cut there."""
    if not (reach.step >= 0).any():
        return np.arange(len(reach.entity)), reach.cut
    first = np.searchsorted(reach.path, np.arange(len(reach.step)))  # every path has a row
    degree = graph.degree[reach.entity].astype(np.int64)
    before = np.cumsum(degree) - degree
    followed = (np.arange(len(degree)) - first[reach.path] < FRONTIER) & (before - before[first][reach.path] < EDGES)
    cut = reach.cut.copy()
    cut[reach.path[~followed | (degree > EDGES)]] = True
    return np.flatnonzero(followed), cut


def _grouped(graph: CompiledGraph, reach: Reach, row: Array, step: Array, entity: Array, cut: Array) -> Reach:
    """Rows of a step from ``row`` to ``entity`` each, gathered by path and step. Of an entity reached twice the way that leads through no mention counts."""
    path = reach.path[row]
    mentions = np.unique(reach.start)
    mentioned = mentions.take(np.searchsorted(mentions, reach.entity), mode="clip") == reach.entity
    through = reach.through | (mentioned & (reach.step >= 0)[reach.path])
    for_entity, for_step = len(graph).bit_length(), (2 * len(graph.relations)).bit_length()
    key = ((path << for_step | step) << for_entity | entity) << 1 | through[row]
    key = np.sort(key[entity != reach.start[path]])
    key = key[_first_of_run(key >> 1)]
    way, entity = key >> 1 + for_entity, key >> 1 & (1 << for_entity) - 1
    first = _first_of_run(way)
    parent, last = way[first] >> for_step, way[first] & (1 << for_step) - 1
    return Reach(np.cumsum(first) - 1, entity, key & 1 == 1, parent, last, reach.start[parent], cut[parent])


def _first_of_run(ordered: Array) -> Array:
    """Whether a number is another than the one before it."""
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
