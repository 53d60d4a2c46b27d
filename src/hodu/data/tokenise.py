"""Texts to token ids, and rows of ids to padded batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pyarrow as pa
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from hodu.data.beside import ANCHORS, FACTS, append_facts
from hodu.data.store import store
from hodu.errors import DataError, ModelError
from hodu.types import IGNORED

MOST_TOKENS = 512
_CHUNK = 1_000
_TYPES = {"input_ids": pa.int32(), "attention_mask": pa.int8(), "token_type_ids": pa.int8()}
# Their positions start after the padding id: a RoBERTa of 514 positions takes 512 tokens.
_SHIFTED_POSITIONS = frozenset(
    {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "roberta-prelayernorm", "mpnet", "longformer", "ibert"}
)


@dataclass(frozen=True, slots=True)
class Truncation:
    """How many rows were cut because they were longer than the model takes."""

    count: int
    total: int
    max_length: int

    def __str__(self) -> str:
        return f"{self.count:,} of {self.total:,} texts are longer than {self.max_length} tokens and were cut"


def max_length_of(tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig | None = None) -> int:
    """The most tokens that tokenizer and model take, but not more than 512 (attention costs their square)."""
    limits = [MOST_TOKENS, tokenizer.model_max_length]
    positions = getattr(config, "max_position_embeddings", None)
    if config is not None and positions and positions > 0:
        shift = (config.pad_token_id or 0) + 1 if config.model_type in _SHIFTED_POSITIONS else 0
        limits.append(positions - shift)
    return int(min(limits))


def tokenise(dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int) -> tuple[Dataset, Truncation]:
    """Tokenise the texts (and pairs) of one split; row ``i`` stays row ``i``.

    Facts (a column of sentences, see :mod:`hodu.data.beside`) stand behind the text's own tokens, with ``fact_ids``.

    Columns: ``input_ids``, ``attention_mask``, ``token_type_ids`` where the tokenizer makes them, ``length`` (in
    tokens, special ones included) and, with labels, ``labels``; of words also those of :func:`tokenise_words`. A pair that is too long loses tokens of its longer text
    first.

    Raises:
        DataError: ``max_length`` leaves no room for a token beside the special ones.
        OutputError: no room for temporary data.
    """
    if FACTS in dataset.column_names:
        plain, truncation = tokenise(dataset.remove_columns([FACTS, ANCHORS]), tokenizer, max_length=max_length)
        return append_facts(plain, dataset, tokenizer, max_length), truncation
    if "words" in dataset.column_names:
        from hodu.data.tagging import tokenise_words  # which stands on this module

        return tokenise_words(dataset, tokenizer, max_length=max_length)
    pairs = "pair" in dataset.column_names
    check_room(tokenizer, max_length, pairs=pairs)
    outputs = [
        name for name in _TYPES if name in ("input_ids", "attention_mask") or name in tokenizer.model_input_names
    ]
    fields = [(name, pa.list_(_TYPES[name])) for name in outputs] + [("length", pa.int32())]
    labelled = (
        "label" in dataset.column_names and "starts" not in dataset.column_names
    )  # answers have no label of a whole text
    if labelled:
        fields.append(("labels", dataset.features.arrow_schema.field("label").type))
    cut = 0

    def batches() -> Iterator[dict[str, pa.Array]]:
        nonlocal cut
        for table in dataset.with_format("arrow").iter(_CHUNK):
            texts = [table[name].to_pylist() for name in (("text", "pair") if pairs else ("text",))]
            encoded = tokenizer(
                *texts,
                truncation=True,
                max_length=max_length,
                return_attention_mask=True,
                return_token_type_ids="token_type_ids" in outputs,
            )
            lengths = [len(ids) for ids in encoded["input_ids"]]
            cut += _longer(tokenizer, texts, lengths, max_length)
            batch = {name: pa.array(encoded[name], pa.list_(_TYPES[name])) for name in outputs}
            batch["length"] = pa.array(lengths, pa.int32())
            if labelled:
                batch["labels"] = table["label"].combine_chunks()
            yield batch

    tokenised = store(batches(), pa.schema(fields))
    return tokenised, Truncation(cut, len(tokenised), max_length)


def check_room(tokenizer: PreTrainedTokenizerBase, max_length: int, *, pairs: bool) -> None:
    """Whether a row of so many tokens can hold any text.

    Raises:
        DataError: the special tokens leave no room.
    """
    special = tokenizer.num_special_tokens_to_add(pair=pairs)
    if max_length < special + 1 + pairs:
        raise DataError(
            f"a maximum of {max_length} tokens leaves no room beside the {special} special ones; expected "
            f"{special + 1 + pairs} or more"
        )


def collate(tokenizer: PreTrainedTokenizerBase) -> Callable[[Sequence[Mapping[str, object]]], dict[str, Tensor]]:
    """A function from rows of :func:`tokenise` to one batch, padded to its longest row on the tokenizer's side.

    It gives ``input_ids``, ``attention_mask`` and, as far as the rows have them, ``token_type_ids`` (each ``B L``,
    long) and ``labels`` (``B`` long for classes, ``B`` float for regression, ``B C`` float for multi-label; ``B L`` long of rows with ``tags``). Other
    columns are left out.

    Raises:
        ModelError: the tokenizer has no padding token.
    """
    if tokenizer.pad_token_id is None:
        raise ModelError(
            "the tokenizer has no padding token, so texts of different lengths cannot share a batch; set "
            "tokenizer.pad_token"
        )
    padding = {"input_ids": tokenizer.pad_token_id, "attention_mask": 0, "token_type_ids": tokenizer.pad_token_type_id}
    padding |= {"fact_ids": 0, "anchors": 0}
    return functools.partial(_padded, padding=padding, left=tokenizer.padding_side == "left")


def _padded(rows: Sequence[Mapping[str, object]], *, padding: Mapping[str, int], left: bool) -> dict[str, Tensor]:
    longest = max(len(cast(list[int], row["input_ids"])) for row in rows)
    batch = {}
    for name, value in padding.items():
        if name not in rows[0]:
            continue
        filled = torch.full((len(rows), longest), value, dtype=torch.long)  # B L
        for padded, row in zip(filled, rows, strict=True):
            ids = torch.as_tensor(row[name], dtype=torch.long)
            padded[longest - len(ids) if left else 0 : longest if left else len(ids)] = ids
        batch[name] = filled
    if "labels" in rows[0]:
        labels = torch.as_tensor([row["labels"] for row in rows])  # B or B C
        batch["labels"] = labels.float() if labels.is_floating_point() else labels
    if "tags" in rows[0]:
        batch["labels"] = _padded_tags(rows, longest, left=left)  # B L
    return batch


def _padded_tags(rows: Sequence[Mapping[str, object]], longest: int, *, left: bool) -> Tensor:
    filled = torch.full((len(rows), longest), IGNORED)  # B L
    for padded, row in zip(filled, rows, strict=True):
        tags = torch.as_tensor(row["tags"])
        padded[longest - len(tags) if left else 0 : longest if left else len(tags)] = tags
    return filled


def _longer(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[Sequence[str]], lengths: Sequence[int], max_length: int
) -> int:
    """How many rows were cut: those that fill ``max_length`` and are longer when nothing is cut."""
    full = [index for index, length in enumerate(lengths) if length == max_length]
    if not full:
        return 0
    whole = tokenizer(*([column[index] for index in full] for column in texts), truncation=False, verbose=False)
    return sum(len(ids) > max_length for ids in whole["input_ids"])
