"""Mentions in sentences of both languages."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pytest

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import link
from tests.knowledge.small_graph import SmallGraph

SENTENCES = [  # text, surface = the best candidate
    ("땅을 팠다.", "땅을 팠다=dig"),
    ("땅 파는 기계", "땅 파는=dig"),
    ("꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?", "꽃을 심으려고=plant 땅을 팠다=dig 팠을까=dig-alone"),
    ("집을 지으려고 굴착기로 땅을 판다", "집을 지으려고=build 굴착기=excavator 땅을 판다=dig"),
    ("나무꾼이 나무에서 사과를 땄다", "나무꾼=woodcutter 나무=tree 사과=apple"),
    ("사과", "사과=apple"),
    ("사과 오는 다르다", "사과=apple"),
    ("‘포클레인’으로는 안 된다", "포클레인=excavator"),
    ("청소를 했다", "청소=clean"),
    ("방을 청소했습니다", "청소했습니다=clean"),
    ("빗자루만으로도 청소할까?", "빗자루=broom 청소할까=clean"),
    ("GPU를 샀다", "GPU=gpu"),
    ("바다는 넓다", "바다=sea"),
    ("나무들까지", "나무=tree"),
    ("빗자루뿐만아니라 굴착기잖아", "빗자루=broom 굴착기=excavator"),
    ("집이나마 있으면", "집=house"),
    ("굴착기(포클레인)는", "굴착기=excavator 포클레인=excavator"),
    ("사과나무", ""),
    ("파도가 파란 날", ""),
    ("땅콩을 집었다", ""),
    ("He dug the ground with a trowel", "dug the ground=dig trowel=trowel"),
    ("Planting flowers, she bought trowels.", "Planting flowers=plant trowels=trowel"),
    ("ICE CREAM and apples", "ICE CREAM=ice-cream apples=apple"),
    ("He built a house", "built a house=build"),
    ("a tree-house", "tree=tree house=house"),
    ("the pineapple treehouse", ""),
    ("C++ is not C", "C++=cpp"),
    ("무제 صفحة 東京 Ωμέγα", ""),
    ("", ""),
]


def said(world: CompiledGraph, text: str) -> str:
    return " ".join(f"{one.surface}={world.iri(one.candidates[0].entity)}" for one in link(world, text))


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentences(world: CompiledGraph, text: str, expected: str) -> None:
    """The model gets facts about the wrong thing, or none."""
    assert said(world, text) == expected


@pytest.mark.parametrize("text", [text for text, _ in SENTENCES])
def test_places_are_characters(world: CompiledGraph, text: str) -> None:
    """A mention is marked some bytes beside its word."""
    assert all(text[one.start : one.end] == one.surface for one in link(world, text))


def test_decomposed_hangul(world: CompiledGraph) -> None:
    """Text copied from a Mac finds nothing, or places that fall between letters."""
    text = unicodedata.normalize("NFD", "나는 굴착기로 땅을 팠다")
    found = link(world, text)
    assert [unicodedata.normalize("NFC", text[one.start : one.end]) for one in found] == ["굴착기", "땅을 팠다"]


def test_ambiguous_mentions_keep_candidates(world: CompiledGraph) -> None:
    """파 is always the leek, even where digging was meant, and nobody learns why."""
    (mention,) = link(world, "파")
    assert [world.iri(one.entity) for one in mention.candidates] == ["leek", "dig-alone"]
    assert [one.reason for one in mention.candidates] == ["its label", "a form of its label"]
    assert len(link(world, "파", limit=1)[0].candidates) == 1


def test_stop_words_come_last(tmp_path: Path) -> None:
    """An entity named "it" is put before every other meaning, or cannot be found at all."""
    graph = SmallGraph()
    graph.add_label("a-pronoun", "it", "en")
    graph.add_label("technology", "its", "en", preferred=False)
    graph.add_label("z-tag", "ITS", "de")
    compiled = compile_graph(graph, tmp_path / "g", progress=False)
    scores = [one.candidates[0].score for one in link(compiled, "it its")]
    assert len(scores) == 2 and max(scores) < 0.1
    assert "common" in link(compiled, "it")[0].candidates[0].reason


@pytest.mark.parametrize("piece", ["ㅋ", "가", "땅을 ", "나무", "東", "a ", "\u0301", "é", "\x00", "사과나무는 "])
def test_long_texts_end(world: CompiledGraph, piece: str) -> None:
    """One pasted book stops the server."""
    started = time.process_time()
    link(world, piece * (100_000 // len(piece)))
    assert time.process_time() - started < 5


@pytest.mark.parametrize("label", ["", " ", "...", "\x00\x01", "긴" * 10_000, "é" * 10_000, "다", "\ud800"])
def test_odd_labels(tmp_path: Path, label: str) -> None:
    """One odd label in a million stops the compiler, or is found everywhere."""
    graph = SmallGraph()
    graph.add_label("odd", label, "ko")
    graph.add_label("house", "집", "ko")
    compiled = compile_graph(graph, tmp_path / "g", progress=False)
    assert [one.surface for one in link(compiled, "이 집은 ... \x00 크다")] == ["집"]
    assert compiled.label(compiled.id_of("house"), "ko") == "집"


def test_an_empty_graph(tmp_path: Path) -> None:
    """A graph that is still empty raises something about arrays."""
    compiled = compile_graph(SmallGraph(), tmp_path / "g", progress=False)
    assert len(compiled) == 0 and link(compiled, "땅을 팠다") == []
