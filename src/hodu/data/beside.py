"""Facts beside texts: as sentences in a column of a data set, then as tokens behind each text's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

import pyarrow as pa
from datasets import Dataset, concatenate_datasets
from transformers import PreTrainedTokenizerBase

from hodu.data.anchoring import anchor_numbers
from hodu.data.store import store
from hodu.data.types import Data
from hodu.errors import RecipeError
from hodu.types import IGNORED, TOKENS, FactSettings, Task

WITH_FACTS: frozenset[Task] = frozenset(
    {"classification", "multilabel", "regression", "token-classification", "question-answering", "multiple-choice"}
)
"""Tasks whose rows are texts that facts can stand beside. A language model's facts would name the very pieces that it is to guess; a sentence's vector is kept, and an edit to the graph would not reach it."""

FACTS, ANCHORS = "facts", "fact_anchors"
SENTENCES, PLACES = pa.list_(pa.string()), pa.list_(pa.list_(pa.int32()))
_CHUNK = 1_000


class Beside(Protocol):
    """What a model reads of an example: its texts, their mentions marked where that was asked for, facts as sentences, best first, and distractors."""

    @property
    def texts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def facts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def anchors(self) -> tuple[tuple[int, int, int] | None, ...]: ...  # noqa: D102
    @property
    def others(self) -> tuple[str, ...]: ...  # noqa: D102


class Reader(Protocol):
    """Looks facts up for the texts of one example: what :class:`hodu.knowledge.reader.GraphReader` does with a graph."""

    def __call__(self, texts: Sequence[str], choice: str | None = None) -> Beside: ...  # noqa: D102
    def redrawn(  # noqa: D102
        self, texts: Sequence[str], choices: Sequence[str], rng: Random
    ) -> tuple[Sequence[Beside], list[int]]: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens of facts stand beside a text, and who counts them; and whether each must hang on a mention (the layout ``tree``)."""

    tokens: int
    count: Callable[[str], int]
    anchored: bool = False


def with_facts(data: Data, reader: Reader, budget: Budget) -> Data:
    """The same data with facts beside each text of each split: a column of sentences, of questions with choices one for each choice."""
    return replace(data, splits={name: beside(rows, reader, budget) for name, rows in data.splits.items()})


def redrawn(rows: Dataset, reader: Reader, budget: Budget, copies: int, seed: int) -> Dataset:
    """Questions with choices, so many times over: each time the facts between a question and its choices are dealt anew among the choices, and the right answer goes with them.

    Raises:
        RecipeError: the rows have no choices.
    """
    if "choices" not in rows.column_names:
        raise RecipeError(
            "facts are redrawn among the choices of questions, and these rows have none; leave out --redraw"
        )
    made = []
    for copy in range(copies):
        orders: list[list[int]] = []

        def dealt(
            texts: Sequence[str], choices: Sequence[str], orders: list[list[int]] = orders, copy: int = copy
        ) -> Sequence[Beside]:
            found, order = reader.redrawn(texts, choices, Random(f"{seed} {copy} {len(orders)}"))
            orders.append(order)
            return found

        told = _beside_choices(rows, dealt, budget)
        if "label" in rows.column_names:
            labels = [order.index(label) for order, label in zip(orders, rows["label"], strict=True)]
            told = _with_columns(told, {"label": labels})
        made.append(told)
    return concatenate_datasets(made)


def check_task(task: Task | None, settings: FactSettings) -> None:
    """Refuse tasks that facts cannot stand beside, or not in this way.

    Raises:
        RecipeError: it is one of them.
    """
    if task not in WITH_FACTS:
        raise RecipeError(
            f"facts stand beside whole texts, and {task or 'this task'} reads others; --graph works for {', '.join(sorted(WITH_FACTS))}"
        )
    if task in TOKENS and settings.slots:
        raise RecipeError(
            f"--entity-slots writes numbers into the text, and {task} answers with its own words; leave it out"
        )
    if task in TOKENS and settings.layout == "tree":
        raise RecipeError(
            f"the layout tree hangs facts on places of a whole text, and {task} reads words or windows; take --fact-layout star"
        )


def beside(rows: Dataset, reader: Reader, budget: Budget) -> Dataset:
    """One split with its facts."""
    if "choices" in rows.column_names:
        return _beside_choices(rows, lambda texts, choices: [reader(texts, choice) for choice in choices], budget)
    if "words" in rows.column_names:
        found = [_within(reader((text,)), budget) for text in rows["text"]]
        return _with_columns(rows, {FACTS: [facts for facts, _ in found], ANCHORS: [places for _, places in found]})
    columns = [name for name in ("text", "pair") if name in rows.column_names]
    read: dict[str, list[Any]] = {name: [] for name in (*columns, FACTS, ANCHORS)}
    for texts in zip(*(rows[name] for name in columns), strict=True):
        one = reader(texts)
        for name, text in zip(columns, one.texts if one.facts else texts, strict=True):
            read[name].append(text)
        facts, places = _within(one, budget)
        read[FACTS].append(facts)
        read[ANCHORS].append(places)
    return _with_columns(rows, read)


