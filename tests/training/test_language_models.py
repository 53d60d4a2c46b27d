"""Language models trained, distilled and measured on running text."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

import hodu
from hodu.errors import ModelError, ObjectiveError, RecipeError
from hodu.models.load import load_model
from hodu.training import baseline
from hodu.training.stored import stored
from hodu.types import Task
from tests.training.conftest import looked_on_by

TEXTS = (
    "The {} digs a hole in the garden with its paws every morning, and nobody asks why.",
    "People dig the ground with a trowel to plant flowers for the {} in spring.",
    "꽃을 심으려고 모종삽으로 땅을 팠다. 집을 지으려고 굴착기로 땅을 팠다. {}",
)
ANIMALS = ("dog", "cat", "fox", "mole")
QUICK = {"epochs": 1.0, "learning_rate": 3e-3, "progress": False}
CLASSES = {"masked-lm": AutoModelForMaskedLM, "causal-lm": AutoModelForCausalLM}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty short documents, a line each."""
    file = tmp_path_factory.mktemp("text") / "documents.txt"
    documents = [" ".join(TEXTS[(i + j) % 3].format(ANIMALS[i % 4]) for j in range(4)) for i in range(60)]
    file.write_text(
        "\n".join(dict.fromkeys(f"{i} {document}" for i, document in enumerate(documents))), encoding="utf-8"
    )
    return file


