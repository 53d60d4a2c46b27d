"""A model in place of a shape: --student FOLDER."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import hodu
from hodu.errors import ModelError, RecipeError, ShapeError
from hodu.models.load import load_model
from hodu.models.scratch import new_bert
from hodu.training import baseline
from tests.training.conftest import sentences

STILL = {"epochs": 1.0, "learning_rate": 1e-12, "progress": False}


@pytest.fixture(scope="module")
def small(teacher: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with a pruned vocabulary."""
    out = tmp_path_factory.mktemp("students") / "small"
    return hodu.distill(teacher, data, out, student="2x16", recipe="hinton", epochs=1.0, progress=False)


def test_it_goes_on_from_its_own_weights(small: Path, teacher: Path, data: Path, tmp_path: Path) -> None:
    """A student of the general distillation begins its task at random, or its pruned pieces reach the teacher under wrong numbers."""
    out = hodu.distill(teacher, data, tmp_path / "on", student=str(small), recipe="tinybert", **STILL)  # type: ignore[arg-type]
    before, after = load_model(small), load_model(out)
    assert before.tokenizer.get_vocab() == after.tokenizer.get_vocab()
    weights = after.model.state_dict()
    assert all(torch.allclose(value, weights[name], atol=1e-3) for name, value in before.model.state_dict().items())
    card = json.loads((out / "hodu.json").read_text())
    assert card["start"] is None and card["student"] == str(small) and card["shape"]["width"] == 16


def test_its_pieces_are_the_teachers(small: Path, teacher: Path, data: Path, tmp_path: Path) -> None:
    """A student with fewer pieces than its teacher is taught with the teacher's answers to other texts."""
    from hodu.models.given import given_student

    one, kept = given_student(str(small), load_model(teacher), "classification")
    full = load_model(teacher).tokenizer
    assert kept is not None and len(kept) < len(full)
    for text, _ in sentences():
        ours = one.tokenizer(text, return_tensors="pt").input_ids[0]
        assert kept[ours].tolist() == full(text).input_ids


def test_general_distillation_then_the_task(teacher: Path, data: Path, tmp_path: Path) -> None:
    """TinyBERT as its paper has it (raw text first, then the task) is not to be had, or the task's head is not new."""
    text = tmp_path / "text.txt"
    text.write_text(
        "\n".join(f"{i} " + " ".join(t for t, _ in sentences()[i : i + 6]) for i in range(40)), encoding="utf-8"
    )
    general = hodu.distill(
        teacher,
        text,
        tmp_path / "general",
        task="masked-lm",
        recipe="tinybert-general",
        student="2x16",
        epochs=1.0,
        progress=False,
    )
    out = hodu.distill(teacher, data, tmp_path / "out", student=str(general), recipe="tinybert", **STILL)  # type: ignore[arg-type]
    first, last = load_model(general).model, load_model(out).model
    assert type(last).__name__ == "BertForSequenceClassification" and last.config.id2label == {0: "neg", 1: "pos"}
    query = "bert.encoder.layer.1.attention.self.query.weight"
    assert torch.allclose(first.state_dict()[query], last.state_dict()[query], atol=1e-3)


def test_the_baseline_goes_on_from_the_same_model(small: Path, teacher: Path, data: Path, tmp_path: Path) -> None:
    """The undistilled baseline of such a student starts elsewhere, so the comparison says nothing."""
    out = hodu.distill(teacher, data, tmp_path / "on", student=str(small), recipe="hinton", **STILL)  # type: ignore[arg-type]
    beside = baseline(out, progress=False)
    weights = load_model(beside).model.state_dict()
    assert all(torch.allclose(v, weights[name], atol=1e-3) for name, v in load_model(small).model.state_dict().items())


def test_what_cannot_go_on_is_refused(small: Path, teacher: Path, data: Path, tmp_path: Path) -> None:
    """A mistyped shape, a foreign vocabulary or a contradicting flag ends in a stack trace or after an hour of training."""
    with pytest.raises(ShapeError, match="neither a student shape"):
        hodu.distill(teacher, data, tmp_path / "out", student=str(tmp_path / "nothing"), progress=False)
    with pytest.raises(RecipeError, match="--heads 2 would make a new student"):
        hodu.distill(teacher, data, tmp_path / "out", student=str(small), heads=2, progress=False)
    foreign = new_bert(
        "2x16", ["완전히 다른 어휘"], vocabulary=60, task="classification", labels=("neg", "pos"), max_length=32
    )
    foreign.model.save_pretrained(tmp_path / "foreign")
    foreign.tokenizer.save_pretrained(tmp_path / "foreign")
    with pytest.raises(ModelError, match="of its pieces"):
        hodu.distill(teacher, data, tmp_path / "out", student=str(tmp_path / "foreign"), progress=False)
    deep = new_bert("6x16", [t for t, _ in sentences()], task="masked-lm", vocabulary=120, max_length=32)
    deep.model.save_pretrained(tmp_path / "deep")
    deep.tokenizer.save_pretrained(tmp_path / "deep")
    with pytest.raises(ShapeError, match="6 layers does not fit"):
        hodu.distill(teacher, data, tmp_path / "out", student=str(tmp_path / "deep"), progress=False)
    assert not (tmp_path / "out").exists()


def test_a_student_of_fewer_positions(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A student that takes shorter texts than its teacher stops with an index error at the first long text, or cuts what --max-length asked for."""
    tokenizer = load_model(teacher).tokenizer
    short = new_bert("1x16", [], vocabulary=300, task="masked-lm", max_length=16).model
    short.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    short.save_pretrained(tmp_path / "short")
    tokenizer.save_pretrained(tmp_path / "short")
    text = tmp_path / "long.csv"
    text.write_text("text,label\n" + "\n".join(f"{t} {'good ' * 40},{y}" for t, y in sentences()), encoding="utf-8")
    settings = {"student": str(tmp_path / "short"), "recipe": "hinton", **STILL}
    out = hodu.distill(teacher, text, tmp_path / "out", **settings)  # type: ignore[arg-type]
    assert load_model(out).model.config.max_position_embeddings == 16
    with pytest.raises(ModelError, match="takes 3 to 16 tokens, --max-length asks for 30"):
        hodu.distill(teacher, text, tmp_path / "long", max_length=30, **settings)  # type: ignore[arg-type]
