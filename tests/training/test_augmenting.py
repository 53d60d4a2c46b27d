"""Augmentation in whole runs: the training rows and nothing else, computed once, said aloud, repeated by the baseline."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoTokenizer, BertForMaskedLM
from typer.testing import CliRunner

import hodu
from hodu.cli.app import app
from hodu.data.masked_words import MaskedWords
from hodu.errors import DataError, ModelError, OutputError, RecipeError
from hodu.training import distilling
from tests.tiny import tiny_config

QUICK: dict[str, Any] = {"student": "1x16", "recipe": "hinton", "epochs": 1.0, "batch_size": 64, "progress": False}


@pytest.fixture(scope="module")
def masked(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random masked language model with the teacher's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    folder = tmp_path_factory.mktemp("models") / "masked"
    torch.manual_seed(0)
    BertForMaskedLM(tiny_config("bert", layers=1, vocab_size=len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Dataset]]:
    """The splits that each run tokenised."""
    splits: list[dict[str, Dataset]] = []
    prepare = distilling.prepare

    def watched(data: Any, *args: Any, **kwargs: Any) -> Any:
        splits.append(data.splits)
        return prepare(data, *args, **kwargs)

    monkeypatch.setattr(distilling, "prepare", watched)
    return splits


def test_a_run_is_augmented_once_and_its_baseline_alike(
    teacher: Path,
    masked: Path,
    data: Path,
    tmp_path: Path,
    seen: list[dict[str, Dataset]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Dev rows are changed, the baseline learns from other rows, a second run asks the model again, or wrong labels are learnt unsaid."""
    caplog.set_level(logging.INFO, "hodu")
    plain = hodu.distill(teacher, data, tmp_path / "plain", **QUICK)
    small = hodu.distill(teacher, data, tmp_path / "small", augment=masked, augment_copies=3, **QUICK)
    assert "learns from labels" in caplog.text and "augmented by" in caplog.text

    def asked(*_: Any) -> None:
        raise AssertionError("the model was asked again")

    monkeypatch.setattr(MaskedWords, "_likeliest", asked)
    base = hodu.baseline(small, progress=False)
    before, after, repeated = seen
    for name in ("dev", "test"):
        assert list(after[name]) == list(before[name])
    assert set(before["train"]["text"]) < set(after["train"]["text"])
    assert list(after["train"]) == list(repeated["train"])
    card, other = (json.loads((folder / "hodu.json").read_text()) for folder in (small, base))
    assert card["steps"] == other["steps"] > json.loads((plain / "hodu.json").read_text())["steps"]
    assert (card["augment"], card["augment_copies"], card["glove"]) == (str(masked), 3, None)
    shown = CliRunner().invoke(app, ["cache", "masked"], env={"COLUMNS": "250"}).output
    assert "words for --augment" in shown
    assert "removed" in CliRunner().invoke(app, ["cache", "masked", "--clear"]).output
    assert not list(Path(os.environ["HODU_CACHE"]).rglob("*.arrow"))


def test_what_cannot_be_is_one_sentence(teacher: Path, masked: Path, data: Path, tmp_path: Path) -> None:
    """A fine-tuned model's random head, or a cut file of vectors, fills the training text with noise; a stopped run goes on with other rows."""
    glove = tmp_path / "glove.txt"
    glove.write_text("good 1 0\nbad 1\n")
    trials: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ModelError, "is no masked language model", {"augment": teacher}),
        (ModelError, "nowhere is no folder here", {"augment": tmp_path / "nowhere"}),
        (DataError, "row 2", {"augment": masked, "glove": glove}),
        (DataError, "0 copies", {"augment": masked, "augment_copies": 0}),
        (RecipeError, "--augment", {"glove": glove}),
    ]
    for error, says, settings in trials:
        with pytest.raises(error, match=says):
            hodu.distill(teacher, data, tmp_path / "small", **QUICK, **settings)
        assert not list(tmp_path.glob("small*"))
    work = tmp_path / "small.training"
    work.mkdir()
    (work / "settings.json").write_text(json.dumps({"augment": "another"}))
    with pytest.raises(OutputError, match=r"other settings .*augment"):
        hodu.distill(teacher, data, tmp_path / "small", augment=masked, **QUICK)
