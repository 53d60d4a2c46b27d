"""The student's shape where the user named a budget: chosen once, said aloud, and kept when a stopped run goes on."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from statistics import median
from typing import Literal

from accelerate.utils import broadcast_object_list

from hodu.data import Data, as_read, split, tokenise
from hodu.errors import HoduError
from hodu.measuring.shape_speed import race_with
from hodu.models import Budget, prune_vocabulary
from hodu.models.budget import candidates, megabytes
from hodu.models.choice import choose
from hodu.training.output import SETTINGS, working
from hodu.training.prepare import longest, texts_to_serve
from hodu.training.processes import processes
from hodu.training.teachers import Panel

logger = logging.getLogger("hodu")

_TEXTS = 512  # training texts whose median length is timed


def chosen_student(
    budget: Budget,
    panel: Panel,
    data: Data,
    out: Path,
    *,
    vocabulary: Literal["pruned", "full"],
    heads: int | None,
    feed_forward: int | None,
    max_length: int | None,
    restart: bool,
) -> str:
    """The shape ("3x144") of the largest student within the budget; of several processes the first one chooses.

    A stopped run keeps its shape: timed again, another one might win, and the run could not go on.

    Raises:
        ShapeError: nothing is within the budget.
    """
    answer: list[str | HoduError | None] = [None]
    if processes().is_main_process:
        try:
            answer[0] = None if restart else _before(out, budget)
            answer[0] = answer[0] or _choose(budget, panel, split(data), vocabulary, heads, feed_forward, max_length)
        except HoduError as error:
            answer[0] = error  # the other processes wait for an answer
    if processes().num_processes > 1:
        broadcast_object_list(answer)
    if isinstance(answer[0], HoduError):
        raise answer[0]
    return str(answer[0])


def _before(out: Path, budget: Budget) -> str | None:
    """The shape that a stopped run with this budget has; whether all else is the same is looked at when it goes on."""
    note = working(out) / SETTINGS
    then = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    if not then or (then.get("size"), then.get("speed")) != (budget.size_text, budget.speed_text):
        return None
    logger.info("student %s, as chosen when this run began", then["student"])
    return str(then["student"])


def _choose(
    budget: Budget,
    panel: Panel,
    data: Data,
    vocabulary: str,
    heads: int | None,
    feed_forward: int | None,
    max_length: int | None,
) -> str:
    teacher, tokenizer = panel.first.model, panel.tokenizer
    pieces = int(teacher.config.vocab_size)  # a full table may have more rows than the tokenizer has pieces
    if vocabulary == "pruned":
        pieces = len(prune_vocabulary(tokenizer, texts_to_serve(data)).kept)
    ranked = candidates(teacher, vocabulary=pieces, int8=budget.int8, heads=heads, feed_forward=feed_forward)
    length = _median_length(data, panel, max_length)
    choice = choose(ranked, budget, race_with(teacher, vocabulary=pieces, length=length))
    kind, taken = "int8" if budget.int8 else "fp32", megabytes(choice.candidate.vocabulary_bytes)
    if budget.bytes is not None:
        logger.info("budget: weights of %s in %s, the tokenizer not counted", megabytes(budget.bytes), kind)
    if budget.speed is not None:
        logger.info("budget: %gx as fast as the teacher, one text of %d tokens on one thread", budget.speed, length)
    for reason in choice.reasons:
        logger.info("  %s", reason)
    logger.info("  the vocabulary's %s pieces take %s of the weights", f"{pieces:,}", taken)
    logger.info(
        "  (largest: most parameters outside embeddings; --student %s repeats this choice)", choice.candidate.shape
    )
    return str(choice.candidate.shape)


def _median_length(data: Data, panel: Panel, max_length: int | None) -> int:
    train = data.splits["train"]
    few = as_read(train.shuffle(seed=0).select(range(min(_TEXTS, len(train)))), panel.task)
    encoded, _ = tokenise(few, panel.tokenizer, max_length=longest(panel.first, max_length))
    return int(median(encoded["length"][:]))
