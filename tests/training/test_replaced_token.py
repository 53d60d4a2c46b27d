"""ELECTRA discriminators trained, distilled and measured on running text in which pieces are replaced."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ElectraForPreTraining

import hodu
from hodu.cli.app import app
from hodu.errors import ModelError, RecipeError
from hodu.models.discriminator import load_discriminator
from hodu.models.load import load_model, task_of
from hodu.models.scratch import new_discriminator
from hodu.training import baseline
from tests.training.conftest import looked_on_by
from tests.training.families import save_teacher

TEXTS = (
    "The {} digs a hole in the garden with its paws every morning, and nobody asks why.",
    "People dig the ground with a trowel to plant flowers for the {} in spring.",
    "꽃을 심으려고 모종삽으로 땅을 팠다. 집을 지으려고 굴착기로 땅을 팠다. {}",
)
ANIMALS = ("dog", "cat", "fox", "mole")
QUICK = {"epochs": 1.0, "learning_rate": 3e-3, "progress": False}


def documents(folder: Path) -> Path:
    """A file of sixty short documents, a line each."""
    file = folder / "documents.txt"
    lines = [" ".join(TEXTS[(i + j) % 3].format(ANIMALS[i % 4]) for j in range(4)) for i in range(60)]
    file.write_text("\n".join(f"{i} {line}" for i, line in enumerate(lines)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return documents(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def generator(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generator")
    settings = {**QUICK, "task": "masked-lm", "vocabulary": 300, "max_length": 32}
    return hodu.train("1x16", text, folder / "mlm", **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def teacher(text: Path, generator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher") / "electra"
    settings = {**QUICK, "epochs": 7.0, "batch_size": 8, "task": "replaced-token", "generator": generator}
    return hodu.train("2x32", text, folder, **settings)  # type: ignore[arg-type]


def test_a_discriminator_from_nothing_reads_as_its_generator(generator: Path, teacher: Path) -> None:
    """hodu train 4x256 --task replaced-token --generator mlm makes a model that transformers cannot load, or that numbers pieces otherwise."""
    model = ElectraForPreTraining.from_pretrained(teacher)
    assert model.config.embedding_size == model.config.hidden_size == 32
    loaded, other = load_model(teacher), load_model(generator)
    assert task_of(loaded.model.config) == "replaced-token"
    assert loaded.tokenizer.get_vocab() == other.tokenizer.get_vocab()
    assert loaded.model.config.max_position_embeddings == 32
    table = new_discriminator("2x16", (), 0, 99, generator=other).model.get_input_embeddings().weight
    assert torch.equal(table, other.model.get_input_embeddings().weight)


@pytest.mark.parametrize("width", [32, 16])
def test_a_discriminator_is_distilled_and_measured(
    width: int, teacher: Path, generator: Path, text: Path, tmp_path: Path
) -> None:
    """The README's command for ELECTRA does not end in a folder that transformers loads and hodu measures."""
    out = hodu.distill(
        teacher, text, tmp_path / "small", recipe="electra", generator=generator, student=f"1x{width}", **QUICK
    )  # type: ignore[arg-type]
    model = ElectraForPreTraining.from_pretrained(out)
    assert model.config.num_hidden_layers == 1 and model.config.hidden_size == width
    first, student = hodu.measure([teacher, out], text, generator=generator, speed=False)
    assert first.role == "teacher" and student.task == "replaced-token" and next(iter(student.metrics)) == "f1"
    for metric in ("f1", "accuracy", "agreement"):
        low, high = student.intervals[metric]
        assert 0 <= low <= student.metrics[metric] <= high <= 1
    assert any(f"sampled from {generator}" in note for note in student.notes)
    card = json.loads((out / "hodu.json").read_text())
    assert card["task"] == "replaced-token" and card["generator"] == str(generator) and card["cross_entropy"] > 0


def test_a_discriminator_begins_with_the_layers_of_a_bert(generator: Path, text: Path, tmp_path: Path) -> None:
    """hodu train bert-base-uncased --task replaced-token is refused, or throws away what the BERT knows."""
    bert, begun = load_model(generator, "masked-lm"), load_discriminator(generator)
    read = begun.encode({"text": "The cat sat on the mat"})
    with torch.inference_mode():
        states = [one.model.base_model(**read).last_hidden_state for one in (bert, begun)]  # B L H
    assert torch.equal(*states)
    assert begun.untrained and all(name.startswith("discriminator_predictions.") for name in begun.untrained)
    settings = {**QUICK, "task": "replaced-token", "generator": generator}
    out = hodu.train(generator, text, tmp_path / "electra", **settings)  # type: ignore[arg-type]
    assert ElectraForPreTraining.from_pretrained(out).config.num_hidden_layers == 1


