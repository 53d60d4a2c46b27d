"""What the teacher said, stored once and read by later epochs, stages, seeds, students and data files.

One folder for a teacher (by its weights) and kind of answer; in it each example is found by its content, so a student can never read another teacher's answers, or
those to other texts, and ten new rows cost ten questions. float16: see docs/decisions.md.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError
from torch import Tensor
from transformers import PreTrainedModel

from hodu.errors import OutputError
from hodu.taps import Tap
from hodu.training.callbacks import duration
from hodu.training.processes import bf16_pays, processes
from hodu.training.shards import Places, Shards, ShardWriter, Translate, content_keys
from hodu.types import Capture, Heads, Needs

logger = logging.getLogger("hodu")

Collate = Callable[[list[dict[str, Any]]], dict[str, Tensor]]

META = "meta.json"
_FORMAT = 2
_BATCH = 64
_DISK = 5e8  # bytes a second that a disk is trusted to read and to write: an ordinary SSD's
_KINDS = ("queries", "keys", "values")


def cache_home() -> Path:
    """Where caches live: ``$HODU_CACHE``, else ``~/.cache/hodu``."""
    return Path(os.environ.get("HODU_CACHE", Path.home() / ".cache" / "hodu"))


@dataclass(frozen=True)
class HeadSizes:
    """The sizes of one attention layer: query heads, key/value heads, width of one head."""

    queries: int
    keys: int
    width: int
    scaling: float


@dataclass(frozen=True)
class Layout:
    """What a token's row of a shard holds, side by side: hidden states by layer, then queries, keys and values by layer."""

    hidden: dict[int, int]
    heads: dict[int, HeadSizes]
    classes: int | None
    causal: bool

    @classmethod
    def of(cls, capture: Capture) -> Layout:
        """The layout that holds such answers."""
        heads = {
            layer: HeadSizes(one.queries.shape[1], one.keys.shape[1], one.keys.shape[-1], one.scaling)
            for layer, one in sorted(capture.attention.items())
        }
        hidden = {layer: state.shape[-1] for layer, state in sorted(capture.hidden.items())}
        return cls(hidden, heads, None if capture.logits is None else capture.logits.shape[-1], capture.causal)

    @classmethod
    def read(cls, meta: dict[str, Any]) -> Layout:
        """The layout in a folder's ``meta.json``."""
        heads = {int(layer): HeadSizes(**sizes) for layer, sizes in meta["heads"].items()}
        return cls(
            {int(layer): width for layer, width in meta["hidden"].items()}, heads, meta["classes"], meta["causal"]
        )

    def columns(self) -> Iterator[tuple[str, int, int]]:
        """(kind, layer, width) of each part of a row, in order."""
        for layer, width in self.hidden.items():
            yield "hidden", layer, width
        for layer, sizes in self.heads.items():
            for kind in _KINDS:
                yield kind, layer, sizes.width * (sizes.queries if kind == "queries" else sizes.keys)

    @property
    def needs(self) -> Needs:
        """What a teacher is asked to fill it."""
        return Needs(self.classes is not None, frozenset(self.hidden), frozenset(self.heads))

    @property
    def width(self) -> int:
        """Numbers per token."""
        return sum(width for _, _, width in self.columns())

    def bytes(self, examples: int, tokens: int) -> int:
        """Bytes on disk of so many examples of so many tokens together."""
        return 2 * tokens * self.width + 4 * examples * (self.classes or 0)

    def covers(self, needs: Needs) -> bool:
        """Whether all that is needed is in it."""
        return self.needs | needs == self.needs


class TeacherCache:
    """A teacher's answers to every row of a tokenised dataset."""

    def __init__(self, shards: Shards, places: Places, layout: Layout, needs: Needs) -> None:
        self._shards, self._places, self._layout, self._needs = shards, places, layout, needs

    def read(self, rows: Tensor, mask: Tensor) -> Capture:
        """What the teacher said of these rows.

        Args:
            rows: ``B`` row numbers of the dataset.
            mask: ``B L`` of the batch, its real tokens side by side; what stands at padding is arbitrary.
        """
        numbers, real = rows.tolist(), mask.cpu()
        values = torch.zeros(*real.shape, self._layout.width, dtype=torch.float16)  # B L W
        starts, lengths = real.int().argmax(1).tolist(), real.sum(1).tolist()
        for padded, row, start, length in zip(values, numbers, starts, lengths, strict=True):
            token = self._places.token[row]
            padded[start : start + length] = self._shards.tokens[self._places.shard[row]][token : token + length]
        return _capture(values, self._logits(numbers, mask.device), mask, self._layout, self._needs)

    def _logits(self, rows: Sequence[int], device: torch.device) -> Tensor | None:
        if not self._needs.logits:
            return None
        found = [self._shards.logits[self._places.shard[row]] for row in rows]
        return torch.stack(
            [one[self._places.example[row]] for one, row in zip(found, rows, strict=True) if one is not None]
        ).to(device)  # B C


