"""The processes of one run: one, or as many as ``accelerate launch -m hodu ...`` starts. The first one writes and speaks."""

from __future__ import annotations

import os

import torch
from accelerate import PartialState


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
