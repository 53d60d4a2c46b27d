"""One stage of a recipe, run: from a module that returns a loss to that module trained, resumed where an earlier run stopped."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from torch import nn
from transformers import EvalPrediction, TrainerCallback
from transformers.trainer_callback import PrinterCallback

from hodu.recipes import Stage
from hodu.training.callbacks import EveryMinutes, Interrupt, LastStep, ProgressBar, TimeAhead
from hodu.training.output import last_checkpoint
from hodu.training.precision import attention_in_fp32, fp32_attention_pays
from hodu.training.processes import processes
from hodu.training.sampler import padding_share
from hodu.training.teacher_cache import Collate
from hodu.training.trainer import DistilTrainer, training_arguments

logger = logging.getLogger("hodu")

_SECONDS = "seconds.txt"


@dataclass(frozen=True)
class Sets:
    """Tokenised data of a run.

    ``texts`` are train's, one a row, where a row of train holds several (then ``row`` in a batch numbers texts). ``metric`` is the dev metric's name and ``evaluate`` computes it, both None without a dev set to go by; ``higher`` says whether more of it is better.
    """

    train: Dataset
    dev: Dataset | None
    collate: Collate
    metric: str | None = None
    evaluate: Callable[[EvalPrediction], dict[str, float]] | None = None
    higher: bool = True
    texts: Dataset | None = None


@dataclass(frozen=True)
class Run:
    """How a stage runs, whatever the stage: where its checkpoints go, seed, micro-batches, and who looks on."""

    work: Path
    seed: int
    accumulate: int = 1
    progress: bool = True
    tensorboard: Path | None = None


def run_stage(
    module: nn.Module, stage: Stage, sets: Sets, run: Run, *, terms: tuple[str, ...] = ()
) -> dict[str, float]:
    """Train ``module`` through ``stage`` in place.

    Returns:
        ``{"steps", "seconds", "padding_share"}`` (seconds of all sessions of a stopped and resumed stage) and, with a dev set, the best dev metric by its name.

    Raises:
        KeyboardInterrupt: after the first Ctrl-C, once a checkpoint is written.
    """
    if stage.dropout is not None:
        for part in module.modules():
            if isinstance(part, nn.Dropout):
                part.p = stage.dropout
    folder = run.work / stage.name
    metric = sets.metric if sets.dev is not None else None
    if run.tensorboard:  # the Trainer's TensorBoard callback takes its folder from here alone
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(run.tensorboard / stage.name)
    arguments = training_arguments(
        stage,
        folder,
        examples=len(sets.train),
        seed=run.seed,
        metric=metric,
        higher=sets.higher,
        accumulate=run.accumulate,
        tensorboard=run.tensorboard,
    )
    padding = padding_share(sets.train["length"][:], stage.batch_size, run.seed)
    bar, interrupt, ahead = ProgressBar(stage.name, metric), Interrupt(), TimeAhead(stage.name, padding)
    callbacks: list[TrainerCallback] = [interrupt, LastStep(), EveryMinutes(), ahead, *([bar] if run.progress else [])]
    trainer = DistilTrainer(
        module,
        arguments,
        sets.collate,
        sets.train,
        sets.dev,
        compute_metrics=sets.evaluate,
        callbacks=callbacks,
        term_names=terms,
    )
    trainer.remove_callback(PrinterCallback)  # it prints every log entry; the library prints nothing
    checkpoint = last_checkpoint(folder)
    if checkpoint:
        logger.info("going on from %s", checkpoint)
    spent = _spent(folder) if checkpoint else 0.0
    begin = time.perf_counter()
    try:
        with interrupt, attention_in_fp32() if fp32_attention_pays() else nullcontext():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    finally:
        bar.stop()
        spent += time.perf_counter() - begin
        if folder.is_dir():
            (folder / _SECONDS).write_text(str(spent))
    if interrupt.asked:
        raise KeyboardInterrupt
    figures = {
        "steps": float(trainer.state.global_step),
        "seconds": spent,
        "padding_share": padding,
    }
    if metric and trainer.state.best_metric is not None:
        figures[metric] = trainer.state.best_metric
    elif metric:
        figures[metric] = trainer.evaluate()[f"eval_{metric}"]
    return figures


def _spent(folder: Path) -> float:
    """Seconds that earlier sessions of this stage took; what a killed one took is not known."""
    note = folder / _SECONDS
    return float(note.read_text()) if note.is_file() else 0.0


def pick_device() -> torch.device:
    """This process's accelerator when there is one, else the CPU."""
    device: torch.device = processes().device
    return device
