"""Which facts come first, and how they are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from hodu.errors import DataError
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import link
from hodu.knowledge.select import select
from tests.knowledge.small_graph import SmallGraph


def said(graph: CompiledGraph, text: str, language: str, **asked: object) -> list[str]:
    facts = select(graph, link(graph, text), **asked)  # type: ignore[arg-type]
    return [graph.verbalise(fact.subject, fact.relation, fact.object, language) for fact in facts]


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("꽃을 심으려고 땅을 팠다", "모종삽은 "),
        ("집을 지으려고 땅을 팠다", "굴착기는 "),
    ],
)
def test_the_founding_question(world: CompiledGraph, text: str, tool: str) -> None:
    """The tool that fits one half of the sentence comes before the one that fits both."""
    found = said(world, text, "ko")
    assert [one.startswith(tool) for one in found] == [True, True, False]


def test_the_founding_question_in_english(world: CompiledGraph) -> None:
    """English sentences get the facts in another order than Korean ones."""
    found = said(world, "To plant flowers he dug the ground", "en")
    assert found[:2] == ["trowel is used to dig the ground", "trowel is used to plant flowers"]


def test_reasons_name_the_words(world: CompiledGraph) -> None:
    """The user is told that a fact was chosen, and not why."""
    facts = select(world, link(world, "꽃을 심으려고 땅을 팠다"))
    assert facts[0].reason == "joins 꽃을 심으려고 and 땅을 팠다"
    assert facts[-1].reason.startswith("about ")


def test_one_hop_looks_no_further(world: CompiledGraph) -> None:
    """hops=1 still returns paths over a third entity as if they were direct."""
    facts = select(world, link(world, "꽃을 심으려고 땅을 팠다"), hops=1)
    assert facts and all(fact.reason.startswith("about ") for fact in facts)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    """Everything is a thing; only two things meet elsewhere, and the hub's edge to them is beyond any cap."""
    graph = SmallGraph()
    graph.add_relation("asked", labels={"en": "made of"})
    graph.add_label("thing", "thing", "en")
    for number in range(3000):
        graph.add(f"a{number:04}", "is-a", "thing")
    graph.add("z-lamp", "is-a", "thing")
    graph.add("z-lamp", "made-by", "z-maker")
    graph.add("z-lamp", "asked", "brass", weight=0.1)
    for name in ("z-lamp", "z-maker", "brass"):
        graph.add_label(name, name[2:] if name.startswith("z-") else name, "en")
    return compile_graph(graph, tmp_path_factory.mktemp("hub") / "g", progress=False)


def test_a_hub_is_still_joined(hub: CompiledGraph) -> None:
    """A path over an entity with thousands of edges is lost to the cap."""
    facts = select(hub, link(hub, "the maker of this thing"))
    ends = {(hub.iri(fact.subject), hub.iri(fact.object)) for fact in facts[:2]}
    assert ends == {("z-lamp", "thing"), ("z-lamp", "z-maker")}


def test_the_asked_relation_comes_first(hub: CompiledGraph) -> None:
    """ "made of" is asked, and a heavier edge of another relation is answered."""
    mentions = link(hub, "lamp")
    assert hub.iri(select(hub, mentions)[0].object) == "z-maker"
    assert hub.iri(select(hub, mentions, relation="made of")[0].object) == "brass"
    with pytest.raises(DataError, match=r"'made off'; expected one of: made of"):
        select(hub, mentions, relation="made off")


def test_a_hub_comes_last(hub: CompiledGraph) -> None:
    """Every fact about a lamp begins with "a lamp is a thing"."""
    facts = select(hub, link(hub, "lamp"), hops=1)
    assert hub.iri(facts[-1].object) == "brass" or hub.iri(facts[-1].object) == "thing"
    assert facts[0].weight > facts[-1].weight


def test_order_does_not_depend_on_the_order_of_triples(tmp_path: Path) -> None:
    """The same graph gives other facts from day to day."""
    found = []
    for turn in (1, -1):
        graph = SmallGraph()
        for name in "abcdefgh"[::turn]:
            graph.add_label(f"e{name}", f"word{name}", "en")
            graph.add("ea", "r", f"e{name}")
        compiled = compile_graph(graph, tmp_path / f"g{turn}", progress=False)
        found.append(select(compiled, link(compiled, "worda wordc"), limit=5))
    assert found[0] == found[1] and len(found[0]) == 5
    assert (tmp_path / "g1").read_bytes() == (tmp_path / "g-1").read_bytes()


def test_cycles_and_loops_end(tmp_path: Path) -> None:
    """A graph with a cycle stops the server."""
    graph = SmallGraph()
    for name, other in ("ab", "bc", "ca", "aa"):
        graph.add(name, "r", other)
        graph.add_label(name, f"word{name}", "en")
    compiled = compile_graph(graph, tmp_path / "g", progress=False)
    facts = select(compiled, link(compiled, "worda"), hops=4)
    assert len(facts) == len({fact[:3] for fact in facts}) == 4


def test_nothing_mentioned(world: CompiledGraph) -> None:
    """A sentence without entities raises, or gets facts about nothing."""
    assert select(world, []) == []
