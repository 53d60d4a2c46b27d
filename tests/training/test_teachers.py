"""Ensembles of teachers that differ in architecture, tokenizer and order of labels: only their outputs meet."""

from __future__ import annotations

import copy
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import normalizers
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

import hodu
from hodu.data import load
from hodu.errors import ModelError, RecipeError
from hodu.models.load import load_model
from hodu.objectives import Objective, Relations, SoftTargets
from hodu.training import outputs, shards, teacher_cache
from hodu.training.distillation import Distillation, Teachers
from hodu.training.outputs import Outputs, ask_once
from hodu.training.teachers import load_panel
from hodu.types import Capture, Needs
from tests.training.conftest import looked_on_by, sentences
from tests.training.families import TEXTS, save_teacher
from tests.training.test_runs import StopAt

QUICK: dict[str, Any] = {"student": "2x16", "recipe": "hinton", "epochs": 2.0, "batch_size": 16, "progress": False}


@pytest.fixture(autouse=True)
def spoken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hodu")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An ELECTRA with the labels in another order than the BERT ``teacher``, a RoBERTa and a GPT-2."""
    folder = tmp_path_factory.mktemp("others")
    labels = {"electra": ("pos", "neg"), "roberta": ("neg", "pos"), "gpt2": ("pos", "neg")}
    return {family: save_teacher(family, folder / family, names) for family, names in labels.items()}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each filling of a cache asked about."""
    counts: list[int] = []
    fill = teacher_cache._fill

    def counted(question: Any, *args: Any, **kwargs: Any) -> None:
        counts.append(len(args[4]))
        fill(question, *args, **kwargs)

    monkeypatch.setattr(teacher_cache, "_fill", counted)
    return counts


class Heard(Objective):
    """Keeps what the teachers say together."""

    student_needs = teacher_needs = Needs(logits=True)

    def compare(self, student: Capture, teacher: Capture) -> Tensor:
        assert student.logits is not None and teacher.logits is not None
        self.said = teacher.logits.softmax(-1)
        return student.logits.sum() * 0


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    return all(torch.equal(weights(other)[name], value) for name, value in weights(one).items())


def close(one: Path, other: Path) -> None:
    for name, value in weights(one).items():  # Adam's first steps divide by small second moments
        torch.testing.assert_close(weights(other)[name], value, rtol=2e-2, atol=2e-3)


def swapped(teacher: Path, folder: Path) -> Path:
    """The same teacher, its classes and their names in the other order."""
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    with torch.no_grad():
        for parameter in list(model.classifier.parameters()):
            parameter.copy_(parameter.flip(0))
    model.config.id2label, model.config.label2id = {0: "pos", 1: "neg"}, {"pos": 0, "neg": 1}
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("store", [True, False])
def test_soft_targets_are_the_mean_of_what_each_teacher_says_alone(
    teacher: Path, others: dict[str, Path], data: Path, store: bool
) -> None:
    """The student is taught by garbled text, by 'pos' taken for 'neg', by padding, or by another row's answer."""
    names = [teacher, *others.values()]
    panel = load_panel(names)
    source = load(data)
    rows = torch.tensor([70, 3, 41, 8, 8, 25])
    texts = [source.splits["train"]["text"][row] for row in rows.tolist()]
    by_hand = np.zeros((len(rows), 2))
    for name, weight in zip(names, (1, 2, 3, 4), strict=True):
        alone = pipeline("text-classification", str(name), device="cpu")
        for row, text in enumerate(texts):
            said = {one["label"]: one["score"] for one in alone(text, top_k=None)}
            by_hand[row] += np.array([said["neg"], said["pos"]]) * weight / 10
    answers = {
        place: ask_once(panel.teachers[place], source, epochs=1, store=store, progress=False) for place in (1, 2, 3)
    }
    heard = Heard()
    module = Distillation(
        copy.deepcopy(panel.first.model),
        Teachers(panel.models, (1, 2, 3, 4), outputs=answers),
        [heard],
        [1.0],
        "classification",
    )
    module.training = True
    with module.tapped():
        module(row=rows, **panel.tokenizer(texts, padding=True, return_tensors="pt"))
    assert panel.apart == (1, 2, 3)
    np.testing.assert_allclose(heard.said.numpy(), by_hand, atol=1e-5)
    assert np.ptp(by_hand, axis=0).max() > 0.05, "the teachers say the same to every text: this test could not fail"


