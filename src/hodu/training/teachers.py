"""Teachers, loaded and questioned before they teach: one set of labels in one order, and better than guessing."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from hodu.data import Data, match_labels, max_length_of
from hodu.errors import LabelError, ModelError
from hodu.measuring.choices import answered
from hodu.measuring.saying import compared, say, with_own_answers
from hodu.measuring.score import METRICS, answers, score
from hodu.models.load import Loaded, labels_of, load_model, task_of
from hodu.taps import is_causal
from hodu.types import CLASSES, LANGUAGE, OWN_CLASS, TOKENS, Task

logger = logging.getLogger("hodu")

_QUESTIONS = 1000  # dev rows that a teacher answers before it teaches


@dataclass(frozen=True)
class Panel:
    """The teachers of a run, all answering with the same labels in the same order. The first one lends the student family, tokenizer and layers.

    Attributes:
        apart: places of those that read with a tokenizer of their own: of them only outputs can be compared.
    """

    teachers: tuple[Loaded, ...]
    task: Task
    apart: tuple[int, ...] = ()

    @property
    def first(self) -> Loaded:
        """The one that the student is made from."""
        return self.teachers[0]

    @property
    def models(self) -> tuple[PreTrainedModel, ...]:
        """Their models, in their order."""
        return tuple(teacher.model for teacher in self.teachers)

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer of the first one, and of the student."""
        return self.first.tokenizer


def load_panel(names: Sequence[str | Path], task: Task | None = None, *, heads: bool = True) -> Panel:
    """Load the teachers. Architecture and tokenizer of each are its own business; the labels' names must be the same, in any order.

    Args:
        task: one with a model class of its own, or None (or any other): classifiers (or regressors).
        heads: whether what they say is compared, so that their heads must be trained.

    Raises:
        ModelError: a head without weights, a tokenizer that cannot pad, or another task or other labels than the first one's.
    """
    named = task if task in OWN_CLASS else None
    loaded = [load_model(name, named or "classification") for name in names]
    for one in loaded:
        if one.untrained and heads:
            raise ModelError(
                f"{one.path} has no trained head ({', '.join(one.untrained)} are not in the checkpoint), so it has nothing to teach; "
                f"fine-tune it first: hodu train {one.path} --data DATA --out teacher{f' --task {named}' if named else ''}{_as_it_is(one, named)}"
                + ("" if named else " (or, if its sentence vectors shall be distilled, give --task sentence-embedding)")
            )
    first = loaded[0]
    if len(loaded) > 1 and (named in LANGUAGE or named == "sentence-embedding"):
        raise ModelError(
            f"a student that does {named} has one teacher, and {len(loaded)} were named: an ensemble averages classes, not vocabularies or vectors"
        )
    apart: list[int] = []
    for place, other in enumerate(loaded[1:], 1):
        _answer_alike(first, other)
        if not _read_alike(first, other):
            if task_of(first.model.config) in TOKENS:
                raise ModelError(
                    f"{other.path} reads with another tokenizer than {first.path}, so what they say of tokens cannot be averaged; take teachers of one tokenizer"
                )
            apart.append(place)
            _prepare_apart(other)
    return Panel(tuple(loaded), named or task_of(first.model.config), tuple(apart))


def _as_it_is(loaded: Loaded, asked: Task | None) -> str:
    """What a language model could be distilled for without a new head."""
    own = loaded.made_for
    return f"; or distil it as the language model that it is: --task {own}" if own in LANGUAGE and asked is None else ""


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
    if panel.task in CLASSES:
        data, notes = match_labels(data, labels_of(panel.first.model.config))
        for note in notes:
            logger.info("%s", note)
    if "dev" in data.splits:
        dev = data.splits["dev"].shuffle(seed=0)
        dev = dev.select(range(min(_QUESTIONS, len(dev))))
        for teacher in panel.teachers:
            _examine(teacher, panel.task, dev)
    return data


def _examine(teacher: Loaded, task: Task, dev: Dataset) -> None:
    metric = METRICS[task][0]
    if task in TOKENS:
        said = say(task, teacher.model, teacher.tokenizer, dev)
        logits, labels = compared(task, said, dev["label"][:], list(labels_of(teacher.model.config).values()), dev)
    else:
        logits, labels = answered(teacher, dev), np.asarray(dev["label"][:])
    value = score(task, logits, labels)[metric]
    logger.info("teacher %s: %s %.4f on %d dev rows", teacher.path, metric, value, len(dev))
    guess = _best_guess(task, labels)
    if not value > guess:
        logger.warning(
            "teacher %s is no better than a guess on dev (%s %.4f, the best constant answer has %.4f): its head may be untrained or its labels in another order",
            teacher.path,
            metric,
            value,
            guess,
        )


