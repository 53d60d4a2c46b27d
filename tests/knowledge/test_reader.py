"""What stands beside a text, and a graph opened however it is named."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from hodu.errors import GraphError
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.reader import GraphReader

ASKED = "꽃을 심으려고 땅을 팠다"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((ASKED, "모종삽"), "모종삽은 꽃을 심다 일에 쓰인다"),
        (("they dug the ground to plant flowers", "trowel"), "trowel is used to plant flowers"),
    ],
)
def test_facts_as_sentences(texts: tuple[str, ...], said: str, world: CompiledGraph) -> None:
    """A Korean question is answered with English facts, or the fact that decides it is not there."""
    read = GraphReader(world)(texts)
    assert read.texts == texts and said in read.facts
    assert len(read.facts) == len(read.chosen) == len(read.anchors)


def test_slots_number_what_is_the_same(world: CompiledGraph) -> None:
    """The same thing has two numbers, or two things one: a model that goes by the numbers reads nonsense."""
    read = GraphReader(world, slots=True)((ASKED, "모종삽"))
    assert read.texts == ("1 꽃을 심으려고 2 땅을 팠다", "0 모종삽")
    assert "0 모종삽은 1 꽃을 심다 일에 쓰인다" in read.facts
    english = GraphReader(world, slots=True)(("plant flowers, to plant flowers", "trowel"))
    assert english.texts == ("1 plant flowers, to 1 plant flowers", "0 trowel")
    several = GraphReader(world, slots=True)((ASKED, "꽃을 심으려고 모종삽, 굴착기"))
    assert several.texts[1] == "1 꽃을 심으려고 0 모종삽, 3 굴착기"
    assert GraphReader(world, slots=True)(("nothing known here",)).texts == ("nothing known here",)


def test_where_facts_hang(world: CompiledGraph) -> None:
    """A fact hangs on another mention than the one that it is about."""
    read = GraphReader(world)((ASKED, "굴착기"))
    for fact, anchor in zip(read.chosen, read.anchors, strict=True):
        assert anchor is not None
        which, start, end = anchor
        mentioned = {one.entity for one in read.mentions for one in one.candidates}
        assert {fact.subject, fact.object} & mentioned
        assert (ASKED, "굴착기")[which][start:end]


def test_facts_are_dealt_anew(world: CompiledGraph) -> None:
    """--redraw leaves facts as they are, so a model learns them by heart; or deals them to one choice and the answer to another."""
    reader, choices = GraphReader(world), ["모종삽", "굴착기", "빗자루"]
    planting, orders = "꽃을 심다 일에 쓰인다", set()
    for seed in range(20):
        reads, order = reader.redrawn((ASKED,), choices, Random(seed))
        orders.add(tuple(order))
        right = choices[order.index(0)]  # whoever was dealt the trowel's facts
        said = {fact for read in reads for fact in read.facts if planting in fact}
        assert all(fact.startswith(right) for fact in said) and said
        assert [read.texts[1] for read in reads] == choices
    assert len(orders) == 6
    reads, order = reader.redrawn((ASKED,), ["모종삽", "unheard of"], Random(0))
    assert order == [0, 1] and len(reads) == 2


def test_what_is_numbered_is_known_by_its_number(world: CompiledGraph) -> None:
    """A reader of numbered things learns the names of its training questions instead, and is lost among new ones."""
    reader, choices = GraphReader(world, slots=True), ["모종삽", "굴착기", "빗자루"]
    plain = {fact for choice in choices for fact in reader((ASKED, choice)).facts}
    called, written = set(), set()
    for seed in range(60):
        reads, order = reader.redrawn((ASKED,), choices, Random(seed))
        right = reads[order.index(0)]
        said = [fact for fact in right.facts if fact.startswith("0 ") and " 일에 쓰인다" in fact and " 1 " in fact]
        assert len(said) <= 1  # none where it is left unsaid
        called.update(one[2 : one.index(" 1 ")] for one in said)
        written.add(right.texts[1])
        told = [read for read in reads if read.facts]
        assert all(read.texts[1].startswith("0 ") for read in told)
        (question,) = {read.texts[0] for read in told}  # the same beside each choice
        assert question.startswith("1 ") and " 2 " in question
    names = {fact[2:].split()[0] for fact in plain}
    assert len(called) > 6 and sum(one.split()[0] not in names for one in called) > 3
    assert any("□" in one for one in called)  # one that no vocabulary of these texts has
    right_names = {f"0 {choice}" for choice in choices}
    assert written & right_names and written - right_names


def test_distractors(world: CompiledGraph) -> None:
    """--distractors drops a fact that matters, or gives all rows the same number of facts."""
    plain, reader = GraphReader(world, slots=True)((ASKED, "모종삽")), GraphReader(world, slots=True, distractors=3)
    counts = set()
    for _ in range(40):
        read = reader((ASKED, "모종삽"))
        assert read.facts == plain.facts and read.anchors == plain.anchors
        counts.add(len(read.others))
    assert len(counts) > 2 and max(counts) <= 3  # in so small a graph most entities have no facts to give
    assert plain.others == () == GraphReader(world, distractors=3)(("nothing known here",)).others


def test_a_graph_by_any_name(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--graph takes a compiled file only, compiles the same file every time, or goes on with what it was before an edit."""
    monkeypatch.setenv("HODU_CACHE", str(tmp_path / "cache"))
    first = open_compiled(tools, progress=False)
    assert first.triples == 4 and open_compiled(tools, progress=False).path == first.path
    compiled = tmp_path / "tools.hodu"
    with KnowledgeGraph.open(tools) as graph:
        compile_graph(graph, compiled, progress=False)
        graph.add("urn:hodu:entity:trowel", "urn:hodu:relation:usedFor", "urn:hodu:entity:building")
    assert open_compiled(compiled).triples == 4
    assert open_compiled(tools, progress=False).triples == 5
    folder = tmp_path / "store"
    with KnowledgeGraph.open(folder) as graph:
        graph.add("urn:hodu:entity:a", "urn:hodu:relation:r", "urn:hodu:entity:b")
    assert open_compiled(folder, progress=False).triples == 1
    with pytest.raises(GraphError, match="hodu graph build"):
        open_compiled(tmp_path / "none.ttl")


