"""Logits of a model for a whole data set."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hodu.data import ANCHORS, FACTS, collate, max_length_of, tokenise


def predict(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: Dataset, *, batch_size: int = 64
) -> NDArray[np.float32]:
    """Raw logits ``N C`` in the order of the data set, computed on the device of the model in length-sorted batches.

    Texts longer than the model are cut; a warning says how many. The model is put in eval mode, and back.

    Args:
        dataset: columns "text", optionally "pair"; labels are not looked at.
    """
    encoded, truncation = tokenise(texts_of(dataset), tokenizer, max_length=max_length_of(tokenizer, model.config))
    if truncation.count:
        logging.getLogger("hodu").warning("%s", truncation)
    was_training = model.training
    model.train(False)
    rows: dict[int, NDArray[np.float32]] = {}
    try:
        with torch.inference_mode():
            for indices, batch in sorted_batches(encoded, tokenizer, batch_size):
                logits = model(**{name: values.to(model.device) for name, values in batch.items()}).logits  # B C
                rows.update(zip(indices, logits.float().cpu().numpy(), strict=True))
    finally:
        model.train(was_training)
    return np.stack([rows[index] for index in range(len(dataset))])  # N C


def texts_of(dataset: Dataset) -> Dataset:
    """Only what a model reads: "text", and "pair", "words" or facts where there are any."""
    return dataset.select_columns(
        [name for name in ("text", "pair", "words", FACTS, ANCHORS) if name in dataset.column_names]
    )


def sorted_batches(
    encoded: Dataset, tokenizer: PreTrainedTokenizerBase, batch_size: int, *, tags: bool = False
) -> Iterator[tuple[list[int], dict[str, Tensor]]]:
    """Padded batches of a tokenised set with their row numbers, longest first: memory runs out at once or never.

    Args:
        tags: give the column of that name too, as ``labels`` (``B L``).
    """
    pad = collate(tokenizer)
    inputs = [name for name in (*tokenizer.model_input_names, "fact_ids", "anchors") if name in encoded.column_names]
    inputs += ["tags"] * tags
    order = np.argsort(-np.asarray(encoded["length"][:]), kind="stable").tolist()
    features: Any = encoded.select_columns(inputs)
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        columns = features[indices]
        yield (
            indices,
            pad(
                [
                    dict(zip(inputs, values, strict=True))
                    for values in zip(*(columns[name] for name in inputs), strict=True)
                ]
            ),
        )
