"""Fused attention forth and back on one CPU thread, in bf16 and in fp32 (with the casts from and to bf16), in turns; rows in results/attention.json.

    python benchmarks/attention.py

Why training in bf16 attends in fp32 on CPUs without AMX (hodu.training.precision). ``times`` is how long bf16 takes in times of fp32, the median of the turns.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today

SHAPES = {"3x96 reader": (32, 3, 130, 32), "MiniLM": (32, 12, 128, 32), "BERT-base": (16, 12, 128, 64)}
"""Rows, heads, tokens, width of a head."""


def seconds(heads: list[Tensor], mask: Tensor, kind: torch.dtype) -> float:
    """One pass forth and back of bf16 heads (``B h L d``), attending in this kind of numbers."""
    start = time.perf_counter()
    found = scaled_dot_product_attention(*(one.to(kind) for one in heads), attn_mask=mask.to(kind)).bfloat16()
    found.float().sum().backward()
    return time.perf_counter() - start


def main() -> None:
    """Time all shapes, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    stamp = (0, shlex.join(["python", *sys.argv]), "random numbers", hardware(), commit(), today())
    rows = []
    for name, (count, heads, length, width) in SHAPES.items():
        made = [torch.randn(count, heads, length, width, dtype=torch.bfloat16, requires_grad=True) for _ in range(3)]
        mask = torch.zeros(count, 1, length, length, dtype=torch.bfloat16)
        kinds = (torch.bfloat16, torch.float32)
        turns = [[seconds(made, mask, kind) for kind in kinds] for _ in range(options.turns + 1)][1:]
        ratio = median(short / wide for short, wide in turns)
        print(f"{name}: bf16 takes {ratio:.2f} times as long as fp32")
        rows.append(Row("attention", f"{name}: bf16", "times", ratio, "times fp32", *stamp))
    append_rows(Path("results/attention.json"), rows)


if __name__ == "__main__":
    main()
