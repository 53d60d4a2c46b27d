"""More training text by replaced words: Jiao et al. 2020, TinyBERT, the appendix on data augmentation, Algorithm 1.

The numbers are the paper's; the way is its reference code's where the two differ: the candidates for a word are found once, in the unmodified sentence (the paper
masks again in what is already changed), each word takes the mask's place beside the whole original (``[CLS] masked [SEP] original [SEP]``), the original row
stays and comes first, and a copy that came up before is dropped, so a short sentence has fewer copies than asked for. The code makes 30 copies by default, the paper 20.
Ours: texts keep their spacing, punctuation and capitals, which the code's tokenizer takes away; of a pair one text changes and the other is the original
(the code leaves the first at its last copy, a bug); candidates that are no words of letters are dropped.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from datasets import Dataset

from hodu.data.candidates import Candidates
from hodu.data.masked_words import Found
from hodu.data.store import store
from hodu.data.words import Word, replaceable_words, replaced
from hodu.errors import DataError

COPIES = 20  # N_a
PROBABILITY = 0.4  # p_t: that a word is replaced in a copy
CANDIDATES = 15  # K

_CHUNK = 1_000
_TEXTS = ("text", "pair")


def texts_to_augment(dataset: Dataset) -> list[str]:
    """The different texts (and pairs) of a split in which a word may be replaced."""
    columns = [dataset[name] for name in _TEXTS if name in dataset.column_names]
    return [text for text in dict.fromkeys(text for column in columns for text in column) if replaceable_words(text)]


def augment(
    dataset: Dataset,
    candidates: Candidates | Mapping[str, Found],
    *,
    copies: int = COPIES,
    probability: float = PROBABILITY,
    seed: int = 0,
) -> Dataset:
    """Each row of a split, followed by its copies with replaced words and the same label.

    What a text's copies are depends on the text and the seed alone: a shuffled or lengthened file gives the same ones. Of a pair each text has its copies,
    beside the original of the other.

    Args:
        candidates: for the texts of :func:`texts_to_augment`.
        copies: of each text; fewer where they would be equal.

    Raises:
        DataError: fewer than one copy, or a probability that is none.
        OutputError: no room for temporary data.
    """
    if copies < 1 or not 0 < probability <= 1:
        raise DataError(
            f"{copies} copies of a text with probability {probability:g} for each word; expected 1 or more, and a probability above 0 up to 1"
        )
    texts = [name for name in _TEXTS if name in dataset.column_names]
    columns = [*texts, *(name for name in dataset.column_names if name == "label")]
    schema = pa.schema([dataset.features.arrow_schema.field(name) for name in columns])

    def rows() -> Iterator[dict[str, Any]]:
        for row in dataset.select_columns(columns):
            yield row
            for name in texts:
                if row[name] in candidates:
                    for text in copies_of(row[name], candidates[row[name]], copies, probability, seed):
                        yield {**row, name: text}

    return store(_batches(rows(), schema), schema)


def copies_of(text: str, found: Found, copies: int, probability: float, seed: int) -> list[str]:
    """Different copies of a text, none of them equal to it."""
    rng = random.Random(f"{seed} {text}")
    words = replaceable_words(text)
    made = {text: None}
    for _ in range(copies):
        made[replaced(text, words, _drawn(words, found, probability, rng))] = None
    return list(made)[1:]


def _drawn(words: list[Word], found: Found, probability: float, rng: random.Random) -> list[str | None]:
    """For each word what replaces it in one copy, or None."""
    drawn: list[str | None] = []
    for _, choices in zip(words, found, strict=True):
        # not rng.choice, which may change between Python versions
        new = choices[int(rng.random() * len(choices))] if choices else None
        drawn.append(new if rng.random() < probability else None)
    return drawn


def _batches(rows: Iterator[dict[str, Any]], schema: pa.Schema) -> Iterator[dict[str, pa.Array]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _CHUNK:
            yield _columns(batch, schema)
            batch = []
    if batch:
        yield _columns(batch, schema)


def _columns(rows: list[dict[str, Any]], schema: pa.Schema) -> dict[str, pa.Array]:
    return {field.name: pa.array([row[field.name] for row in rows], field.type) for field in schema}
