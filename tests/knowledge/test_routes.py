"""Which entities may be the answer, by which path, and the facts on the way."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path

import pytest

from hodu.knowledge import reach
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import Candidate, Mention, link
from hodu.knowledge.routes import Arm, Route, Step, evidence, path_text, routes
from tests.knowledge.small_graph import SmallGraph

Way = tuple[int, tuple[Step, ...]]  # a start and its steps


def mentions_of(*meanings: Sequence[int]) -> list[Mention]:
    """A mention for each list of entities, which it may mean."""
    return [
        Mention(place, place + 1, "x", tuple(Candidate(entity, 1.0 / rank, "") for rank, entity in enumerate(one, 1)))
        for place, one in enumerate(meanings)
    ]


def named(graph: CompiledGraph, route: Route) -> tuple[str, set[str]]:
    return path_text(graph, route, "en"), {graph.label(int(answer), "en") for answer in route.answers}


def compiled(graph: SmallGraph, folder: Path) -> CompiledGraph:
    return compile_graph(graph, folder / "graph.hodu", progress=False)


@pytest.fixture(scope="module", params=range(3))
def tangle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    """Thirty entities with edges at random, some with themselves."""
    dice, graph = random.Random(request.param), SmallGraph()
    for _ in range(70):
        graph.add(f"e{dice.randrange(30):02}", f"r{dice.randrange(3)}", f"e{dice.randrange(30):02}")
    return compiled(graph, tmp_path_factory.mktemp("tangle"))


def edges(graph: CompiledGraph) -> set[tuple[int, int, int]]:
    return {
        (subject, int(relation), int(object))
        for subject in range(len(graph))
        for relation, object in zip(*graph.outgoing(subject)[:2], strict=True)
    }


def ways(graph: CompiledGraph, start: int, hops: int, shut: set[int]) -> dict[tuple[Step, ...], set[int]]:
    """By plain enumeration: where each path of relations leads that comes neither back to its start nor through what is shut."""
    known, found = edges(graph), {}
    front = {(): {start}}
    for _ in range(hops):
        longer: dict[tuple[Step, ...], set[int]] = {}
        for steps, here in front.items():
            for subject, relation, object in known:
                for forward, a, b in ((True, subject, object), (False, object, subject)):
                    if a in here and b != start and (a == start or a not in shut):
                        longer.setdefault((*steps, Step(relation, forward)), set()).add(b)
        found |= longer
        front = longer
    return found


def expected(graph: CompiledGraph, starts: Sequence[int], hops: int) -> Iterator[tuple[tuple[Way, ...], set[int]]]:
    for start in starts:
        for steps, answers in ways(graph, start, hops, set()).items():
            yield ((start, steps),), answers
    apart = {start: ways(graph, start, hops, set(starts)) for start in starts}
    for many in (2, 3):
        for chosen in combinations(starts, many):
            for each in product(*(apart[start].items() for start in chosen)):
                met = set.intersection(*(answers for _, answers in each))
                if met and sum(len(steps) for steps, _ in each) <= hops:
                    yield tuple(zip(chosen, (steps for steps, _ in each), strict=True)), met


def test_all_routes_are_found(tangle: CompiledGraph) -> None:
    """An answer that the graph supports is never offered, or one that it does not."""
    starts = [3, 11, 19]
    found = routes(tangle, mentions_of(*([start] for start in starts)), most=10**6)
    assert not any(route.cut for route in found)
    given = {tuple((arm.entity, arm.steps) for arm in route.arms): set(route.answers.tolist()) for route in found}
    assert len(given) == len(found)
    assert given == dict(expected(tangle, starts, 3))


def test_choices_only_leave_out(tangle: CompiledGraph) -> None:
    """With choices a question gets other paths than without, so a model learns one thing and is asked another."""
    mentions, choices = mentions_of([3], [11], [19]), [0, 5, 11, 25]
    free = {route.arms: set(route.answers.tolist()) & set(choices) for route in routes(tangle, mentions, most=10**6)}
    bound = routes(tangle, mentions, choices=choices, most=10**6)
    assert {route.arms: set(route.answers.tolist()) for route in bound} == {a: b for a, b in free.items() if b}
    assert bound


def test_order(tangle: CompiledGraph) -> None:
    """The best routes are beyond the cut of what a model scores, or other ones on each run."""
    mentions = mentions_of([3], [11], [19])
    found = routes(tangle, mentions, most=10**6)
    shape = [(len(route.arms) == 1, len(route.arms), sum(len(arm.steps) for arm in route.arms)) for route in found]
    assert shape == sorted(shape)
    first = routes(tangle, mentions, most=10)
    assert [route.arms for route in first] == [route.arms for route in found[:10]]
    assert all(list(route.answers) == sorted(set(route.answers)) for route in found)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("꽃을 심으려고 땅을 팠다", "trowel"),
        ("집을 지으려고 땅을 팠다", "excavator"),
        ("To plant flowers he dug the ground", "trowel"),
        ("He had to build a house and dug the ground", "excavator"),
    ],
)
def test_the_founding_question(world: CompiledGraph, text: str, answer: str) -> None:
    """A habitual tool is answered, whatever the sentence says that it was for."""
    first, *rest = routes(world, link(world, text))
    assert len(first.arms) == 2
    assert named(world, first)[1] == {answer}
    assert {"trowel", "excavator"} in [named(world, route)[1] for route in rest if len(route.arms) == 1]


def test_facts_that_lead_there(world: CompiledGraph) -> None:
    """The reason shows a fact that has nothing to do with the answer, or half of a way."""
    text = "꽃을 심으려고 땅을 팠다"
    route = routes(world, link(world, text))[0]
    facts = evidence(world, route, int(route.answers[0]))
    said = [world.verbalise(fact.subject, fact.relation, fact.object, "ko") for fact in facts]
    assert said == ["모종삽은 꽃을 심다 일에 쓰인다", "모종삽은 땅을 파다 일에 쓰인다"]
    assert evidence(world, route, int(route.answers[0]), most=1) == facts[:1]
    with pytest.raises(ValueError, match=r"expected one of the route's 1 answers"):
        evidence(world, route, world.id_of("broom"))


def test_facts_make_a_way(tangle: CompiledGraph) -> None:
    """A reason jumps: its facts do not join, or are not in the graph."""
    known = edges(tangle)
    found = routes(tangle, mentions_of([3], [11], [19]), most=10**6)
    for route in found:
        answer = int(route.answers[-1])
        facts = iter(evidence(tangle, route, answer))
        others = {arm.entity for arm in route.arms}
        for arm in route.arms:
            here = arm.entity
            for number, step in enumerate(arm.steps):
                fact = next(facts)
                assert (fact.subject, fact.relation, fact.object) in known
                assert fact.relation == step.relation
                assert here == (fact.subject if step.forward else fact.object)
                assert number == 0 or here not in others
                here = fact.object if step.forward else fact.subject
            assert here == answer
        assert next(facts, None) is None


def test_the_heavier_way(tmp_path: Path) -> None:
    """Of two reasons the weaker is shown."""
    graph = SmallGraph()
    for film, weight in (("a-film", 0.2), ("b-film", 0.9)):
        graph.add(film, "starred", "Ann")
        graph.add(film, "directed by", "Bob", weight=weight)
    films = compiled(graph, tmp_path)
    ann, bob = films.id_of("Ann"), films.id_of("Bob")
    route = next(route for route in routes(films, mentions_of([ann]), hops=2) if bob in route.answers)
    assert [films.iri(fact.subject) for fact in evidence(films, route, bob)] == ["b-film", "b-film"]


def test_other_films_of_a_director(tmp_path: Path) -> None:
    """Asked for films of the same director, the film itself is among the answers, and its own year among the others' years."""
    graph = SmallGraph()
    for film, year in (("Big", "1988"), ("Awakenings", "1990")):
        graph.add(film, "directed by", "Penny Marshall")
        graph.add(film, "year", year)
    films = compiled(graph, tmp_path)
    found = dict(named(films, route) for route in routes(films, mentions_of([films.id_of("Big")])))
    assert found["Big > directed by < directed by"] == {"Awakenings"}
    assert found["Big > directed by < directed by > year"] == {"1990"}
    assert found["Big > year"] == {"1988"}


