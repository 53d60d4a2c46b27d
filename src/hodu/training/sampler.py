"""Length buckets: examples of like length share a batch, so that little of it is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

_BUCKET = 50  # batches: enough that lengths inside a batch differ little, few enough that an epoch stays well mixed


class LengthBuckets(Sampler[int]):
    """Indices in an order whose every ``batch_size`` consecutive ones have like lengths.

    The order depends on seed and epoch alone, so that a resumed run sees the batches that an uninterrupted one would have seen.
    The batches themselves come in random order; only an incomplete one stays last.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths = torch.tensor(lengths)
        self._batch_size, self._seed, self._epoch = batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate before each epoch, also the one in which a run is resumed."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        order = torch.randperm(len(self._lengths), generator=generator)
        buckets = order.split(_BUCKET * self._batch_size)
        order = torch.cat([bucket[self._lengths[bucket].argsort()] for bucket in buckets])
        batches = list(order.split(self._batch_size))
        last = [batches.pop()] if len(batches[-1]) < self._batch_size else []
        shuffled = [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
        yield from torch.cat([*shuffled, *last]).tolist()


def padding_share(lengths: Sequence[int], batch_size: int, seed: int) -> float:
    """The share of positions that are padding in the first epoch's batches."""
    ordered = torch.tensor(lengths)[list(LengthBuckets(lengths, batch_size, seed))]
    padded = sum(int(batch.max()) * len(batch) for batch in ordered.split(batch_size))
    return 1 - int(ordered.sum()) / padded