@pytest.fixture(scope="module")
def teachers(text: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("teachers")
    return {
        task: hodu.train("2x32", text, folder / task, task=task, vocabulary=400, max_length=32, **QUICK)  # type: ignore[arg-type]
        for task in ("masked-lm", "causal-lm")
    }


@pytest.mark.parametrize(
    ("task", "width"), [("masked-lm", 32), ("masked-lm", 16), ("causal-lm", 32), ("causal-lm", 16)]
)
def test_a_language_model_is_distilled_and_measured(
    task: Task, width: int, teachers: dict[str, Path], text: Path, tmp_path: Path
) -> None:
    """The README's command for BERT or GPT-2 on raw text does not end in a folder that transformers loads and hodu measures."""
    out = hodu.distill(teachers[task], text, tmp_path / "small", task=task, student=f"1x{width}", **QUICK)  # type: ignore[arg-type]
    model = CLASSES[task].from_pretrained(out)
    assert model.config.num_hidden_layers == 1 and model.config.hidden_size == width
    _, student = hodu.measure([teachers[task], out], text, speed=False)
    assert student.task == task and 1 < student.metrics["perplexity"] < 1000 and 0 <= student.metrics["accuracy"] <= 1
    low, high = student.intervals["perplexity"]
    assert low <= student.metrics["perplexity"] <= high
    card = json.loads((out / "hodu.json").read_text())
    assert card["recipe"] == ("distilbert" if task == "masked-lm" else "distilgpt")


def test_a_language_model_is_measured_at_the_length_that_it_learnt(
    teachers: dict[str, Path], text: Path, tmp_path: Path
) -> None:
    """After --max-length 16 a model is measured, and distilled again, at places that it never saw: its perplexity is far too high."""
    out = hodu.distill(
        teachers["masked-lm"], text, tmp_path / "small", task="masked-lm", student="1x16", max_length=16, **QUICK
    )
    assert load_model(teachers["masked-lm"]).tokenizer.model_max_length == 32
    assert load_model(out).tokenizer.model_max_length == 16


def test_perplexity_is_that_of_transformers(teachers: dict[str, Path], text: Path) -> None:
    """The perplexity in a paper's table cannot be compared with anybody else's."""
    folder = teachers["causal-lm"]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    measured = hodu.measure([folder], text, split="train", speed=False)[0]
    whole: list[int] = []
    for line in hodu_train_split(text):
        whole += [*tokenizer(line).input_ids, tokenizer.eos_token_id]
    rows = [whole[begin : begin + 32] for begin in range(0, len(whole), 32)]
    losses = [
        (model(input_ids=torch.tensor([row]), labels=torch.tensor([row])).loss.item(), len(row) - 1)
        for row in rows
        if len(row) >= 12
    ]
    expected = math.exp(sum(loss * count for loss, count in losses) / sum(count for _, count in losses))
    assert measured.metrics["perplexity"] == pytest.approx(expected, rel=1e-4)


def hodu_train_split(text: Path) -> list[str]:
    from hodu.data import load, split

    return list(split(load(text, task="causal-lm")).splits["train"]["text"])


@pytest.mark.parametrize("recipe", ["minilm", "minilm-v1", "distilbert-masked"])
def test_recipes_for_running_text(recipe: str, teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """A recipe that hodu recipes lists does not run."""
    out = hodu.distill(
        teachers["masked-lm"],
        text,
        tmp_path / "small",
        task="masked-lm",
        recipe=recipe,
        student="1x16",
        teacher_layer=1,
        **QUICK,  # type: ignore[arg-type]
    )
    described = json.loads((out / "hodu.json").read_text())["objectives"][0]
    assert any("layers=((1, 1),)" in one for one in described)


def test_minilm_needs_no_head(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """MiniLM compares attention alone, yet a bare pre-trained encoder is refused for want of a head."""
    loaded = load_model(teachers["masked-lm"])
    loaded.model.base_model.save_pretrained(tmp_path / "bare")
    loaded.tokenizer.save_pretrained(tmp_path / "bare")
    with pytest.raises(ModelError, match="no trained head"):
        hodu.distill(tmp_path / "bare", text, tmp_path / "one", task="masked-lm", **QUICK)  # type: ignore[arg-type]
    hodu.distill(tmp_path / "bare", text, tmp_path / "two", task="masked-lm", recipe="minilm", **QUICK)  # type: ignore[arg-type]


def test_a_stopped_run_goes_on_to_the_same_student(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """Ctrl-C and the same command again hide other pieces than an uninterrupted run, so it cannot be repeated."""
    from hodu.training import stages

    settings = {**QUICK, "epochs": 3.0, "task": "masked-lm", "student": "1x16", "seed": 3}
    hodu.distill(teachers["masked-lm"], text, tmp_path / "whole", **settings)  # type: ignore[arg-type]
    steps = 0

    class Stop(stages.TrainerCallback):
        def on_epoch_end(self, args: object, state: object, control: object, **_: object) -> None:
            nonlocal steps
            steps += 1
            if steps == 2:
                raise KeyboardInterrupt

    with looked_on_by(Stop()), pytest.raises(KeyboardInterrupt):
        hodu.distill(teachers["masked-lm"], text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    hodu.distill(teachers["masked-lm"], text, tmp_path / "parts", **settings)  # type: ignore[arg-type]
    whole, parts = (load_model(tmp_path / name).model.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_pruned_student_learns_from_the_same_pieces(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """--vocabulary pruned lines the teacher's chances up with other pieces."""
    out = hodu.distill(
        teachers["masked-lm"],
        text,
        tmp_path / "small",
        task="masked-lm",
        student="2x32",
        start="layers",
        vocabulary="pruned",
        **{**QUICK, "learning_rate": 1e-9},  # type: ignore[arg-type]
    )
    teacher, student = load_model(teachers["masked-lm"]), load_model(out)
    assert len(student.tokenizer) <= len(teacher.tokenizer)
    # an untouched copy of its teacher: nothing to learn but the labels, so its terms are the teacher's own
    row = {"text": TEXTS[0].format("fox")}
    mine, theirs = (one.model(**one.encode(row)).logits[0] for one in (student, teacher))
    pieces = [
        teacher.tokenizer.convert_tokens_to_ids(piece)
        for piece in student.tokenizer.convert_ids_to_tokens(range(len(student.tokenizer)))
    ]
    torch.testing.assert_close(mine, theirs[:, pieces], rtol=1e-4, atol=1e-4)


def test_the_baseline_learns_from_the_text_alone(
    teachers: dict[str, Path], text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where is the undistilled baseline? (the question DistilBERT's users ask)"""
    caplog.set_level(logging.INFO, "hodu")
    out = hodu.distill(teachers["masked-lm"], text, tmp_path / "small", task="masked-lm", student="1x16", **QUICK)  # type: ignore[arg-type]
    made = baseline(out, progress=False)
    one, other = (json.loads((folder / "hodu.json").read_text()) for folder in (out, made))
    assert other["role"] == "baseline" and one["steps"] == other["steps"]
    assert other["objectives"] == [["1 Vocabulary(hard=1.0, soft=0.0)"]]


def test_the_default_recipe_says_what_to_take_instead(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """--recipe hodu on a language model compares vocabularies as if they were classes, and runs out of memory."""
    with pytest.raises(ObjectiveError, match="take the recipe distilbert"):
        hodu.distill(teachers["masked-lm"], text, tmp_path / "small", task="masked-lm", recipe="hodu", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="is for masked-lm teachers"):
        hodu.distill(teachers["causal-lm"], text, tmp_path / "small", task="causal-lm", recipe="distilbert", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="layers 1 to 2"):
        hodu.distill(teachers["masked-lm"], text, tmp_path / "small", task="masked-lm", teacher_layer=9, **QUICK)  # type: ignore[arg-type]


def test_a_student_is_fine_tuned_as_any_model(
    teachers: dict[str, Path], text: Path, data: Path, tmp_path: Path
) -> None:
    """A task-agnostic student cannot be used for a task."""
    out = hodu.distill(teachers["masked-lm"], text, tmp_path / "small", task="masked-lm", student="1x32", **QUICK)  # type: ignore[arg-type]
    tuned = hodu.train(out, data, tmp_path / "tuned", **QUICK)  # type: ignore[arg-type]
    assert "accuracy" in hodu.measure([tuned], data, speed=False)[0].metrics


def test_a_student_writes_text(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """The small GPT can be measured but not used."""
    out = hodu.distill(teachers["causal-lm"], text, tmp_path / "small", recipe="distilgpt", student="1x32", **QUICK)  # type: ignore[arg-type]
    loaded = load_model(out)
    inputs = loaded.encode({"text": "People dig"})
    made = loaded.model.generate(**inputs, max_new_tokens=5, do_sample=False)  # type: ignore[operator]
    assert made.shape[1] == inputs["input_ids"].shape[1] + 5


def test_a_cached_gpt_teaches_what_a_live_one_does(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """--cache makes another student; or stores the whole vocabulary's chances of every token, terabytes for real text."""
    made = {}
    for name, cache in (("live", False), ("cached", True)):
        made[name] = hodu.distill(
            teachers["causal-lm"], text, tmp_path / name, recipe="distilgpt", student="1x32", cache=cache, **QUICK
        )
    live, cached = (load_model(folder).model.state_dict() for folder in made.values())
    for name, weight in live.items():
        torch.testing.assert_close(
            cached[name], weight, rtol=2e-2, atol=2e-3
        )  # float16's rounding, through Adam's division
    (kept,) = stored()
    assert "states before the vocabulary" in kept.asked


def test_a_gpt_whose_tokenizer_has_no_padding(teachers: dict[str, Path], text: Path, tmp_path: Path) -> None:
    """hodu distill gpt2 --recipe distilgpt stops: the most used GPT-2 has no padding piece."""
    loaded = load_model(teachers["causal-lm"])
    loaded.tokenizer.pad_token = None
    loaded.model.config.pad_token_id = None
    loaded.model.save_pretrained(tmp_path / "gpt2")
    loaded.tokenizer.save_pretrained(tmp_path / "gpt2")
    assert AutoTokenizer.from_pretrained(tmp_path / "gpt2").pad_token is None
    out = hodu.distill(tmp_path / "gpt2", text, tmp_path / "small", recipe="distilgpt", student="1x32", **QUICK)  # type: ignore[arg-type]
    assert hodu.measure([out], text, speed=False)[0].metrics["perplexity"] > 1
