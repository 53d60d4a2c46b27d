"""A student for the runtimes of native apps: one text at a time; written, asked through that runtime, compared, then there."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from hodu.errors import ExportError
from hodu.exporting.executorch import in_executorch, to_executorch
from hodu.exporting.litert import in_litert, lengths_of, to_litert
from hodu.exporting.manifest import TOKENIZER, write_manifest
from hodu.exporting.parity import Array, Outputs, Parity, System, compare
from hodu.exporting.quantize import Precision
from hodu.exporting.samples import Samples
from hodu.models.facts import facts_of
from hodu.models.load import Loaded
from hodu.output import appearing
from hodu.types import Task

logger = logging.getLogger("hodu")

_PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")


@dataclass(frozen=True)
class Runtime:
    """What writes and what runs a file.

    Attributes:
        extra: of hodu, and what ``--to`` calls it.
        file: the model's name in its folder.
        modules: what must be installed.
        packages: whose versions the manifest notes.
        lengths: the only lengths that a text may have, None for any.
    """

    extra: str
    title: str
    file: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    write: Callable[[Loaded, Task, Precision], bytes]
    answering: Callable[[bytes, Task], System]
    lengths: Callable[[Loaded], list[int]] | None = None


NATIVE = {
    "litert": Runtime(
        "litert",
        "LiteRT",
        "model.tflite",
        ("litert_torch", "ai_edge_quantizer", "ai_edge_litert"),
        ("litert-torch", "ai-edge-quantizer", "ai-edge-litert"),
        to_litert,
        in_litert,
        lengths_of,
    ),
    "executorch": Runtime(
        "executorch",
        "ExecuTorch",
        "model.pte",
        ("executorch", "torchao"),
        ("executorch", "torchao"),
        to_executorch,
        in_executorch,
    ),
}


def check_native(loaded: Loaded, task: Task, runtime: Runtime, precision: Precision) -> None:
    """Refuse what these files cannot hold.

    Raises:
        ExportError: another precision, a model that reads facts, or one that compares choices.
    """
    to, path = f"--to {runtime.extra}", loaded.path
    if precision not in _PRECISIONS:
        raise ExportError(f"--precision {precision} is none of {to}; expected {' or '.join(_PRECISIONS)}")
    if facts_of(loaded.model.config) is not None:
        raise ExportError(
            f"{path} was trained to read facts, and {to} writes no graph and no mask of facts; take --to onnx"
        )
    if task == "multiple-choice":
        raise ExportError(
            f"{path} does multiple-choice, where all choices are asked at once, and {to} writes a model for one text at a time; take --to onnx"
        )


def export_native(
    loaded: Loaded,
    task: Task,
    samples: Samples,
    out: Path,
    runtime: Runtime,
    precision: Precision,
    agreement: float,
    tokenizer: str,
    say: Callable[[Parity], dict[str, Any]],
    overwrite: bool,
) -> tuple[Path, dict[str, Any], Parity]:
    """Write a folder with the model, its tokenizer and a manifest. What is compared is what the runtime itself answers.

    Returns:
        The folder, its manifest, and the comparison.

    Raises:
        ExportError: the model cannot be written for this runtime.
        Disagreement: it answers otherwise.
        OutputError: it cannot be written.
    """
    logger.info("writing %s for %s", loaded.path, runtime.title)
    made = _written(loaded, task, runtime, precision)
    logger.info("comparing it with PyTorch on %d texts of %s", len(samples.asked), samples.source)
    system = one_by_one(runtime.answering(made, task))
    parity = compare(loaded, task, samples, {f"{runtime.extra} {precision}": system})
    parity.check(agreement)
    lengths = None if runtime.lengths is None else runtime.lengths(loaded)
    with appearing(out, overwrite=overwrite) as folder:
        (folder / runtime.file).write_bytes(made)
        (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
        said = {**say(parity), "runtime": runtime.extra, "lengths": lengths}
        manifest = write_manifest(folder, said, runtime.file)
    return out, manifest, parity


def _written(loaded: Loaded, task: Task, runtime: Runtime, precision: Precision) -> bytes:
    loaded.model.set_attn_implementation("eager")
    loaded.model.config.use_cache = False
    try:
        with warnings.catch_warnings():  # on what their own parts will do without one day
            warnings.simplefilter("ignore")
            return runtime.write(loaded, task, precision)
    except Exception as error:  # a converter fails in its own ways, and each means the same to who asked
        what = f"{type(loaded.model).__name__} ({loaded.model.config.model_type})"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ExportError(
            f"{loaded.path}: {what} cannot be written for {runtime.title} with torch {torch.__version__} and transformers {transformers.__version__}: {reason[:300]}; take --to onnx"
        ) from error


def one_by_one(answer: System) -> System:
    """What answers one text, for batches: their rows stay padded, so that a lost mask shows."""

    def run(inputs: Mapping[str, Array]) -> Outputs:
        rows = range(len(inputs["input_ids"]))
        found = [answer({name: values[row : row + 1] for name, values in inputs.items()}) for row in rows]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}

    return run
