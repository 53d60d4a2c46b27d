"""Words to token ids, with each word's tag at its first piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from datasets import Dataset
from transformers import BatchEncoding, PreTrainedTokenizerBase
from typing_extensions import override

from hodu.data.store import store
from hodu.data.tokenise import _TYPES, Truncation, check_room
from hodu.types import IGNORED, UNTOLD

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class WordTruncation(Truncation):
    """What became of the words: some stand behind the most tokens that the model takes, of others (control characters) no piece is left."""

    cut: int = 0
    vanished: int = 0
    words: int = 0

    @override
    def __str__(self) -> str:
        parts = (
            [f"{self.cut:,} of them, in {self.count:,} rows, stand behind {self.max_length} tokens"] if self.cut else []
        )
        parts += [f"of {self.vanished:,} the tokenizer leaves no piece"] if self.vanished else []
        left_out = f": {' and '.join(parts)} (no part in training, untagged in measuring)" if parts else ""
        return f"{self.words:,} words in {self.total:,} rows{left_out}"


def tokenise_words(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int
) -> tuple[Dataset, WordTruncation]:
    """Tokenise the ``words`` of one split; row ``i`` stays row ``i``.

    Columns as those of :func:`tokenise`, with ``firsts`` (the places of the words' first pieces, -1 for words without one) and ``tags``: for each token the
    class of the word that begins there, :data:`UNTOLD` where the data has no tags, :data:`IGNORED` elsewhere.
    """
    check_room(tokenizer, max_length, pairs=False)
    outputs = [
        name for name in _TYPES if name in ("input_ids", "attention_mask") or name in tokenizer.model_input_names
    ]
    fields = [(name, pa.list_(_TYPES[name])) for name in outputs] + [
        ("length", pa.int32()),
        ("firsts", pa.list_(pa.int32())),
    ]
    labelled = "label" in dataset.column_names
    fields.append(("tags", pa.list_(pa.int32())))
    count = {"rows": 0, "cut": 0, "vanished": 0, "words": 0}

    def batches() -> Iterator[dict[str, pa.Array]]:
        for rows in dataset.select_columns(["words", *(["label"] * labelled)]).iter(_CHUNK):
            encoded = tokenizer(
                rows["words"],
                is_split_into_words=True,
                truncation=True,
                max_length=max_length,
                return_attention_mask=True,
                return_token_type_ids="token_type_ids" in outputs,
            )
            columns: dict[str, list[list[int]] | list[int]] = {name: encoded[name] for name in outputs}
            columns["length"] = [len(ids) for ids in encoded["input_ids"]]
            firsts = [_firsts(encoded, place, len(words)) for place, words in enumerate(rows["words"])]
            columns["firsts"] = firsts
            for row, length in zip(firsts, columns["length"], strict=True):
                _count(count, row, full=length == max_length)
            tags = rows["label"] if labelled else [[UNTOLD] * len(words) for words in rows["words"]]
            columns["tags"] = [
                _at_firsts(*row) for row in zip(firsts, tags, map(len, encoded["input_ids"]), strict=True)
            ]
            yield {name: pa.array(columns[name], kind) for name, kind in fields}

    tokenised = store(batches(), pa.schema(fields))
    truncation = WordTruncation(
        count["rows"], len(tokenised), max_length, count["cut"], count["vanished"], count["words"]
    )
    return tokenised, truncation


def _firsts(encoded: BatchEncoding, row: int, words: int) -> list[int]:
    """Where each word's first piece stands, -1 for words without one."""
    firsts = [-1] * words
    for place, word in enumerate(encoded.word_ids(row)):
        if word is not None and firsts[word] < 0:
            firsts[word] = place
    return firsts


def _at_firsts(firsts: Sequence[int], tags: Sequence[int], length: int) -> list[int]:
    labels = [IGNORED] * length
    for place, tag in zip(firsts, tags, strict=True):
        if place >= 0:
            labels[place] = tag
    return labels


def _count(count: dict[str, int], firsts: Sequence[int], *, full: bool) -> None:
    """Words without a piece: those behind the last one that has a piece in a row that is full were cut, the others vanished."""
    seen = [place >= 0 for place in firsts]
    behind = seen[::-1].index(True) if any(seen) else len(seen)
    cut = behind if full else 0
    count["words"] += len(firsts)
    count["rows"] += cut > 0
    count["cut"] += cut
    count["vanished"] += seen.count(False) - cut
