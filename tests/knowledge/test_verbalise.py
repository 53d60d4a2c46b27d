"""Facts as sentences."""

from __future__ import annotations

import pytest

from hodu.knowledge.types import Label, Relation
from hodu.knowledge.verbalise import fill, verbalise

PARTICLES = [
    ("굴착기", "굴착기는 굴착기가 굴착기를 굴착기와 굴착기로"),
    ("집", "집은 집이 집을 집과 집으로"),
    ("칼", "칼은 칼이 칼을 칼과 칼로"),
    ("GPU", "GPU는 GPU가 GPU를 GPU와 GPU로"),
    ("URL", "URL은 URL이 URL을 URL과 URL로"),
    ("book", "book은 book이 book을 book과 book으로"),
    ("apple", "apple은 apple이 apple을 apple과 apple로"),
    ("bus", "bus는 bus가 bus를 bus와 bus로"),
    ("3", "3은 3이 3을 3과 3으로"),
    ("2", "2는 2가 2를 2와 2로"),
    ("7", "7은 7이 7을 7과 7로"),
    ("10", "10은 10이 10을 10과 10으로"),
    (
        "굴착기(포클레인)",
        "굴착기(포클레인)는 굴착기(포클레인)가 굴착기(포클레인)를 굴착기(포클레인)와 굴착기(포클레인)로",
    ),
    ("‘집’", "‘집’은 ‘집’이 ‘집’을 ‘집’과 ‘집’으로"),
    ("東京", "東京는 東京가 東京를 東京와 東京로"),
]


@pytest.mark.parametrize(("word", "expected"), PARTICLES)
def test_particles(word: str, expected: str) -> None:
    """Facts read 굴착기은 and 칼으로, as no Korean writes and no model has read."""
    template = "{subject}은(는) {subject}이(가) {subject}을(를) {subject}과(와) {subject}(으)로"
    assert fill(template, word, "") == expected


def test_labels_stay_as_they_are() -> None:
    """A label with braces or a pair in it is taken for the template's own."""
    assert fill("{subject}은(는) {object}", "{object}", "을(를)") == "{object}는 을(를)"


def test_without_a_template() -> None:
    """A relation that someone adds says nothing until a programmer comes."""
    labelled = Relation("urn:x", (Label("is used for", "en", True),), {}, None, None, None, False)
    assert verbalise(labelled, "모종삽", "땅", "ko") == "모종삽 is used for 땅"
    bare = Relation("urn:hodu:relation:%EC%93%B0%EC%9E%84", (), {}, None, None, None, False)
    assert verbalise(bare, "a", "b", "en") == "a 쓰임 b"
