"""A small graph of digging, as a file, and a small world as a compiled graph."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from tests.knowledge.small_graph import SmallGraph

TOOLS = """
@prefix : <urn:hodu:entity:> .
@prefix rel: <urn:hodu:relation:> .
@prefix class: <urn:hodu:class:> .
@prefix hodu: <urn:hodu:> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .

class:Tool a rdfs:Class ; skos:prefLabel "tool"@en, "도구"@ko .
class:Machine a rdfs:Class ; rdfs:subClassOf class:Tool ; skos:prefLabel "machine"@en, "기계"@ko .
class:Doing a rdfs:Class ; skos:prefLabel "doing"@en, "일"@ko .

rel:usedFor a rdf:Property ; skos:prefLabel "used for"@en, "쓰임"@ko ;
    rdfs:domain class:Tool ; rdfs:range class:Doing ;
    hodu:template "{subject} is used for {object}"@en, "{subject}은(는) {object}에 쓰인다"@ko .
rel:purpose a rdf:Property ; skos:prefLabel "serves"@en, "목적"@ko ; owl:inverseOf rel:usedFor ;
    hodu:template "{subject} serves {object}"@en, "{subject}의 목적은 {object}이다"@ko .

:trowel a class:Tool ; skos:prefLabel "trowel"@en, "모종삽"@ko ; skos:altLabel "hand trowel"@en .
:excavator a class:Machine ; skos:prefLabel "excavator"@en, "굴착기"@ko ; skos:altLabel "포클레인"@ko .
:digging a class:Doing ; skos:prefLabel "digging"@en, "땅 파기"@ko .
:planting a class:Doing ; skos:prefLabel "planting flowers"@en, "꽃 심기"@ko .
:building a class:Doing ; skos:prefLabel "building a house"@en, "집 짓기"@ko .

:trowel rel:usedFor :digging {| hodu:weight 0.7 ; hodu:source "a gardener" |} , :planting .
:excavator rel:usedFor :digging, :building .
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The graph as a Turtle file."""
    file = tmp_path / "tools.ttl"
    file.write_text(TOOLS, encoding="utf-8")
    return file


NAMES = {  # id: Korean, English
    "dig": ("땅을 파다", "dig the ground"),
    "plant": ("꽃을 심다", "plant flowers"),
    "build": ("집을 짓다", "build a house"),
    "trowel": ("모종삽", "trowel"),
    "excavator": ("굴착기", "excavator"),
    "ground": ("땅", "ground"),
    "house": ("집", "house"),
    "flower": ("꽃", "flower"),
    "clean": ("청소하다", "clean"),
    "broom": ("빗자루", "broom"),
    "leek": ("파", "leek"),
    "dig-alone": ("파다", "dig"),
    "apple": ("사과", "apple"),
    "four": ("사", "four"),
    "tree": ("나무", "tree"),
    "woodcutter": ("나무꾼", "woodcutter"),
    "gpu": ("GPU", "GPU"),
    "it": ("그것", "it"),
    "ice-cream": ("아이스크림", "ice cream"),
    "sea": ("바다", "sea"),
    "cpp": ("C++", "C++"),
}


def small_world() -> SmallGraph:
    graph = SmallGraph()
    for id, (korean, english) in NAMES.items():
        graph.add_label(id, korean, "ko")
        graph.add_label(id, english, "en")
    graph.add_label("excavator", "포클레인", "ko", preferred=False)
    graph.add_relation(
        "used-for",
        labels={"ko": "쓰임", "en": "used for"},
        templates={"ko": "{subject}은(는) {object} 일에 쓰인다", "en": "{subject} is used to {object}"},
    )
    graph.add_relation("is-a", labels={"en": "is a"})
    for tool, doings in {"trowel": ("dig", "plant"), "excavator": ("dig", "build"), "broom": ("clean",)}.items():
        for doing in doings:
            graph.add(tool, "used-for", doing)
    graph.add("apple", "is-a", "tree", weight=0.5)
    graph.add_class("trowel", "tool")
    return graph


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> CompiledGraph:
    path: Path = tmp_path_factory.mktemp("graph") / "world.hodu"
    return compile_graph(small_world(), path, progress=False)