def test_an_untouched_copy_agrees_with_its_teacher(teacher: Path, text: Path, tmp_path: Path) -> None:
    """The student sees another corrupted text than its teacher, in training or in hodu measure, or a pruned one other pieces."""
    out = hodu.distill(
        teacher,
        text,
        tmp_path / "same",
        task="replaced-token",
        student="2x32",
        vocabulary="pruned",
        **{**QUICK, "learning_rate": 1e-9},  # type: ignore[arg-type]
    )
    assert len(load_model(out).tokenizer) < len(load_model(teacher).tokenizer)
    first, student = hodu.measure([teacher, out], text, speed=False)
    assert student.metrics["agreement"] == 1.0
    for metric in ("f1", "accuracy", "cross_entropy"):
        assert student.metrics[metric] == pytest.approx(first.metrics[metric], abs=1e-5)


def test_training_teaches_to_tell_replaced_pieces(teacher: Path, generator: Path, text: Path) -> None:
    """The labels never reach the loss: the discriminator says of each piece how many are replaced, and no more."""
    trained = hodu.measure([teacher], text, generator=generator, speed=False)[0].metrics["cross_entropy"]
    share = 0.13  # of replaced pieces; who always says so much has its entropy
    assert trained < -0.9 * (share * np.log(share) + (1 - share) * np.log(1 - share))


