"""The built-in world: short English and Korean opinions on everyday food, tools, objects and services.

Made by rule from our own words, so it needs no download and no licence, and it is the same on every machine. It is small
but not trivial: in many sentences the words alone mislead ("not bad", "예쁘지만 금방 고장 났다"), so that counting them is
not enough; and the test split names things, and pairs things with claims, as training never does.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hodu.demo import english, korean
from hodu.demo.lexicon import KINDS, Draw, Kind, Split

Label = Literal["negative", "positive"]
LABELS: tuple[Label, ...] = get_args(Label)
"""Class names in id order."""

_WRITERS = {"en": english.sentence, "ko": korean.sentence}
_WEIGHTS: dict[Kind, int] = {
    "plain": 14,
    "both": 6,
    "negated": 4,
    "contrast": 4,
    "expectation": 1,
    "comparison": 1,
    "hearsay": 1,
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One opinion with its sentiment, its language ("en" or "ko") and how it reaches its verdict."""

    text: str
    label: Label
    language: Literal["en", "ko"]
    kind: Kind


@dataclass(frozen=True, slots=True)
class World:
    """Its three splits; no text is in two of them, or twice in one."""

    train: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]
    test: tuple[Sentence, ...]


def make_world(*, train: int = 1500, dev: int = 300, test: int = 300, seed: int = 0) -> World:
    """The world with so many sentences in each split, half of them positive and half of them Korean.

    The same arguments give the same sentences on every machine and Python version.
    """
    seen: set[str] = set()
    return World(
        train=_sentences("train", train, seed, seen),
        dev=_sentences("dev", dev, seed, seen),
        test=_sentences("test", test, seed, seen),
    )


def write_world(world: World, folder: Path) -> Path:
    """Writes ``train.tsv``, ``dev.tsv``, ``test.tsv`` (columns text, label, language, kind) and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sentences in (("train", world.train), ("dev", world.dev), ("test", world.test)):
        lines = ["text\tlabel\tlanguage\tkind", *("\t".join((s.text, s.label, s.language, s.kind)) for s in sentences)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return folder


def _sentences(split: Split, count: int, seed: int, seen: set[str]) -> tuple[Sentence, ...]:
    rng = random.Random(f"{seed} {split}")
    kinds = [kind for kind in KINDS for _ in range(_WEIGHTS[kind])]
    made: list[Sentence] = []
    while len(made) < count:
        label = LABELS[len(made) % 2]
        language: Literal["en", "ko"] = "en" if len(made) // 2 % 2 == 0 else "ko"
        draw = Draw(rng, split)
        kind = draw.one(kinds)
        text = _WRITERS[language](kind, label == "positive", draw)
        if text not in seen:
            seen.add(text)
            made.append(Sentence(text, label, language, kind))
    return _shuffled(made, rng)


def _shuffled(sentences: Iterable[Sentence], rng: random.Random) -> tuple[Sentence, ...]:
    """In random order: by drawn keys, since ``Random.shuffle`` may change between Python versions."""
    keyed = [(rng.random(), sentence) for sentence in sentences]
    return tuple(sentence for _, sentence in sorted(keyed, key=lambda pair: pair[0]))
