"""Multiple choice: questions whose choices are scored one by one, trained, distilled and measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMultipleChoice, AutoTokenizer

import hodu
from hodu.data import ABSENT, load
from hodu.data import split as split_data
from hodu.errors import DataError, LabelError, ModelError, RecipeError
from hodu.measuring import compare
from hodu.measuring.choices import answered
from hodu.models.load import load_model
from hodu.objectives import Labels, SoftTargets
from hodu.training import baseline
from hodu.training.distillation import Distillation, Teachers
from hodu.training.prepare import prepare
from tests.training.conftest import BAD, GOOD, THINGS, write_jsonl

QUICK = {"epochs": 1.0, "learning_rate": 3e-3, "progress": False}
TASK = {"task": "multiple-choice"}


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Which is good? Two to four choices in English or Korean, the right one at a changing place."""
    rows = []
    for i in range(120):
        thing, count = THINGS[i % 8], 2 + i % 3
        ask = f"which {thing} do you take {i}" if thing.isascii() else f"어느 {thing} 고를까 {i}"
        choices = [f"{THINGS[(i * 3 + j) % 8]} {BAD[(i + j) % 5]}" for j in range(count)]
        choices[i * 7 % count] = f"{THINGS[i * 5 % 8]} {GOOD[i % 5]}"
        rows.append({"question": ask, "choices": choices, "answer": i * 7 % count})
    return write_jsonl(tmp_path_factory.mktemp("questions") / "questions.jsonl", rows)