def test_facts_about_a_choice_come_before_those_that_all_choices_share(world: CompiledGraph) -> None:
    """What tells the choices apart is cut off, and the same facts about the question stand beside every one of them."""
    reader = GraphReader(world)
    choices = ("모종삽", "굴착기", "빗자루")
    for choice in choices:
        about = [choice in fact for fact in reader((ASKED,), choice).facts]
        assert about == sorted(about, reverse=True) and about[0] and not about[-1]
    named = reader((f"모종삽으로 {ASKED}",), "모종삽").facts
    assert "모종삽" in named[0] and "모종삽" not in named[-1]  # also where the question names the choice
    as_a_pair = reader((ASKED, "빗자루")).facts
    assert "빗자루" not in as_a_pair[0] and set(as_a_pair) == set(reader((ASKED,), "빗자루").facts)


def test_sometimes_what_would_decide_is_not_said(world: CompiledGraph) -> None:
    """A model is never trained on a question that cannot be answered, and is as sure of its guess as of what it knows."""
    reader, choices = GraphReader(world), ["모종삽", "굴착기", "빗자루"]
    told = [reader.redrawn((ASKED,), choices, Random(seed))[0] for seed in range(200)]
    purposes = [any("꽃을 심다" in fact for read in reads for fact in read.facts) for reads in told]
    doings = [any("땅을 파다" in fact for read in reads for fact in read.facts) for reads in told]
    assert all(one or other for one, other in zip(purposes, doings, strict=True))  # one thing is unsaid, not all
    assert 5 < purposes.count(False) < 30 and 5 < doings.count(False) < 30


def test_what_is_unsaid_is_between_question_and_choices(world: CompiledGraph) -> None:
    """A choice that the question names loses all that is said of it, and is told by that."""
    reader, choices = GraphReader(world), ["모종삽", "굴착기", "빗자루"]
    asked = "모종삽 말고 무엇으로 땅을 팠을까?"
    for seed in range(100):
        reads, order = reader.redrawn((asked,), choices, Random(seed))
        assert any("꽃을 심다" in fact for fact in reads[order.index(0)].facts)  # which the question does not mention


def test_the_choice_is_number_0_behind_two_texts(world: CompiledGraph) -> None:
    """Behind a question of two texts the second text is number 0, and the choice another number than in training."""
    read = GraphReader(world, slots=True)(("꽃을 심으려고 나갔다.", "땅을 팠다."), "모종삽")
    assert read.texts[1].startswith("2 ") and read.texts[2] == "0 모종삽"
    assert GraphReader(world, slots=True)(("꽃을 심었다.", "땅을 팠다.")).texts[1].startswith("0 ")