def _capture(values: Tensor, logits: Tensor | None, mask: Tensor, layout: Layout, needs: Needs) -> Capture:
    """What lies side by side in ``values`` (``B L W``), taken apart."""
    hidden: dict[int, Tensor] = {}
    heads: dict[int, dict[str, Tensor]] = {}
    begin = 0
    for kind, layer, width in layout.columns():
        part, begin = values[..., begin : begin + width], begin + width  # B L D
        if kind == "hidden" and layer in needs.hidden:
            hidden[layer] = part.to(mask.device, torch.float32)
        elif kind != "hidden" and layer in needs.attention:
            split = part.to(mask.device, torch.float32).unflatten(-1, (-1, layout.heads[layer].width))  # B L H K
            heads.setdefault(layer, {})[kind] = split.transpose(1, 2)  # B H L K
    attention = {layer: Heads(**kinds, scaling=layout.heads[layer].scaling) for layer, kinds in heads.items()}
    return Capture(mask, logits, hidden, attention, layout.causal)


def _joined(capture: Capture, layout: Layout) -> Tensor:
    """The answers about the real tokens, side by side: tokens, W.

    Raises:
        OutputError: a value that float16 cannot hold.
    """
    parts = []
    for kind, layer, _ in layout.columns():
        if kind == "hidden":
            parts.append(capture.hidden[layer][capture.mask])  # tokens D
        else:
            parts.append(getattr(capture.attention[layer], kind).transpose(1, 2).flatten(2)[capture.mask])  # tokens D
    if not parts:
        return torch.zeros(int(capture.mask.sum()), 0, dtype=torch.float16)
    joined = torch.cat(parts, dim=-1)
    if joined.abs().max() > torch.finfo(torch.float16).max:
        raise OutputError("the teacher gives values beyond float16, so they cannot be cached; give --no-cache")
    return joined.to("cpu", torch.float16)


@dataclass(frozen=True)
class Question:
    """What is asked of a teacher about a dataset.

    Attributes:
        dataset: tokenised rows with their ``length``.
        translate: from the student's piece ids to the teacher's.
        epochs: how often each answer will be used.
    """

    model: PreTrainedModel
    needs: Needs
    dataset: Dataset
    collate: Collate
    translate: Translate
    epochs: float

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """These rows as the teacher takes them, on its device."""
        whole = self.dataset[list(rows)]
        batch = self.collate([{name: values[i] for name, values in whole.items()} for i in range(len(rows))])
        inputs = self.translate({name: value for name, value in batch.items() if name not in ("labels", "row")})
        return {name: value.to(self.model.device) for name, value in inputs.items()}

    def answers(self, batches: Sequence[Sequence[int]]) -> Iterator[Capture]:
        """What the teacher says to each of these batches of rows."""
        device = self.model.device.type
        with Tap(self.model, self.needs) as tap:
            for rows in batches:
                # left before each yield: a generator's modes would else rule its caller
                with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16_pays()):
                    capture = tap.ask(self.batch(rows))
                yield capture


def open_cache(question: Question, reads: Needs, *, force: bool, progress: bool) -> TeacherCache | None:
    """The cache of this teacher's answers to these rows: found, completed, or made where that saves time.

    Several processes share the work. The estimate of the time with and without the cache is logged.

    Args:
        reads: the part of the answers that will be read, where the question also serves other stages.
        force: store the answers even where that does not pay in this run alone, but in the next.

    Returns:
        None when the teacher shall answer live: it is sooner done, or the disk has no room (said aloud).
    """
    keys = content_keys(question.dataset, question.translate)
    lengths = np.asarray(question.dataset["length"][:], dtype=np.int64)
    folder, layout = _find(question)
    shards = Shards(folder)
    places = shards.find(keys)
    missing = _once_each(keys, places)
    asked = replace(question, needs=layout.needs)
    if not _agreed(lambda: not len(missing) or _pays(asked, layout, lengths, missing, folder, force=force)):
        return None
    if len(missing):
        _fill(asked, layout, folder, keys, lengths, missing, progress=progress)
    processes().wait_for_everyone()
    if len(missing):
        shards = Shards(folder)
        places = shards.find(keys)
        if (places.shard < 0).any():
            return None
    logger.info("the teacher's answers are read from %s", folder)
    os.utime(folder)  # when it was last used, for hodu cache
    return TeacherCache(shards, places, layout, reads)


