"""What a token classifier says of words, and how far that is right: whole entities by seqeval, and single words."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hodu.data import max_length_of, tokenise
from hodu.data.tagged import OUTSIDE
from hodu.measuring.predict import sorted_batches, texts_of
from hodu.types import IGNORED

UNSEEN = -1
"""The class of a word that the model did not see: it stood behind its last token, or the tokenizer left no piece of it."""

Array = NDArray[Any]

_ENTITY = re.compile(r"[BIESLU]-.+")
_ALIKE = {"L-": "E-", "U-": "S-"}  # BILOU in the letters that seqeval knows


def predict_tags(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: Dataset, *, batch_size: int = 64
) -> list[Array]:
    """The logits at the first piece of each word, ``words C`` a row, in the order of the data set; NaN for words that the model did not see.

    Args:
        dataset: a column "words"; tags are not looked at.
    """
    encoded, truncation = tokenise(texts_of(dataset), tokenizer, max_length=max_length_of(tokenizer, model.config))
    if truncation.count:
        logging.getLogger("hodu").warning("%s", truncation)
    was_training = model.training
    model.train(False)
    rows: dict[int, Array] = {}
    try:
        with torch.inference_mode():
            for indices, batch in sorted_batches(encoded, tokenizer, batch_size):
                logits = model(**{name: values.to(model.device) for name, values in batch.items()}).logits  # B L C
                found = encoded[indices]
                for index, firsts, mask, one in zip(
                    indices, found["firsts"], batch["attention_mask"], logits.float().cpu(), strict=True
                ):
                    rows[index] = _at(one[mask.bool()].numpy(), np.asarray(firsts))  # words C
    finally:
        model.train(was_training)
    return [rows[index] for index in range(len(dataset))]


def tags_of_logits(logits: Sequence[Array]) -> list[Array]:
    """The class of each word, ``words`` a row; :data:`UNSEEN` where the model did not see it."""
    return [np.where(np.isnan(row[:, 0]), UNSEEN, np.nan_to_num(row).argmax(axis=1)) for row in logits]


def count_tags(
    given: Sequence[Sequence[int]], gold: Sequence[Sequence[int]], names: Sequence[str]
) -> tuple[Array, Array]:
    """How far tags are right, row by row, so that sums over rows give the figures of the whole.

    An entity is right when its type and both its ends are, as seqeval counts in its default mode (that of the CoNLL script). Where tags are no parts of entities
    (``B-``, ``I-`` ...), each word that is not outside is an entity of its own. A word that the model did not see counts as outside.

    Args:
        given, gold: class ids of each row's words.
        names: of the classes.

    Returns:
        ``N 4``: entities found rightly, entities named, entities there, words tagged rightly; and ``N``: words.
    """
    of_words = not all(name == OUTSIDE or _ENTITY.fullmatch(name) for name in names)
    known = [_ALIKE.get(name[:2], name[:2]) + name[2:] for name in names] + [OUTSIDE]  # the last one: UNSEEN is -1
    counts, words = [], []
    for said, right in zip(given, gold, strict=True):
        ours, theirs = ([known[tag] for tag in row] for row in (said, right))
        named, there = _entities(ours, of_words), _entities(theirs, of_words)
        same = sum(one == other for one, other in zip(ours, theirs, strict=True))
        counts.append((len(named & there), len(named), len(there), same))
        words.append(len(theirs))
    return np.asarray(counts, np.float64).reshape(-1, 4), np.asarray(words, np.float64)


def count_labelled(logits: Tensor, labels: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """What :func:`count_tags` counts, of a batch: ``logits`` ``B L C`` against ``labels`` ``B L`` give ``logits`` ``B 4`` and ``labels`` ``B``."""
    kept, said = (labels != IGNORED).cpu(), logits.argmax(-1).cpu()  # B L
    pairs = [
        (row[here].tolist(), right[here].tolist()) for row, right, here in zip(said, labels.cpu(), kept, strict=True)
    ]
    counts, words = count_tags([row for row, _ in pairs], [right for _, right in pairs], names)
    return {
        "logits": torch.from_numpy(counts).to(logits.device),
        "labels": torch.from_numpy(words).to(logits.device),
    }


def _entities(tags: list[str], of_words: bool) -> set[tuple[Any, ...]]:
    if of_words:
        return {(tag, place, place) for place, tag in enumerate(tags) if tag != OUTSIDE}
    from seqeval.metrics.sequence_labeling import get_entities  # here: it brings all of scikit-learn along

    return set(get_entities(tags))


def _at(logits: Array, firsts: Array) -> Array:
    """Logits ``L C`` at each word's first piece, ``words C``."""
    found = logits[np.maximum(firsts, 0)]
    found[firsts < 0] = np.nan
    return found