def test_an_entity_does_not_meet_itself(world: CompiledGraph) -> None:
    """A word that comes twice ("팠다 ... 팠을까") counts as two, and every tool to dig with as a thing where both meet."""
    dig, broom = world.id_of("dig"), world.id_of("clean")
    found = routes(world, mentions_of([dig], [dig], [broom, dig]))
    assert found
    assert all(len(route.arms) == 1 and route.arms[0].mention in (0, 2) for route in found)
    assert not any(len(route.arms) > 1 for route in routes(world, mentions_of([dig, world.id_of("plant")])))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    """Everything is a thing; each thing has a colour, and one a colour of its own."""
    graph = SmallGraph()
    for number in range(1000):
        graph.add(f"t{number:04}", "is a", "thing")
        graph.add(f"t{number:04}", "colour", "red" if number < 999 else "blue")
    return compiled(graph, tmp_path_factory.mktemp("hub"))


def test_a_cut_path_says_so(hub: CompiledGraph) -> None:
    """Answers are missing from a list that looks whole."""
    thing, blue = hub.id_of("thing"), hub.id_of("blue")
    found = {path_text(hub, route, "en"): route for route in routes(hub, mentions_of([thing]))}
    direct, colours = found["thing < is a"], found["thing < is a > colour"]
    assert len(direct.answers) == 1000 > reach.FRONTIER
    assert not direct.cut
    assert colours.cut
    assert blue not in colours.answers