@pytest.fixture(scope="module")
def chooser(questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "chooser"
    return hodu.train("2x32", questions, out, vocabulary=200, **{**QUICK, "epochs": 8.0}, **TASK)  # type: ignore[arg-type]


@pytest.mark.parametrize("student", ["1x16", "1x32"])
def test_a_chooser_is_distilled_and_measured(student: str, chooser: Path, questions: Path, tmp_path: Path) -> None:
    """The README's command for multiple choice does not end in a folder that transformers loads, hodu measures, and that knows better than a guess."""
    out = hodu.distill(chooser, questions, tmp_path / "small", student=student, **{**QUICK, "epochs": 4.0})  # type: ignore[arg-type]
    config = AutoModelForMultipleChoice.from_pretrained(out).config
    assert f"{config.num_hidden_layers}x{config.hidden_size}" == student
    teacher, small = hodu.measure([chooser, out], questions, split="train", speed=False)
    assert small.task == "multiple-choice" and list(small.metrics)[:2] == ["accuracy", "agreement"]
    assert teacher.metrics["accuracy"] > 0.7 and small.metrics["accuracy"] > 0.5  # a guess: 0.36
    low, high = small.intervals["accuracy"]
    assert low <= small.metrics["accuracy"] <= high
    card = json.loads((out / "hodu.json").read_text())
    terms = [term.split()[1].split("(")[0] for term in card["objectives"][0]]
    assert card["recipe"] == "hodu" and terms == ["SoftTargets", "HiddenStates", "Relations"]


def test_transformers_chooses_the_same(chooser: Path, questions: Path) -> None:
    """Somebody who loads the student with transformers alone, as its documentation says, gets other answers than were measured."""
    model, tokenizer = AutoModelForMultipleChoice.from_pretrained(chooser), AutoTokenizer.from_pretrained(chooser)
    rows = load(questions, **TASK).splits["train"].select(range(6))  # type: ignore[arg-type]
    given = answered(load_model(chooser), rows)
    for row, logits in zip(rows, given, strict=True):
        count = len(row["choices"])
        batch = tokenizer([row["text"]] * count, row["choices"], padding=True, return_tensors="pt")
        own = model(**{name: value[None] for name, value in batch.items()}).logits[0]  # N, from 1 N L
        np.testing.assert_allclose(logits[:count], own.detach().numpy(), rtol=1e-4, atol=1e-5)
        assert (logits[count:] == ABSENT).all()


def test_the_loss_is_that_of_transformers(chooser: Path, questions: Path) -> None:
    """A choice that a question does not have, or another question's, takes part in the loss."""
    loaded = load_model(chooser)
    data = load(questions, **TASK)  # type: ignore[arg-type]
    sets = prepare(split_data(data), loaded.tokenizer, "multiple-choice", max_length=32)
    few = [sets.train[i] for i in range(9)]
    module = Distillation(loaded.model, Teachers(()), [Labels("multiple-choice")], [1.0], "multiple-choice").train()
    loaded.model.eval()
    with module.tapped():
        loss = module(**sets.collate(few))["loss"]
    model = AutoModelForMultipleChoice.from_pretrained(chooser)
    each = [
        model(
            **{
                name: torch.stack([torch.tensor(one) for one in _padded(row[name])])[None]  # 1 N L
                for name in ("input_ids", "attention_mask", "token_type_ids")
            },
            labels=torch.tensor([row["labels"]]),
        ).loss
        for row in few
    ]
    assert loss.item() == pytest.approx(torch.stack(each).mean().item(), rel=1e-4)


def _padded(texts: list[list[int]]) -> list[list[int]]:
    longest = max(map(len, texts))
    return [[*text, *[0] * (longest - len(text))] for text in texts]


def test_a_student_equal_to_its_teacher_has_nothing_to_learn(chooser: Path, questions: Path) -> None:
    """Soft targets compare choices with those of other questions, or count choices that are not there."""
    student, teacher = (load_model(chooser).model for _ in range(2))
    data = split_data(load(questions, **TASK))  # type: ignore[arg-type]
    tokenizer = AutoTokenizer.from_pretrained(chooser)
    sets = prepare(data, tokenizer, "multiple-choice", max_length=32)
    objective = SoftTargets("multiple-choice", temperature=2.0)
    module = Distillation(student, Teachers((teacher,)), [objective], [1.0], "multiple-choice").train()
    student.eval()
    with module.tapped():
        loss = module(**sets.collate([sets.train[i] for i in range(16)]))["loss"]
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def test_a_cached_chooser_teaches_what_a_live_one_does(chooser: Path, questions: Path, tmp_path: Path) -> None:
    """--cache makes another student: answers about one choice are read for another."""
    kinds = {"start": {"learning_rate": 1e-9, "cache": False}, "live": {"cache": False}, "cached": {"cache": True}}
    weights = {}
    for name, kind in kinds.items():
        out = hodu.distill(chooser, questions, tmp_path / name, student="1x16", **{**QUICK, **kind})  # type: ignore[arg-type]
        model = load_model(out).model
        weights[name] = torch.cat([weight.flatten() for weight in model.state_dict().values()])
    learnt = torch.dist(weights["live"], weights["start"])
    assert torch.dist(weights["live"], weights["cached"]) < 0.05 * learnt  # float16's rounding


def test_halves_of_a_batch_are_the_batch(chooser: Path, questions: Path) -> None:
    """--accumulate, or several processes, weigh questions with many choices more."""
    student, teacher = load_model(chooser), load_model(chooser).model
    with torch.no_grad():
        student.model.get_input_embeddings().weight.add_(torch.randn(32))
    sets = prepare(split_data(load(questions, **TASK)), student.tokenizer, "multiple-choice", max_length=32)  # type: ignore[arg-type]
    objectives = [SoftTargets("multiple-choice"), Labels("multiple-choice")]
    module = Distillation(student.model, Teachers((teacher,)), objectives, [1.0, 1.0], "multiple-choice").train()
    student.model.eval()
    rows = [sets.train[i] for i in range(8)]
    with module.tapped():
        whole, *halves = (module(**sets.collate(part))["loss"] for part in (rows, rows[:4], rows[4:]))
    assert whole.item() > 0.01
    torch.testing.assert_close(torch.stack(halves).mean(), whole)


def test_the_baseline_learns_from_the_answers_alone(chooser: Path, questions: Path, tmp_path: Path) -> None:
    """What distillation was worth cannot be seen."""
    out = hodu.distill(chooser, questions, tmp_path / "small", student="1x16", **QUICK)  # type: ignore[arg-type]
    made = baseline(out, progress=False)
    one, other = (json.loads((folder / "hodu.json").read_text()) for folder in (out, made))
    assert one["steps"] == other["steps"] and other["objectives"] == [["1 Labels()"]]
    measured = hodu.measure([chooser, out, made], questions, speed=False)
    assert [one.system for one in measured] == ["teacher", "student", "baseline"]


def test_speed_is_that_of_one_choice(chooser: Path, questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure of milliseconds of which nobody knows whether it is for a question or for a choice; or timing stops at a list of choices."""
    seen: list[str] = []
    monkeypatch.setattr(
        compare, "peak_memory", lambda _, rows, **__: seen.extend(f"{sorted(row)}" for row in rows) or len(rows)
    )
    (figures,) = hodu.measure([chooser], questions)
    assert "a question with one of its choices" in " ".join(figures.notes)
    assert figures.metrics["latency_p50_ms"] > 0 and set(seen) == {"['pair', 'text']"}


def test_questions_without_answers_are_enough(chooser: Path, questions: Path, tmp_path: Path) -> None:
    """Distilling asks for answers, or trains on the first choice of each question where there is none."""
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    file = tmp_path / "open.jsonl"
    file.write_text("\n".join(json.dumps({"question": row["question"], "choices": row["choices"]}) for row in rows))
    out = hodu.distill(chooser, file, tmp_path / "small", student="1x16", recipe="hinton", **QUICK)  # type: ignore[arg-type]
    card = json.loads((out / "hodu.json").read_text())
    assert len(card["objectives"][0]) == 1 and 0 <= card["agreement"] <= 1
    _, student = hodu.measure([chooser, out], file, speed=False)
    assert "agreement" in student.metrics and "accuracy" not in student.metrics
    with pytest.raises(LabelError, match="training needs labels"):
        hodu.train("1x16", file, tmp_path / "tuned", **QUICK, **TASK)  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", ["tinybert", "minilm"])
def test_other_recipes_compare_the_rows_of_questions(
    recipe: str, chooser: Path, questions: Path, tmp_path: Path
) -> None:
    """A recipe that compares layers takes a question for a text and its choices for a batch, and stops."""
    out = hodu.distill(chooser, questions, tmp_path / "small", student="1x16", recipe=recipe, **QUICK)  # type: ignore[arg-type]
    assert "accuracy" in json.loads((out / "hodu.json").read_text())


def test_an_ensemble_of_choosers(chooser: Path, questions: Path, tmp_path: Path) -> None:
    """Two choosers, one with a tokenizer of its own, cannot teach together; or their logits are averaged across questions."""
    other = hodu.train("1x16", questions, tmp_path / "other", vocabulary=150, **QUICK, **TASK)  # type: ignore[arg-type]
    out = hodu.distill([chooser, other], questions, tmp_path / "small", student="1x16", recipe="hinton", **QUICK)  # type: ignore[arg-type]
    assert "accuracy" in json.loads((out / "hodu.json").read_text())


def test_a_classifier_learns_to_choose(teacher: Path, questions: Path, tmp_path: Path) -> None:
    """A model that was trained to tell classes apart cannot be trained to choose: its head has another size."""
    out = hodu.train(teacher, questions, tmp_path / "chooser", task="multiple-choice", **{**QUICK, "epochs": 0.1})
    loaded = load_model(out)
    assert loaded.model.classifier.weight.shape[0] == 1 and not loaded.untrained


def test_what_cannot_be_says_so(teacher: Path, chooser: Path, questions: Path, data: Path, tmp_path: Path) -> None:
    """A classifier, a review file or a recipe for language models ends in a traceback from inside transformers."""
    with pytest.raises(RecipeError, match="is for masked-lm teachers, and --task says multiple-choice"):
        hodu.distill(chooser, questions, tmp_path / "one", recipe="distilbert", **QUICK, **TASK)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="does multiple-choice learns from the text as it is"):
        hodu.distill(chooser, questions, tmp_path / "two", augment="bert", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="usual name of choices"):
        hodu.distill(chooser, data, tmp_path / "three", **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"no trained head.*--task multiple-choice"):
        hodu.distill(_bare(chooser, tmp_path / "bare"), questions, tmp_path / "four", **QUICK, **TASK)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="different things"):
        hodu.measure([chooser, teacher], questions, speed=False)
    with pytest.raises(DataError, match="--task multiple-choice"):
        hodu.measure([chooser], load(data), speed=False)
    with pytest.raises(DataError, match="leave out --task multiple-choice"):
        hodu.measure([teacher], load(questions, **TASK), speed=False)  # type: ignore[arg-type]


def _bare(chooser: Path, folder: Path) -> Path:
    loaded = load_model(chooser)
    loaded.model.base_model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder
