from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from torch import Tensor, nn

from hodu.errors import DataError, ModelError
from hodu.measuring import latency, peak_memory, sample_rows, speed, throughput
from hodu.models.load import Loaded, load_model
from tests.measuring.tiny import TEXTS, classifier, save, tokenizer


class Clock:
    """Time that only models spend, so that figures are exact on a busy machine; and who ran when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.runs: list[tuple[str, int, bool]] = []  # model, tokens, timed
        self._asked = False

    def __call__(self) -> float:
        self._asked = not self._asked
        return self.now


class Slow(nn.Module):
    """Takes ``cost`` seconds a token, padding included."""

    def __init__(self, name: str, clock: Clock, cost: float) -> None:
        super().__init__()
        self.name, self.clock, self.cost = name, clock, cost
        self.config = classifier().config

    def forward(self, input_ids: Tensor, **_: Any) -> None:
        assert torch.is_inference_mode_enabled()
        self.clock.runs.append((self.name, input_ids.numel(), self.clock._asked))
        self.clock.now += self.cost * input_ids.numel()


@dataclass(frozen=True)
class Fake(Loaded):
    def encode(self, row: Mapping[str, Any]) -> dict[str, Tensor]:
        return dict(self.tokenizer(row["text"], return_tensors="pt"))


def fake(name: str, clock: Clock, cost: float) -> Loaded:
    """A model that spends this many seconds a token on the clock."""
    return Fake(name, Slow(name, clock, cost), tokenizer(), {})  # type: ignore[arg-type]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In the place of the machine's own."""
    clock = Clock()
    monkeypatch.setattr(speed.time, "perf_counter", clock)
    return clock


def test_latency_is_that_of_single_unpadded_sentences(clock: Clock) -> None:
    """Milliseconds would be those of a padded batch, or in another unit."""
    rows = [{"text": "good " * words} for words in range(1, 15)] * 5  # 3 ... 16 tokens
    [result] = latency([fake("a", clock, 0.001)], rows)
    assert result.samples == 70
    assert result.p50_ms == pytest.approx(9.5)
    assert result.p95_ms == pytest.approx(16.0)


def test_models_take_turns_and_none_is_timed_cold(clock: Clock) -> None:
    """A burst of other work on the machine would slow one model only, and its ratio to the teacher would be luck."""
    rows = [{"text": text} for text in TEXTS] * 2
    latency([fake("a", clock, 0.001), fake("b", clock, 0.002)], rows)
    timed = [name for name, _, is_timed in clock.runs if is_timed]
    assert timed == ["a"] * 10 + ["b"] * 10 + ["b"] * 10 + ["a"] * 10
    lengths = {tokens for _, tokens, _ in clock.runs}
    for name in ("a", "b"):
        first = next(place for place, run in enumerate(clock.runs) if run[2])
        assert {tokens for who, tokens, _ in clock.runs[:first] if who == name} == lengths
    cold = [place for place, run in enumerate(clock.runs) if run[2] and clock.runs[place - 1][0] != run[0]]
    assert cold == []


def test_ratio_is_the_models_own(clock: Clock) -> None:
    """A student five times as fast would be shown as something else."""
    slow, quick = latency([fake("a", clock, 0.005), fake("b", clock, 0.001)], [{"text": text} for text in TEXTS])
    assert slow.p50_ms / quick.p50_ms == pytest.approx(5)
    assert slow.p95_ms / quick.p95_ms == pytest.approx(5)


def test_throughput_counts_real_tokens(clock: Clock) -> None:
    """Padding would count as work done: the worse the batches, the better the figure."""
    rows = Dataset.from_dict({"text": ["good " * 8, "good", "good " * 4, "good"]})  # 10, 3, 6, 3 tokens
    [rate] = throughput([fake("a", clock, 0.001)], rows, batch_size=2)
    assert rate == pytest.approx((10 + 3 + 6 + 3) / (0.001 * (2 * 10 + 2 * 3)))


def test_threads_are_put_back(clock: Clock) -> None:
    """After measuring, the user's own process would go on with one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        broken = fake("a", clock, 0.0)
        broken.model.forward = lambda **_: 1 / 0  # type: ignore[method-assign, assignment]
        with pytest.raises(ZeroDivisionError):
            latency([broken], [{"text": "good"}])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_real_models_can_be_timed(tmp_path: Path) -> None:
    """`hodu measure` would fail on a real model (token types, inference mode) though the fakes pass."""
    loaded = load_model(save(classifier(), tmp_path / "model"))
    rows = Dataset.from_dict({"text": TEXTS, "label": [0] * len(TEXTS)})
    [result] = latency([loaded], sample_rows(rows, 12))
    assert result.samples == 12
    assert 0 < result.p50_ms <= result.p95_ms
    assert throughput([loaded], rows)[0] > 0


def test_sampled_rows_are_spread_and_repeatable() -> None:
    """Sorted files would be timed on their shortest sentences only."""
    rows = Dataset.from_dict({"text": [str(number) for number in range(100)], "label": [0] * 100})
    assert [row["text"] for row in sample_rows(rows, 4)] == ["0", "33", "66", "99"]
    assert len(sample_rows(rows.select(range(3)), 9)) == 9
    assert set(sample_rows(rows, 1)[0]) == {"text"}
    with pytest.raises(DataError, match="no rows"):
        sample_rows(rows.select([]), 1)


def test_peak_memory_is_the_models_alone(tmp_path: Path) -> None:
    """A big measuring process would hide the model (a child inherits its ru_maxrss) or be counted as the model's.

    Takes some seconds: a fresh process has to import torch.
    """
    big = torch.ones(100_000_000)  # 400 MB in this process, more than the child's imports and model together would add
    del big
    model = classifier(hidden_size=256, intermediate_size=8192)  # 2 layers x 4 M weights = 36 MB
    weights = sum(weight.nbytes for weight in model.parameters())
    measured = peak_memory(save(model, tmp_path / "model"), [{"text": text} for text in TEXTS])
    assert 0.9 * weights < measured < weights + 60e6  # torch's and the tokenizer's own needs: some 10 to 40 MB


def test_failed_child_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user would see a JSON error instead of the reason."""
    done = subprocess.CompletedProcess([], 1, stdout="", stderr="Loading\nno/model: cannot be loaded\n")
    monkeypatch.setattr(speed.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(ModelError, match="no/model: cannot be loaded"):
        peak_memory("no/model", [])
