"""Batches in which some pieces are replaced by others: what an ELECTRA discriminator reads (Clark et al. 2020, §2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from hodu.data.masking import Rows, hiding
from hodu.errors import DataError
from hodu.types import IGNORED

Fill = Callable[[dict[str, Tensor], Tensor, torch.Generator], Tensor]
"""From a batch with [MASK] at the hidden places, these places (``B L`` bool) and dice to what is put there: piece ids, one per place, row by row."""


def corrupted(
    tokenizer: PreTrainedTokenizerBase, fill: Fill, *, seed: int, whole_word: bool = False
) -> Callable[[Rows], dict[str, Tensor]]:
    """A function from rows of :func:`pack` to one batch with ``labels`` ``B L``: 1 where a piece is another one than stood there, 0 where it is not, ``IGNORED`` at padding.

    15 % of each row's pieces are hidden, chosen as in :func:`hodu.data.masked`, and all of them filled by ``fill``. A piece that is put where it stood before counts as original (§2).
    Places and pieces depend on ``seed`` and on the rows that share the batch: other ones each epoch, and the same ones when a stopped run goes on.

    Raises:
        ModelError: the tokenizer has no mask piece.
    """
    hide = hiding(tokenizer, seed=seed, whole_word=whole_word)

    def batch(rows: Rows) -> dict[str, Tensor]:
        made, hidden, dice = hide(rows)
        ids = made["input_ids"]  # B L
        asked = {**made, "input_ids": ids.masked_fill(hidden, tokenizer.mask_token_id)}
        seen = ids.masked_scatter(hidden, fill(asked, hidden, dice))
        real = made["attention_mask"].bool()
        return {**made, "input_ids": seen, "labels": (seen != ids).long().masked_fill(~real, IGNORED)}

    return batch


def unfilled(
    tokenizer: PreTrainedTokenizerBase, *, seed: int, whole_word: bool = False
) -> Callable[[Rows], dict[str, Tensor]]:
    """As :func:`corrupted`, but nothing is filled yet: [MASK] stands at the hidden places, and ``labels`` ``B L`` are the pieces that stood there, ``IGNORED`` elsewhere.

    Raises:
        ModelError: the tokenizer has no mask piece.
    """
    hide = hiding(tokenizer, seed=seed, whole_word=whole_word)

    def batch(rows: Rows) -> dict[str, Tensor]:
        made, hidden, _ = hide(rows)
        ids = made["input_ids"]  # B L
        seen = ids.masked_fill(hidden, tokenizer.mask_token_id)
        return {**made, "input_ids": seen, "labels": ids.where(hidden, IGNORED)}

    return batch


class Frequency:
    """Fills hidden places with pieces drawn as often as they stand in a text, whatever stands around.

    Ours, for want of a generator: such pieces are easier to tell than a language model's, so they teach less.

    Args:
        packed: rows of :func:`pack`.

    Raises:
        DataError: the text has no piece but special ones.
    """

    def __init__(self, packed: Dataset, tokenizer: PreTrainedTokenizerBase) -> None:
        counts = np.zeros(len(tokenizer))  # V
        for table in packed.with_format("arrow").iter(1000):
            pieces = table["input_ids"].combine_chunks().flatten().to_numpy()
            counts += np.bincount(pieces, minlength=len(counts))
        counts[sorted(set(tokenizer.all_special_ids))] = 0
        self._heaped = torch.from_numpy(counts.cumsum())  # V
        if not self._heaped[-1]:
            raise DataError("the text has no pieces but special ones, so none can be put in another's place")

    def __call__(self, batch: dict[str, Tensor], hidden: Tensor, dice: torch.Generator) -> Tensor:
        """The pieces for the hidden places, row by row."""
        lots = torch.rand(int(hidden.sum()), generator=dice, dtype=torch.float64) * self._heaped[-1]
        return torch.searchsorted(self._heaped, lots, right=True)  # right: never a piece that is counted 0 times
