"""Candidate answers of a question, gathered by the path of relations that leads to them: a model then scores paths, however many entities they reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hodu.knowledge.plain import plain
from hodu.knowledge.reach import Array, Reach, at, onto, onward, pairs
from hodu.knowledge.select import CANDIDATES, Fact
from hodu.knowledge.verbalise import relation_label

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention

MOST_ARMS = 3
NAME = 60  # characters of a name in the text of a path


class Step(NamedTuple):
    """Along an edge of the relation; ``forward`` from its subject to its object."""

    relation: int
    forward: bool


class Arm(NamedTuple):
    """A path of relations from one entity that a mention may mean; ``mention`` is its place among the mentions."""

    mention: int
    entity: int
    steps: tuple[Step, ...]


class Route(NamedTuple):
    """One path, or several that end at the same entities; ``answers`` are those, in order. ``cut``: a path had more entities on the way than are followed, so answers may be missing."""

    arms: tuple[Arm, ...]
    answers: Array
    cut: bool


class _Start(NamedTuple):
    mention: int
    entity: int
    score: float


class _Joined(NamedTuple):
    """Combinations of paths from different mentions, and a row for each entity where all of one meet, by combination and then by entity."""

    row: Array
    entity: Array
    arms: Array  # of each combination: pairs of a length and the place of a path among those of that length
    last: Array  # of each combination: its last mention
    score: Array


def routes(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    *,
    hops: int = 3,
    choices: Sequence[int] | None = None,
    most: int = 256,
) -> list[Route]:
    """The first ``most`` routes of at most ``hops`` steps, all arms of a route together.

    First those on which two mentions meet, then three; then single paths. Short ones come before long ones; among those that meet, few answers before many, and likely meanings of the mentions before others.
    No longer ones are looked for than are needed. No path returns to its start: the films of the director of a film are its other films. Where paths meet, none leads through another mention's
    entity: from there that mention's own path is shorter.

    Args:
        choices: the entities that may be answers; without it, all.

    Raises:
        ValueError: a choice is no entity of the graph.
    """
    ends = None if choices is None else _ends(graph, choices)
    starts = _starts(mentions)
    if not starts or (ends is not None and not len(ends)):
        return []
    search = _Search(graph, starts, ends)
    several = len({start.mention for start in starts}) > 1
    for length in range(1, hops + 1):
        search.meet(length)
        needed = several and length < hops  # for longer routes on which mentions meet: they come before single paths
        if search.pairs >= most or (search.count >= most and not needed):
            break
        search.lengthen(on=length < hops)
    met = search.met(most)
    return met + search.single(most - len(met))


def _ends(graph: CompiledGraph, choices: Sequence[int]) -> Array:
    ends = np.unique(np.array(choices, dtype=np.int64))
    if len(ends) and not 0 <= ends[0] <= ends[-1] < len(graph):
        wrong = next(int(end) for end in ends if not 0 <= end < len(graph))
        raise ValueError(f"the choice {wrong} came; expected numbers of entities, 0 to {len(graph) - 1}")
    return ends


def _starts(mentions: Sequence[Mention]) -> list[_Start]:
    """What the mentions may mean, best candidates first, each entity once."""
    starts: dict[int, _Start] = {}
    for place in range(CANDIDATES):
        for number, mention in enumerate(mentions):
            for candidate in mention.candidates[place : place + 1]:
                starts.setdefault(candidate.entity, _Start(number, candidate.entity, candidate.score))
    return list(starts.values())


class _Search:
    """Paths of 0, 1, 2, ... steps, what they reach that may be an answer, and where those of different mentions meet."""

    def __init__(self, graph: CompiledGraph, starts: list[_Start], ends: Array | None) -> None:
        self.graph, self.ends = graph, ends
        self.known = {start.entity: start for start in starts}
        self.paths = [at([start.entity for start in starts])]
        self.found = [self.paths[0]]  # of no step: nothing is an answer, but the numbers of steps are the places
        self.joined: list[list[_Joined]] = [[]]  # where mentions meet, by the steps of all arms
        self.count = self.pairs = 0

    def meet(self, total: int) -> None:
        """Finds where paths of different mentions meet that have so many steps together."""
        made = [self._join(self._alone(length), total - length) for length in range(1, total)]
        self.pairs += sum(len(joined.last) for joined in made)
        made += [
            self._join(joined, total - shorter)
            for shorter in range(2, total)
            for joined in self.joined[shorter]
            if joined.arms.shape[1] < MOST_ARMS
        ]
        self.joined.append([joined for joined in made if len(joined.last)])
        self.count += sum(len(joined.last) for joined in made)

    def lengthen(self, *, on: bool) -> None:
        """Adds the paths of one more step; ``on``: there may be longer ones after them."""
        last = self.paths[-1]
        if self.ends is None:
            self.found.append(onward(self.graph, last))
            self.paths.append(self.found[-1])
        else:
            self.found.append(onto(self.graph, last, self.ends))
            self.paths += [onward(self.graph, last)] if on else []
        self.count += len(self.found[-1].step)

    def _alone(self, length: int) -> _Joined:
        """The paths of a length as combinations of one."""
        reach = self.found[length]
        direct = ~reach.through
        starts = [self.known[entity] for entity in reach.start.tolist()]
        arms = np.stack([np.full(len(reach.step), length), np.arange(len(reach.step))], axis=1)[:, None]
        return _Joined(
            reach.path[direct],
            reach.entity[direct],
            arms,
            np.array([start.mention for start in starts], dtype=np.int64),
            np.array([start.score for start in starts]),
        )

    def _join(self, left: _Joined, length: int) -> _Joined:
        """The combinations with one more arm, of so many steps, from a later mention."""
        right = self._alone(length)
        one, other = pairs(left.entity, right.entity)
        later = left.last[left.row[one]] < right.last[right.row[other]]
        one, other = one[later], other[later]
        first, second = left.row[one], right.row[other]
        key = first * max(len(right.last), 1) + second
        order = np.argsort(key, kind="stable")  # entities stay in order
        _, where, row = np.unique(key[order], return_index=True, return_inverse=True)
        first, second = first[order][where], second[order][where]
        arms = np.concatenate([left.arms[first], right.arms[second]], axis=1)
        return _Joined(row, left.entity[one][order], arms, right.last[second], left.score[first] * right.score[second])

    def met(self, most: int) -> list[Route]:
        """The routes on which mentions meet."""
        made = []
        for total, joint in enumerate(self.joined):
            for joined in joint:
                count = np.bincount(joined.row)
                places = np.cumsum(count) - count
                keys = zip(count.tolist(), (-joined.score).tolist(), joined.arms.tolist(), places.tolist(), strict=True)
                made += [(len(key[2]), total, *key, joined) for key in keys]
        made.sort(key=lambda one: one[:-2])
        return [
            Route(
                tuple(self._arm(length, path) for length, path in arms),
                joined.entity[place : place + count].astype(np.int32),
                any(bool(self.found[length].cut[path]) for length, path in arms),
            )
            for _, _, count, _, arms, place, joined in made[:most]
        ]

    def single(self, most: int) -> list[Route]:
        """The routes of one path each."""
        made: list[Route] = []
        for length, reach in enumerate(self.found[1:], 1):
            kept = min(most - len(made), len(reach.step))
            first = np.searchsorted(reach.path, np.arange(kept + 1))
            entity = reach.entity.astype(np.int32)
            made += [
                Route((self._arm(length, path),), entity[first[path] : first[path + 1]], bool(reach.cut[path]))
                for path in range(kept)
            ]
        return made

    def _arm(self, length: int, path: int) -> Arm:
        """A path of so many steps, by its place among them."""
        reach, steps = self.found[length], []
        start = self.known[int(reach.start[path])]
        for shorter in range(length - 1, -1, -1):
            relation, back = divmod(int(reach.step[path]), 2)
            steps.append(Step(relation, not back))
            path, reach = int(reach.parent[path]), self.paths[shorter]
        return Arm(start.mention, start.entity, tuple(reversed(steps)))


def evidence(graph: CompiledGraph, route: Route, answer: int, *, most: int = 8) -> list[Fact]:
    """The facts that lead along each arm to the answer, from the mention on. Of several ways the last edge decides, then the one before it: the heaviest, then the one from the entity with the lowest number.

    An arm whose facts would be more than ``most`` together with those before it is left out whole: half a way says nothing.

    Raises:
        ValueError: the answer is none of the route's.
    """
    if answer not in route.answers:
        raise ValueError(f"the entity {answer} came; expected one of the route's {len(route.answers)} answers")
    facts: list[Fact] = []
    for number, arm in enumerate(route.arms):
        others = [other.entity for other in route.arms if other is not arm]
        edges = _way(graph, arm, answer, others)
        if len(facts) + len(edges) <= most:
            place = f"arm {number + 1} of {len(route.arms)}"
            facts += [Fact(*edge, f"{place}, step {step} of {len(edges)}") for step, edge in enumerate(edges, 1)]
    return facts


def _way(graph: CompiledGraph, arm: Arm, answer: int, others: list[int]) -> list[tuple[int, int, int, float]]:
    """The edges of one way along the arm, round the other arms' entities."""
    reach, layers = at([arm.entity]), [np.array([arm.entity])]
    for step in arm.steps[:-1]:
        reach = onward(graph, reach)
        path = int(np.flatnonzero(reach.step == 2 * step.relation + (not step.forward))[0])
        reach = _only(reach, path, others)
        layers.append(reach.entity)
    edges = []
    for step, layer in zip(reversed(arm.steps), reversed(layers), strict=True):
        known = (graph.into if step.forward else graph.out).edges(answer)
        fit = np.flatnonzero((known.relation == step.relation) & np.isin(known.other, layer))
        best = fit[np.lexsort((known.other[fit], -known.weight[fit]))[0]]
        before, weight = int(known.other[best]), float(known.weight[best])
        subject, object = (before, answer) if step.forward else (answer, before)
        edges.append((subject, step.relation, object, weight))
        answer = before
    return edges[::-1]


