"""The teacher cache: the same student as with a live teacher, found again, completed after a kill, and never another teacher's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import hodu
from hodu.errors import OutputError
from hodu.training import teacher_cache
from tests.training.conftest import sentences

QUICK: dict[str, Any] = {"student": "2x16", "epochs": 2.0, "batch_size": 16, "progress": False}


def caches() -> list[Path]:
    return sorted(Path(os.environ["HODU_CACHE"], "teacher").glob("*"))


def test_a_cached_teacher_makes_the_same_student(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Switching the cache on or off changes the result, and nobody knows which one to believe."""
    live = hodu.distill(teacher, data, tmp_path / "live", cache=False, **QUICK)
    assert not caches()
    cached = hodu.distill(teacher, data, tmp_path / "cached", **QUICK)
    assert len(caches()) == 1
    one, other = (load_file(folder / "model.safetensors") for folder in (live, cached))
    for name, value in one.items():
        # the cache rounds to float16 (relative 5e-4), and Adam's first steps divide by small second moments
        torch.testing.assert_close(other[name], value, rtol=2e-2, atol=2e-3)


def test_the_teacher_is_asked_once(teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second seed runs the whole teacher again."""
    hodu.distill(teacher, data, tmp_path / "one", **QUICK)
    monkeypatch.setattr(teacher_cache.TeacherCache, "write", lambda *_: pytest.fail("the teacher was asked again"))
    assert hodu.distill(teacher, data, tmp_path / "two", seed=1, **QUICK).is_dir()


def test_a_cache_left_half_full_is_completed(teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the missing half of the teacher's answers is read as zeros."""
    text = tmp_path / "many.txt"
    text.write_text("\n".join(f"{text} {n}" for n in range(4) for text, _ in sentences()), encoding="utf-8")
    monkeypatch.setattr(teacher_cache, "_FLUSH", 1)
    write, written = teacher_cache.TeacherCache.write, []

    def killed(self: Any, rows: Any, capture: Any) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(rows)
        write(self, rows, capture)

    with monkeypatch.context() as patch:
        patch.setattr(teacher_cache.TeacherCache, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            hodu.distill(teacher, text, tmp_path / "small", **QUICK)
    assert not list(tmp_path.glob("small*"))
    resumed = hodu.distill(teacher, text, tmp_path / "small", **QUICK)
    shutil.rmtree(os.environ["HODU_CACHE"])
    whole = hodu.distill(teacher, text, tmp_path / "whole", **QUICK)
    one, other = (load_file(folder / "model.safetensors") for folder in (resumed, whole))
    assert all(torch.equal(other[name], value) for name, value in one.items())


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
    monkeypatch.setattr(teacher_cache.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert hodu.distill(teacher, data, tmp_path / "small", **QUICK).is_dir()
    assert "no room for a teacher cache" in caplog.text


def test_values_beyond_float16_are_refused() -> None:
    """Infinity is stored and read back as what the teacher said."""
    cache = teacher_cache.TeacherCache.__new__(teacher_cache.TeacherCache)
    with pytest.raises(OutputError, match="--no-cache"):
        cache._put("hidden-1", torch.tensor([0]), torch.tensor([[1e6]]))
