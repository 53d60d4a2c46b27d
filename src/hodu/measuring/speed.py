"""Speed and memory: latency at batch 1, throughput in batches, peak memory of a fresh process. All on the CPU.

Only the model's forward pass is timed, on its own tokens (each model's own tokenizer): tokenisation is excluded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor

from hodu.data import max_length_of, tokenise
from hodu.errors import DataError, ModelError
from hodu.measuring.predict import sorted_batches, texts_of
from hodu.models.load import Loaded

_BLOCK = 10


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one sentence: the median, and what 95 of 100 stay under; of ``samples`` timed calls."""

    p50_ms: float
    p95_ms: float
    samples: int


def sample_rows(dataset: Dataset, count: int) -> list[dict[str, Any]]:
    """``count`` rows spread evenly over the data set, always the same ones; rows repeat when there are fewer."""
    if not len(dataset):
        raise DataError("no rows to time the models on")
    places = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    texts = texts_of(dataset)
    return [texts[int(place)] for place in places]


def latency(systems: Sequence[Loaded], rows: Sequence[Mapping[str, Any]], *, threads: int = 1) -> list[Latency]:
    """Latency at batch 1, unpadded real sentences, the models interleaved so that their ratios are fair.

    The rows are cut into blocks. Each round takes one block and runs it through every model in turn, the first of them
    changing from round to round, so that a busy machine slows all models alike. Before each block the model runs one
    sentence untimed, to have its weights in the processor's cache as it would in service; and before everything each
    model runs one sentence of each length, because a length's first call also prepares kernels.

    Args:
        threads: of torch, restored afterwards.
    """
    inputs = [[system.encode(row) for row in rows] for system in systems]
    return in_turns([system.model for system in systems], inputs, threads=threads)


def in_turns(
    models: Sequence[Callable[..., Any]],
    inputs: Sequence[Sequence[Mapping[str, Tensor]]],
    *,
    block: int = _BLOCK,
    threads: int = 1,
) -> list[Latency]:
    """What :func:`latency` does, of models and their encoded sentences: as many for each model, timed in blocks of ``block``."""
    seconds: list[list[float]] = [[] for _ in models]
    with _timing(threads):
        for model, sentences in zip(models, inputs, strict=True):
            for sentence in {_length(sentence): sentence for sentence in sentences}.values():
                model(**sentence)
        for turn, start in enumerate(range(0, len(inputs[0]), block)):
            for place in range(len(models)):
                number = (turn + place) % len(models)
                few = inputs[number][start : start + block]
                models[number](**few[0])
                seconds[number] += [_timed(models[number], sentence) for sentence in few]
    return [_percentiles(times) for times in seconds]


def throughput(systems: Sequence[Loaded], dataset: Dataset, *, batch_size: int = 32, threads: int = 1) -> list[float]:
    """Real tokens a second in length-sorted padded batches, the models interleaved. Padding takes time, but counts not.

    Tokens are each model's own: between models with different vocabularies compare ``latency`` instead.
    """
    batches = [_batches(system, dataset, batch_size) for system in systems]
    seconds, tokens = [0.0] * len(systems), [0] * len(systems)
    with _timing(threads):
        for system, own in zip(systems, batches, strict=True):
            system.model(**own[-1])  # warm-up
        for step in range(len(batches[0])):
            for number, system in enumerate(systems):
                batch = batches[number][step]
                seconds[number] += _timed(system.model, batch)
                tokens[number] += int(batch["attention_mask"].sum())
    return [count / spent for count, spent in zip(tokens, seconds, strict=True)]


def peak_memory(path: str, rows: Sequence[Mapping[str, Any]], *, threads: int = 1) -> int:
    """Bytes of memory that the model adds to a Python process that has torch and transformers imported.

    A fresh process (``python -m hodu.measuring.memory``) imports both, notes its peak resident memory, loads the model
    and its tokenizer, tokenises and runs the rows at batch 1, and notes the peak again: the difference is returned. It
    is what the system sees: weights as far as they were touched, activations, and the allocator's slack.

    Raises:
        ModelError: the process failed; its last line says why.
    """
    command = [sys.executable, "-P", "-m", "hodu.measuring.memory", path, "--threads", str(threads)]
    sources = str(Path(__file__).parents[2])  # so that the child finds this very hodu, installed or not
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [sources, os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(
        command,
        check=False,
        input=json.dumps(list(rows)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").split("\n")[-1]
        raise ModelError(f"{path}: the process that measures peak memory failed: {last}")
    return int(json.loads(done.stdout)["peak_memory_bytes"])


@contextmanager
def _timing(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


def _timed(model: Callable[..., Any], batch: Mapping[str, Tensor]) -> float:
    start = time.perf_counter()
    model(**batch)
    return time.perf_counter() - start


def _percentiles(seconds: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(np.asarray(seconds) * 1000, [50, 95])
    return Latency(float(p50), float(p95), len(seconds))


def _length(sentence: Mapping[str, Tensor]) -> int:
    return sentence["input_ids"].shape[1]


def _batches(system: Loaded, dataset: Dataset, batch_size: int) -> list[dict[str, Tensor]]:
    longest = max_length_of(system.tokenizer, system.model.config)
    encoded, _ = tokenise(texts_of(dataset), system.tokenizer, max_length=longest)
    return [batch for _, batch in sorted_batches(encoded, system.tokenizer, batch_size)]
