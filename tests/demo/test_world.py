"""The built-in world: the same everywhere, fair, and not trivial."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

from hodu.demo import english, korean
from hodu.demo.hangul import final_of
from hodu.demo.lexicon import KINDS, Domain
from hodu.demo.world import LABELS, Sentence, World, make_world, write_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def everything(world: World) -> list[Sentence]:
    return [*world.train, *world.dev, *world.test]


def test_same_world_every_time(world: World) -> None:
    """Two people who run the demo get different sentences, and so figures that cannot be compared.

    A new digest means new sentences: the figures in README and results must be measured again.
    """
    again = make_world()
    assert again == world
    assert make_world(seed=1) != world
    text = "\n".join(sentence.text for sentence in everything(world))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "3626b1945d35258d"


def test_sizes_and_balance(world: World) -> None:
    """Accuracy is inflated by a label or a language that is more frequent, or a kind of sentence is missing."""
    for split in (world.train, world.dev, world.test):
        count = len(split)
        assert count in (300, 1500)
        assert Counter(sentence.label for sentence in split) == dict.fromkeys(LABELS, count // 2)
        assert Counter(sentence.language for sentence in split) == {"en": count // 2, "ko": count // 2}
        assert {sentence.kind for sentence in split} == set(KINDS)
    assert len(make_world(train=10, dev=4, test=6).train) == 10


def test_no_text_twice(world: World) -> None:
    """A test sentence was trained on, so the accuracy shown is too good."""
    texts = [sentence.text for sentence in everything(world)]
    assert len(set(texts)) == len(texts)


def domains(language: str) -> tuple[Domain, ...]:
    return english.DOMAINS if language == "en" else korean.DOMAINS


def test_training_never_sees_the_new_things(world: World) -> None:
    """The test split asks nothing new: generalisation is claimed but not measured."""
    for language in ("en", "ko"):
        new = {thing for domain in domains(language) for thing in domain.new_things}
        assert not new & {thing for domain in domains(language) for thing in domain.things}
        pattern = re.compile("|".join(rf"\b{thing}" for thing in new))
        known = [s.text for s in (*world.train, *world.dev) if s.language == language and pattern.search(s.text)]
        asked = [s.text for s in world.test if s.language == language and pattern.search(s.text)]
        assert known == []
        assert 0.2 < len(asked) / 150 < 0.5


def test_words_alone_do_not_decide(world: World) -> None:
    """The demo's task is trivial: counting words solves it and a student shows nothing.

    Praise and complaint are counted by the generator's own words; a split where they decided would be near 1.
    """
    right = sum(_words_verdict(sentence) == sentence.label for sentence in world.test)
    assert 0.35 < right / len(world.test) < 0.75


def _words_verdict(sentence: Sentence) -> str:
    words = {
        good: {claim.text for domain in domains(sentence.language) for claim in (domain.good if good else domain.bad)}
        for good in (True, False)
    }
    praise, complaint = (sum(word in sentence.text for word in words[good]) for good in (True, False))
    return "positive" if praise > complaint else "negative" if complaint > praise else ""


def test_korean_particles_fit(world: World) -> None:
    """The Korean sentences hold wrong particles (망치은), visible at first sight."""
    things = [thing for domain in korean.DOMAINS for thing in (*domain.things, *domain.new_things)]
    for sentence in everything(world):
        if sentence.language == "ko":
            for thing in things:
                for particle in re.findall(rf"{thing}(은|는|이|가)\b", sentence.text):
                    assert (particle in "은이") == bool(final_of(thing)), sentence.text


def test_no_template_is_left_open(world: World) -> None:
    """A user sees {thing}, a doubled space or a sentence that starts small."""
    for sentence in everything(world):
        assert not re.search(r"[{}\t\n]|  |\.\.|~", sentence.text), sentence.text
        assert sentence.text == sentence.text.strip()
        assert sentence.text[-1] in ".!"
        assert sentence.text[0] == sentence.text[0].upper()


def test_written_folder_reads_back(world: World, tmp_path: Path) -> None:
    """`hodu train` cannot read the demo's own files, or reads other sentences than were made."""
    folder = write_world(world, tmp_path / "world")
    assert sorted(path.name for path in folder.iterdir()) == ["dev.tsv", "test.tsv", "train.tsv"]
    header, *rows = (folder / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["text", "label", "language", "kind"]
    assert [tuple(row.split("\t")) for row in rows] == [(s.text, s.label, s.language, s.kind) for s in world.test]