def _only(reach: Reach, path: int, without: list[int]) -> Reach:
    """One of the paths alone, less some entities."""
    rows = (reach.path == path) & ~np.isin(reach.entity, without)
    one = [column[path : path + 1] for column in reach[3:]]
    return Reach(np.zeros(int(rows.sum()), dtype=np.int64), reach.entity[rows], reach.through[rows], *one)


def path_text(graph: CompiledGraph, route: Route, language: str) -> str:
    """The route in few plain words, for a model to read: ``Tom Hanks < starred actors > directed by``.

    A name, and for each step a sign and the relation's label: ``>`` from subject to object, ``<`` back. A step back along a relation that has an inverse is a step on along that one, so that all reads from left
    to right. Arms are parted by a semicolon: ``dig > tool for the doing ; plant flowers > tool for the purpose``. Signs and semicolon are one piece each in BERT's vocabularies; what is asked for is not written.
    """
    return " ; ".join(_arm_text(graph, arm, language) for arm in route.arms)


def _arm_text(graph: CompiledGraph, arm: Arm, language: str) -> str:
    said = plain(graph.label(arm.entity, language), NAME)
    for step in arm.steps:
        relation, forward = step
        if not forward and (inverse := graph.inverses.get(relation)) is not None:
            relation, forward = inverse, True
        said += f" {'>' if forward else '<'} {plain(relation_label(graph.relations[relation], language), NAME)}"
    return said