def _beside_choices(
    rows: Dataset, read_all: Callable[[Sequence[str], Sequence[str]], Sequence[Beside]], budget: Budget
) -> Dataset:
    columns = [name for name in ("text", "pair") if name in rows.column_names]
    read: dict[str, list[Any]] = {name: [] for name in (*columns, "choices", FACTS, ANCHORS)}
    for *texts, choices in zip(*(rows[name] for name in columns), rows["choices"], strict=True):
        found = read_all(texts, choices)
        told = next((one for one in found if one.facts), None)  # where nothing is told, no mention has a number
        for place, name in enumerate(columns):
            read[name].append(told.texts[place] if told else texts[place])
        read["choices"].append([one.texts[-1] for one in found] if told else choices)
        cut = [_within(one, budget) for one in found]
        before = len(read["pair"][-1]) + 1 if "pair" in read else 0  # a choice is read behind the pair, after a space
        read[FACTS].append([facts for facts, _ in cut])
        read[ANCHORS].append([[_as_second(place, before) for place in places] for _, places in cut])
    return _with_columns(rows, read)


def _as_second(place: tuple[int, int, int], before: int) -> tuple[int, int, int]:
    """Where a mention stands once the third of three texts is the end of the second."""
    text, start, end = place
    return (1, start + before, end + before) if text == 2 else place


def _with_columns(rows: Dataset, columns: dict[str, list[Any]]) -> Dataset:
    kinds = {"choices": pa.list_(pa.string()), FACTS: SENTENCES, ANCHORS: PLACES, "label": pa.int64()}
    table = rows.with_format("arrow")[:]
    for name, values in columns.items():
        kind = kinds.get(name, pa.string())
        if "choices" in columns and name in (FACTS, ANCHORS):
            kind = pa.list_(kind)
        if name in table.column_names:
            table = table.drop_columns(name)
        table = table.append_column(name, pa.array(values, kind))
    return Dataset(table)


def _within(one: Beside, budget: Budget) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The best facts that fit, and where they hang; one that is too long is passed over for the next. Distractors come on top, so that none stands in the place of a fact that matters."""
    left, kept, places = budget.tokens, [], []
    for fact, place in zip(one.facts, one.anchors, strict=True):
        needed = budget.count(fact)
        if needed <= left and (place is not None or not budget.anchored):
            kept.append(fact)
            places.append((-1, 0, 0) if place is None or not budget.anchored else place)
            left -= needed
    others = [] if budget.anchored else one.others
    return [*kept, *others], [*places, *((-1, 0, 0) for _ in others)]


def append_facts(tokenised: Dataset, told: Dataset, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Dataset:
    """Put each row's facts behind its tokens, each closed by a separator, as far as there is room; the text itself is never cut for them.

    New column ``fact_ids``: for each token 0 (the text) or the number of its fact, from 1. Where facts hang on mentions also ``anchors``: for each token the number of the mention
    that it is in, or hangs on, from 1.

    Args:
        told: the same rows as texts, with the columns of :func:`beside`.
    """
    anchored = any(place[0] >= 0 for places in told[ANCHORS] for place in places)
    ids = fact_tokens(tokenizer)
    table = tokenised.with_format("arrow")
    schema = tokenised.features.arrow_schema
    fields = [*schema, *(pa.field(name, pa.list_(pa.int16())) for name in ("fact_ids", "anchors")[: 1 + anchored])]

    def batches() -> Iterator[dict[str, Any]]:
        for begin in range(0, len(tokenised), _CHUNK):
            rows = table[begin : begin + _CHUNK].to_pydict()
            some = told[begin : begin + _CHUNK]
            kept = [
                _fitting(ids(facts), max_length - len(own))
                for facts, own in zip(some[FACTS], rows["input_ids"], strict=True)
            ]
            columns = _behind(rows, kept)
            if anchored:
                columns["anchors"] = anchor_numbers(some, kept, rows, tokenizer, max_length)
            yield {field.name: pa.array(columns[field.name], field.type) for field in fields}

    return store(batches(), pa.schema(fields))


def fact_tokens(tokenizer: PreTrainedTokenizerBase) -> Callable[[Sequence[str]], list[list[int]]]:
    """A function from sentences to their token ids, each with a separator behind it; a sentence that comes again is looked up."""
    end = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    closing = [] if end is None else [end]
    known: dict[str, list[int]] = {}

    def ids(sentences: Sequence[str]) -> list[list[int]]:
        new = [one for one in dict.fromkeys(sentences) if one not in known]
        if new:
            encoded = tokenizer(new, add_special_tokens=False)["input_ids"]
            known.update((one, [*tokens, *closing]) for one, tokens in zip(new, encoded, strict=True))
        return [known[one] for one in sentences]

    return ids


_FILL = {"attention_mask": 1, "token_type_ids": 0, "tags": IGNORED, "begins": -1, "ends": -1}


def _fitting(facts: Sequence[list[int]], room: int) -> list[list[int]]:
    """As many facts as there is room for; none stands for one that is passed over, so that the others keep their places."""
    kept = []
    for fact in facts:
        fits = len(fact) <= room
        kept.append(fact if fits else [])
        room -= len(fact) if fits else 0
    return kept


def _behind(rows: dict[str, list[Any]], kept: Sequence[Sequence[list[int]]]) -> dict[str, list[Any]]:
    """The columns of some rows with their facts."""
    extra = [sum(map(len, facts)) for facts in kept]
    whole = dict(rows)
    whole["fact_ids"] = [
        [0] * len(ids) + [number for number, fact in enumerate(facts, 1) for _ in fact]
        for ids, facts in zip(rows["input_ids"], kept, strict=True)
    ]
    whole["input_ids"] = [
        [*ids, *(i for fact in facts for i in fact)] for ids, facts in zip(rows["input_ids"], kept, strict=True)
    ]
    for name in _FILL.keys() & rows.keys():
        whole[name] = [[*row, *[_FILL[name]] * more] for row, more in zip(rows[name], extra, strict=True)]
    whole["length"] = [length + more for length, more in zip(rows["length"], extra, strict=True)]
    return whole