def test_choices_are_reached_over_a_hub(hub: CompiledGraph) -> None:
    """One of two choices is never considered, because its facts come late in the file."""
    thing, blue, red = (hub.id_of(name) for name in ("thing", "blue", "red"))
    found = {path_text(hub, route, "en"): route for route in routes(hub, mentions_of([thing]), choices=[blue, red])}
    colours = found["thing < is a > colour"]
    assert set(colours.answers.tolist()) == {blue, red}
    assert not colours.cut


def test_a_hub_with_too_many_edges_is_cut(hub: CompiledGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entity with a million edges on the way holds up every question that comes by, or is cut and says nothing."""
    monkeypatch.setattr(reach, "EDGES", 100)
    found = {path_text(hub, one, "en"): one for one in routes(hub, mentions_of([hub.id_of("t0000")]), hops=2)}
    others = found["t0000 > is a < is a"]
    assert others.cut
    assert len(others.answers) == 99  # the first hundred less itself
    assert not found["t0000 > is a"].cut


def test_no_longer_paths_once_there_are_enough(hub: CompiledGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question with many mentions looks three steps far from each, and throws away what it found."""
    lengths = []
    real = reach.onward
    monkeypatch.setattr("hodu.knowledge.routes.onward", lambda *given: lengths.append(1) or real(*given))
    assert len(routes(hub, mentions_of([hub.id_of("t0000")]), most=2)) == 2
    assert len(lengths) == 1, "it went on with what it had"


def test_nothing_to_go_by(world: CompiledGraph) -> None:
    """A question that mentions nothing, or has no choices, ends in a traceback."""
    dig = world.id_of("dig")
    assert routes(world, []) == []
    assert routes(world, mentions_of([])) == []
    assert routes(world, mentions_of([dig]), choices=[]) == []
    assert routes(world, mentions_of([dig]), most=0) == []
    assert routes(world, mentions_of([world.id_of("sea")])) == []
    with pytest.raises(ValueError, match=r"the choice -1 came; expected numbers of entities, 0 to"):
        routes(world, mentions_of([dig]), choices=[3, -1])


def test_text_of_a_path(tmp_path: Path) -> None:
    """A model cannot tell who acted in a film from what a film acted in; or reads a label of ten thousand characters."""
    graph = SmallGraph()
    graph.add_relation("starred", labels={"en": "starred actors", "ko": "출연 배우"})
    graph.add_relation("by", labels={"en": "directed by\n\x1b[31m", "ko": "감독"})
    graph.add_label("big", "Big", "en")
    graph.add_label("big", "빅", "ko")
    graph.add_label("long", "가" * 10_000, "ko")
    graph.add("big", "starred", "long")
    graph.add("big", "by", "penny")
    films = compiled(graph, tmp_path)
    big, long = films.id_of("big"), films.id_of("long")
    starred, by = films.relation_number("starred"), films.relation_number("감독")
    arms = (Arm(0, long, (Step(starred, False), Step(by, True))), Arm(1, big, (Step(by, True),)))
    route = Route(arms[1:], routes(films, mentions_of([big]))[0].answers, False)
    assert path_text(films, route, "ko") == "빅 > 감독"
    assert path_text(films, route, "en") == "Big > directed by [31m"
    both = path_text(films, route._replace(arms=arms), "ko")
    assert both == f"{'가' * 59}… < 출연 배우 > 감독 ; 빅 > 감독"


def test_a_step_back_is_the_inverse_on(tools_compiled: CompiledGraph) -> None:
    """Only half of the relations read naturally, although the graph names the other half too."""
    digging = tools_compiled.id_of("urn:hodu:entity:digging")
    [route] = routes(tools_compiled, mentions_of([digging]), hops=1)
    assert path_text(tools_compiled, route, "en") == "digging > serves"
    assert path_text(tools_compiled, route, "ko") == "땅 파기 > 목적"


@pytest.fixture
def tools_compiled(tools: Path, tmp_path: Path) -> CompiledGraph:
    from hodu.knowledge.graph import KnowledgeGraph

    with KnowledgeGraph.open(tools, read_only=True) as graph:
        return compile_graph(graph, tmp_path / "tools.hodu", progress=False)
