"""The tokenised sets of a run whose model answers about tokens: words to tag, questions to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from datasets import Dataset
from transformers import EvalPrediction, PreTrainedTokenizerBase

from hodu.data import Data, tokenise
from hodu.measuring.score import ALIKE, METRICS, score
from hodu.training.stages import Sets
from hodu.training.teacher_cache import Collate
from hodu.types import Task

logger = logging.getLogger("hodu")


def prepare_tokens(
    data: Data,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    collate: Collate,
    *,
    max_length: int,
    metric: str | None,
) -> Sets:
    """What :func:`hodu.training.prepare.prepare` does, for these tasks. ``agreement`` as ``metric`` is the share of words tagged (questions answered) alike."""
    tokenised: dict[str, Dataset] = {}
    for name in [name for name in ("train", "dev") if name in data.splits]:
        tokenised[name], truncation = tokenise(data.splits[name], tokenizer, max_length=max_length)
        logger.info("%s: %s", name, truncation)
    dev = tokenised.get("dev")
    scored = dev is not None and "tags" in dev.column_names
    headline = ALIKE[task] if metric == "agreement" else METRICS[task][0]
    return Sets(
        train=tokenised["train"].add_column("row", list(range(len(tokenised["train"])))),
        dev=dev if scored else None,
        collate=collate,
        metric=(metric or headline) if scored else None,
        evaluate=_evaluate(task, headline, metric or headline) if scored else None,
    )


def _evaluate(task: Task, headline: str, name: str) -> Callable[[EvalPrediction], dict[str, float]]:
    def evaluate(prediction: EvalPrediction) -> dict[str, float]:
        counts, rows = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        return {name: score(task, counts, rows)[headline]}

    return evaluate
