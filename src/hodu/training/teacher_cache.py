"""What the teacher said, stored once and read by later epochs, stages, seeds and students.

A cache is one folder per teacher, tokenised data and kind of answer, so that a student can never read another teacher's answers, or those to other texts. Token
values lie one after another without padding, in memory-mapped float16 (its rounding is eight times finer than bfloat16's; what does not fit its range is refused).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from rich.console import Console
from rich.progress import track
from torch import Tensor
from transformers import PreTrainedModel

from hodu.errors import OutputError
from hodu.taps import Tap
from hodu.types import Capture, Heads, Needs

logger = logging.getLogger("hodu")

Collate = Callable[[list[dict[str, Any]]], dict[str, Tensor]]
Translate = Callable[[dict[str, Tensor]], dict[str, Tensor]]

_META, _PROGRESS = "meta.json", "batches-done"
_BATCH = 64
_FLUSH = 50  # batches between two notes of progress
_KINDS = ("queries", "keys", "values")


def cache_home() -> Path:
    """Where caches live: ``$HODU_CACHE``, else ``~/.cache/hodu``."""
    return Path(os.environ.get("HODU_CACHE", Path.home() / ".cache" / "hodu"))


@dataclass(frozen=True)
class Said:
    """What a cache holds, so that it can be found and sized without the teacher.

    Attributes:
        arrays: file name → (values per token or per example, whether per token).
        heads: layer → (query heads, key/value heads, scaling).
    """

    arrays: dict[str, tuple[int, bool]]
    heads: dict[int, tuple[int, int, float]]
    causal: bool


class TeacherCache:
    """A teacher's answers to every row of a tokenised dataset."""

    def __init__(self, folder: Path, needs: Needs, said: Said, lengths: Tensor) -> None:
        self._folder, self._needs, self._said = folder, needs, said
        self._starts = lengths.cumsum(0) - lengths  # N
        self._tokens = int(lengths.sum())
        self._rows = len(lengths)
        self._arrays = {name: self._map(name, width, per_token) for name, (width, per_token) in said.arrays.items()}

    def _map(self, name: str, width: int, per_token: bool) -> Tensor:
        rows, dtype = (self._tokens, torch.float16) if per_token else (self._rows, torch.float32)
        flat = torch.from_file(str(self._folder / name), shared=True, size=rows * width, dtype=dtype)
        return flat.view(rows, width)  # tokens (or N), D (or C)

    def read(self, rows: Tensor, mask: Tensor) -> Capture:
        """What the teacher said of these rows.

        Args:
            rows: ``B`` row numbers of the dataset.
            mask: ``B L`` of the batch; what stands at padding is arbitrary.
        """
        place = self._places(rows.cpu(), mask.cpu())
        logits = self._arrays["logits"][rows.cpu()] if self._needs.logits else None
        hidden = {i: self._gather(f"hidden-{i}", place, mask) for i in self._needs.hidden}
        attention = {i: self._heads(i, place, mask) for i in self._needs.attention}
        return Capture(mask, None if logits is None else logits.to(mask.device), hidden, attention, self._said.causal)

    def _places(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Token numbers ``B L``; padding, on either side, repeats a token of its row."""
        inside = (mask.long().cumsum(1) - 1).clamp(min=0)  # B L
        return self._starts[rows][:, None] + inside

    def _gather(self, name: str, place: Tensor, mask: Tensor) -> Tensor:
        return self._arrays[name][place].to(mask.device, torch.float32)  # B L D

    def _heads(self, layer: int, place: Tensor, mask: Tensor) -> Heads:
        of_queries, of_keys, scaling = self._said.heads[layer]
        counts = dict(zip(_KINDS, (of_queries, of_keys, of_keys), strict=True))
        split = {
            kind: self._gather(f"{kind}-{layer}", place, mask).unflatten(-1, (count, -1)).transpose(1, 2)  # B H L K
            for kind, count in counts.items()
        }
        return Heads(**split, scaling=scaling)

    def write(self, rows: Tensor, capture: Capture) -> None:
        """Store what the teacher said of these rows.

        Raises:
            OutputError: a value that float16 cannot hold.
        """
        mask = capture.mask.cpu()
        place = self._places(rows, mask)[mask]  # tokens of the batch
        if capture.logits is not None:
            self._arrays["logits"][rows] = capture.logits.float().cpu()
        for i, hidden in capture.hidden.items():
            self._put(f"hidden-{i}", place, hidden.cpu()[mask])
        for i, heads in capture.attention.items():
            for kind in _KINDS:
                joined = getattr(heads, kind).transpose(1, 2).flatten(2)  # B L D
                self._put(f"{kind}-{i}", place, joined.cpu()[mask])

    def _put(self, name: str, place: Tensor, values: Tensor) -> None:
        if values.abs().max() > torch.finfo(torch.float16).max:
            raise OutputError(
                f"the teacher's {name} holds values beyond float16, so they cannot be cached; give --no-cache"
            )
        self._arrays[name][place] = values.to(torch.float16)


def open_cache(
    model: PreTrainedModel,
    needs: Needs,
    dataset: Dataset,
    collate: Collate,
    translate: Translate,
    *,
    progress: bool,
) -> TeacherCache | None:
    """The cache of this teacher's answers to these rows: found, completed where a stopped run left it, or made.

    Args:
        dataset: tokenised rows.
        translate: from the student's piece ids to the teacher's.

    Returns:
        None when the disk has no room for it (said aloud): the teacher then answers live.
    """
    lengths = torch.tensor(dataset["length"][:])
    said = _probe(model, needs, translate(_batch(dataset, collate, [0])))
    folder = cache_home() / "teacher" / _key(model, needs, dataset, translate, collate)
    size = _bytes(said, lengths)
    meta = folder / _META
    if not meta.is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder.parent).free < 1.2 * size:
            logger.warning(
                "no room for a teacher cache of %.2f GB in %s: the teacher answers live, epoch after epoch",
                size / 1e9,
                folder.parent,
            )
            return None
        folder.mkdir(exist_ok=True)
        meta.write_text(
            json.dumps(
                {"teacher": model.name_or_path, "rows": len(lengths), "tokens": int(lengths.sum()), "bytes": size},
                indent=2,
            )
        )
    cache = TeacherCache(folder, needs, said, lengths)
    _fill(cache, folder, model, needs, dataset, collate, translate, lengths, progress=progress)
    return cache


def _fill(
    cache: TeacherCache,
    folder: Path,
    model: PreTrainedModel,
    needs: Needs,
    dataset: Dataset,
    collate: Collate,
    translate: Translate,
    lengths: Tensor,
    *,
    progress: bool,
) -> None:
    batches = lengths.argsort(descending=True, stable=True).split(_BATCH)
    note = folder / _PROGRESS
    done = int(note.read_text()) if note.is_file() else 0
    if done >= len(batches):
        logger.info("the teacher's answers are read from %s", folder)
        return
    size = json.loads((folder / _META).read_text())["bytes"]
    logger.info("the teacher answers once and is cached: %.2f GB in %s", size / 1e9, folder)
    console = Console(stderr=True, quiet=not progress)
    device = next(model.parameters()).device
    with Tap(model, needs) as tap, torch.inference_mode():
        for number, rows in enumerate(track(batches[done:], "teacher", console=console), done + 1):
            inputs = {
                name: value.to(device) for name, value in translate(_batch(dataset, collate, rows.tolist())).items()
            }
            cache.write(rows, tap.take(model(**inputs), inputs["attention_mask"].bool()))
            if number % _FLUSH == 0 or number == len(batches):
                note.write_text(str(number))


def _batch(dataset: Dataset, collate: Collate, rows: Sequence[int]) -> dict[str, Tensor]:
    whole = dataset[list(rows)]
    batch = collate([{name: values[i] for name, values in whole.items()} for i in range(len(rows))])
    return {name: value for name, value in batch.items() if name not in ("labels", "row")}


@torch.inference_mode()
def _probe(model: PreTrainedModel, needs: Needs, inputs: dict[str, Tensor]) -> Said:
    """Ask about one row to learn the sizes of the answers."""
    device = next(model.parameters()).device
    inputs = {name: value.to(device) for name, value in inputs.items()}
    with Tap(model, needs) as tap:
        one = tap.take(model(**inputs), inputs["attention_mask"].bool())
    arrays = {"logits": (one.logits.shape[-1], False)} if one.logits is not None else {}
    arrays |= {f"hidden-{i}": (hidden.shape[-1], True) for i, hidden in one.hidden.items()}
    for i, heads in one.attention.items():
        arrays |= {
            f"{kind}-{i}": (getattr(heads, kind).shape[1] * getattr(heads, kind).shape[-1], True) for kind in _KINDS
        }
    counts = {i: (heads.queries.shape[1], heads.keys.shape[1], heads.scaling) for i, heads in one.attention.items()}
    return Said(arrays, counts, one.causal)


def _bytes(said: Said, lengths: Tensor) -> int:
    tokens = int(lengths.sum())
    return sum(width * (2 * tokens if per_token else 4 * len(lengths)) for width, per_token in said.arrays.values())


def _key(
    model: PreTrainedModel,
    needs: Needs,
    dataset: Dataset,
    translate: Translate,
    collate: Collate,
) -> str:
    """Changes with the teacher's weights or configuration, with any token it is asked about, and with what is asked for."""
    digest = hashlib.sha256(f"1 {sorted(needs.hidden)} {sorted(needs.attention)} {needs.logits}".encode())
    digest.update(model.config.to_json_string().encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(
            value.detach().cpu().contiguous().view(torch.uint8).numpy().data if value.dim() else str(value).encode()
        )
    for begin in range(0, len(dataset), 4096):
        inputs = translate(_batch(dataset, collate, range(begin, min(begin + 4096, len(dataset)))))
        for value in inputs.values():
            digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:32]
