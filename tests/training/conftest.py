"""A tiny teacher, its tokenizer and a little data, made once for all tests of training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from transformers import TrainerCallback

from hodu.models.scratch import new_bert
from hodu.training import stages

GOOD = ("good", "great", "fine", "좋다", "훌륭하다")
BAD = ("bad", "awful", "poor", "나쁘다", "형편없다")
THINGS = ("film", "food", "tool", "book", "영화", "음식", "도구", "책")


@contextmanager
def looked_on_by(callback: TrainerCallback) -> Iterator[None]:
    """Every training inside has this callback too: to press Ctrl-C, or to kill it."""
    init = stages.DistilTrainer.__init__

    def extended(self: Any, *args: Any, callbacks: list[Any], **kwargs: Any) -> None:
        init(self, *args, callbacks=[*callbacks, callback], **kwargs)

    with mock.patch.object(stages.DistilTrainer, "__init__", extended):
        yield


def write_jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of one JSON object a line."""
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return file


def sentences() -> list[tuple[str, str]]:
    """Eighty short texts whose label is in one word."""
    return [
        (f"the {thing} is {word}", label)
        for label, words in (("pos", GOOD), ("neg", BAD))
        for word in words
        for thing in THINGS
    ]


@pytest.fixture(autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, and a teacher cache of this test's own."""
    torch.set_num_threads(1)
    monkeypatch.setenv("HODU_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random but saved BERT of 4 x 32 that tells two labels."""
    torch.manual_seed(0)
    made = new_bert(
        "4x32",
        [text for text, _ in sentences()],
        vocabulary=120,
        task="classification",
        labels=("neg", "pos"),
        max_length=32,
    )
    folder = tmp_path_factory.mktemp("models") / "teacher"
    with torch.no_grad():  # random weights answer everything alike: spread the answers
        made.model.classifier.weight.mul_(20)
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sentences as a CSV file."""
    file = tmp_path_factory.mktemp("data") / "reviews.csv"
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in sentences()), encoding="utf-8")
    return file
