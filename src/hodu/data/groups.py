"""Rows that are several texts: both sentences of a scored pair, or a question with each of its choices.

Models read texts, one below the other (``T L``); labels belong to rows. ``choices`` (``B N`` bool) says how many of the texts are each row's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from hodu.data.tokenise import Truncation, collate, tokenise

_TOKENS = ("input_ids", "attention_mask", "token_type_ids")


def texts_of_rows(dataset: Dataset) -> tuple[Dataset, list[int]]:
    """All texts, in the order of their rows, as the model reads them (``text``, and ``pair`` where it reads two at once); and how many each row has."""
    texts = dataset["text"][:]
    others: Sequence[Any] = dataset["pair"][:]
    both = [text for pair in zip(texts, others, strict=True) for text in pair]
    return Dataset.from_dict({"text": both}), [2] * len(texts)


def tokenise_groups(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int
) -> tuple[Dataset, Truncation]:
    """As :func:`tokenise`, each cell a list over the row's texts; ``length`` is that of the longest."""
    texts, counts = texts_of_rows(dataset)
    flat, truncation = tokenise(texts, tokenizer, max_length=max_length)
    table = flat.with_format("arrow")[:]
    ends = np.cumsum(counts)
    offsets = pa.array([0, *ends], pa.int32())
    columns = {
        name: pa.ListArray.from_arrays(offsets, table[name].combine_chunks())
        for name in _TOKENS
        if name in table.column_names
    }
    lengths = np.maximum.reduceat(table["length"].to_numpy(), ends - counts)
    columns["length"] = pa.array(lengths, pa.int32())
    if "label" in dataset.column_names:
        columns["labels"] = dataset.with_format("arrow")[:]["label"].combine_chunks()
    return Dataset(pa.table(columns)), truncation


def collate_groups(
    tokenizer: PreTrainedTokenizerBase, most: int
) -> Callable[[Sequence[Mapping[str, Any]]], dict[str, Tensor]]:
    """A function from rows of :func:`tokenise_groups` to one batch: ``T L`` tokens, ``choices`` ``B most`` and ``labels`` ``B``. Rows of :func:`tokenise` become the usual batch.

    Args:
        most: the largest number of texts that a row has, the same for all batches, so that answers of batches can be put together.
    """
    pad = collate(tokenizer)

    def batch(rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        if np.ndim(rows[0]["input_ids"][0]) == 0:
            return pad(rows)
        names = [name for name in _TOKENS if name in rows[0]]
        counts = torch.tensor([len(row["input_ids"]) for row in rows])  # B
        texts = [{name: row[name][place] for name in names} for row in rows for place in range(len(row["input_ids"]))]
        made = {**pad(texts), "choices": torch.arange(most) < counts[:, None]}  # B N
        if "labels" in rows[0]:
            made["labels"] = torch.as_tensor([row["labels"] for row in rows])  # B
        return made

    return batch
