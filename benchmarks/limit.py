"""How near the machine's limit hodu trains: time over (needed matrix-multiply FLOPs / this machine's measured matmul rate), teacher and student apart; rows in results/limit.json.

    python benchmarks/limit.py ../shared/data/sst2

1 would be a machine that does nothing but the multiplications that the models' weights and attention need on real tokens: no padding, no softmax, no optimizer, no Python.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from loops import Work, run_hodu
from step import WARM_UP, add_options, work
from transformers import PreTrainedModel

from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.models import shape_of
from hodu.training.precision import bf16_pays
from hodu.training.stages import pick_device
from hodu.training.teacher_cache import Question
from hodu.types import Needs


def matmul_rate(width: int, feed_forward: int, tokens: int) -> float:
    """FLOP a second of the products that a layer of this width consists of, in the precision that training uses."""
    dtype = torch.bfloat16 if bf16_pays() else torch.float32
    left = torch.randn(tokens, width, dtype=dtype, device=pick_device())
    right = torch.randn(width, feed_forward, dtype=dtype, device=pick_device())
    best = 0.0
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(10):
            product = left @ right
        float(product[0, 0])  # waits for a GPU
        best = max(best, 10 * 2 * tokens * width * feed_forward / (time.perf_counter() - begin))
    return best


def flop_per_token(model: PreTrainedModel, length: float) -> float:
    """Multiply-adds of a forward pass, as FLOP, per real token of texts of this mean length."""
    shape = shape_of(model.config)
    weights = shape.layers * (4 * shape.width**2 + 2 * shape.width * shape.feed_forward)
    attention = shape.layers * 2 * length * shape.width
    return 2 * (weights + attention)


def teacher_rate(job: Work) -> float:
    """Real tokens a second of the teacher alone, in length-sorted batches as the cache asks it."""
    lengths = torch.tensor(job.rows["length"][:])
    batches = [part.tolist() for part in lengths.argsort(descending=True).split(64)]
    pairing = job.pairing
    needs = Needs(True, frozenset({0, pairing.teacher.layers}), frozenset({pairing.teacher.layers}))
    question = Question(job.teacher.to(pick_device()), needs, job.rows, job.collate, lambda batch: batch, 1)
    answers = question.answers(batches)
    next(answers)  # prepares kernels
    begin = time.perf_counter()
    for capture in answers:
        float(capture.mask.sum())
    return float(lengths.sum() - lengths[batches[0]].sum()) / (time.perf_counter() - begin)


def main() -> None:
    """Measure both and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    add_options(parser)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HODU_CACHE"] = cache
        for objective in options.objectives:
            job = work(options, objective)
            length = sum(job.rows["length"][:]) / len(job.rows)
            ratios: dict[str, list[float]] = {"teacher": [], "student": []}
            for _ in range(options.turns):
                tokens = round(options.batch * length)
                for name, model, factor in (("teacher", job.teacher, 1), ("student", job.student, 3)):
                    shape = shape_of(model.config)
                    limit = matmul_rate(shape.width, shape.feed_forward, tokens) / (
                        factor * flop_per_token(model, length)
                    )
                    rate = teacher_rate(job) if name == "teacher" else run_hodu(job, cached=True).rate(WARM_UP)
                    ratios[name].append(limit / rate)
            for name, found in ratios.items():
                print(
                    f"{objective:10s} {name}: {median(found):.2f} times the limit ({min(found):.2f} to {max(found):.2f})"
                )
                command, machine = shlex.join(["python", *sys.argv]), f"{hardware()}, {options.threads} threads"
                what = f"{Path(options.data).name}, batch {options.batch}"
                stamp = (0, command, what, machine, commit(), today())
                system = f"{options.family} {options.teacher} to {options.student}: {objective}: {name}"
                rows.append(Row("limit", system, "time_over_limit", median(found), "ratio", *stamp))
    append_rows(Path("results") / "limit.json", rows)


if __name__ == "__main__":
    main()
