"""Teachers, loaded and questioned before they teach: one vocabulary, one set of labels, and better than guessing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from hodu.data import Data, match_labels
from hodu.errors import LabelError, ModelError
from hodu.measuring.predict import predict
from hodu.measuring.score import METRICS, answers, score
from hodu.models.load import Loaded, labels_of, load_model, task_of
from hodu.types import LANGUAGE, Task

logger = logging.getLogger("hodu")

_QUESTIONS = 1000  # dev rows that a teacher answers before it teaches


@dataclass(frozen=True)
class Panel:
    """The teachers of a run: same tokenizer, same labels in the same order; the first one lends shape and layers."""

    models: tuple[PreTrainedModel, ...]
    first: Loaded
    task: Task

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer that all have."""
        return self.first.tokenizer


def load_panel(names: Sequence[str | Path], task: Task | None = None, *, heads: bool = True) -> Panel:
    """Load the teachers.

    Args:
        task: a language task, or None: classifiers (or regressors).
        heads: whether what they say is compared, so that their heads must be trained.

    Raises:
        ModelError: a head without weights, or tokenizers or labels that differ.
    """
    language = task if task in LANGUAGE else None
    loaded = [load_model(name, language or "classification") for name in names]
    for one in loaded:
        if one.untrained and heads:
            raise ModelError(
                f"{one.path} has no trained head ({', '.join(one.untrained)} are not in the checkpoint), so it has nothing to teach; "
                f"fine-tune it first: hodu train {one.path} --data DATA --out teacher{f' --task {language}' if language else ''}"
            )
    first = loaded[0]
    for other in loaded[1:]:
        if other.tokenizer.get_vocab() != first.tokenizer.get_vocab():
            raise ModelError(
                f"{first.path} and {other.path} have different vocabularies; an ensemble needs teachers with one tokenizer"
            )
        if not language and labels_of(other.model.config) != labels_of(first.model.config):
            raise ModelError(
                f"{first.path} answers with {list(labels_of(first.model.config).values())} and {other.path} with "
                f"{list(labels_of(other.model.config).values())}; an ensemble needs the same labels in the same order"
            )
    return Panel(tuple(one.model for one in loaded), first, language or task_of(first.model.config))


def question(panel: Panel, data: Data, weights: Sequence[float]) -> Data:
    """The data with labels in the teachers' order and each teacher's dev score said aloud; unlabelled dev text gets the teachers' own answers.

    Raises:
        LabelError: labels for another task than the teachers'.
    """
    if data.task is None:
        return _answered(panel, data, weights)
    if panel.task in LANGUAGE:
        return data
    if data.task != panel.task:
        raise LabelError(
            f"the labels are for {data.task}, but {panel.first.path} does {panel.task}; name the right column (--label-column) or task (--task)",
            file=data.source,
        )
    if panel.task != "regression":
        data, notes = match_labels(data, labels_of(panel.first.model.config))
        for note in notes:
            logger.info("%s", note)
    if "dev" in data.splits:
        dev = data.splits["dev"].shuffle(seed=0)
        dev = dev.select(range(min(_QUESTIONS, len(dev))))
        for model in panel.models:
            _examine(model, panel, dev)
    return data


def _examine(model: PreTrainedModel, panel: Panel, dev: Dataset) -> None:
    metric = METRICS[panel.task][0]
    logits, labels = predict(model, panel.tokenizer, dev), np.asarray(dev["label"][:])
    value = score(panel.task, logits, labels)[metric]
    logger.info("teacher %s: %s %.4f on %d dev rows", model.name_or_path, metric, value, len(dev))
    guess = _best_guess(panel.task, labels)
    if not value > guess:
        logger.warning(
            "teacher %s is no better than a guess on dev (%s %.4f, the best constant answer has %.4f): its head may be untrained or its labels in another order",
            model.name_or_path,
            metric,
            value,
            guess,
        )


def _best_guess(task: Task, labels: np.ndarray) -> float:
    """What the best constant answer scores."""
    if task == "classification":
        return float(np.bincount(labels).max() / len(labels))
    return 0.0


def _answered(panel: Panel, data: Data, weights: Sequence[float]) -> Data:
    """Unlabelled text whose dev rows carry the teachers' own answers, so that the dev metric is agreement with them."""
    if "dev" not in data.splits:
        return data
    dev = data.splits["dev"]
    share = np.asarray(weights) / np.sum(weights)
    logits = sum(s * predict(model, panel.tokenizer, dev) for s, model in zip(share, panel.models, strict=True))
    given = answers(panel.task, np.asarray(logits)).tolist()
    splits: Mapping[str, Dataset] = {**data.splits, "dev": dev.add_column("label", given)}
    return replace(data, splits=dict(splits))
