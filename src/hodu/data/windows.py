"""Questions and long contexts to windows that a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa
from datasets import Dataset
from transformers import BatchEncoding, PreTrainedTokenizerBase

from hodu.data.beside import FACTS, append_facts, fact_tokens
from hodu.data.store import store
from hodu.data.tokenise import _TYPES
from hodu.errors import DataError
from hodu.types import BEGIN, END, IGNORED

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Windows:
    """What became of the questions: how many windows, of how many contexts several, how many questions were cut, how many answers no window has whole."""

    questions: int
    windows: int
    split: int
    cut: int
    lost: int
    max_length: int

    def __str__(self) -> str:
        said = (
            f"{self.questions:,} questions in {self.windows:,} windows of at most {self.max_length} tokens "
            f"({self.split:,} contexts in several windows, which share {overlap_of(self.max_length)} tokens)"
        )
        said += f"; {self.cut:,} questions were cut to half of that" if self.cut else ""
        return said + (f"; {self.lost:,} answers are in no window whole" if self.lost else "")


def overlap_of(max_length: int) -> int:
    """How many tokens of the context two neighbouring windows share: a quarter of their length (BERT's SQuAD code moves windows of 384 by 128)."""
    return max_length // 4


def windows(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, *, max_length: int, answering: bool = False
) -> tuple[Dataset, Windows]:
    """Tokenise questions (``text``) with their contexts (``pair``), each in as many windows as its context needs.

    Facts (a column of sentences, see :mod:`hodu.data.beside`) stand behind each window of their row, which is as much shorter.

    Columns: ``input_ids``, ``attention_mask``, ``token_type_ids`` where the tokenizer makes them, ``length``, and ``tags``: 0 at tokens where an answer may stand,
    :data:`IGNORED` at the others. For training the window's first token counts too: where the data has answers, :data:`BEGIN` is added at the first token of the
    first answer and :data:`END` at its last, and both at the window's first token when the answer is not whole in it (as BERT's SQuAD code has it).

    Args:
        answering: instead of that the columns ``question`` (row of ``dataset``), ``begins`` and ``ends`` (of each token in the context, in characters).

    Raises:
        DataError: ``max_length`` leaves no room.
    """
    _check_room(tokenizer, max_length)
    inputs = [name for name in _TYPES if name in ("input_ids", "attention_mask") or name in tokenizer.model_input_names]
    numbers = pa.list_(pa.int32())
    fields = [(name, pa.list_(_TYPES[name])) for name in inputs] + [("length", pa.int32()), ("tags", numbers)]
    if answering:
        fields += [("question", pa.int64()), ("begins", numbers), ("ends", numbers)]
    counts = {"split": 0, "cut": 0, "lost": 0}
    rooms = _rooms(dataset, tokenizer, max_length)
    origins: list[int] = []  # of each window its row

    def batches() -> Iterator[dict[str, pa.Array]]:
        step = 1 if rooms else _CHUNK
        for start in range(0, len(dataset), step):
            rows = dataset[start : start + step]
            encoded = _encoded(rows, tokenizer, rooms[start] if rooms else max_length, counts)
            sources: list[int] = encoded["overflow_to_sample_mapping"]
            origins.extend(start + row for row in sources)
            places = [_places(encoded, window) for window in range(len(sources))]
            columns: dict[str, Any] = {name: encoded[name] for name in inputs}
            columns["length"] = [len(ids) for ids in encoded["input_ids"]]
            if answering:
                columns["question"] = [start + row for row in sources]
                columns["begins"], columns["ends"] = ([place[side] for place in places] for side in (0, 1))
                columns["tags"] = [_open_places(begins) for begins, _ in places]
            else:
                columns["tags"] = _marked(rows, encoded, sources, places, tokenizer.cls_token_id, counts)
            yield {name: pa.array(columns[name], kind) for name, kind in fields}

    made = store(batches(), pa.schema(fields))
    if rooms:
        made = append_facts(made, dataset.select(origins), tokenizer, max_length)
    return made, Windows(len(dataset), len(made), **counts, max_length=max_length)


def _rooms(dataset: Dataset, tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[int]:
    """How many tokens each row's windows may have, so that its facts have room behind them, but at least half of all; nothing where no row has facts."""
    if FACTS not in dataset.column_names:
        return []
    count, least = fact_tokens(tokenizer), max(max_length // 2, _least(tokenizer))
    return [min(max_length, max(max_length - sum(map(len, count(facts))), least)) for facts in dataset[FACTS]]


def _encoded(
    rows: dict[str, list[Any]], tokenizer: PreTrainedTokenizerBase, max_length: int, counts: dict[str, int]
) -> BatchEncoding:
    questions, cut = _shortened(rows["text"], tokenizer, max_length // 2)
    encoded: BatchEncoding = tokenizer(
        questions,
        rows["pair"],
        truncation="only_second",
        max_length=max_length,
        stride=overlap_of(max_length),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=True,
        return_token_type_ids="token_type_ids" in tokenizer.model_input_names,
    )
    sources: list[int] = encoded["overflow_to_sample_mapping"]
    counts["cut"] += cut
    counts["split"] += len({row for one, row in pairwise(sources) if one == row})
    return encoded


def _check_room(tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
    special = tokenizer.num_special_tokens_to_add(pair=True)
    if max_length - special - max_length // 2 <= overlap_of(max_length):
        raise DataError(
            f"a maximum of {max_length} tokens leaves no room for a question and a part of its context beside {special} special tokens; expected "
            f"{_least(tokenizer)} or more"
        )


def _least(tokenizer: PreTrainedTokenizerBase) -> int:
    return 4 * tokenizer.num_special_tokens_to_add(pair=True) + 8


def _places(encoded: BatchEncoding, window: int) -> tuple[list[int], list[int]]:
    """Where each token begins and ends in the context, -1 for tokens outside of it."""
    begins, ends = [], []
    for (begin, end), part in zip(encoded["offset_mapping"][window], encoded.sequence_ids(window), strict=True):
        inside = part == 1 and end > begin
        begins.append(begin if inside else -1)
        ends.append(end if inside else -1)
    return begins, ends


def _open_places(begins: Sequence[int]) -> list[int]:
    return [0 if begin >= 0 else IGNORED for begin in begins]


def _marked(
    rows: dict[str, list[Any]],
    encoded: BatchEncoding,
    sources: Sequence[int],
    places: Sequence[tuple[list[int], list[int]]],
    cls: int | None,
    counts: dict[str, int],
) -> list[list[int]]:
    """The tags of each window of a training set."""
    tags, found = [], set()
    for window, row in enumerate(sources):
        one, ids = _open_places(places[window][0]), encoded["input_ids"][window]
        nowhere = ids.index(cls) if cls in ids else 0
        one[nowhere] = 0
        if "starts" in rows:
            first, last = _span(*places[window], rows["starts"][row][0], rows["label"][row][0]) or (nowhere, nowhere)
            one[first] += BEGIN
            one[last] += END
            found |= {row} if first != nowhere else set()
        tags.append(one)
    counts["lost"] += len(set(sources) - found) if "starts" in rows else 0
    return tags


def _span(begins: Sequence[int], ends: Sequence[int], start: int, answer: str) -> tuple[int, int] | None:
    """First and last token of an answer, None where it is not whole in this window."""
    start, stop = start + len(answer) - len(answer.lstrip()), start + len(answer.rstrip())
    touched = [
        place for place, (begin, end) in enumerate(zip(begins, ends, strict=True)) if 0 <= begin < stop and end > start
    ]
    whole = touched and begins[touched[0]] <= start and ends[touched[-1]] >= stop
    return (touched[0], touched[-1]) if whole else None


def _shortened(questions: list[str], tokenizer: PreTrainedTokenizerBase, most: int) -> tuple[list[str], int]:
    """The questions, cut to so many tokens, so that a context has room beside them; and how many were cut."""
    encoded = tokenizer(questions, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    long = [row for row, ids in enumerate(encoded["input_ids"]) if len(ids) > most]
    short = list(questions)
    for row in long:
        short[row] = questions[row][: encoded["offset_mapping"][row][most - 1][1]]
    return short, len(long)
