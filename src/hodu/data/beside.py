"""Facts beside texts: as sentences in a column of a data set, then as tokens behind each text's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from datasets import Dataset, concatenate_datasets
from transformers import PreTrainedTokenizerBase

from hodu.data.store import store
from hodu.data.types import Data
from hodu.errors import RecipeError
from hodu.types import IGNORED, Task

WITH_FACTS: frozenset[Task] = frozenset(
    {"classification", "multilabel", "regression", "token-classification", "multiple-choice"}
)
"""Tasks whose rows are texts that facts can stand beside."""

FACTS = "facts"
_CHUNK = 1_000


class Beside(Protocol):
    """What a model reads of an example: its texts, their mentions marked where that was asked for, and facts as sentences, best first."""

    @property
    def texts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def facts(self) -> tuple[str, ...]: ...  # noqa: D102


class Reader(Protocol):
    """Looks facts up for the texts of one example: what :class:`hodu.knowledge.reader.GraphReader` does with a graph."""

    def __call__(self, texts: Sequence[str]) -> Beside: ...  # noqa: D102
    def all_named(self, texts: Iterable[str]) -> list[int]: ...  # noqa: D102
    def redrawn(self, entities: Sequence[int], rng: Random) -> Reader: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens of facts stand beside a text, and who counts them."""

    tokens: int
    count: Callable[[str], int]


def with_facts(data: Data, reader: Reader, budget: Budget, task: Task | None) -> Data:
    """The same data with facts beside each text of each split: a column of sentences, of questions with choices one for each choice.

    Raises:
        RecipeError: facts cannot stand beside the texts of this task.
    """
    check_task(task)
    return replace(data, splits={name: beside(rows, reader, budget) for name, rows in data.splits.items()})


def redrawn(rows: Dataset, reader: Reader, budget: Budget, copies: int, seed: int) -> Dataset:
    """Questions with choices, so many times over: each time all choices have changed their names among themselves, in the choices and in the facts, so that what is right follows
    from the facts alone.

    Raises:
        RecipeError: the rows have no choices.
    """
    if "choices" not in rows.column_names:
        raise RecipeError(
            "names are redrawn among the choices of questions, and these rows have none; leave out --redraw"
        )
    pool = reader.all_named(choice for choices in rows["choices"] for choice in choices)
    made = []
    for copy in range(copies):
        readers = iter([reader.redrawn(pool, Random(f"{seed} {copy} {row}")) for row in range(len(rows))])
        made.append(_beside_choices(rows, readers.__next__, budget))
    return concatenate_datasets(made)


def check_task(task: Task | None) -> None:
    """Refuse tasks that facts cannot stand beside.

    Raises:
        RecipeError: it is one of them.
    """
    if task not in WITH_FACTS:
        raise RecipeError(
            f"facts stand beside whole texts, and {task or 'this task'} reads others; --graph works for {', '.join(sorted(WITH_FACTS))}"
        )


def beside(rows: Dataset, reader: Reader, budget: Budget) -> Dataset:
    """One split with its facts."""
    if "choices" in rows.column_names:
        return _beside_choices(rows, lambda: reader, budget)
    if "words" in rows.column_names:
        found = [reader((text,)) for text in rows["text"]]
        return rows.add_column(FACTS, [_within(one, budget) for one in found])
    columns = [name for name in ("text", "pair") if name in rows.column_names]
    read: dict[str, list[Any]] = {name: [] for name in (*columns, FACTS)}
    for texts in zip(*(rows[name] for name in columns), strict=True):
        one = reader(texts)
        for name, text in zip(columns, one.texts if one.facts else texts, strict=True):
            read[name].append(text)
        read[FACTS].append(_within(one, budget))
    return _with_columns(rows, read)


def _beside_choices(rows: Dataset, next_reader: Callable[[], Reader], budget: Budget) -> Dataset:
    columns = [name for name in ("text", "pair") if name in rows.column_names]
    read: dict[str, list[Any]] = {name: [] for name in (*columns, "choices", FACTS)}
    for *texts, choices in zip(*(rows[name] for name in columns), rows["choices"], strict=True):
        reader = next_reader()
        found = [reader((*texts, choice)) for choice in choices]
        any_facts = any(one.facts for one in found)
        for place, name in enumerate(columns):
            read[name].append(found[0].texts[place] if any_facts else texts[place])
        read["choices"].append([one.texts[-1] for one in found] if any_facts else choices)
        read[FACTS].append([_within(one, budget) for one in found])
    return _with_columns(rows, read)


