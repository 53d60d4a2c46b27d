"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from unittest import mock

import pytest

_CHECKS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


@pytest.fixture(scope="session", autouse=True)
def bf16_checks() -> Iterator[dict[str, Callable[[], bool]]]:
    """Training in fp32 whatever the machine: tests compare figures to six digits, which no run in bf16 has. Those of bf16 ask for it themselves. Gives torch's own checks of the machine."""
    import torch

    own = {name: getattr(torch.cpu, name) for name in _CHECKS if hasattr(torch.cpu, name)}
    with mock.patch.multiple(torch.cpu, **{name: mock.Mock(return_value=False) for name in own}):
        yield own


@pytest.fixture
def as_other_processes_train(bf16_checks: dict[str, Callable[[], bool]]) -> Iterator[None]:
    """Training in what the machine multiplies fastest, as processes do that a test starts."""
    import torch

    with mock.patch.multiple(torch.cpu, **bf16_checks):
        yield
