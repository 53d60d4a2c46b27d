"""Models in float64, where two correct ways to compute the same number agree to 1e-12, so tolerances are tight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from threads, and other work shares the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def softmax_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """ModernBERT's and Llama's eager attention round their softmax to float32; a reference must not be rough."""
    softmax = torch.nn.functional.softmax
    monkeypatch.setattr(torch.nn.functional, "softmax", lambda scores, dim, dtype=None: softmax(scores, dim))
