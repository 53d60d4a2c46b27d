"""From a student to a folder that runs in a pocket: written, made small, compared, packed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from tokenizers import Tokenizer

import hodu
from hodu.data import Columns, max_length_of
from hodu.errors import ExportError
from hodu.exporting.bundle import add_page
from hodu.exporting.for_llama import export_gguf
from hodu.exporting.gguf import check_gpt2
from hodu.exporting.heads import OUTPUTS
from hodu.exporting.installed import GGUF, check_installed
from hodu.exporting.manifest import GRAPH, MODEL, TOKENIZER, write_manifest
from hodu.exporting.native import NATIVE, check_native, export_native
from hodu.exporting.onnx import check_exportable, inputs_of, labels_or_none, to_onnx
from hodu.exporting.parity import AGREEMENT, PLAIN, QUANTISED, Parity, compare
from hodu.exporting.quantize import PRECISIONS, Precision
from hodu.exporting.samples import Samples, samples_of
from hodu.models.facts import facts_of
from hodu.models.licence import licence_of
from hodu.models.load import Loaded, load_model
from hodu.output import appearing, check_free
from hodu.types import Task

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph

logger = logging.getLogger("hodu")

Target = Literal["phone", "onnx", "gguf", "litert", "executorch"]
"""A whole bundle with its page · the same without the page, for apps and servers · a GPT-2 for llama.cpp · a model for the runtimes of native apps."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: in which the manifest's files lie.
        page: whether a page is in it.
    """

    folder: Path
    manifest: dict[str, Any]
    parity: Parity
    page: bool


def export(
    model: str | Path,
    out: str | Path,
    *,
    to: Target = "phone",
    graph: str | Path | None = None,
    data: str | Path | None = None,
    precision: Precision = "int8",
    agreement: float = AGREEMENT,
    columns: Columns | None = None,
    label_names: Sequence[str] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a model as a folder that a phone (or any onnxruntime) runs, after comparing it with PyTorch on texts.

    Args:
        model: a folder or hub id, of any task but replaced-token; it is read and left as it is.
        out: the folder to make; it appears when everything is done.
        to: ``phone`` adds the page; ``gguf`` writes a GPT-2 for llama.cpp, into a file if ``out`` ends in .gguf; ``litert`` and ``executorch`` write a model for these runtimes.
        graph: a knowledge graph, for a model that was trained to read facts: it goes into the bundle, compiled.
        data: texts to compare on, what :func:`hodu.data.load` takes (dev, else test); with labels the task's metric is measured too, and the first texts become examples
            in the bundle. Built-in texts without it.
        precision: ``int8`` (standard operators), ``int4`` (about two thirds of it, for students distilled with ``quantise="int4"``), ``blocks8`` (nearly fp32, native apps only) or ``fp32``.
        agreement: the share of texts that must be answered as PyTorch answers them, one by one.

    Raises:
        ExportError: the model cannot be exported, needs a graph, or its export answers otherwise (:class:`hodu.exporting.parity.Disagreement`); or an extra is missing.
        OutputError: ``out`` exists, or cannot be written.
        ModelError, DataError, GraphError: there is no such model, data or graph, or it is broken.
    """
    if to not in get_args(Target) or precision not in PRECISIONS:
        raise ExportError(
            f"export to {to!r} with precision {precision!r} is not known; expected to: {', '.join(get_args(Target))}; precision: {', '.join(PRECISIONS)}"
        )
    native = NATIVE.get(to)
    if to == "gguf":
        check_installed(GGUF, "gguf")
    elif native is not None:
        check_installed(native.modules, native.extra)
    else:
        check_installed()
    out = Path(out)
    check_free(out, overwrite=overwrite, needed=(model, data, graph))
    loaded = load_model(model)
    task = check_exportable(loaded)
    if to == "phone" and task == "causal-lm":
        raise ExportError(
            f"{loaded.path} writes text, and the page does not run such models; take --to gguf (for llama.cpp and apps built on it), or --to onnx for an app of your own"
        )
    if to == "gguf":
        check_gpt2(loaded, precision)
    if native is not None:
        check_native(loaded, task, native, precision)
    compiled = _graph_for(loaded, graph)
    samples = samples_of(loaded, task, compiled, None if data is None else str(data), columns or Columns(), label_names)
    if to == "gguf":
        say = partial(_said, loaded, task, samples, precision=precision, writers=("torch", "transformers", "gguf"))
        return Exported(*export_gguf(loaded, samples, out, precision, agreement, say, overwrite), page=False)
    if native is not None:
        say = partial(
            _said, loaded, task, samples, precision=precision, writers=("torch", "transformers", *native.packages)
        )
        return Exported(
            *export_native(
                loaded, task, samples, out, native, precision, agreement, _tokenizer(loaded), say, overwrite
            ),
            page=False,
        )
    logger.info("writing %s as ONNX", loaded.path)
    plain = to_onnx(loaded, task)
    files = {PLAIN: plain.SerializeToString()}
    if precision != "fp32":
        files[QUANTISED] = PRECISIONS[precision](plain).SerializeToString()
    logger.info("comparing it with PyTorch on %d texts of %s", len(samples.asked), samples.source)
    if compiled is not None and not samples.told:
        logger.warning(
            "the graph has no facts about these texts, so reading them was not compared; give --data with texts about its things"
        )
    parity = compare(loaded, task, samples, files)
    parity.check(agreement)
    with appearing(out, overwrite=overwrite) as folder:
        (folder / MODEL).write_bytes(files.get(QUANTISED, files[PLAIN]))
        (folder / TOKENIZER).write_text(_tokenizer(loaded), encoding="utf-8")
        if compiled is not None:
            shutil.copyfile(compiled.path, folder / GRAPH)
        page = to == "phone" and add_page(folder)
        manifest = write_manifest(folder, _said(loaded, task, samples, parity, precision))
    return Exported(out, manifest, parity, page)


