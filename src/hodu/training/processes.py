"""The processes of one run, one or as many as ``accelerate launch -m hodu ...`` starts (the first one writes and speaks), and the numbers that their machine multiplies fastest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import PartialState
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS


def processes() -> PartialState:
    """accelerate's view of them; without a launcher there is one.

    On the CPU several are told from one by ``ACCELERATE_USE_CPU``, which ``accelerate launch --cpu`` sets.
    """
    return PartialState(cpu=os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes"))


def bf16_pays() -> bool:
    """Whether this machine multiplies bf16 in hardware (a GPU since Ampere, a CPU with AVX-512-BF16 or AMX); elsewhere it is slower than fp32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in checks if check is not None)


def fp32_attention_pays() -> bool:
    """Whether attention is faster in fp32 than in bf16, where products are not: on CPUs with AVX-512-BF16 alone. Its fused backward pass in bf16 takes 2.2 to 2.8 times as long there (AMD EPYC, torch 2.13), half of a small model's step."""
    amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return not torch.cuda.is_available() and bf16_pays() and not (amx is not None and amx())


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
