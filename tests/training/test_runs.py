"""Whole runs of train, distill and baseline on a tiny teacher."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForSequenceClassification, AutoTokenizer, TrainerCallback

import hodu
from hodu.errors import HoduError, LabelError, ModelError, OutputError, RecipeError
from hodu.recipes import RECIPES
from hodu.training import stages, teacher_cache, trainer
from hodu.training.output import working_folder
from tests.training.conftest import looked_on_by, sentences

QUICK = {"student": "2x16", "epochs": 2.0, "batch_size": 16, "progress": False}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("recipe", [name for name, recipe in RECIPES.items() if recipe.task is None])
def test_every_recipe_makes_a_model_that_anything_loads(recipe: str, teacher: Path, data: Path, tmp_path: Path) -> None:
    """The student folder needs hodu, lacks its tokenizer or its labels, or the working folder stays behind."""
    out = hodu.distill(teacher, data, tmp_path / "small", recipe=recipe, **{**QUICK, "student": "2x16"})
    model = AutoModelForSequenceClassification.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert model(**tokenizer("the film is 좋다", return_tensors="pt")).logits.shape == (1, 2)
    assert model.config.id2label == {0: "neg", 1: "pos"}
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    card = json.loads((out / "hodu.json").read_text())
    assert card["role"] == "student" and card["recipe"] == recipe and card["steps"] > 0


def test_the_same_seed_gives_the_same_student(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Nobody can repeat a published figure."""
    one, two = (hodu.distill(teacher, data, tmp_path / name, **QUICK, seed=3) for name in ("one", "two"))
    other = hodu.distill(teacher, data, tmp_path / "other", **QUICK, seed=4)
    assert same(weights(one), weights(two))
    assert not same(weights(one), weights(other))


class StopAt(TrainerCallback):
    """Presses Ctrl-C after so many steps, or whatever stops a program."""

    def __init__(self, step: int, how: signal.Signals = signal.SIGINT) -> None:
        self.step, self.how = step, how

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            signal.raise_signal(self.how)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_goes_on_to_the_same_student(
    how: signal.Signals, teacher: Path, data: Path, tmp_path: Path
) -> None:
    """Ctrl-C or `docker stop` costs hours, leaves half a student, or the resumed student is another one than the uninterrupted one."""
    whole = hodu.distill(teacher, data, tmp_path / "whole", **QUICK)
    with looked_on_by(StopAt(6, how)), pytest.raises(KeyboardInterrupt):
        hodu.distill(teacher, data, tmp_path / "stopped", **QUICK)
    assert not (tmp_path / "stopped").exists()
    assert list((tmp_path / "stopped.training").glob("distil/checkpoint-7"))
    before = float((tmp_path / "stopped.training" / "distil" / "seconds.txt").read_text())
    resumed = hodu.distill(teacher, data, tmp_path / "stopped", **QUICK)
    assert same(weights(whole), weights(resumed))
    assert json.loads((resumed / "hodu.json").read_text())["seconds"] > before > 0, (
        "only the last session's time counts"
    )
    assert not (tmp_path / "stopped.training").exists()


class KilledAt(StopAt):
    """The machine goes down before this step."""

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            raise MemoryError("killed")


