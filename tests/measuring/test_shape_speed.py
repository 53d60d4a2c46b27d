"""Races of untrained shapes, on a clock that only the models move."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hodu.measuring import shape_speed, speed
from hodu.types import Shape
from tests.measuring.tiny import classifier


class Timed(nn.Module):
    """Takes so many seconds for a text of this length; notes what it read."""

    def __init__(self, clock: list[float], cost: float) -> None:
        super().__init__()
        self.clock, self.cost, self.config = clock, cost, classifier().config
        self.read: list[tuple[int, ...]] = []

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> None:
        assert torch.is_inference_mode_enabled() and not self.training and torch.get_num_threads() == 1
        assert bool(attention_mask.all()) and not bool((input_ids == self.config.pad_token_id).any())
        self.read.append(tuple(input_ids.shape))
        self.clock[0] += self.cost


def test_a_race_gives_the_teachers_time_over_each_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """10x would mean something else than the table of hodu measure shows."""
    clock = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    made: dict[str, Timed] = {}

    def sketch(_: Any, shape: Shape, **asked: Any) -> nn.Module:
        assert asked == {"vocabulary": 70, "device": "cpu"}
        return made.setdefault(str(shape), Timed(clock, 0.001 * shape.layers))

    monkeypatch.setattr(shape_speed, "sketch", sketch)
    race = shape_speed.race_with(Timed(clock, 0.012).eval(), vocabulary=70, length=9)  # type: ignore[arg-type]
    assert race([Shape(1, 16, 1, 64), Shape(3, 16, 1, 64)]) == pytest.approx([12.0, 4.0])
    assert set(made["1x16"].read) == {(1, 9)}
    assert len(made["1x16"].read) == len(made["3x16"].read) > shape_speed._MOST


def test_slow_teachers_do_not_make_the_race_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choosing a shape for a big teacher takes minutes."""
    clock = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(shape_speed, "sketch", lambda *_, **__: Timed(clock, 0.1))
    shape_speed.race_with(Timed(clock, 0.5).eval(), vocabulary=70, length=9)([Shape(1, 16, 1, 64)])  # type: ignore[arg-type]
    assert clock[0] < 12
