"""Language models, fine-tuned for a task: their layers are kept, the head is new, and the user is told which is which."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import TrainerCallback
from typer.testing import CliRunner

import hodu
from hodu.cli.app import app
from hodu.models.load import load_model
from hodu.types import Task
from tests.training.conftest import looked_on_by, sentences
from tests.training.test_replaced_token import QUICK, documents

FAMILY = {
    "masked-lm": ("BertForSequenceClassification", "bert.pooler, classifier"),
    "causal-lm": ("GPT2ForSequenceClassification", "score"),
    "replaced-token": ("ElectraForSequenceClassification", "classifier"),
}
STILL = {**QUICK, "learning_rate": 1e-9}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return documents(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def students(text: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of each language task a student, distilled from a teacher of its kind."""
    folder, made = tmp_path_factory.mktemp("students"), {}
    for task in FAMILY:
        settings = {**QUICK, "task": task}
        big = hodu.train("2x32", text, folder / f"{task}-teacher", **settings, vocabulary=300, max_length=32)  # type: ignore[arg-type]
        made[task] = hodu.distill(big, text, folder / task, **settings, student="1x32")  # type: ignore[arg-type]
    return made


def test_dropout_by_flag(data: Path, tmp_path: Path) -> None:
    """--dropout 0 is taken and changes nothing, or stays in the saved model, which then trains without it for ever."""
    seen: list[set[float]] = []

    class Look(TrainerCallback):
        def on_step_begin(self, args, state, control, model=None, **more):  # type: ignore[no-untyped-def]
            seen.append({part.p for part in model.modules() if isinstance(part, nn.Dropout)})

    with looked_on_by(Look()):
        for given in (None, 0.0):
            out = hodu.train("1x32", data, tmp_path / str(given), dropout=given, **{**QUICK, "epochs": 0.1})
            assert load_model(out).model.config.hidden_dropout_prob == 0.1
    assert seen[0] == {0.1} and seen[-1] == {0.0}


@pytest.mark.parametrize("task", FAMILY)
def test_a_language_model_gets_a_head(
    task: Task, students: dict[str, Path], data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A task-agnostic student cannot be used for a task, or begins anew from random weights without a word."""
    caplog.set_level(logging.INFO, "hodu")
    tuned = hodu.train(students[task], data, tmp_path / "tuned", **STILL)  # type: ignore[arg-type]
    family, new = FAMILY[task]
    loaded, before = load_model(tuned), load_model(students[task])
    assert type(loaded.model).__name__ == family and not loaded.untrained
    theirs = before.model.base_model.state_dict()
    kept = [name for name in loaded.model.base_model.state_dict() if not name.startswith("pooler")]
    assert len(kept) > 10
    for name in kept:  # hardly trained on, so hardly moved: begun anew it would be elsewhere
        torch.testing.assert_close(loaded.model.base_model.state_dict()[name], theirs[name], rtol=0, atol=1e-5)
    assert f"its embeddings and 1 layers are kept, what it said as a model for {task} is left behind" in caplog.text
    assert f"new, with random weights: {new}\n" in caplog.text
    assert "accuracy" in hodu.measure([tuned], data, speed=False)[0].metrics


def test_the_head_learns(students: dict[str, Path], data: Path, tmp_path: Path) -> None:
    """The new head is frozen, or reads padding instead of the text's last piece."""
    for task in ("masked-lm", "causal-lm"):
        settings = {"epochs": 8.0, "learning_rate": 5e-3, "progress": False, "batch_size": 8}
        tuned = hodu.train(students[task], data, tmp_path / task, **settings)  # type: ignore[arg-type]
        assert hodu.measure([tuned], data, split="train", speed=False)[0].metrics["accuracy"] > 0.7, task


def test_a_gpt_without_padding_gets_a_head(students: dict[str, Path], data: Path, tmp_path: Path) -> None:
    """hodu train gpt2 --data reviews.csv stops: GPT-2 as it is published has no padding piece, and its classifier takes no batch without."""
    loaded = load_model(students["causal-lm"])
    loaded.tokenizer.pad_token = loaded.model.config.pad_token_id = None
    loaded.model.save_pretrained(tmp_path / "gpt2")
    loaded.tokenizer.save_pretrained(tmp_path / "gpt2")
    tuned = hodu.train(tmp_path / "gpt2", data, tmp_path / "tuned", **QUICK)  # type: ignore[arg-type]
    config = load_model(tuned).model.config
    assert config.pad_token_id == config.eos_token_id
    small = hodu.distill(tuned, data, tmp_path / "small", student="1x32", **QUICK)  # type: ignore[arg-type]
    assert "agreement" in hodu.measure([tuned, small], data, speed=False)[1].metrics


def test_the_task_has_transformers_name_too(students: dict[str, Path], tmp_path: Path) -> None:
    """hodu train my-bert --task text-classification is refused, though everybody calls it so."""
    file = tmp_path / "numbers.csv"
    file.write_text("text,label\n" + "".join(f"{text},{int(label == 'pos')}\n" for text, label in sentences()))
    flags = ["--data", str(file), "--task", "text-classification", "--epochs", "0.2", "--label-names", "bad,good"]
    said = CliRunner().invoke(app, ["train", str(students["masked-lm"]), *flags, "--out", str(tmp_path / "tuned")])
    assert said.exit_code == 0, said.output
    assert load_model(tmp_path / "tuned").model.config.label2id == {"bad": 0, "good": 1}