def _graph_for(loaded: Loaded, graph: str | Path | None) -> CompiledGraph | None:
    reads = facts_of(loaded.model.config) is not None
    if reads and graph is None:
        raise ExportError(
            f"{loaded.path} was trained to read facts of a knowledge graph, and the bundle must hold one; give it with --graph"
        )
    if graph is None:
        return None
    if not reads:
        raise ExportError(
            f"{loaded.path} was not trained to read facts, so it has no use for {graph}; leave out --graph"
        )
    from hodu.knowledge.opening import open_compiled

    return open_compiled(graph)


def _tokenizer(loaded: Loaded) -> str:
    """tokenizer.json without what training set: whoever reads a text cuts it."""
    copy = Tokenizer.from_str(loaded.tokenizer.backend_tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy.to_str()


def _said(
    loaded: Loaded,
    task: Task,
    samples: Samples,
    parity: Parity,
    precision: Precision,
    writers: Sequence[str] = ("torch", "transformers", "onnx", "onnxruntime"),
) -> dict[str, Any]:
    card = loaded.card
    return {
        "hodu": hodu.__version__,
        "name": Path(loaded.path).resolve().name if Path(loaded.path).exists() else loaded.path.split("/")[-1],
        "created": datetime.now(UTC).date().isoformat(),
        "task": task,
        "labels": labels_or_none(loaded, task),
        "languages": list(samples.languages),
        "max_length": max_length_of(loaded.tokenizer, loaded.model.config),
        "inputs": inputs_of(loaded),
        "outputs": list(OUTPUTS[task]),
        "facts": _facts(loaded),
        "examples": samples.examples,
        "precision": precision,
        "versions": {name: version(name) for name in writers},
        "licence": licence_of([loaded.path]),
        "teacher": ", ".join(
            Path(one).name if Path(one).exists() or Path(one).is_absolute() else one for one in card.get("teachers", ())
        )
        or None,
        "recipe": card.get("recipe"),
        "figures": parity.as_json(),
    }


def _facts(loaded: Loaded) -> dict[str, Any] | None:
    """How a text is to be given its facts."""
    settings = facts_of(loaded.model.config)
    if settings is None:
        return None
    from hodu.knowledge.reader import HOPS, LIMIT

    tokenizer = loaded.tokenizer
    end = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    return {
        "layout": settings.layout,
        "tokens": settings.tokens,
        "slots": settings.slots,
        "limit": LIMIT,
        "hops": HOPS,
        "separator": end,
    }
