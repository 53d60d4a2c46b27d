"""Batches for language models: pieces hidden anew each time, or each piece's successor as its label."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from hodu.data.tokenise import collate
from hodu.errors import ModelError
from hodu.types import IGNORED

_HIDDEN, _MASKED, _OTHER = (
    0.15,
    0.8,
    0.1,
)  # Devlin et al. 2019, §3.1: of all pieces; of these: [MASK], another piece, else kept

Rows = Sequence[Mapping[str, Any]]


def masked(
    tokenizer: PreTrainedTokenizerBase, *, seed: int, whole_word: bool = False
) -> Callable[[Rows], dict[str, Tensor]]:
    """A function from rows of :func:`pack` to one batch with ``labels`` ``B L``: the piece that stood there where one is hidden, else ``IGNORED``.

    15 % of each row's pieces are hidden (at least one): 80 % of them as [MASK], 10 % as any other piece, 10 % left as they are. Which ones depends on ``seed`` and on the
    rows that share the batch: another choice each epoch, and the same one when a stopped run goes on.

    Args:
        whole_word: hide all pieces of a word or none (BERT's later models).

    Raises:
        ModelError: the tokenizer has no mask piece.
    """
    hide = hiding(tokenizer, seed=seed, whole_word=whole_word)

    def batch(rows: Rows) -> dict[str, Tensor]:
        made, hidden, generator = hide(rows)
        ids = made["input_ids"]  # B L
        dice = torch.rand(ids.shape, generator=generator)
        other = torch.randint(len(tokenizer), ids.shape, generator=generator)
        seen = torch.where(dice < _MASKED, tokenizer.mask_token_id, torch.where(dice < _MASKED + _OTHER, other, ids))
        return {**made, "input_ids": seen.where(hidden, ids), "labels": ids.where(hidden, IGNORED)}

    return batch


def hiding(
    tokenizer: PreTrainedTokenizerBase, *, seed: int, whole_word: bool = False
) -> Callable[[Rows], tuple[dict[str, Tensor], Tensor, torch.Generator]]:
    """A function from rows of :func:`pack` to the padded batch as it is, which of its pieces to hide (``B L`` bool; see :func:`masked`), and the dice for what follows.

    Raises:
        ModelError: the tokenizer has no mask piece.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError(
            "the tokenizer has no mask piece, so nothing can be hidden; take a masked language model such as BERT, or --task causal-lm for GPT"
        )
    pad, special = collate(tokenizer), torch.tensor(sorted(set(tokenizer.all_special_ids)))

    def hide(rows: Rows) -> tuple[dict[str, Tensor], Tensor, torch.Generator]:
        made = pad(rows)
        ids = made["input_ids"]  # B L
        dice = torch.Generator().manual_seed(zlib.crc32(ids.numpy().tobytes(), seed))
        free = ~torch.isin(ids, special) & made["attention_mask"].bool()
        continues = _continues(rows, ids) if whole_word else torch.zeros_like(free)
        return made, _choose(free, continues, dice), dice

    return hide


def successive(tokenizer: PreTrainedTokenizerBase) -> Callable[[Rows], dict[str, Tensor]]:
    """A function from rows of :func:`pack` to one batch with ``labels`` ``B L``: the next piece of the row, ``IGNORED`` at its last one and at padding."""
    pad = collate(tokenizer)

    def batch(rows: Rows) -> dict[str, Tensor]:
        made = pad(rows)
        following = made["input_ids"].roll(-1, dims=1)  # B L
        there = made["attention_mask"].bool() & made["attention_mask"].roll(-1, dims=1).bool()
        there[:, -1] = False
        return {**made, "labels": following.where(there, IGNORED)}

    return batch


def _choose(free: Tensor, continues: Tensor, generator: torch.Generator) -> Tensor:
    """Which pieces are hidden, ``B L``: whole words in a random order, until the share is full."""
    start = free & ~continues.bool()
    word = start.cumsum(1)  # B L, numbers from 1; what stands before a row's first free piece has 0
    lots = torch.rand(free.shape[0], free.shape[1] + 1, generator=generator).gather(1, word)  # B L
    lots = lots.masked_fill(~free, 2.0)
    order = lots.argsort(dim=1, stable=True)
    # a word is taken while what was taken before it is below the share, so each row hides one word at least
    wanted = (free.sum(1, keepdim=True) * _HIDDEN).round().clamp(min=1)  # B 1
    ranked = lots.gather(1, order)
    fresh = torch.ones_like(free)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    taken_before = torch.arange(free.shape[1]).expand_as(free).where(fresh, 0).cummax(1).values  # B L
    hidden = torch.zeros_like(free).scatter(1, order, taken_before < wanted)
    return hidden & free


def _continues(rows: Rows, ids: Tensor) -> Tensor:
    """``B L`` bool, padded on the right as packed rows are."""
    continues = torch.zeros_like(ids, dtype=torch.bool)
    for one, row in zip(continues, rows, strict=True):
        one[: len(row["continues"])] = torch.as_tensor(row["continues"], dtype=torch.bool)
    return continues
