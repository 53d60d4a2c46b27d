"""Linking many texts at once, and linking at all, against a search that is too plain to be wrong."""

from __future__ import annotations

import random
import unicodedata

from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.endings import TAILS, tails
from hodu.knowledge.link import Mention, link, link_all
from hodu.knowledge.surfaces import fold, surfaces
from tests.knowledge.conftest import small_world

Forms = dict[str, list[tuple[str, frozenset[str]]]]
BEGINNINGS = "땅을파 땅을팠 땅 파 팠 꽃을심 꽃심 심 집을지 지 청소 청소하 사과 사 나무 나무꾼 바다 포클레인 GPU C++ dug dug the ground Planting flowers trowels tree ICE CREAM it xyz ㅋㅋ 무제"
ENDINGS = (
    "",
    "",
    "다",
    "았다",
    "려고",
    "으려고",
    "을까",
    "으로는",
    "를",
    "에서",
    "들까지",
    "합니다",
    "했다",
    "s",
    "다" * 30,
)
BETWEEN = (" ", " ", " ", "", "\n", "  ", ", ", "-", " \n ")


def forms() -> Forms:
    """Each surface with the entities and tails that it may have."""
    found: Forms = {}
    for entity, label in small_world().all_labels():
        for one in surfaces(label):
            found.setdefault(one.text, []).append((entity, tails()[TAILS[one.tails]]))
    return found


def plainly(known: Forms, text: str) -> list[tuple[int, set[str]]]:
    """Where mentions begin, and what they may mean: each surface is tried at each start of a word, the longest wins."""
    folded, found, last = f" {fold(text)} ", [], 0
    for start in range(len(folded) - 1):
        fitting = {}
        for surface, entries in known.items():
            end = start + 1 + len(surface)
            if folded[start] == " " and folded.startswith(surface, start + 1):
                tail = folded[end : folded.index(" ", end)]
                if meant := {entity for entity, allowed in entries if tail in allowed}:
                    fitting[end] = meant
        if fitting and start >= last:
            last = max(fitting)
            found.append((start, fitting[last]))
    return found


def texts(count: int) -> list[str]:
    dice, words = random.Random(0), BEGINNINGS.split(" ")
    made = [
        "".join(dice.choice(words) + dice.choice(ENDINGS) + dice.choice(BETWEEN) for _ in range(dice.randint(0, 7)))
        for _ in range(count)
    ]
    return [unicodedata.normalize("NFD", one) if dice.random() < 0.1 else one for one in made]


def test_what_is_found_is_what_is_there(world: CompiledGraph) -> None:
    """A faster search loses mentions, takes a shorter one, or one with a wrong ending."""
    known, count = forms(), 0
    for text in map(lambda one: unicodedata.normalize("NFC", one), texts(800)):
        found = link(world, text)
        meant = [(one.start, {world.iri(each.entity) for each in one.candidates}) for one in found]
        assert meant == plainly(known, text), text
        count += len(found)
    assert count > 400


def test_many_at_once_are_linked_as_one_by_one(world: CompiledGraph) -> None:
    """Training sees other facts than serving, or a mention that begins in one text and ends in the next."""
    many = [*texts(300), "땅을", "팠다", "", "ice", "cream"]
    one_by_one: list[list[Mention]] = [link(world, text) for text in many]
    assert list(link_all(world, many)) == one_by_one
    assert list(link_all(world, many, limit=1)) == [link(world, text, limit=1) for text in many]
    assert [len(found) for found in one_by_one[-5:]] == [1, 1, 0, 0, 0]


def test_texts_are_taken_as_they_come(world: CompiledGraph) -> None:
    """A corpus larger than memory cannot be linked."""
    endless = iter(lambda: "모종삽으로 땅을 팠다", "")
    found = link_all(world, endless)
    assert [len(next(found)) for _ in range(200)] == [2] * 200
