"""A small world of digging, as a compiled graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from tests.knowledge.small_graph import SmallGraph

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