def _find(question: Question) -> tuple[Path, Layout]:
    """The folder of answers of this kind, or of a kind that holds more; made when there is none."""
    home = cache_home() / "teacher" / _weights_key(question.model)
    for path in sorted(home.glob(f"*/{META}")):
        layout = Layout.read(json.loads(path.read_text(encoding="utf-8")))
        if layout.covers(question.needs):
            return path.parent, layout
    (capture,) = question.answers([[0]])
    layout = Layout.of(capture)
    name = hashlib.sha256(repr(layout).encode()).hexdigest()[:16]
    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    meta = {"teacher": question.model.name_or_path, **asdict(layout)}
    partial = folder / f"{META}.{os.getpid()}"
    partial.write_text(json.dumps(meta, indent=2), encoding="utf-8")
    partial.replace(folder / META)
    return folder, layout


def _once_each(keys: np.ndarray, places: Places) -> np.ndarray:
    """Rows whose content has no place yet, each content once."""
    rows = (places.shard < 0).nonzero()[0]
    _, first = np.unique(keys[rows], axis=0, return_index=True)
    return rows[np.sort(first)]


def _pays(
    question: Question, layout: Layout, lengths: np.ndarray, missing: np.ndarray, folder: Path, *, force: bool
) -> bool:
    """Whether storing the missing answers is sooner done than asking in every epoch, or wanted anyway; says both times."""
    size = layout.bytes(len(missing), int(lengths[missing].sum()))
    if shutil.disk_usage(folder).free < 1.2 * size:
        logger.warning(
            "no room for a teacher cache of %.2f GB in %s: the teacher answers live, epoch after epoch",
            size / 1e9,
            folder,
        )
        return False
    speed = _tokens_per_second(question, lengths)
    live = question.epochs * lengths.sum() / speed
    whole = layout.bytes(len(lengths), int(lengths.sum()))
    once = lengths[missing].sum() / speed + size / _DISK
    cached = once + question.epochs * whole / _DISK
    pays = force or bool(cached < live)
    logger.info(
        "teacher: about %s live (%g epochs at %s tokens/s); %s with a cache of %.2f GB: %s",
        duration(live),
        question.epochs,
        f"{speed:,.0f}",
        duration(cached),
        size / 1e9,
        "cached" if pays else "live",
    )
    return pays


def _tokens_per_second(question: Question, lengths: np.ndarray) -> float:
    """The teacher's speed, timed on a batch of the middle lengths."""
    middle = lengths.argsort(kind="stable")[len(lengths) // 2 :][:_BATCH].tolist()
    seconds = []
    answers = question.answers([middle] * 3)
    for _ in range(3):  # the first one prepares kernels
        begin = time.perf_counter()
        capture = next(answers)
        float(capture.mask.sum())  # waits for a GPU
        seconds.append(time.perf_counter() - begin)
    return float(lengths[middle].sum() / min(seconds[1:]))


def _agreed(decide: Callable[[], bool]) -> bool:
    """The first process's decision, in all of them."""
    team = processes()
    decision = [decide() if team.is_main_process else None]
    if team.num_processes > 1:
        broadcast_object_list(decision)
    return bool(decision[0])


def _fill(
    question: Question,
    layout: Layout,
    folder: Path,
    keys: np.ndarray,
    lengths: np.ndarray,
    missing: np.ndarray,
    *,
    progress: bool,
) -> None:
    """Ask about the missing rows, this process its share of them, and store what is said as far as the disk has room."""
    team = processes()
    rows = missing[lengths[missing].argsort(kind="stable")[::-1]][team.process_index :: team.num_processes]
    batches = [rows[begin : begin + _BATCH] for begin in range(0, len(rows), _BATCH)]
    logger.info("the teacher answers once: %s", folder)
    writer = ShardWriter(folder)
    console = Console(stderr=True, quiet=not (progress and team.is_main_process))
    answers = question.answers([batch.tolist() for batch in batches])
    try:
        for batch, capture in zip(track(batches, "teacher", console=console), answers, strict=True):
            parts = {"tokens": _joined(capture, layout), "lengths": torch.from_numpy(lengths[batch].astype(np.int32))}
            if capture.logits is not None:
                parts["logits"] = capture.logits.float().cpu()
            writer.add(keys=torch.from_numpy(keys[batch].view(np.int64)), **parts)
        writer.close()
    except (OSError, SafetensorError) as error:
        if getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT) and "No space left" not in str(error):
            raise
        logger.warning("the disk of %s is full: the teacher answers live, epoch after epoch", folder)


def _weights_key(model: PreTrainedModel) -> str:
    """Changes with the teacher's configuration or any of its weights, and with how it computes."""
    digest = hashlib.sha256(f"{_FORMAT} {bf16_pays()} {model.config.to_json_string()}".encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        flat = value.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]
