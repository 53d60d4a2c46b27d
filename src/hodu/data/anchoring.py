"""Where facts hang on a text, token by token: what K-BERT's tree needs to know (Liu et al. 2020, §3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

Place = Sequence[int]


def anchor_numbers(
    told: Mapping[str, Sequence[Any]],
    facts: Sequence[Sequence[Sequence[int]]],
    rows: Mapping[str, Sequence[Sequence[int]]],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
) -> list[list[int]]:
    """For each token the number of the mention that it is part of (a text's token) or hangs on (a fact's), from 1; 0 for others.

    Args:
        told: texts (``text``, and ``pair`` where there is one) with the places of their facts, ``(which text, start, end)`` in characters.
        facts: the token ids of each row's facts, as they stand behind the text.
        rows: the texts' own tokens.
    """
    texts = [told[name] for name in ("text", "pair") if name in told]
    encoded = tokenizer(*texts, truncation=True, max_length=max_length, return_offsets_mapping=True)
    numbered = []
    for row, (places, some) in enumerate(zip(told["fact_anchors"], facts, strict=True)):
        numbers = {place: number for number, place in enumerate(dict.fromkeys(map(tuple, places)), 1)}
        own = [
            _number(numbers, which, span)
            for which, span in zip(encoded.sequence_ids(row), encoded["offset_mapping"][row], strict=True)
        ]
        assert len(own) == len(rows["input_ids"][row])
        hanging = [numbers[tuple(place)] for place, fact in zip(places, some, strict=True) for _ in fact]
        numbered.append([*own, *hanging])
    return numbered


def _number(numbers: Mapping[tuple[int, ...], int], which: int | None, span: tuple[int, int]) -> int:
    """The mention that a token overlaps: half of a Korean mention ends inside a piece."""
    for (text, start, end), number in numbers.items():
        if text == which and span[0] < end and span[1] > start:
            return number
    return 0