def _best_guess(task: Task, labels: np.ndarray) -> float:
    """What the best constant answer scores."""
    if task in ("classification", "multiple-choice"):
        return float(np.bincount(labels).max() / len(labels))
    return 0.0


def _answered(panel: Panel, data: Data, weights: Sequence[float]) -> Data:
    """Unlabelled text whose dev rows carry the teachers' own answers, so that the dev metric is agreement with them."""
    if "dev" not in data.splits:
        return data
    dev = data.splits["dev"]
    if panel.task in TOKENS:  # the first one speaks for all
        return replace(data, splits={**data.splits, "dev": with_own_answers(panel.task, panel.first, dev)})
    share = np.asarray(weights) / np.sum(weights)
    given = [answered(teacher, dev) for teacher in panel.teachers]
    logits = sum(s * one for s, one in zip(share, given, strict=True))
    labels = answers(panel.task, np.asarray(logits)).tolist()
    splits: Mapping[str, Dataset] = {**data.splits, "dev": dev.add_column("label", labels)}
    return replace(data, splits=dict(splits))


def _answer_alike(first: Loaded, other: Loaded) -> None:
    """Let ``other`` give its answers in the order of ``first``, by the names of the labels.

    Raises:
        ModelError: another task, or other labels.
    """
    tasks = [task_of(one.model.config) for one in (first, other)]
    if tasks[0] != tasks[1]:
        raise ModelError(f"{first.path} does {tasks[0]} and {other.path} {tasks[1]}; an ensemble needs one task")
    wanted, given = (list(labels_of(one.model.config).values()) for one in (first, other))
    if tasks[0] not in CLASSES or wanted == given:
        return
    if len(set(wanted)) < len(wanted) or sorted(wanted) != sorted(given):
        raise ModelError(
            f"{first.path} answers with {wanted} and {other.path} with {given}; an ensemble needs the same labels, in any order: "
            'give them the same names in "id2label" and "label2id" of config.json'
        )
    order = [given.index(name) for name in wanted]
    shown = ", ".join(f"{old} {given[old]} → {new}" for new, old in enumerate(order))
    logger.info("teacher %s: labels put in the order of %s: %s", other.path, first.path, shown)
    _reorder(other.model, order, wanted)


def _reorder(model: PreTrainedModel, order: list[int], names: list[str]) -> None:
    """Put the logits of this model in another order where they come out: whoever asks it hears them so."""

    def reordered(_: Any, __: Any, output: Any) -> Any:
        output.logits = output.logits[..., order]  # B C
        return output

    model.register_forward_hook(reordered)
    # The teacher cache knows a model by its weights and its config: what is stored in one order is never read in another.
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: number for number, name in enumerate(names)}


def _read_alike(first: Loaded, other: Loaded) -> bool:
    """Whether ``other`` can be asked in a batch of ``first``: the same pieces with the same ids, side by side in the same way, and room for as many."""
    room = [max_length_of(one.tokenizer, one.model.config) for one in (first, other)]
    return _reading(first.tokenizer) == _reading(other.tokenizer) and room[1] >= room[0]


def _reading(tokenizer: PreTrainedTokenizerFast) -> tuple[Any, ...]:
    """All that decides which ids a text becomes, and in which tensors."""
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    steps = [parts[name] for name in ("added_tokens", "normalizer", "pre_tokenizer", "model", "post_processor")]
    return steps, tokenizer.pad_token_id, tokenizer.padding_side, sorted(tokenizer.model_input_names)


def _prepare_apart(teacher: Loaded) -> None:
    """Make a teacher ready to read on its own.

    Raises:
        ModelError: its tokenizer has no padding token.
    """
    if teacher.tokenizer.pad_token_id is None:
        raise ModelError(
            f"the tokenizer of {teacher.path} has no padding token, so texts of different lengths cannot share a batch; set it as it was "
            "set when the teacher was fine-tuned (tokenizer.pad_token, and pad_token_id in config.json)"
        )
    if is_causal(
        teacher.model
    ):  # padding on the left would move a GPT-2's text to other positions; on the right nothing sees it
        teacher.tokenizer.padding_side = "right"
    logger.info(
        "teacher %s reads with its own tokenizer: its outputs are averaged in, its layers stay out", teacher.path
    )
