"""What a question asks for, by the words that a graph has for its classes and relations."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

from hodu.demo.world import GRAPH_FILE, NAMESPACE, read_questions
from hodu.knowledge import build
from hodu.knowledge.asked import Asked, along, asked_for, entities_of
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import link
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.routes import routes
from tests.knowledge.phrasings import ASKED, DUG, DUG_KO


@pytest.fixture(scope="module")
def world() -> CompiledGraph:
    return open_compiled(GRAPH_FILE, progress=False)


def asked(graph: CompiledGraph, text: str) -> Asked:
    return asked_for(graph, text, link(graph, text))


def led_to(graph: CompiledGraph, text: str, name: str) -> bool:
    """Whether a thing of the world may be the answer, one step from what is mentioned."""
    wanted, mentions = asked(graph, text), link(graph, text)
    found = along(graph, routes(graph, mentions, hops=1, choices=entities_of(graph, wanted)), wanted)
    return any(graph.id_of(NAMESPACE + name) in route.answers for route in found)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("Who uses the trowel?", "gardener", "garden-shed"),
        ("So, where's the trowel?", "garden-shed", "gardener"),
        ("In which place do people plant flowers?", "flower-bed", "trowel"),
        ("What is the trowel made of?", "steel", "blade"),
        ("Which old tool do I need to plant flowers?", "trowel", "seedling"),
        ("What are the parts of the trowel?", "blade", "steel"),
        ("Why do people dig?", "plant-flowers", "trowel"),
        ("모종삽은 누가 쓸까?", "gardener", "garden-shed"),
        ("모종삽은 어디에 있어요?", "garden-shed", "gardener"),
        ("꽃을 심는 곳은 어디일까?", "flower-bed", "trowel"),
        ("모종삽은 무엇으로 만들까?", "steel", "blade"),
        ("꽃을 심으려면 무슨 도구가 필요할까?", "trowel", "seedling"),
        ("꽃을 심을 때 드는 재료는 무엇일까?", "seedling", "trowel"),
        ("땅은 왜 팔까?", "plant-flowers", "trowel"),
    ],
)
def test_only_what_is_asked_for(world: CompiledGraph, text: str, right: str, wrong: str) -> None:
    """Who uses a trowel is answered by where it lies, or not at all."""
    assert led_to(world, text, right)
    assert not led_to(world, text, wrong)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "What color is the trowel?",
            "How heavy is the trowel?",
            "When was the ground dug?",
            "Which brand of trowel?",
        ),
        *("What is the opposite of dig?", "They dug the ground to plant flowers. What was the weather like?"),
        *(
            "모종삽은 무슨 색일까?",
            "모종삽은 얼마일까?",
            "언제 땅을 팠을까?",
            "기중기의 무게는 무엇일까?",
        ),
    ],
)
def test_nothing_that_the_graph_has(world: CompiledGraph, text: str) -> None:
    """A question for a color, a price or a day is answered with a purpose or a tool."""
    assert entities_of(world, asked(world, text)) == []


@pytest.mark.parametrize("text", ASKED)
def test_the_tool_can_still_be_the_answer(world: CompiledGraph, text: str) -> None:
    """Who asks for the tool in other words, or with a clause before, hears "I don't know" or a flower bed."""
    wanted, mentions = asked(world, text), link(world, text)
    found = along(world, routes(world, mentions, choices=entities_of(world, wanted)), wanted)
    trowel = world.id_of(f"{NAMESPACE}trowel")
    assert any(trowel in route.answers and len(route.arms) > 1 for route in found)


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("What color is the trowel? I need to know.", "none"),
        ("모종삽은 무슨 색이야? 궁금해.", "none"),
        ("How heavy is Dr. Smith's trowel?", "none"),
        ("What color is the 3.5 inch trowel?", "none"),
        ("모종삽은 몇 가지 재료로 만들까?", "none"),
        (f"{DUG} Where was that, and who said what?", "places"),
        (f"{DUG} Who dug, I do not know. Where was it?", "places"),
        (f"{DUG_KO} 누가 그랬는지 몰라도 어디였을까?", "places"),
    ],
)
def test_which_words_decide(world: CompiledGraph, text: str, things: str) -> None:
    """A word of thanks behind a question, a point in a number or a second question word decides what is asked for."""
    wanted = entities_of(world, asked(world, text))
    assert wanted is not None
    assert (world.id_of(f"{NAMESPACE}flower-bed") in wanted) == (things == "places") and (things == "places") == bool(
        wanted
    )


def test_nobody_is_sure_of_what_is_far(world: CompiledGraph) -> None:
    """The only hand tool within three steps of the ground is the answer, and sure, though flowers have nothing to do with it."""
    text = f"{DUG} Which hand tool was that?"
    wanted, mentions = asked(world, text), link(world, text)
    for route in along(world, routes(world, mentions, choices=entities_of(world, wanted)), wanted):
        assert len(route.arms) > 1 or len(route.arms[0].steps) == 1


def test_the_200_ask_for_tools(world: CompiledGraph) -> None:
    """One of the 200 is taken to ask for something else, and what is right cannot be the answer."""
    looked_at = 0
    for one in read_questions():
        wanted = entities_of(world, asked(world, f"{one['text']} {one['question']}"))
        assert wanted is None or world.id_of(one["gold"][0][0]) in wanted, one
        looked_at += wanted is not None
    assert looked_at > 190


@pytest.mark.parametrize(
    "text", ["Tell me about the trowel.", "모종삽을 설명해 줘", "", " ?!", "Which?", "무슨", "What is the"]
)
def test_no_question_word_asks_for_anything(world: CompiledGraph, text: str) -> None:
    """What is said without a question word, or cut short, gets no answer at all, or stops the command."""
    assert asked(world, text).classes != frozenset() and asked(world, text).relations is None


def table(folder: Path, *rows: str) -> CompiledGraph:
    (folder / "graph.tsv").write_text("subject\trelation\tobject\n" + "\n".join(rows) + "\n", encoding="utf-8")
    build([folder / "graph.tsv"], folder / "graph.ttl")
    return open_compiled(folder / "graph.ttl", progress=False)


def test_a_graph_that_says_nothing_is_asked_for_anything(tmp_path: Path) -> None:
    """After an update, someone's graph without question words answers "who" and "when" with "I don't know"."""
    graph = table(tmp_path, "Jaws\tdirector\tSpielberg", "Jaws\tyear\t1975", "Spielberg\trdf:type\tperson")
    for text in ("Who made Jaws?", "When was Jaws made?", "What color is Jaws?"):
        assert asked(graph, text) == Asked(None, None)


