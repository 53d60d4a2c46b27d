"""What a teacher that reads with a tokenizer of its own says of a training set: asked once, before training, and read by row number.

Its tokens are not the student's, so they never share a batch; its outputs are still about the same text. They are few numbers: ``N C`` in memory, and on disk in the teacher cache.
"""

from __future__ import annotations

import errno
import logging
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from torch import Tensor

from hodu.data import Data, as_read, collate, max_length_of, tokenise
from hodu.measuring.predict import texts_of
from hodu.models.load import Loaded
from hodu.training.processes import processes
from hodu.training.teacher_cache import Question, open_cache
from hodu.training.teachers import Panel
from hodu.types import Capture, Needs

logger = logging.getLogger("hodu")

_BATCH = 64


class Outputs:
    """A teacher's logits for every text of a training set, ``N C``."""

    def __init__(self, logits: Tensor) -> None:
        self._logits = logits

    def read(self, rows: Tensor, mask: Tensor) -> Capture:
        """What the teacher said of these rows (``B``); ``mask`` (``B L``) is the student's."""
        return Capture(mask, self._logits[rows.cpu()].to(mask.device))


def ask_those_apart(panel: Panel, data: Data, *, epochs: float, store: bool, progress: bool) -> dict[int, Outputs]:
    """:func:`ask_once` for each teacher that reads with a tokenizer of its own, by its place."""
    return {
        place: ask_once(panel.teachers[place], data, epochs=epochs, store=store, progress=progress)
        for place in panel.apart
    }


def ask_once(teacher: Loaded, data: Data, *, epochs: float, store: bool, progress: bool) -> Outputs:
    """Ask a teacher about all training rows, read with its own tokenizer, cut at its own length and padded on its own side.

    Args:
        epochs: how often each answer will be used.
        store: keep the answers in the teacher cache, or find them there; else, and where the disk is full, they are in memory only.
    """
    length = max_length_of(teacher.tokenizer, teacher.model.config)
    rows, truncation = tokenise(texts_of(as_read(data.splits["train"])), teacher.tokenizer, max_length=length)
    if truncation.count:
        logger.info("train, as teacher %s reads it: %s", teacher.path, truncation)
    model: Any = teacher.model  # transformers' to() is typed for itself only
    question = Question(
        model.to(processes().device),
        Needs(logits=True),
        rows,
        collate(teacher.tokenizer),
        lambda batch: batch,
        epochs,
        otherwise="its outputs stay in memory",
    )
    try:
        logits = _from_disk(question, progress=progress) if store else None
        return Outputs(_asked(question) if logits is None else logits)
    finally:
        model.to("cpu")  # its work is done: the room is for the student


def _from_disk(question: Question, *, progress: bool) -> Tensor | None:
    """Its outputs, ``N C``, from the teacher cache; None where the disk has no room."""
    try:
        cache = open_cache(question, question.needs, force=True, progress=progress)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        logger.warning("the disk of the teacher cache is full: %s", question.otherwise)
        return None
    return None if cache is None else cache.outputs()


def _asked(question: Question) -> Tensor:
    """Its outputs, ``N C``, each process asking for a share."""
    team = processes()
    order = np.argsort(question.dataset["length"][:], kind="stable")[::-1]
    share = order[team.process_index :: team.num_processes].tolist()
    batches = [share[begin : begin + _BATCH] for begin in range(0, len(share), _BATCH)]
    parts = []
    for rows, capture in zip(batches, question.answers(batches), strict=True):
        assert capture.logits is not None  # asked for
        parts.append((rows, capture.logits.float().cpu()))
    parts = gather_object(parts)
    given = torch.cat([logits for _, logits in parts])  # N C, in the order of asking
    places = torch.tensor([row for rows, _ in parts for row in rows])
    return torch.empty_like(given).index_copy_(0, places, given)