def test_a_mixed_ensemble_teaches_and_its_cache_is_found_again(
    teacher: Path, others: dict[str, Path], data: Path, tmp_path: Path, asked: list[int]
) -> None:
    """Teachers of other families are refused, asked again in every run, or --no-cache makes another student."""
    names = [teacher, swapped(teacher, tmp_path / "swapped"), *others.values()]
    live = hodu.distill(names, data, tmp_path / "live", cache=False, **QUICK)
    assert not asked and not Path(os.environ["HODU_CACHE"], "teacher").exists()
    cached = hodu.distill(names, data, tmp_path / "cached", **QUICK)
    assert len(asked) == 5
    again = hodu.distill(names, data, tmp_path / "again", **QUICK)
    assert len(asked) == 5 and same(cached, again)
    close(live, cached)
    first = hodu.distill(teacher, data, tmp_path / "first", **QUICK)
    assert not same(first, cached), "the others are not heard"
    model = AutoModelForSequenceClassification.from_pretrained(cached)
    assert model.config.model_type == "bert" and model.config.id2label == {0: "neg", 1: "pos"}
    assert hodu.baseline(cached, progress=False).is_dir()
    assert len(asked) == 5


@pytest.mark.parametrize("recipe", ["hodu", "tinybert"])
def test_recipes_that_compare_layers_hear_an_ensemble_too(
    teacher: Path, others: dict[str, Path], data: Path, tmp_path: Path, recipe: str
) -> None:
    """The default recipe breaks off, or compares the layers of a teacher whose tokens are others."""
    names = [teacher, swapped(teacher, tmp_path / "swapped"), others["roberta"]]
    settings = {**QUICK, "recipe": recipe}
    live = hodu.distill(names, data, tmp_path / "live", cache=False, **settings)
    cached = hodu.distill(names, data, tmp_path / "cached", cache=True, **settings)
    close(live, cached)


