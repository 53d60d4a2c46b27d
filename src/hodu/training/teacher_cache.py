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
from torch import Tensor, nn
from transformers import PreTrainedModel

from hodu.taps import Tap, vocabulary_of
from hodu.training.callbacks import duration
from hodu.training.layout import Layout, side_by_side, taken_apart
from hodu.training.precision import bf16_pays
from hodu.training.processes import processes
from hodu.training.shards import Places, Shards, ShardWriter, Translate, content_keys
from hodu.types import Capture, Needs

logger = logging.getLogger("hodu")

Collate = Callable[[list[dict[str, Any]]], dict[str, Tensor]]

META = "meta.json"
_FORMAT = 2
_BATCH = 64
_DISK = 5e8  # bytes a second that a disk is trusted to read and to write: an ordinary SSD's


def cache_home() -> Path:
    """Where caches live: ``$HODU_CACHE``, else ``~/.cache/hodu``."""
    return Path(os.environ.get("HODU_CACHE", Path.home() / ".cache" / "hodu"))


class TeacherCache:
    """A teacher's answers to every row of a tokenised dataset."""

    def __init__(
        self, shards: Shards, places: Places, layout: Layout, needs: Needs, vocabulary: nn.Linear | None = None
    ) -> None:
        self._shards, self._places, self._layout, self._needs = shards, places, layout, needs
        self._vocabulary = vocabulary

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
        logits = self._logits(numbers, mask.device)
        return taken_apart(values, logits, mask, self._layout, self._needs, self._vocabulary)

    def outputs(self) -> Tensor:
        """What the teacher said of all rows, without their tokens: ``N C``."""
        logits = self._logits(range(len(self._places.shard)), torch.device("cpu"))
        assert logits is not None  # the question was about outputs
        return logits

    def _logits(self, rows: Sequence[int], device: torch.device) -> Tensor | None:
        if not self._needs.logits or self._layout.classes is None:  # none, or side by side with the tokens
            return None
        found = [self._shards.logits[self._places.shard[row]] for row in rows]
        return torch.stack(
            [one[self._places.example[row]] for one, row in zip(found, rows, strict=True) if one is not None]
        ).to(device)  # B C


@dataclass(frozen=True)
class Question:
    """What is asked of a teacher about a dataset.

    Attributes:
        dataset: tokenised rows with their ``length``.
        translate: from the student's piece ids to the teacher's.
        epochs: how often each answer will be used.
        otherwise: what happens where the disk has no room for the answers.
    """

    model: PreTrainedModel
    needs: Needs
    dataset: Dataset
    collate: Collate
    translate: Translate
    epochs: float
    otherwise: str = "the teacher answers live, epoch after epoch"

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
    vocabulary = vocabulary_of(question.model) if reads.readout else None
    return TeacherCache(shards, places, layout, reads, vocabulary)


def _find(question: Question) -> tuple[Path, Layout]:
    """The folder of answers of this kind, or of a kind that holds more; made when there is none."""
    home = cache_home() / "teacher" / weights_key(question.model)
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
        logger.warning("no room for a teacher cache of %.2f GB in %s: %s", size / 1e9, folder, question.otherwise)
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
            parts = {
                "tokens": side_by_side(capture, layout),
                "lengths": torch.from_numpy(lengths[batch].astype(np.int32)),
            }
            if capture.logits is not None and layout.classes is not None:
                parts["logits"] = capture.logits.float().cpu()
            writer.add(keys=torch.from_numpy(keys[batch].view(np.int64)), **parts)
        writer.close()
    except (OSError, SafetensorError) as error:
        if getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT) and "No space left" not in str(error):
            raise
        logger.warning("the disk of %s is full: %s", folder, question.otherwise)


def weights_key(model: PreTrainedModel) -> str:
    """Changes with a model's configuration or any of its weights, and with how it computes."""
    digest = hashlib.sha256(f"{_FORMAT} {bf16_pays()} {model.config.to_json_string()}".encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        flat = value.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]
