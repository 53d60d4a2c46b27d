"""A model as one ONNX graph: any batch, any length, its mask of facts, softmax and pooling inside."""

from __future__ import annotations

import inspect
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hodu.data import max_length_of
from hodu.errors import ExportError
from hodu.exporting.heads import OUTPUTS, Answering
from hodu.exporting.lighten import lighten
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, labels_of, task_of
from hodu.types import CLASSES, Task

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20
_OURS = "hodu_"
_LARGEST = 2**31 - 1  # bytes of one protobuf file


def check_exportable(loaded: Loaded) -> Task:
    """The task of a model that can be exported.

    Raises:
        ExportError: what it does, or how it reads facts, is not supported, or it was never trained to do it.
    """
    task, settings = task_of(loaded.model.config), facts_of(loaded.model.config)
    if task not in OUTPUTS:
        raise ExportError(f"{loaded.path} does {task}, which cannot be exported; what can: {', '.join(OUTPUTS)}")
    if loaded.untrained:
        raise ExportError(
            f"{loaded.path} lacks {', '.join(loaded.untrained[:3])}, so its answers would be random; fine-tune it first (hodu train)"
        )
    if settings is not None and settings.layout == "tree":
        raise ExportError(
            f"{loaded.path} reads facts in the layout tree, which is there for comparisons and cannot be exported; train it with --fact-layout star"
        )
    return task


def inputs_of(loaded: Loaded) -> list[str]:
    """The names of a model's inputs, in their order."""
    taken = inspect.signature(loaded.model.base_model.forward).parameters
    typed = "token_type_ids" in loaded.tokenizer.model_input_names and "token_type_ids" in taken
    settings = facts_of(loaded.model.config)
    star = settings is not None and settings.layout == "star"
    return ["input_ids", "attention_mask", *(["token_type_ids"] if typed else []), *(["fact_ids"] if star else [])]


def labels_or_none(loaded: Loaded, task: Task) -> list[str] | None:
    """The names of a model's classes, in the order of its outputs."""
    return list(labels_of(loaded.model.config).values()) if task in CLASSES else None


def to_onnx(loaded: Loaded, task: Task) -> ModelProto:
    """The model as a graph in fp32; its attention is plain ("eager") from now on.

    Raises:
        ExportError: PyTorch cannot write it.
    """
    loaded.model.set_attn_implementation("eager")
    loaded.model.config.use_cache = False
    example = _example(inputs_of(loaded))
    length = torch.export.Dim("length", max=max_length_of(loaded.tokenizer, loaded.model.config))
    try:
        with _quietly():
            program = torch.onnx.export(
                Answering(loaded.model, task).eval(),
                kwargs=example,
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes={name: {0: torch.export.Dim("batch"), 1: length} for name in example},
                input_names=list(example),
                output_names=[f"{_OURS}{name}" for name in OUTPUTS[task]],
                verbose=False,
            )
        assert program is not None  # it is one with dynamo
        graph: ModelProto = program.model_proto
    except (torch.onnx.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
        reason = next((line for line in reversed(str(error).splitlines()) if "Error" in line), str(error))
        raise ExportError(
            f"{loaded.path}: {type(loaded.model).__name__} ({loaded.model.config.model_type}) cannot be written as ONNX by torch {torch.__version__}: {reason[:300]}"
        ) from error
    fixed = [
        f"{one.name} {dim.dim_value}"
        for one in graph.graph.input
        for dim in one.type.tensor_type.shape.dim
        if not dim.dim_param
    ]
    if fixed:  # len(tensor) somewhere in the model does it
        raise ExportError(
            f"{loaded.path}: {type(loaded.model).__name__} would be written for one size only ({', '.join(fixed)}), and texts have any"
        )
    if graph.ByteSize() > _LARGEST:
        raise ExportError(
            f"{loaded.path} has {graph.ByteSize() / 1e9:.1f} GB of weights, and one ONNX file holds 2.1; distil it first"
        )
    _name_outputs(graph, OUTPUTS[task])
    return _labelled(lighten(graph), task, labels_or_none(loaded, task))


def _example(names: list[str]) -> dict[str, Tensor]:
    """Inputs to trace the model with, ``2 8``: what they hold does not matter."""
    ids = torch.ones(2, 8, dtype=torch.long)
    mask = torch.tensor([[1] * 8, [1] * 6 + [0] * 2])
    values = {
        "input_ids": ids,
        "attention_mask": mask,
        "token_type_ids": 0 * ids,
        "fact_ids": (mask.cumsum(1) - 4) // 2,
    }
    return {name: values[name].clamp(min=0) for name in names}


def _name_outputs(graph: ModelProto, names: tuple[str, ...]) -> None:
    """Give the outputs their names, and others to what is called so inside: PyTorch calls what it looks up ``embedding``."""
    new = {f"{_OURS}{name}": name for name in names} | {name: f"{name}_inside" for name in names}
    for node in graph.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for value in (*graph.graph.output, *graph.graph.initializer):
        value.name = new.get(value.name, value.name)


def _labelled(graph: ModelProto, task: Task, labels: list[str] | None) -> ModelProto:
    """With what it does and its classes written into it, and without the exporter's notes: source lines and paths of this machine."""
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.value_info[:]  # shapes between nodes, which quantisers take for true when they are no longer
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        del value.metadata_props[:]
    for part in (graph, graph.graph):
        del part.metadata_props[:]
    for key, text in (("hodu_task", task), ("hodu_labels", json.dumps(labels, ensure_ascii=False))):
        graph.metadata_props.add(key=key, value=text)
    return graph


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's remarks on torchvision, on names of axes and on each step of its work."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
