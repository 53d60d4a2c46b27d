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

from hodu.data import (
    Data,
    collate_groups,
    has_scores,
    masked,
    max_length_of,
    most_texts,
    pack,
    strings_of,
    successive,
    tokenise,
    tokenise_groups,
)
from hodu.errors import DataError, ModelError
from hodu.measuring.score import LOWER_IS_BETTER, METRICS, agreement, score
from hodu.models.load import Loaded
from hodu.training.stages import Sets
from hodu.training.teacher_cache import Collate
from hodu.types import LANGUAGE, Task

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
    tokenised: dict[str, Dataset] = {}
    texts: dict[str, Dataset] = {}
    for name in ("train", "dev"):
        if name not in data.splits:
            continue
        if _has_several_texts(data.splits[name], task):
            tokenised[name], texts[name], truncation = tokenise_groups(
                data.splits[name], tokenizer, max_length=max_length
            )
        else:
            tokenised[name], truncation = tokenise(data.splits[name], tokenizer, max_length=max_length)
        if truncation.count:
            logger.info("%s: %s", name, truncation)
    train, dev = tokenised["train"], tokenised.get("dev")
    scored = dev is not None and "labels" in dev.column_names
    name = metric or METRICS[task][0]
    return Sets(
        train=train if "row" in train.column_names else train.add_column("row", list(range(len(train)))),
        texts=texts.get("train"),
        dev=dev if scored else None,
        collate=_numbered(collate_groups(tokenizer, max(map(most_texts, tokenised.values())))),
        metric=name if scored else None,
        evaluate=_evaluate(task, name) if scored else None,
    )


def _has_several_texts(dataset: Dataset, task: Task) -> bool:
    """Whether a row is read as several texts: a question with each of its choices, each sentence of a scored pair alone."""
    return "choices" in dataset.column_names or (task == "sentence-embedding" and has_scores(dataset))


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
            yield from strings_of(data.splits[name])


def _numbered(collate: Collate) -> Collate:
    """Hand the numbers of a training set's texts through, by which a teacher cache is read: one a row, or a list where a row has several texts."""

    def numbered(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        batch = collate(rows)
        if "row" not in rows[0]:
            return batch
        numbers = np.concatenate([np.atleast_1d(row["row"]) for row in rows])  # B, or T
        return {**batch, "row": torch.from_numpy(numbers)}

    return numbered


def _evaluate(task: Task, name: str) -> Callable[[EvalPrediction], dict[str, float]]:
    def evaluate(prediction: EvalPrediction) -> dict[str, float]:
        logits, labels = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        if name == "agreement" and task == "sentence-embedding":  # its headline is another correlation
            return {name: agreement(task, logits, labels[:, None])}
        return {name: score(task, logits, labels)[METRICS[task][0]]}

    return evaluate
