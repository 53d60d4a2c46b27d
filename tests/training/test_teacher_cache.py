"""The teacher cache: the same student as with a live teacher, found again by content, completed after a kill, and never another teacher's."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import hodu
from hodu.errors import OutputError
from hodu.training import shards, teacher_cache
from hodu.training.teacher_cache import Question
from tests.training.conftest import sentences

QUICK: dict[str, Any] = {"student": "2x16", "epochs": 2.0, "batch_size": 16, "progress": False}


@pytest.fixture(autouse=True)
def spoken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hodu")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each filling of a cache asked about."""
    counts: list[int] = []
    fill = teacher_cache._fill

    def counted(question: Question, *args: Any, **kwargs: Any) -> None:
        counts.append(len(args[4]))
        fill(question, *args, **kwargs)

    monkeypatch.setattr(teacher_cache, "_fill", counted)
    return counts


def caches() -> list[Path]:
    return sorted(Path(os.environ["HODU_CACHE"], "teacher").glob("*/*"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    return all(torch.equal(weights(other)[name], value) for name, value in weights(one).items())


@pytest.mark.parametrize("recipe", ["hodu", "tinybert"])
def test_a_cached_teacher_makes_the_same_student(teacher: Path, data: Path, tmp_path: Path, recipe: str) -> None:
    """Switching the cache on or off changes the result, and nobody knows which one to believe."""
    live = hodu.distill(teacher, data, tmp_path / "live", recipe=recipe, cache=False, **QUICK)
    assert not caches()
    cached = hodu.distill(teacher, data, tmp_path / "cached", recipe=recipe, **QUICK)
    assert caches()
    for name, value in weights(live).items():
        # the cache rounds to float16 (relative 5e-4), and Adam's first steps divide by small second moments
        torch.testing.assert_close(weights(cached)[name], value, rtol=2e-2, atol=2e-3)


def test_the_teacher_is_asked_once(teacher: Path, data: Path, tmp_path: Path, asked: list[int]) -> None:
    """A second seed, or a smaller recipe, runs the whole teacher again."""
    hodu.distill(teacher, data, tmp_path / "one", **QUICK)
    hodu.distill(teacher, data, tmp_path / "two", seed=1, **QUICK)
    hodu.distill(teacher, data, tmp_path / "three", recipe="hinton", **QUICK)
    assert len(asked) == 1 and len(caches()) == 1


def test_all_stages_of_a_recipe_are_asked_about_at_once(
    teacher: Path, data: Path, tmp_path: Path, asked: list[int]
) -> None:
    """TinyBERT's second stage, which wants the outputs, runs the whole teacher a second time."""
    hodu.distill(teacher, data, tmp_path / "one", recipe="tinybert", **QUICK)
    assert len(asked) == 1 and len(caches()) == 1


def test_new_rows_alone_are_asked_about(teacher: Path, data: Path, tmp_path: Path, asked: list[int]) -> None:
    """Ten new sentences cost the whole file, or a shuffled file is read by the old row numbers."""
    folder, longer = tmp_path / "folder", tmp_path / "longer"
    told = sentences()
    rows = [f"{text},{label}\n" for pair in zip(told[:40], told[40:], strict=True) for text, label in pair]
    for place, train in ((folder, rows[:40]), (longer, rows[50:60] + rows[39::-1] + rows[:5])):
        place.mkdir()
        (place / "train.csv").write_text("text,label\n" + "".join(train), encoding="utf-8")
        (place / "dev.csv").write_text("text,label\n" + "".join(rows[60:]), encoding="utf-8")
    settings = {**QUICK, "vocabulary": "full"}
    hodu.distill(teacher, folder, tmp_path / "one", **settings)
    cached = hodu.distill(teacher, longer, tmp_path / "two", **settings)
    assert asked == [40, 10]
    shutil.rmtree(os.environ["HODU_CACHE"])
    fresh = hodu.distill(teacher, longer, tmp_path / "fresh", **settings)
    for name, value in weights(fresh).items():  # answered in other batches, so rounded otherwise
        torch.testing.assert_close(weights(cached)[name], value, rtol=2e-2, atol=2e-3)


def test_a_cache_left_half_full_is_completed(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[int]
) -> None:
    """After a kill what was done is done again, or the missing half is read as zeros."""
    text = tmp_path / "many.txt"
    told = [text for text, _ in sentences()]
    text.write_text("\n".join(f"{one} and {other}" for one in told[:20] for other in told[::4]), encoding="utf-8")
    monkeypatch.setattr(shards, "_SHARD", 1)
    answers, given = Question.answers, []

    def killed(self: Question, batches: Any) -> Any:
        for capture in answers(self, batches):
            if len(batches) > 3 and len(given) == 2:
                raise KeyboardInterrupt
            if len(batches) > 3:
                given.append(capture)
            yield capture

    with monkeypatch.context() as patch:
        patch.setattr(Question, "answers", killed)
        with pytest.raises(KeyboardInterrupt):
            hodu.distill(teacher, text, tmp_path / "small", **QUICK)
    assert not list(tmp_path.glob("small*"))
    resumed = hodu.distill(teacher, text, tmp_path / "small", **QUICK)
    assert asked[1] == asked[0] - 2 * teacher_cache._BATCH
    shutil.rmtree(os.environ["HODU_CACHE"])
    assert same(resumed, hodu.distill(teacher, text, tmp_path / "whole", **QUICK))


def test_a_shard_cut_short_is_asked_again(
    teacher: Path, data: Path, tmp_path: Path, asked: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A student learns from the zeros of a half-copied cache, or nothing runs until somebody deletes it by hand."""
    whole = hodu.distill(teacher, data, tmp_path / "whole", **QUICK)
    (shard,) = caches()[0].glob("shard-*")
    shard.write_bytes(shard.read_bytes()[:-100])
    again = hodu.distill(teacher, data, tmp_path / "again", **QUICK)
    assert "is damaged" in caplog.text and asked[0] == asked[1]
    assert same(whole, again)


def test_another_teacher_has_another_cache(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A student of the new teacher learns from the old one's answers."""
    other = tmp_path / "other"
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    with torch.no_grad():
        model.classifier.bias.add_(0.5)
    model.save_pretrained(other)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(other)
    for place, name in enumerate((teacher, other)):
        hodu.distill(name, data, tmp_path / f"small-{place}", **QUICK)
    assert len(caches()) == 2


def test_without_room_the_teacher_answers_live(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk ends the run although it could have gone on."""
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(teacher_cache.shutil, "disk_usage", lambda _: usage._replace(free=1000))
        assert hodu.distill(teacher, data, tmp_path / "small", **QUICK).is_dir()
    assert "no room for a teacher cache" in caplog.text

    def full(*_: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(shards, "save_file", full)
    assert hodu.distill(teacher, data, tmp_path / "other", **QUICK).is_dir()
    assert "is full: the teacher answers live" in caplog.text
    assert not list(Path(os.environ["HODU_CACHE"]).rglob("partial-*"))


def test_the_estimate_is_said_and_followed(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fast teacher and a slow disk: caching makes the run longer, and nobody is told."""
    hodu.distill(teacher, data, tmp_path / "one", **QUICK)
    assert "s live (2 epochs" in caplog.text and "GB: cached" in caplog.text
    shutil.rmtree(os.environ["HODU_CACHE"])
    monkeypatch.setattr(teacher_cache, "_DISK", 1e-3)
    hodu.distill(teacher, data, tmp_path / "two", **QUICK)
    assert "GB: live" in caplog.text and not list(Path(os.environ["HODU_CACHE"]).rglob("shard-*"))
    hodu.distill(teacher, data, tmp_path / "three", cache=True, **QUICK)
    assert list(Path(os.environ["HODU_CACHE"]).rglob("shard-*")), "--cache was not obeyed"


def test_values_beyond_float16_are_refused(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Infinity is stored and read back as what the teacher said."""
    loud = tmp_path / "loud"
    model = AutoModelForSequenceClassification.from_pretrained(teacher)
    with torch.no_grad():
        model.bert.embeddings.LayerNorm.bias.add_(1e6)
    model.save_pretrained(loud)
    AutoTokenizer.from_pretrained(teacher).save_pretrained(loud)
    with pytest.raises(OutputError, match="--no-cache"):
        hodu.distill(loud, data, tmp_path / "small", **QUICK)
