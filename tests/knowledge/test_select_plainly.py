"""Selecting against a plain count of every fact of random graphs."""

from __future__ import annotations

import random
from math import log2
from pathlib import Path

import pytest

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import Mention, link
from hodu.knowledge.select import select
from tests.knowledge.small_graph import SmallGraph

Fact = tuple[int, int, int]


def random_graph(path: Path, dice: random.Random) -> CompiledGraph:
    """Thirty entities, each with a name of its own and one that it shares."""
    graph = SmallGraph()
    for number in range(30):
        graph.add_label(f"e{number:02}", f"own{number}", "en")
        graph.add_label(f"e{number:02}", f"shared{number // 2}", "en", preferred=False)
    for _ in range(dice.choice((15, 40, 80))):
        subject, other = (int(30 * dice.random() ** 2) for _ in range(2))
        graph.add(f"e{subject:02}", f"r{dice.randrange(3)}", f"e{other:02}", weight=dice.choice((1.0, 0.5, 0.75)))
    return compile_graph(graph, path, progress=False)


def plainly(
    graph: CompiledGraph, mentions: list[Mention], asked: int | None, choice: int
) -> dict[Fact, tuple[int, float]]:
    """Tier and strength of each fact of at most two hops; those in which nothing that is mentioned from ``choice`` on has a part are four tiers later."""
    rows = {
        (subject, int(relation), int(other)): float(weight)
        for subject in range(len(graph))
        for relation, other, weight in zip(*graph.outgoing(subject), strict=True)
    }
    rare = [1 / log2(2 + int(degree)) for degree in graph.degree]
    owner: dict[int, tuple[int, float]] = {}
    for number, mention in enumerate(mentions):
        for one in mention.candidates[:3]:
            owner.setdefault(one.entity, (number, one.score))
    own = {one.entity for mention in mentions[choice:] for one in mention.candidates[:3]}
    touching = {one: [fact for fact in rows if one in (fact[0], fact[2])] for one in range(len(graph))}
    found: dict[Fact, tuple[int, float]] = {}
    for (subject, relation, other), weight in rows.items():
        (mine, score), (theirs, their_score) = owner.get(subject, (None, 0.0)), owner.get(other, (None, 0.0))
        if None not in (mine, theirs) and mine != theirs:
            tier = 4 * own.isdisjoint({subject, other})
            found[subject, relation, other] = tier, 4 * score * their_score * weight * rare[subject] * rare[other]
    for middle in set(range(len(graph))) - owner.keys():
        arms: dict[int, list[tuple[float, float, Fact]]] = {}
        for fact in touching[middle]:
            if (end := fact[0] + fact[2] - middle) in owner:
                number, score = owner[end]
                arms.setdefault(number, []).append((score * rows[fact], rare[end], fact))
        if len(arms) > 1:
            strength = 4 * rare[middle] * sum(max(one[1] for one in arm) for arm in arms.values())
            for arm in arms.values():
                strength *= max(arm)[0]
            tier = 1 + 4 * own.isdisjoint({end for arm in arms.values() for *_, fact in arm for end in fact[::2]})
            found |= {fact: (tier, strength) for arm in arms.values() for _, _, fact in arm}
    alone = not found
    for entity, (_, score) in owner.items():
        for fact in touching[entity]:
            strength = score * rows[fact] * rare[fact[0]] * rare[fact[2]]
            if found.get(fact, (3, 0.0))[0] % 4 > 1:
                tier = (2 if fact[1] == asked else 3) + 4 * (entity not in own)
                found[fact] = min(
                    (tier, strength), found.get(fact, (tier, strength)), key=lambda one: (one[0], -one[1])
                )
    if alone:
        around = {end for entity in owner for fact in touching[entity] for end in (fact[0], fact[2])} - owner.keys()
        for fact in {fact for entity in around for fact in touching[entity]} - found.keys():
            tier = (2 if own >= owner.keys() else 6) if fact[1] == asked else 8
            found[fact] = tier, rows[fact] * rare[fact[0]] * rare[fact[2]] / 8
    return found


@pytest.mark.parametrize("seed", range(6))
def test_no_fact_is_lost_or_out_of_place(tmp_path: Path, seed: int) -> None:
    """A faster selection loses facts, weighs them otherwise, or puts them in another order."""
    dice = random.Random(seed)
    graph = random_graph(tmp_path / "g", dice)
    for turn in range(40):
        words = [f"{dice.choice(('own', 'shared'))}{dice.randrange(15)}" for _ in range(dice.randint(1, 4))]
        mentions = link(graph, " ".join(words))
        asked = graph.relations[0].id if turn % 3 == 0 else None
        choice = turn % (len(mentions) + 1)
        wanted = plainly(graph, mentions, 0 if asked else None, choice)
        facts = select(graph, mentions, relation=asked, limit=10_000, choice=choice)
        assert {one[:3]: one.weight for one in facts} == pytest.approx({fact: one[1] for fact, one in wanted.items()})
        places = [(wanted[one[:3]][0], -one.weight) for one in facts]
        assert places == sorted(places)
        assert select(graph, mentions, relation=asked, limit=5, choice=choice) == facts[:5]