def test_a_discriminator_that_says_nothing_is_told_apart(
    text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After too short a training the table praises 86 % accuracy and 100 % agreement, and a warning says something of undefined figures."""
    own = text.read_text(encoding="utf-8").splitlines()
    for name in ("one", "two"):
        silent = new_discriminator("1x16", own, 200, 32, generator=None)
        with torch.no_grad():
            silent.model.discriminator_predictions.dense_prediction.bias.fill_(-9.0)
        silent.model.save_pretrained(tmp_path / name)
        silent.tokenizer.save_pretrained(tmp_path / name)
    for one in hodu.measure([tmp_path / "one", tmp_path / "two"], text, teacher=str(tmp_path / "one"), speed=False):
        assert any("calls no piece replaced" in note for note in one.notes)
        assert one.metrics.get("agreement", 1.0) == 1.0 and one.metrics["f1"] == 0.0
    assert "undefined" not in caplog.text


def test_figures_can_be_repeated(teacher: Path, generator: Path, text: Path) -> None:
    """Two looks at one model give two figures, so that no table can be made again."""
    one, two = (
        hodu.measure([teacher], text, split="train", generator=generator, speed=False)[0].metrics for _ in range(2)
    )
    assert one == two
    assert one != hodu.measure([teacher], text, split="train", speed=False)[0].metrics


def test_the_student_starts_near_its_teacher(teacher: Path, text: Path, tmp_path: Path) -> None:
    """The rotated start does not know ELECTRA's head, so that training begins from a coin's judgement."""
    figures = {}
    for start in ("random", "rotate"):
        out = hodu.distill(
            teacher,
            text,
            tmp_path / start,
            task="replaced-token",
            student="2x16",
            start=start,
            **{**QUICK, "learning_rate": 1e-9},  # type: ignore[arg-type]
        )
        figures[start] = hodu.measure([out], text, split="train", speed=False)[0].metrics["cross_entropy"]
    assert figures["rotate"] < 0.8 * figures["random"]


def test_a_stopped_run_goes_on_to_the_same_student(
    teacher: Path,
    generator: Path,
    text: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ctrl-C and the same command again replace other pieces than an uninterrupted run, so it cannot be repeated."""
    from hodu.training import stages

    settings = {**QUICK, "epochs": 2.0, "task": "replaced-token", "generator": generator, "student": "1x16", "seed": 3}
    hodu.distill(teacher, text, tmp_path / "whole", **settings)  # type: ignore[arg-type]

    class Stop(stages.TrainerCallback):
        def on_save(self, args: object, state: object, control: object, **_: object) -> None:
            raise KeyboardInterrupt

    with looked_on_by(Stop()), pytest.raises(KeyboardInterrupt):
        hodu.distill(teacher, text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    caplog.set_level(logging.INFO, "hodu")
    hodu.distill(teacher, text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    assert "going on from" in caplog.text
    whole, parts = (load_model(tmp_path / name).model.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_baseline_learns_from_the_same_text_alone(
    teacher: Path, generator: Path, text: Path, tmp_path: Path
) -> None:
    """The undistilled baseline is trained on easier text than the student, so that distillation looks worse than it is."""
    settings = {**QUICK, "task": "replaced-token", "generator": generator, "student": "1x16"}
    out = hodu.distill(teacher, text, tmp_path / "small", **settings)  # type: ignore[arg-type]
    made = baseline(out, progress=False)
    one, other = (json.loads((folder / "hodu.json").read_text()) for folder in (out, made))
    assert other["role"] == "baseline" and one["steps"] == other["steps"] and other["generator"] == one["generator"]
    assert other["objectives"] == [["1 ReplacedTokens(hard=1.0, soft=0.0)"]]


def test_minilm_needs_no_head_and_the_cache_stays_out(
    teacher: Path, text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MiniLM is refused for ELECTRA's bare encoder; or --cache hands out what the teacher said of another epoch's text."""
    caplog.set_level(logging.INFO, "hodu")
    loaded = load_model(teacher)
    loaded.model.base_model.save_pretrained(tmp_path / "bare")
    loaded.tokenizer.save_pretrained(tmp_path / "bare")
    settings = {**QUICK, "task": "replaced-token", "student": "1x16", "cache": True}
    with pytest.raises(ModelError, match="no trained head"):
        hodu.distill(tmp_path / "bare", text, tmp_path / "one", **settings)  # type: ignore[arg-type]
    out = hodu.distill(tmp_path / "bare", text, tmp_path / "two", recipe="minilm", teacher_layer=1, **settings)  # type: ignore[arg-type]
    assert isinstance(load_model(out).model, ElectraForPreTraining)
    assert "answers are read from" not in caplog.text


def test_a_fine_tuned_electra_is_distilled_by_the_default_recipe(data: Path, tmp_path: Path) -> None:
    """KoELECTRA fine-tuned on reviews, with embeddings narrower than its layers, cannot be distilled."""
    folder = save_teacher("electra", tmp_path / "teacher")
    out = hodu.distill(folder, data, tmp_path / "small", student="2x24", **QUICK)  # type: ignore[arg-type]
    card, config = json.loads((out / "hodu.json").read_text()), load_model(out).model.config
    assert card["recipe"] == "hodu" and card["start"] == "rotate"
    assert config.embedding_size == 16 and config.hidden_size == 24
    assert {"accuracy", "agreement"} <= hodu.measure([folder, out], data, speed=False)[1].metrics.keys()


def test_what_cannot_be_is_said_at_once(teacher: Path, generator: Path, text: Path, data: Path, tmp_path: Path) -> None:
    """A wrong combination ends hours later, or in a shape error."""
    with pytest.raises(ModelError, match=r"no trained head.* or distil it as .*--task replaced-token"):
        hodu.distill(teacher, text, tmp_path / "z", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="is a bert, and only ELECTRA"):
        hodu.distill(generator, text, tmp_path / "a", task="replaced-token", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no masked language model"):
        hodu.distill(teacher, text, tmp_path / "b", recipe="electra", generator=teacher, **QUICK)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"--generator .* this is masked-lm"):
        hodu.distill(generator, text, tmp_path / "c", task="masked-lm", generator=generator, **QUICK)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"--generator .* this is classification"):
        hodu.train("2x32", data, tmp_path / "d", generator=generator, **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="replaces pieces for discriminators"):
        hodu.measure([generator], text, generator=generator, speed=False)
    own = text.read_text(encoding="utf-8").splitlines()
    for name, texts, reason in (("e", own, "pieces against"), ("f", ["quite other 전혀 다른 글"], "does not know")):
        stranger = new_discriminator("1x16", texts, 150, 32, generator=None)
        stranger.model.save_pretrained(tmp_path / name)
        stranger.tokenizer.save_pretrained(tmp_path / name)
        with pytest.raises(ModelError, match=f"different vocabularies .*{reason}"):
            hodu.measure([teacher, tmp_path / name], text, speed=False)
    assert not any((tmp_path / name).exists() for name in "abcd")


def test_the_command_line_takes_a_generator(generator: Path, teacher: Path, text: Path, tmp_path: Path) -> None:
    """--generator is in the README and not in the commands."""
    from typer.testing import CliRunner

    out, file = tmp_path / "small", tmp_path / "figures.json"
    flags = ["--data", str(text), "--generator", str(generator)]
    made = CliRunner().invoke(
        app, ["distill", str(teacher), *flags, "--recipe", "electra", "--epochs", "1", "--out", str(out)]
    )
    assert made.exit_code == 0, made.output
    assert f"--generator {generator}" in made.output.replace("\n", "")
    looked = CliRunner().invoke(app, ["measure", str(out), *flags, "--no-speed", "--json", str(file)])
    assert looked.exit_code == 0, looked.output
    assert 0 <= json.loads(file.read_text())[0]["metrics"]["accuracy"] <= 1
