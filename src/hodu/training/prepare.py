"""From loaded data to the tokenised sets of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import EvalPrediction, PreTrainedTokenizerBase

from hodu.data import Data, collate, masked, max_length_of, pack, successive, tokenise
from hodu.errors import DataError, ModelError
from hodu.measuring.score import LOWER_IS_BETTER, METRICS, score
from hodu.models.load import Loaded
from hodu.training.prepare_tokens import prepare_tokens
from hodu.training.stages import Sets
from hodu.training.teacher_cache import Collate
from hodu.types import LANGUAGE, TOKENS, Task

logger = logging.getLogger("hodu")


def prepare(
    data: Data,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    *,
    max_length: int,
    metric: str | None = None,
    seed: int = 0,
    whole_word: bool = False,
) -> Sets:
    """Tokenise train and dev, say how many texts were cut, and set up the dev metric.

    Args:
        metric: a name for the dev metric; None takes the task's headline.
        seed, whole_word: for masks, see :func:`hodu.data.masked`.

    Raises:
        DataError: there is no training data.
    """
    if "train" not in data.splits:
        raise DataError(
            f"there is nothing to train on: expected a train split, found {', '.join(data.splits)}", file=data.source
        )
    if task in LANGUAGE:
        return _running_text(data, tokenizer, task, max_length=max_length, seed=seed, whole_word=whole_word)
    if task in TOKENS:
        batches = _numbered(collate(tokenizer))
        return prepare_tokens(data, tokenizer, task, batches, max_length=max_length, metric=metric)
    tokenised: dict[str, Dataset] = {}
    for name in ("train", "dev"):
        if name not in data.splits:
            continue
        tokenised[name], truncation = tokenise(data.splits[name], tokenizer, max_length=max_length)
        if truncation.count:
            logger.info("%s: %s", name, truncation)
    dev = tokenised.get("dev")
    scored = dev is not None and "labels" in dev.column_names
    name = metric or METRICS[task][0]
    rows = range(len(tokenised["train"]))
    return Sets(
        train=tokenised["train"].add_column("row", list(rows)),
        dev=dev if scored else None,
        collate=_numbered(collate(tokenizer)),
        metric=name if scored else None,
        evaluate=_evaluate(task, name) if scored else None,
    )


def _running_text(
    data: Data, tokenizer: PreTrainedTokenizerBase, task: Task, *, max_length: int, seed: int, whole_word: bool
) -> Sets:
    packed: dict[str, Dataset] = {}
    for name in [name for name in ("train", "dev") if name in data.splits]:
        packed[name], packing = pack(data.splits[name], tokenizer, max_length=max_length, words=whole_word)
        logger.info("%s: %s", name, packing)
    batches = masked(tokenizer, seed=seed, whole_word=whole_word) if task == "masked-lm" else successive(tokenizer)
    headline = METRICS[task][0]
    dev = packed.get("dev")
    return Sets(
        train=packed["train"].add_column("row", list(range(len(packed["train"])))),
        dev=dev,
        collate=_numbered(batches),
        metric=headline if dev is not None else None,
        evaluate=_evaluate(task, headline) if dev is not None else None,
        higher=headline not in LOWER_IS_BETTER,
    )


def longest(loaded: Loaded, asked: int | None) -> int:
    """The tokens that a text may have: what was asked for, else what model and tokenizer take.

    Raises:
        ModelError: more was asked for than they take.
    """
    most = max_length_of(loaded.tokenizer, loaded.model.config)
    if asked is not None and not 3 <= asked <= most:
        raise ModelError(f"{loaded.path} takes 3 to {most} tokens, --max-length asks for {asked}")
    return asked or most


def texts_to_serve(data: Data) -> Iterator[str]:
    """The texts that the student's vocabulary must serve: never the test split's."""
    for name in ("train", "dev"):
        if name in data.splits:
            for column in ("text", "pair"):
                if column in data.splits[name].column_names:
                    yield from data.splits[name][column]
            if (
                "words" in data.splits[name].column_names
            ):  # a token classifier's pieces are those of each word by itself
                yield from {word for words in data.splits[name]["words"] for word in words if word.strip()}


def _numbered(collate: Collate) -> Collate:
    """Hand the row numbers of a training set through, by which a teacher cache is read."""

    def numbered(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        batch = collate(rows)
        return {**batch, "row": torch.tensor([row["row"] for row in rows])} if "row" in rows[0] else batch

    return numbered


def _evaluate(task: Task, name: str) -> Callable[[EvalPrediction], dict[str, float]]:
    def evaluate(prediction: EvalPrediction) -> dict[str, float]:
        logits, labels = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        return {name: score(task, logits, labels)[METRICS[task][0]]}

    return evaluate
