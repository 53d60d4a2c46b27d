"""Raw text to rows of full length: documents one behind the other, none cut off, hardly any padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from hodu.data.store import store
from hodu.errors import DataError

SHORTEST = 12  # tokens; DistilBERT's code drops texts of 11 or fewer: headings, list items
_CHUNK = 100  # documents
_SCHEMA = pa.schema(
    [
        ("input_ids", pa.list_(pa.int32())),
        ("attention_mask", pa.list_(pa.int8())),
        ("length", pa.int32()),
        ("continues", pa.list_(pa.int8())),
    ]
)

_Stream = tuple[list[int], list[int]]  # pieces, and which of them continue a word (nothing where nobody asks)


@dataclass(frozen=True, slots=True)
class Packing:
    """What became of the texts."""

    texts: int
    dropped: int
    rows: int
    max_length: int

    def __str__(self) -> str:
        return (
            f"{self.texts:,} texts in {self.rows:,} rows of {self.max_length} tokens; "
            f"{self.dropped:,} texts of fewer than {SHORTEST} tokens were left out"
        )


def pack(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int, words: bool = False
) -> tuple[Dataset, Packing]:
    """Tokenise texts one behind the other and cut the whole into rows of ``max_length`` (RoBERTa's FULL-SENTENCES, Liu et al. 2019, §4.2).

    Columns as those of :func:`tokenise`. Between two documents stands the tokenizer's separator (or end-of-text) piece; each row has the tokenizer's special pieces around it.
    A last row too short to keep is left out.

    Args:
        words: a column ``continues`` too: 1 where a piece belongs to the word of the piece before.

    Raises:
        DataError: no room beside the special pieces, or hardly any text.
    """
    before, after = _around(tokenizer)
    room = max_length - len(before) - len(after)
    if room < SHORTEST:
        raise DataError(
            f"rows of {max_length} tokens leave no room for text; expected {SHORTEST + max_length - room} or more"
        )
    between = after[-1:] or [tokenizer.eos_token_id]
    counts = {"texts": 0, "dropped": 0}
    schema = _SCHEMA if words else _SCHEMA.remove(3)

    def rows() -> Iterator[dict[str, pa.Array]]:
        waiting: _Stream = ([], [])
        for ids, continues in _documents(dataset, tokenizer, counts, words=words):
            waiting[0].extend((*ids, *between))
            waiting[1].extend((*continues, *(0 for _ in between)) if words else ())
            whole = len(waiting[0]) // room * room
            if whole >= _CHUNK * room:
                yield _batch(waiting, whole, room, before, after, schema)
                waiting = waiting[0][whole:], waiting[1][whole:]
        yield _batch(waiting, len(waiting[0]), room, before, after, schema)

    packed = store(rows(), schema)
    if not len(packed):
        raise DataError(
            f"there is no text of {SHORTEST} tokens or more among {len(dataset):,} texts; language models need running text"
        )
    return packed, Packing(counts["texts"], counts["dropped"], len(packed), max_length)


def _documents(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, counts: dict[str, int], *, words: bool
) -> Iterator[_Stream]:
    """Pieces of each text that is long enough, and which of them go on with a word."""
    for batch in dataset.select_columns("text").iter(_CHUNK):
        encoded = tokenizer(batch["text"], add_special_tokens=False, return_attention_mask=False, verbose=False)
        for place, ids in enumerate(encoded["input_ids"]):
            counts["texts"] += 1
            if len(ids) < SHORTEST:
                counts["dropped"] += 1
                continue
            of = encoded.word_ids(place) if words else []
            yield ids, [int(one is not None and one == other) for one, other in zip(of, [None, *of], strict=False)]


def _batch(
    waiting: _Stream, end: int, room: int, before: list[int], after: list[int], schema: pa.Schema
) -> dict[str, pa.Array]:
    ids, continues = [], []
    for begin in range(0, end, room):
        piece = waiting[0][begin : min(begin + room, end)]
        if len(piece) < SHORTEST:
            continue
        ids.append([*before, *piece, *after])
        # what a row begins with is a word's first piece there, wherever the word began
        continues.append([*(0 for _ in before), 0, *waiting[1][begin + 1 : begin + len(piece)], *(0 for _ in after)])
    lengths = [len(row) for row in ids]
    columns = (ids, [[1] * length for length in lengths], lengths, continues)
    return {field.name: pa.array(values, field.type) for field, values in zip(schema, columns, strict=False)}


def _around(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special pieces that the tokenizer puts before and after a text."""
    whole: list[int] = tokenizer("a").input_ids
    bare: list[int] = tokenizer("a", add_special_tokens=False).input_ids
    begin = next(at for at in range(len(whole)) if whole[at : at + len(bare)] == bare)
    return whole[:begin], whole[begin + len(bare) :]
