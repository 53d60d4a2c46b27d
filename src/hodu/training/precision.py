"""The numbers that a machine multiplies fastest: bf16 where it has them in hardware, and what is still faster in fp32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS


def bf16_pays() -> bool:
    """Whether this machine multiplies bf16 in hardware (a GPU since Ampere, a CPU with AVX-512-BF16 or AMX); elsewhere it is slower than fp32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _cpu_has("_is_avx512_bf16_supported") or _cpu_has("_is_amx_tile_supported")


def fp32_attention_pays() -> bool:
    """Whether attention is faster in fp32 than in bf16, where products are not: on CPUs with AVX-512-BF16 alone. There attention takes 1.3 to 2.2 times as long in bf16 (``benchmarks/attention.py``, rows in ``results/attention.json``)."""
    return not torch.cuda.is_available() and bf16_pays() and not _cpu_has("_is_amx_tile_supported")


def _cpu_has(check: str) -> bool:
    """What torch says of this CPU; False where it does not know the question yet."""
    return bool(getattr(torch.cpu, check, lambda: False)())


@contextmanager
def attention_in_fp32() -> Iterator[None]:
    """Models that attend by SDPA do so in fp32 meanwhile, also under autocast to bf16."""
    fused = ALL_ATTENTION_FUNCTIONS["sdpa"]

    def attend(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
    ) -> tuple[Tensor, Tensor | None]:
        wide = mask.float() if mask is not None and mask.is_floating_point() else mask
        with torch.autocast(query.device.type, enabled=False):
            states, weights = fused(module, query.float(), key.float(), value.float(), wide, **options)
        return states.to(query.dtype), weights

    ALL_ATTENTION_FUNCTIONS["sdpa"] = attend
    try:
        yield
    finally:
        ALL_ATTENTION_FUNCTIONS["sdpa"] = fused