def test_words_from_a_table(tmp_path: Path) -> None:
    """Question words in a spreadsheet are not read, or count for a class itself and not for those below it."""
    rows = ("Jaws\tdirector\tSpielberg", "Jaws\tyear\t1975", "Spielberg\trdf:type\tdirecting person")
    graph = table(tmp_path, *rows, "directing person\trdfs:subClassOf\tperson", "person\thodu:questionWord\twho")
    assert entities_of(graph, asked(graph, "Who made Jaws?")) == [graph.id_of("urn:hodu:entity:Spielberg")]
    assert entities_of(graph, asked(graph, "When was Jaws made?")) == []
    assert asked(graph, "누가 Jaws를 만들었지?") == Asked(None, None)  # none in Korean


def test_a_relations_word_alone_closes_nothing(tmp_path: Path) -> None:
    """One word for one relation makes all questions about anything else unanswerable."""
    rows = ("Jaws\tdirector\tSpielberg", "Jaws\tyear\t1975", "urn:hodu:relation:year\thodu:questionWord\tin what year")
    graph = table(tmp_path, *rows)
    assert asked(graph, "Who made Jaws?") == Asked(None, None)
    assert asked(graph, "In what year was it?").relations == {graph.relation_number("year")}


def test_what_is_no_class_asks_by_nothing(tmp_path: Path) -> None:
    """A question word given to a thing by mistake makes all other questions unanswerable."""
    graph = table(tmp_path, "Jaws\tdirector\tSpielberg", "Jaws\tyear\t1975", "film\thodu:questionWord\twhat")
    assert asked(graph, "How long is Jaws?") == Asked(None, None)


def test_the_example_of_the_docs(tools: Path) -> None:
    """The graph that docs/knowledge.md begins with answers what a trowel is used for with an excavator."""
    graph = open_compiled(tools, progress=False)
    for text in ("What is a trowel used for?", "모종삽은 무엇에 쓸까?"):
        wanted = entities_of(graph, asked(graph, text))
        assert wanted is None or graph.id_of("urn:hodu:entity:planting") in wanted


def test_decomposed_words(tmp_path: Path) -> None:
    """A word typed on a Mac, in the graph or in the question, is never found."""
    graph = table(
        tmp_path, "민수\t만듦\t의자", "민수\trdf:type\t사람", f"사람\thodu:questionWord\t{normalize('NFD', '누가')}"
    )
    for text in ("의자는 누가 만들었을까?", normalize("NFD", "의자는 누가 만들었을까?")):
        assert entities_of(graph, asked(graph, text)) == [graph.id_of("urn:hodu:entity:%EB%AF%BC%EC%88%98")]


def test_a_long_sentence_ends(world: CompiledGraph) -> None:
    """A text of a hundred thousand words keeps the command busy for minutes."""
    assert asked(world, "where " + "trowel " * 100_000).classes is None  # the question word is too far from the end