def test_the_order_of_a_teachers_labels_does_not_matter(
    teacher: Path, others: dict[str, Path], data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An ensemble averages 'positive' of one teacher with 'negative' of another, live or from a cache of the other order."""
    turned = swapped(teacher, tmp_path / "turned")
    hodu.distill(turned, data, tmp_path / "own", **QUICK)  # a cache in its own order
    for cache in (True, False):
        straight = hodu.distill([teacher, teacher], data, tmp_path / f"straight-{cache}", cache=cache, **QUICK)
        mapped = hodu.distill([teacher, turned], data, tmp_path / f"mapped-{cache}", cache=cache, **QUICK)
        close(straight, mapped)
    assert f"teacher {turned}: labels put in the order of {teacher}: 1 neg → 0, 0 pos → 1" in caplog.text


def test_teachers_of_different_labels_or_tasks_are_refused(teacher: Path, tmp_path: Path) -> None:
    """An ensemble averages 'neutral' with 'negative', or probabilities with yes-or-no answers."""
    other = save_teacher("roberta", tmp_path / "other", ("neg", "neutral"))
    with pytest.raises(ModelError, match="same labels, in any order"):
        load_panel([teacher, other])
    more = save_teacher("roberta", tmp_path / "more", ("neg", "pos", "neutral"))
    with pytest.raises(ModelError, match="same labels, in any order"):
        load_panel([teacher, more])
    model = AutoModelForSequenceClassification.from_pretrained(teacher, problem_type="multi_label_classification")
    model.save_pretrained(tmp_path / "many")
    AutoTokenizer.from_pretrained(teacher).save_pretrained(tmp_path / "many")
    with pytest.raises(ModelError, match=r"does classification and .* multilabel"):
        load_panel([teacher, tmp_path / "many"])


def test_a_tokenizer_that_cannot_pad_is_named(teacher: Path, others: dict[str, Path], tmp_path: Path) -> None:
    """Minutes into the run, an error that names no teacher."""
    bare = shutil.copytree(others["gpt2"], tmp_path / "bare")
    for file in bare.glob("*token*.json"):
        settings = json.loads(file.read_text())
        settings.pop("pad_token", None)
        file.write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=r"bare has no padding token.*pad_token_id in config.json"):
        load_panel([teacher, bare])


def test_equal_vocabularies_that_are_read_differently_stand_apart(teacher: Path, tmp_path: Path) -> None:
    """A cased teacher is asked in lower-case pieces, or a short one about places beyond its last: wrong answers, or a crash."""
    paths = {name: shutil.copytree(teacher, tmp_path / name) for name in ("same", "cased", "short", "typeless")}
    tokenizers = {name: AutoTokenizer.from_pretrained(path) for name, path in paths.items()}
    tokenizers["cased"].backend_tokenizer.normalizer = normalizers.NFC()
    tokenizers["short"].model_max_length = 16
    tokenizers["typeless"].model_input_names = ["input_ids", "attention_mask"]
    for name, tokenizer in tokenizers.items():
        tokenizer.save_pretrained(paths[name])
    assert load_panel([teacher, *paths.values()]).apart == (2, 3, 4)


def test_a_run_stopped_by_ctrl_c_goes_on_to_the_same_student(
    teacher: Path,
    others: dict[str, Path],
    data: Path,
    tmp_path: Path,
    asked: list[int],
) -> None:
    """The second half of the training hears other answers than the first."""
    names = [teacher, others["roberta"]]
    for cache in (True, False):
        whole = hodu.distill(names, data, tmp_path / f"whole-{cache}", cache=cache, **QUICK)
        with looked_on_by(StopAt(6)), pytest.raises(KeyboardInterrupt):
            hodu.distill(names, data, tmp_path / f"stopped-{cache}", cache=cache, **QUICK)
        resumed = hodu.distill(names, data, tmp_path / f"stopped-{cache}", cache=cache, **QUICK)
        assert same(whole, resumed)
    assert len(asked) == 2


def test_a_full_disk_keeps_the_answers_in_memory(
    teacher: Path,
    others: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full disk ends a run that needs a few kilobytes."""
    names = [teacher, others["electra"]]
    whole = hodu.distill(names, data, tmp_path / "whole", cache=False, **QUICK)
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(teacher_cache.shutil, "disk_usage", lambda _: usage._replace(free=0))
        close(whole, hodu.distill(names, data, tmp_path / "small", **QUICK))
    assert "its outputs stay in memory" in caplog.text
    caplog.clear()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((shards, "save_file"), (outputs, "open_cache")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            close(whole, hodu.distill(names, data, tmp_path / name, **QUICK))
        assert "is full: its outputs stay in memory" in caplog.text
        caplog.clear()


def test_each_teacher_is_examined_with_its_own_tokenizer(
    teacher: Path, others: dict[str, Path], data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The dev score said of a good teacher is that of garbled text, and the user leaves it out."""
    folder = tmp_path / "data"
    folder.mkdir()
    told = [f"{text},{label}\n" for text, label in sentences()]
    (folder / "train.csv").write_text("text,label\n" + "".join(told[::2]), encoding="utf-8")
    (folder / "dev.csv").write_text("text,label\n" + "".join(told[1::2]), encoding="utf-8")
    hodu.distill([teacher, others["electra"]], folder, tmp_path / "small", **QUICK)
    alone = pipeline("text-classification", str(others["electra"]), device="cpu")
    right = np.mean([alone(text)[0]["label"] == label for text, label in sentences()[1::2]])
    assert f"teacher {others['electra']}: accuracy {right:.4f} on 40 dev rows" in caplog.text


def test_unlabelled_text_is_answered_by_each_in_its_own_pieces(
    teacher: Path, others: dict[str, Path], tmp_path: Path
) -> None:
    """Agreement on dev is measured against what a teacher says of garbled text, or the run breaks off."""
    text = tmp_path / "reviews.txt"
    text.write_text("\n".join(TEXTS), encoding="utf-8")
    assert hodu.distill([teacher, *others.values()], text, tmp_path / "small", **QUICK).is_dir()


def test_layers_of_a_teacher_with_other_tokens_are_refused(teacher: Path) -> None:
    """Token 5 of the student learns from token 5 of a teacher that has another word there."""
    model = load_model(teacher).model
    answers = {0: Outputs(torch.zeros(4, 2))}
    with pytest.raises(RecipeError, match=r"another tokenizer than the student.*hinton"):
        Distillation(
            model, Teachers((model,), outputs=answers), [Relations(((4, 4),), 32, 32)], [1.0], "classification"
        )
    assert Distillation(model, Teachers((model,), outputs=answers), [SoftTargets()], [1.0], "classification").live == []