def test_a_killed_run_loses_minutes_and_not_hours(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut, or a session that ends, costs everything since the last look at dev: hours, where a step takes long; or what goes on is another student."""
    whole = hodu.distill(teacher, data, tmp_path / "whole", **QUICK)
    with monkeypatch.context() as patch, looked_on_by(KilledAt(3)):
        patch.setattr(stages.EveryMinutes, "SECONDS", 0.0)
        with pytest.raises(MemoryError):
            hodu.distill(teacher, data, tmp_path / "killed", **QUICK)
    assert list((tmp_path / "killed.training").glob("distil/checkpoint-3"))
    assert same(weights(whole), weights(hodu.distill(teacher, data, tmp_path / "killed", **QUICK)))


def test_a_stopped_run_is_not_continued_with_other_settings(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Half of the training runs with one learning rate and half with another, and nobody knows."""
    work = tmp_path / "small.training"
    work.mkdir()
    (work / "settings.json").write_text(json.dumps({"seed": 9}))
    with pytest.raises(OutputError, match=r"other settings .*seed"):
        hodu.distill(teacher, data, tmp_path / "small", **QUICK)
    assert hodu.distill(teacher, data, tmp_path / "small", restart=True, **QUICK).is_dir()


def test_two_runs_do_not_write_into_one_folder(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A command started twice trains both into the same checkpoints: neither model is what its settings say, and --restart deletes a training that is going on."""
    with working_folder(tmp_path / "small", {}, overwrite=False, restart=False) as work:
        for restart in (False, True):
            with pytest.raises(OutputError, match="another run is at work"):
                hodu.distill(teacher, data, tmp_path / "small", restart=restart, **QUICK)
        assert work.is_dir()


def test_a_stopped_run_is_not_continued_with_another_loss(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A recipe edited between two tries trains half of the student with one loss and half with another."""
    with looked_on_by(StopAt(2)), pytest.raises(KeyboardInterrupt):
        hodu.distill(teacher, data, tmp_path / "small", **QUICK)
    first = RECIPES["hodu"].stages[0]
    fewer = replace(RECIPES["hodu"], stages=(replace(first, terms=first.terms[:1]),))
    with pytest.raises(OutputError, match="objectives changed"):
        hodu.distill(teacher, data, tmp_path / "small", recipe=fewer, **QUICK)


def test_the_time_ahead_is_said_at_the_start(
    teacher: Path, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows whether to wait for a run or to come back tomorrow; a log file has no progress bar."""
    caplog.set_level("INFO", "hodu")
    hodu.distill(teacher, data, tmp_path / "small", **{**QUICK, "epochs": 4.0})
    assert re.search(
        r"distil: \d+ steps ahead, about \d+ s and the looks at dev; \d\.\d % of the batches is padding", caplog.text
    )


def test_tensorboard_shows_every_term_and_the_dev_metric(teacher: Path, data: Path, tmp_path: Path) -> None:
    """--tensorboard writes logs with nothing to look at."""
    hodu.distill(teacher, data, tmp_path / "small", **QUICK, tensorboard=tmp_path / "logs")
    logs = EventAccumulator(str(tmp_path / "logs" / "distil"))
    logs.Reload()
    assert {f"train/loss/{term}" for term in ("SoftTargets", "HiddenStates", "Relations")} <= set(
        logs.Tags()["scalars"]
    )
    assert 0 <= logs.Scalars("eval/accuracy")[-1].value <= 1


def test_an_existing_folder_is_not_overwritten(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A typing error in --out destroys yesterday's student."""
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "precious").write_text("")
    with pytest.raises(OutputError, match="exists already"):
        hodu.distill(teacher, data, tmp_path / "small", **QUICK)
    assert (tmp_path / "small" / "precious").exists()


def test_accumulated_micro_batches_train_the_same_student(teacher: Path, data: Path, tmp_path: Path) -> None:
    """On a small machine --accumulate gives a worse student than a whole batch."""
    recipe = replace(RECIPES["hodu"], start="slice")
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
    still = tmp_path / "still"
    model.save_pretrained(still)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(still)
    settings = {**QUICK, "epochs": 1.0, "recipe": recipe}
    whole, parts = (hodu.distill(still, data, tmp_path / f"by{n}", accumulate=n, **settings) for n in (1, 2))
    for name, value in weights(whole).items():
        # sums in another order, and Adam's division by a tiny second moment in the first steps, cost some digits
        torch.testing.assert_close(weights(parts)[name], value, rtol=1e-3, atol=1e-4)


def test_unlabelled_text_is_enough(teacher: Path, tmp_path: Path) -> None:
    """People with text and a teacher, but no labels, are turned away."""
    text = tmp_path / "reviews.txt"
    text.write_text("\n".join(text for text, _ in sentences()), encoding="utf-8")
    out = hodu.distill(teacher, text, tmp_path / "small", **QUICK)
    assert 0 <= json.loads((out / "hodu.json").read_text())["agreement"] <= 1


def test_an_ensemble_teaches_one_student(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Several teachers are accepted and only the first is heard."""
    other = tmp_path / "other"
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    with torch.no_grad():
        model.classifier.weight.neg_()
    model.save_pretrained(other)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(other)
    settings = {**QUICK, "recipe": "hinton"}
    one = hodu.distill(teacher, data, tmp_path / "one", **settings)
    both = hodu.distill([teacher, other], data, tmp_path / "both", weights=[1, 3], **settings)
    assert not same(weights(one), weights(both))


def test_a_teacher_without_a_head_is_refused_by_name(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A pre-trained model with a random head teaches noise for an hour."""
    bare = tmp_path / "bare"
    AutoModelForSequenceClassification.from_pretrained(teacher).bert.save_pretrained(bare)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(bare)
    with pytest.raises(ModelError, match=r"no trained head \(classifier.bias, classifier.weight .*hodu train"):
        hodu.distill(bare, data, tmp_path / "small", **QUICK)
    assert not list(tmp_path.glob("small*"))


def test_a_teacher_no_better_than_a_guess_is_named(
    teacher: Path, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A teacher whose head was never trained passes silently, and its student is blamed."""
    guess = tmp_path / "guess"
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    with torch.no_grad():
        model.classifier.weight.zero_()
    model.save_pretrained(guess)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(guess)
    hodu.distill(guess, data, tmp_path / "small", **QUICK)
    assert f"teacher {guess} is no better than a guess" in caplog.text


def test_bad_input_leaves_no_folder(teacher: Path, data: Path, tmp_path: Path) -> None:
    """After an error a half-made folder stands in the way of the next try."""
    trials: list[dict[str, Any]] = [
        {"student": "9x16"},
        {"student": "big"},
        {"recipe": "nonsense"},
        {"epochs": 0.0},
        {"max_length": 4096},
        {"weights": [1.0, 2.0]},
    ]
    for trial in trials:
        with pytest.raises(HoduError):
            hodu.distill(teacher, data, tmp_path / "small", **{**QUICK, **trial})
        assert not list(tmp_path.iterdir())


def test_training_without_labels_is_refused(teacher: Path, tmp_path: Path) -> None:
    """hodu train on plain text fails deep inside with a shape error."""
    text = tmp_path / "reviews.txt"
    text.write_text("one\ntwo\nthree\n")
    with pytest.raises(LabelError, match="training needs labels"):
        hodu.train(teacher, text, tmp_path / "out", progress=False)
    with pytest.raises(RecipeError, match="needs labels"):
        replace(RECIPES["hodu"], stages=RECIPES["hodu"].baseline().stages).without_labels()


def test_train_from_scratch_then_distil_then_baseline(data: Path, tmp_path: Path) -> None:
    """The README's way from nothing to a measured student breaks somewhere."""
    teacher = hodu.train(
        "2x32", data, tmp_path / "teacher", epochs=12, learning_rate=2e-3, vocabulary=120, batch_size=16, progress=False
    )
    student = hodu.distill(teacher, data, tmp_path / "small", **{**QUICK, "student": "1x16"})
    base = hodu.baseline(student, progress=False)
    cards = [json.loads((folder / "hodu.json").read_text()) for folder in (teacher, student, base)]
    assert [card["role"] for card in cards] == ["teacher", "student", "baseline"]
    assert cards[0]["accuracy"] >= 0.9
    assert (
        cards[1]["steps"] == cards[2]["steps"]
        and cards[1]["shape"] == cards[2]["shape"]
        and cards[1]["start"] == cards[2]["start"]
    )
    assert base == tmp_path / "small-baseline"


@pytest.mark.parametrize("cache", [True, False])
def test_bfloat16_trains_nearly_the_same_student(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: bool
) -> None:
    """On a machine with bfloat16 hardware the run breaks off, or learns something else (here emulated, and slow)."""
    plain = hodu.distill(teacher, data, tmp_path / "plain", cache=cache, **QUICK)
    for module in (trainer, teacher_cache):
        monkeypatch.setattr(module, "bf16_pays", lambda: True)
    short = hodu.distill(teacher, data, tmp_path / "short", cache=cache, **QUICK)
    assert not same(weights(plain), weights(short)), "bfloat16 was not used"
    for name, value in weights(plain).items():
        # eight bits of mantissa, and Adam's first steps divide by small second moments: about a step's size
        torch.testing.assert_close(weights(short)[name], value, rtol=2e-2, atol=5e-3)
