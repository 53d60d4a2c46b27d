"""Rows that are several texts: both sentences of a scored pair, or a question with each of its choices.

Models read texts, one below the other (``T L``); labels belong to rows. ``choices`` (``B N`` bool) says how many of the texts are each row's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from hodu.data.beside import ANCHORS, FACTS, PLACES, SENTENCES
from hodu.data.sentences import sentences
from hodu.data.store import store
from hodu.data.tokenise import Truncation, collate, tokenise
from hodu.types import Task

ABSENT = -1e4
"""The logit of a choice that a question does not have: its probability is 0, and 0 times it is 0."""

_TOKENS = ("input_ids", "attention_mask", "token_type_ids", "fact_ids", "anchors")
_CHUNK = 1_000


def texts_of_rows(dataset: Dataset) -> tuple[Dataset, list[int]]:
    """All texts in the order of their rows, as a model reads them (``text``, and ``pair`` where it reads two at once); and how many each row has.

    A question with choices is as many texts: the question, and beside it one choice, behind the row's ``pair`` where it has one (SWAG's begun sentence).
    A pair of sentences is two.
    """
    asked = "choices" in dataset.column_names
    facts = {FACTS: SENTENCES, ANCHORS: PLACES} if FACTS in dataset.column_names else {}
    counts: list[int] = []

    def batches() -> Iterator[dict[str, pa.Array]]:
        for chunk in dataset.iter(_CHUNK):
            if not asked:
                both = [text for pair in zip(chunk["text"], chunk["pair"], strict=True) for text in pair]
                counts.extend([2] * len(chunk["text"]))
                yield {"text": pa.array(both, pa.string())}
                continue
            begun = [f"{one} " for one in chunk["pair"]] if "pair" in chunk else [""] * len(chunk["text"])
            rows = list(zip(chunk["text"], begun, chunk["choices"], strict=True))
            counts.extend(len(choices) for _, _, choices in rows)
            yield {
                "text": pa.array([text for text, _, choices in rows for _ in choices], pa.string()),
                "pair": pa.array([start + one for _, start, choices in rows for one in choices], pa.string()),
                **{name: pa.array([one for each in chunk[name] for one in each], kind) for name, kind in facts.items()},
            }

    names = ("text", "pair") if asked else ("text",)
    fields = [*((name, pa.string()) for name in names), *facts.items()]
    return store(batches(), pa.schema(fields)), counts


def as_read(dataset: Dataset, task: Task | None = None) -> Dataset:
    """The rows as a model of this task reads them, a text each: single sentences for an encoder of sentences, a question with one choice, all others as they are."""
    if task == "sentence-embedding":
        return sentences(dataset)
    return texts_of_rows(dataset)[0] if "choices" in dataset.column_names else dataset


def strings_of(dataset: Dataset) -> Iterator[str]:
    """All strings that a model reads of a split."""
    yield from dataset["text"]
    if "choices" in dataset.column_names:
        dataset = as_read(dataset)
    if "pair" in dataset.column_names:
        yield from dataset["pair"]
    if FACTS in dataset.column_names:
        yield from {fact for facts in dataset[FACTS] for fact in facts}


def tokenise_groups(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int
) -> tuple[Dataset, Dataset, Truncation]:
    """As :func:`tokenise`, each cell a list over the row's texts; ``length`` is that of the longest, ``row`` the numbers of its texts.

    Returns:
        The rows; their texts, one a row; how many of these were cut.
    """
    texts, counts = texts_of_rows(dataset)
    flat, truncation = tokenise(texts, tokenizer, max_length=max_length)
    names = [name for name in _TOKENS if name in flat.column_names]
    tokens = flat.with_format("arrow")
    ends = np.cumsum(np.asarray(counts, np.int64))
    starts = ends - np.asarray(counts, np.int64)
    labels = dataset.with_format("arrow") if "label" in dataset.column_names else None
    fields = [(name, pa.list_(tokens.features.arrow_schema.field(name).type)) for name in names]
    fields += [("length", pa.int32()), ("row", pa.list_(pa.int64()))]
    if labels is not None:
        fields.append(("labels", labels.features.arrow_schema.field("label").type))

    def batches() -> Iterator[dict[str, pa.Array]]:
        for begin in range(0, len(dataset), _CHUNK):
            end = min(begin + _CHUNK, len(dataset))
            first, last = int(starts[begin]), int(ends[end - 1])
            table = tokens[first:last]
            offsets = pa.array([0, *(ends[begin:end] - first)], pa.int32())
            batch = {name: pa.ListArray.from_arrays(offsets, table[name].combine_chunks()) for name in names}
            longest = np.maximum.reduceat(table["length"].to_numpy(), starts[begin:end] - first)
            batch["length"] = pa.array(longest, pa.int32())
            batch["row"] = pa.ListArray.from_arrays(offsets, pa.array(np.arange(first, last), pa.int64()))
            if labels is not None:
                batch["labels"] = labels[begin:end]["label"].combine_chunks()
            yield batch

    return store(batches(), pa.schema(fields)), flat, truncation


def most_texts(rows: Dataset) -> int:
    """The most texts that a tokenised row has; 1 where rows are texts."""
    if "row" not in rows.column_names:
        return 1
    return int(pc.max(pc.list_value_length(rows.with_format("arrow")[:]["row"])).as_py())


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
