"""From loaded data to the tokenised sets of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import EvalPrediction, PreTrainedTokenizerBase

from hodu.data import (
    Data,
    Fill,
    Frequency,
    collate,
    collate_groups,
    corrupted,
    has_scores,
    masked,
    max_length_of,
    most_texts,
    pack,
    strings_of,
    successive,
    tokenise,
    tokenise_groups,
    unfilled,
)
from hodu.errors import DataError, ModelError, RecipeError
from hodu.measuring.score import DECIDES, LOWER_IS_BETTER, METRICS, agreement, score
from hodu.models.generator import load_generator
from hodu.models.load import Loaded
from hodu.models.scratch import is_shape
from hodu.training.prepare_tokens import prepare_tokens
from hodu.training.stages import Sets, pick_device
from hodu.training.teacher_cache import Collate
from hodu.types import LANGUAGE, TOKENS, Task

logger = logging.getLogger("hodu")

_DEV_ROWS = 1_000  # of running text: a checkpoint is chosen as well by so many as by all, and all of a tenth of a Wikipedia take longer than the training between two looks


def prepare(
    data: Data,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    *,
    max_length: int,
    metric: str | None = None,
    seed: int = 0,
    whole_word: bool = False,
    generator: str | Path | None = None,
    together: bool = False,
) -> Sets:
    """Tokenise train and dev, say how many texts were cut, and set up the dev metric.

    Args:
        metric: a name for the dev metric; None takes the task's headline.
        seed, whole_word: for masks, see :func:`hodu.data.masked`.
        generator: for replaced-token, see :func:`fill_of`.
        together: for replaced-token: the generator learns meanwhile, so the training batches are not filled yet, and the dev text is corrupted by frequency, always in the same way.

    Raises:
        DataError: there is no training data.
    """
    if "train" not in data.splits:
        raise DataError(
            f"there is nothing to train on: expected a train split, found {', '.join(data.splits)}", file=data.source
        )
    if task in LANGUAGE:
        packed = _packed(data, tokenizer, max_length, words=whole_word)
        batches = _batches(tokenizer, task, packed["train"], max_length, seed, whole_word, generator, together=together)
        return _running_text(packed, batches, task)
    if task in TOKENS:
        batches = _numbered(collate(tokenizer))
        return prepare_tokens(data, tokenizer, task, batches, max_length=max_length, metric=metric)
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
    most = max(map(most_texts, tokenised.values()))
    train, dev = tokenised["train"], tokenised.get("dev")
    if dev is not None and "row" in dev.column_names:
        dev = dev.remove_columns("row")  # numbers are for training rows: by them a cache is read, and facts are varied
    scored = dev is not None and "labels" in dev.column_names
    name = metric or METRICS[task][0]
    return Sets(
        train=train if "row" in train.column_names else train.add_column("row", list(range(len(train)))),
        texts=texts.get("train"),
        dev=dev if scored else None,
        collate=_numbered(collate_groups(tokenizer, most)),
        metric=name if scored else None,
        evaluate=_evaluate(task, name) if scored else None,
    )


def _has_several_texts(dataset: Dataset, task: Task) -> bool:
    """Whether a row is read as several texts: a question with each of its choices, each sentence of a scored pair alone."""
    return "choices" in dataset.column_names or (task == "sentence-embedding" and has_scores(dataset))


def _packed(data: Data, tokenizer: PreTrainedTokenizerBase, max_length: int, *, words: bool) -> dict[str, Dataset]:
    packed: dict[str, Dataset] = {}
    for name in [name for name in ("train", "dev") if name in data.splits]:
        packed[name], packing = pack(data.splits[name], tokenizer, max_length=max_length, words=words)
        logger.info("%s: %s", name, packing)
    if len(packed.get("dev", ())) > _DEV_ROWS:
        every = len(packed["dev"]) / _DEV_ROWS
        packed["dev"] = packed["dev"].select([int(place * every) for place in range(_DEV_ROWS)])
        logger.info("dev: %s of its rows, evenly spread, are looked at while training", f"{_DEV_ROWS:,}")
    return packed


def _batches(
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    train: Dataset,
    max_length: int,
    seed: int,
    whole_word: bool,
    generator: str | Path | None,
    *,
    together: bool,
) -> Collate:
    if task == "causal-lm":
        return successive(tokenizer)
    if task == "masked-lm":
        return masked(tokenizer, seed=seed, whole_word=whole_word)
    fill = Frequency(train, tokenizer) if together else fill_of(generator, train, tokenizer, max_length)
    filled = corrupted(tokenizer, fill, seed=seed, whole_word=whole_word)
    if not together:
        return filled
    hollow = unfilled(tokenizer, seed=seed, whole_word=whole_word)
    return lambda rows: hollow(rows) if "row" in rows[0] else filled(rows)  # the training rows are numbered


def _running_text(packed: dict[str, Dataset], batches: Collate, task: Task) -> Sets:
    headline = DECIDES.get(task, METRICS[task][0])
    dev = packed.get("dev")
    return Sets(
        train=packed["train"].add_column("row", list(range(len(packed["train"])))),
        dev=dev,
        collate=_numbered(batches),
        metric=headline if dev is not None else None,
        evaluate=_evaluate(task, headline) if dev is not None else None,
        higher=headline not in LOWER_IS_BETTER,
    )


def check_generator(generator: str | Path | None, task: Task | None, *, new: bool = False) -> None:
    """Refuse a generator where nothing is replaced.

    Args:
        new: whether one can be made, of the shape that is given instead of a name.

    Raises:
        RecipeError: the task is another one; or a shape where a trained one is wanted.
    """
    if generator is not None and task != "replaced-token":
        raise RecipeError(
            f"--generator {generator} replaces pieces for --task replaced-token (ELECTRA discriminators), and this is {task or 'another task'}; name that task, or leave --generator away"
        )
    if generator is not None and is_shape(str(generator)) and not new:
        raise RecipeError(
            f"--generator {generator} is a shape, and a new generator would put anything anywhere; name a trained one (hodu train --task replaced-token trains one together with its "
            "discriminator)"
        )


def fill_of(generator: str | Path | None, packed: Dataset, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Fill:
    """What replaces hidden pieces: a generator's samples, or without one pieces drawn by their frequency in ``packed``.

    Raises:
        ModelError: the generator is none, reads with another vocabulary or takes shorter rows.
    """
    if generator is not None:
        return load_generator(generator, tokenizer, max_length=max_length, device=pick_device())
    logger.info(
        "no generator: pieces are replaced by others as frequent as they are in the text, which are easy to tell; --generator MODEL teaches more"
    )
    return Frequency(packed, tokenizer)


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
            if "words" in data.splits[name].column_names:  # a token classifier reads the pieces of each word by itself
                yield from {word for words in data.splits[name]["words"] for word in words if word.strip()}


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
        figures = score(task, logits, labels)
        return {name: figures.get(name, figures[METRICS[task][0]])}

    return evaluate
