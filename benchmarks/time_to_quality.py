"""Seconds from start to a share of the teacher's dev accuracy: hodu (warm start, cache) against TextBrewer from a random start; rows in results/time-to-quality.json.

    python benchmarks/time_to_quality.py runs/sst2-teacher ../shared/data/sst2

The clock runs over all that a system does before and while it trains: start, vocabulary, the teacher's answers. It stands while dev is scored, every ``--every`` steps. A system that has not got there
after ``--minutes`` is reported with that time as "more than".
"""

from __future__ import annotations

import argparse
import copy
import logging
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loops import Work, textbrewer_distiller
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, TrainerCallback, get_linear_schedule_with_warmup

import hodu
from hodu.data import collate, load, tokenise
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.measuring.predict import predict
from hodu.models import build_student, parse_shape
from hodu.models.load import load_model
from hodu.training import stages


class Reached(Exception):
    """The accuracy is reached, or the time is up."""


class Clock:
    """Seconds of work; it stands still while dev is scored."""

    def __init__(self, score: Callable[[PreTrainedModel], float], goal: float, limit: float, every: int) -> None:
        self._score, self._goal, self._limit, self._every = score, goal, limit, every
        self._begin, self._stood = time.perf_counter(), 0.0
        self.best, self.seconds, self.reached = 0.0, 0.0, False

    def look(self, model: PreTrainedModel, step: int) -> None:
        """Score the model when it is time to.

        Raises:
            Reached: it is good enough, or the time is up.
        """
        if step == 0 or step % self._every:
            return
        now = time.perf_counter()
        self.seconds = now - self._begin - self._stood
        was_training = model.training
        accuracy = self._score(model)
        model.train(was_training)
        self._stood += time.perf_counter() - now
        self.best = max(self.best, accuracy)
        self.reached = accuracy >= self._goal
        if self.reached or self.seconds > self._limit:
            raise Reached


def run_hodu(options: argparse.Namespace, clock: Clock, seed: int) -> None:
    """The default recipe by its Python function, with an empty cache."""

    class Looks(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            clock.look(model.student, state.global_step)

    init = stages.DistilTrainer.__init__

    def with_looks(self: Any, *args: Any, callbacks: list[Any], **kwargs: Any) -> None:
        init(self, *args, callbacks=[*callbacks, Looks()], **kwargs)

    stages.DistilTrainer.__init__ = with_looks  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HODU_CACHE"] = f"{folder}/cache"
        try:
            hodu.distill(
                options.teacher,
                options.data,
                f"{folder}/small",
                student=options.student,
                vocabulary="full",  # so that one tokenizer scores all; the pruned one is a little faster
                epochs=options.epochs,
                seed=seed,
                progress=False,
            )
        except Reached:
            pass
        finally:
            stages.DistilTrainer.__init__ = init  # type: ignore[method-assign]


def run_textbrewer(options: argparse.Namespace, clock: Clock, seed: int) -> None:
    """GeneralDistiller with soft targets, embeddings and hidden states (its documented matches) from a random start, its default temperature."""
    torch.manual_seed(seed)
    teacher = load_model(options.teacher)
    train = load(options.data).splits["train"]
    rows, _ = tokenise(train.remove_columns("label"), teacher.tokenizer, max_length=128)
    student = build_student(
        teacher.model, parse_shape(options.student, teacher.model.config), "random", batches=None, seed=seed
    )
    work = Work(
        teacher.model, student, "hidden", rows, collate(teacher.tokenizer), 32, int(options.epochs * len(rows) / 32)
    )
    student = copy.deepcopy(student).train()
    with tempfile.TemporaryDirectory() as folder:
        distiller, _ = textbrewer_distiller(work, teacher.model, student, folder)
        optimizer = torch.optim.AdamW(student.parameters(), lr=options.rate, weight_decay=0.01)
        step = 0

        def count(batch: Any) -> Any:
            nonlocal step
            clock.look(student, step)
            step += 1
            return batch

        try:
            with distiller:
                distiller.train(
                    optimizer,
                    DataLoader(rows, 32, shuffle=True, collate_fn=work.collate),
                    num_epochs=round(options.epochs),
                    scheduler_class=get_linear_schedule_with_warmup,
                    scheduler_args={"num_warmup_steps": work.steps // 10, "num_training_steps": work.steps},
                    max_grad_norm=1.0,
                    batch_postprocessor=count,
                    output_hidden_states=True,
                )
        except Reached:
            pass


def main() -> None:
    """Both systems, seed by seed in turn."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("teacher")
    parser.add_argument("data")
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--share", type=float, default=0.97)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument(
        "--rate", type=float, default=1e-3, help="TextBrewer's peak learning rate; hodu takes its recipe's"
    )
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--systems", nargs="+", default=["hodu", "TextBrewer"])
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    teacher, dev = load_model(options.teacher), load(options.data).splits["dev"]
    labels = np.asarray(dev["label"][:])

    def score_with(tokenizer: Any) -> Callable[[PreTrainedModel], float]:
        return lambda model: float((predict(model, tokenizer, dev).argmax(-1) == labels).mean())

    whole = score_with(teacher.tokenizer)(teacher.model)
    goal = options.share * whole
    print(f"teacher {100 * whole:.1f} on dev, so the goal is {100 * goal:.1f}")
    rows = []
    for seed in options.seeds:
        for system, run in (("hodu", run_hodu), ("TextBrewer", run_textbrewer)):
            if system not in options.systems:
                continue
            clock = Clock(score_with(teacher.tokenizer), goal, 60 * options.minutes, options.every)
            run(options, clock, seed)
            print(
                f"{system:10s} seed {seed}: {'' if clock.reached else 'more than '}{clock.seconds:.0f} s (best {100 * clock.best:.1f})"
            )
            name = system if clock.reached else f"{system} (not reached)"
            command = shlex.join(["python", *sys.argv])
            rows.append(
                Row(
                    "time-to-quality",
                    name,
                    "seconds_to_goal",
                    clock.seconds,
                    "s",
                    seed,
                    command,
                    options.data,
                    hardware(),
                    commit(),
                    today(),
                )
            )
    append_rows(Path("results") / "time-to-quality.json", rows)


if __name__ == "__main__":
    main()