def _with_columns(rows: Dataset, columns: dict[str, list[Any]]) -> Dataset:
    whole = rows.remove_columns([name for name in columns if name in rows.column_names])
    for name, values in columns.items():
        kind = pa.list_(pa.list_(pa.string())) if name == FACTS and "choices" in columns else None
        kind = kind or {FACTS: pa.list_(pa.string()), "choices": pa.list_(pa.string())}.get(name, pa.string())
        whole = whole.add_column(name, pa.array(values, kind))
    return whole


def _within(one: Beside, budget: Budget) -> list[str]:
    """The best facts that fit; one that is too long is passed over for the next."""
    left, kept = budget.tokens, []
    for fact in one.facts:
        needed = budget.count(fact)
        if needed <= left:
            kept.append(fact)
            left -= needed
    return kept


def append_facts(
    tokenised: Dataset, facts: Sequence[Sequence[str]], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> Dataset:
    """Put each row's facts behind its tokens, each closed by a separator, as far as there is room; the text itself is never cut for them.

    New column ``fact_ids``: for each token 0 (the text) or the number of its fact, from 1.
    """
    end = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    ids = _Numbers(tokenizer, [] if end is None else [end])
    table = tokenised.with_format("arrow")
    schema = tokenised.features.arrow_schema
    fields = [*schema, pa.field("fact_ids", pa.list_(pa.int16()))]

    def batches() -> Iterator[dict[str, Any]]:
        for begin in range(0, len(tokenised), _CHUNK):
            rows = table[begin : begin + _CHUNK].to_pydict()
            added = [ids(some) for some in facts[begin : begin + _CHUNK]]
            yield {
                field.name: pa.array(column, field.type)
                for field, column in zip(fields, _behind(rows, added, [*schema.names], max_length), strict=True)
            }

    return store(batches(), pa.schema(fields))


class _Numbers:
    """The token ids of sentences, each with a separator behind it; a sentence that comes again is looked up."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, end: list[int]) -> None:
        self._tokenizer, self._end = tokenizer, end
        self._known: dict[str, list[int]] = {}

    def __call__(self, sentences: Sequence[str]) -> list[list[int]]:
        new = [one for one in dict.fromkeys(sentences) if one not in self._known]
        if new:
            encoded = self._tokenizer(new, add_special_tokens=False)["input_ids"]
            self._known |= {one: [*ids, *self._end] for one, ids in zip(new, encoded, strict=True)}
        return [self._known[one] for one in sentences]


_FILL = {"attention_mask": 1, "token_type_ids": 0, "tags": IGNORED}


def _behind(
    rows: dict[str, list[Any]], added: Sequence[Sequence[list[int]]], names: Sequence[str], max_length: int
) -> Iterator[list[Any]]:
    """The columns of some rows with their facts, ``fact_ids`` last."""
    kept: list[list[list[int]]] = []
    for ids, facts in zip(rows["input_ids"], added, strict=True):
        room, fitting = max_length - len(ids), []
        for fact in facts:
            if len(fact) <= room:
                fitting.append(fact)
                room -= len(fact)
        kept.append(fitting)
    extra = np.array([sum(map(len, facts)) for facts in kept], dtype=np.int64)
    for name in names:
        if name == "input_ids":
            yield [[*ids, *(i for fact in facts for i in fact)] for ids, facts in zip(rows[name], kept, strict=True)]
        elif name in _FILL:
            yield [[*row, *[_FILL[name]] * int(more)] for row, more in zip(rows[name], extra, strict=True)]
        elif name == "length":
            yield [length + int(more) for length, more in zip(rows[name], extra, strict=True)]
        else:
            yield rows[name]
    yield [
        [0] * len(ids) + [number for number, fact in enumerate(facts, 1) for _ in fact]
        for ids, facts in zip(rows["input_ids"], kept, strict=True)
    ]
