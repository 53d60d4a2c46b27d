"""Answers on disk: shards of examples, each found again by its content.

A shard is one safetensors file, written whole or not at all, and never changed: so several processes write at once, and a killed one leaves what it finished.

===========  ======  ======================================================
``keys``     N 2     64-bit halves of a digest of the example's piece ids
``lengths``  N       tokens of each example
``tokens``   T W     float16; what was asked of each token, side by side
``logits``   N C     float32, where asked for
===========  ======  ======================================================
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

logger = logging.getLogger("hodu")

Translate = Callable[[dict[str, Tensor]], dict[str, Tensor]]

_SHARD = 128 * 2**20  # bytes: some seconds of a teacher's work, which is what a kill costs
_PREFIX = "shard-"


def content_keys(dataset: Dataset, translate: Translate) -> np.ndarray:
    """``N 2`` uint64: what each row says to the teacher, whatever its place in whatever file."""
    keys = []
    for table in dataset.with_format("arrow").iter(4096):
        ids = table["input_ids"].combine_chunks()
        flat = translate({"input_ids": torch.tensor(ids.values.to_numpy(), dtype=torch.long)})["input_ids"]
        parts = [flat.to(torch.int32).numpy()]
        parts += [
            table[name].combine_chunks().values.to_numpy()
            for name in ("token_type_ids", "fact_ids", "anchors")
            if name in table.column_names
        ]
        for begin, end in pairwise(ids.offsets.to_pylist()):
            digest = hashlib.blake2b(digest_size=16)
            for part in parts:
                digest.update(part[begin:end].tobytes())
            keys.append(digest.digest())
    return np.frombuffer(b"".join(keys), dtype=np.uint64).reshape(-1, 2)


@dataclass(frozen=True)
class Places:
    """Where examples lie: shard (-1: nowhere), number of its first token and of itself in the shard; each ``N``."""

    shard: np.ndarray
    token: np.ndarray
    example: np.ndarray


class Shards:
    """All whole shards of a folder, memory-mapped. A damaged one is put aside, so that its examples are asked for again."""

    def __init__(self, folder: Path) -> None:
        self.tokens: list[Tensor] = []
        self.logits: list[Tensor | None] = []
        keys, lengths, numbers = [], [], []
        for path in sorted(folder.glob(f"{_PREFIX}*.safetensors")):
            if (tensors := _opened(path)) is None:
                continue
            numbers.append(np.full(len(tensors["lengths"]), len(self.tokens)))
            keys.append(tensors["keys"].numpy().view(np.uint64))
            lengths.append(tensors["lengths"].numpy().astype(np.int64))
            self.tokens.append(tensors["tokens"])
            self.logits.append(tensors.get("logits"))
        starts = [np.cumsum(one) - one for one in lengths]
        examples = [np.arange(len(one)) for one in lengths]
        nothing = np.zeros(0, np.int64)
        self._keys = np.concatenate(keys) if keys else np.zeros((0, 2), np.uint64)
        self._places = Places(*(np.concatenate(parts or [nothing]) for parts in (numbers, starts, examples)))
        self._order = self._keys[:, 0].argsort(kind="stable")

    def find(self, keys: np.ndarray) -> Places:
        """Where the examples with these keys (``N 2``) lie."""
        missing = np.full(len(keys), -1)
        if not len(self._keys):
            return Places(missing, missing, missing)
        place = np.searchsorted(self._keys[self._order, 0], keys[:, 0]).clip(max=len(self._keys) - 1)
        found = self._order[place]
        # the first half finds, the second half confirms
        same = (self._keys[found] == keys).all(1)
        parts = (self._places.shard, self._places.token, self._places.example)
        return Places(*(np.where(same, part[found], -1) for part in parts))


def _opened(path: Path) -> dict[str, Tensor] | None:
    try:
        with safe_open(path, framework="pt") as file:  # memory-mapped: nothing is read before it is looked at
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError) as error:
        logger.warning("%s is damaged (%s): it is removed, and its examples are asked again", path, error)
        path.unlink(missing_ok=True)
        return None


class ShardWriter:
    """Collects answers and writes a shard whenever enough has come together; ``close()`` writes the rest.

    Raises:
        OSError, SafetensorError: the disk is full, or cannot be written; what was finished before stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, list[Tensor]] = {}
        self._bytes = 0

    def add(self, **parts: Tensor) -> None:
        """Some examples: ``keys``, ``lengths``, ``tokens`` and perhaps ``logits`` of the same ones, in the same order."""
        for name, value in parts.items():
            self._parts.setdefault(name, []).append(value)
            self._bytes += value.nbytes
        if self._bytes >= _SHARD:
            self.close()

    def close(self) -> None:
        """Write what has come together."""
        if not self._parts:
            return
        name = uuid.uuid4().hex
        partial = self._folder / f"partial-{name}"
        try:
            save_file({name: torch.cat(values) for name, values in self._parts.items()}, partial)
            partial.rename(self._folder / f"{_PREFIX}{name}.safetensors")
        finally:
            partial.unlink(missing_ok=True)
            self._parts, self._bytes = {}, 0
