"""distill --size and --speed, from what the user types to the recorded shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import hodu
from hodu.errors import HoduError, ShapeError
from hodu.training import choosing
from hodu.types import Shape
from tests.training.conftest import looked_on_by
from tests.training.test_runs import StopAt

QUICK: dict[str, Any] = {"epochs": 2.0, "batch_size": 16, "progress": False}


def test_a_size_makes_a_student_that_fits_and_its_baseline_has_its_shape(
    teacher: Path, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """--size 60KB trains a student of 80 KB, does not say why this shape, or the baseline has another one."""
    caplog.set_level("INFO", "hodu")
    small = hodu.distill(teacher, data, tmp_path / "small", size="60KB", **{**QUICK, "epochs": 1.0})
    assert (small / "model.safetensors").stat().st_size <= 60_000
    card = json.loads((small / "hodu.json").read_text())
    shape = f"{card['shape']['layers']}x{card['shape']['width']}"
    assert (card["student"], card["size"], card["speed"]) == (shape, "0.06 MB", None)
    assert f"{shape} (" in caplog.text and "the largest of" in caplog.text and "pieces take" in caplog.text
    assert caplog.text.index("the largest of") < caplog.text.index(f"student {shape} from teacher")
    base = hodu.baseline(small, progress=False)
    assert json.loads((base / "hodu.json").read_text())["shape"] == card["shape"]


def tracks(*factors: float) -> Callable[..., Any]:
    """A stand-in for the machine: at each choice it is slower or faster by the next factor."""
    left = iter(factors)

    def race_with(*_: Any, **__: Any) -> Callable[[Sequence[Shape]], list[float]]:
        factor = next(left)
        return lambda shapes: [factor * 128 / (shape.layers * shape.width) for shape in shapes]

    return race_with


def test_a_resumed_run_keeps_its_shape(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine is busier today than yesterday: another shape is chosen, and yesterday's half of the training is refused."""
    monkeypatch.setattr(choosing, "race_with", tracks(2.0, 1.0))
    with looked_on_by(StopAt(2)), pytest.raises(KeyboardInterrupt):
        hodu.distill(teacher, data, tmp_path / "small", speed="4x", **QUICK)
    begun = json.loads((tmp_path / "small.training" / "settings.json").read_text())
    resumed = hodu.distill(teacher, data, tmp_path / "small", speed=4, **QUICK)
    assert json.loads((resumed / "hodu.json").read_text())["student"] == begun["student"] == "2x32"
    afresh = hodu.distill(teacher, data, tmp_path / "afresh", speed="4x", **{**QUICK, "epochs": 1.0})
    assert json.loads((afresh / "hodu.json").read_text())["student"] == "2x16", "the stand-in changes nothing"


def test_impossible_budgets_leave_no_folder(teacher: Path, data: Path, tmp_path: Path) -> None:
    """After an error a half-made folder stands in the way of the next try."""
    trials: list[dict[str, Any]] = [
        {"size": "1KB"},
        {"size": "big"},
        {"speed": "1x"},
        {"size": "1MB", "student": "1x16"},
    ]
    for trial in trials:
        with pytest.raises(HoduError) as raised:
            hodu.distill(teacher, data, tmp_path / "small", **trial, **QUICK)
        assert isinstance(raised.value, ShapeError)
        assert not list(tmp_path.iterdir())
