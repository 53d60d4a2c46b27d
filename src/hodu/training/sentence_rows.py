"""What a sentence encoder learns from and is scored by: single sentences from a teacher, scored pairs without one."""

from __future__ import annotations

import logging
from dataclasses import replace

from datasets import Dataset

from hodu.data import Data, has_scores, paired, scaled, sentences
from hodu.measuring.score import METRICS, score
from hodu.measuring.sentences import cosines
from hodu.models.load import Loaded
from hodu.recipes import Recipe
from hodu.types import NUMBERS

logger = logging.getLogger("hodu")

_QUESTIONS = 1000  # dev pairs that a teacher answers before it teaches


def to_distil(teacher: Loaded, data: Data) -> Data:
    """The sentences of train, each once and without scores; dev as scored pairs.

    A dev set without scores gets the teacher's cosines in their place (single sentences each beside the next), and the data then has no task of its own:
    what is measured on dev is agreement.
    """
    splits = {**data.splits, "train": sentences(data.splits["train"])}
    logger.info("train: %s different sentences, no scores needed", f"{len(splits['train']):,}")
    if "dev" not in splits:
        return replace(data, splits=splits)
    dev = splits["dev"]
    if has_scores(dev) and data.task in NUMBERS:
        _examine(teacher, dev)
        return replace(data, splits=splits)
    dev = paired(dev.remove_columns("label") if "label" in dev.column_names else dev)
    dev = Dataset.from_dict({"text": dev["text"][:], "pair": dev["pair"][:], "label": cosines(teacher, dev)[:, 0]})
    splits["dev"] = dev
    return replace(data, splits=splits, task=None)


def to_fit(data: Data) -> Data:
    """Scored pairs, their scores where cosines can reach them.

    Raises:
        LabelError: train has no scored pairs.
    """
    data, note = scaled(data)
    logger.info("%s", note)
    return data


def with_equal_steps(baseline: Recipe, data: Data) -> Recipe:
    """As many steps over train's pairs as the student takes over its sentences, which are up to twice as many."""
    train = data.splits["train"]
    (stage,) = baseline.stages
    return replace(baseline, stages=(replace(stage, epochs=stage.epochs * len(sentences(train)) / len(train)),))


def _examine(teacher: Loaded, dev: Dataset) -> None:
    few = dev.shuffle(seed=0).select(range(min(_QUESTIONS, len(dev))))
    metric = METRICS["sentence-embedding"][0]
    value = score("sentence-embedding", cosines(teacher, few), few["label"][:])[metric]
    logger.info("teacher %s: %s %.4f on %d dev pairs", teacher.path, metric, value, len(few))
    if not value > 0:
        logger.warning(
            "teacher %s finds unlike sentences as like as like ones (%s %.4f): is it an encoder of sentences, and is its pooling right?",
            teacher.path,
            metric,
            value,
        )
