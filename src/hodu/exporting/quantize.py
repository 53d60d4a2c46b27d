"""Weights in eight bits, from the graph as PyTorch writes it: products first fused into attention would be passed over, and lose their mask."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from hodu.exporting.four_bits import in_four_bits
from hodu.models import grid

if TYPE_CHECKING:
    from onnx import ModelProto

Precision = Literal["int8", "int4", "blocks8", "fp32"]

_BLOCK = 32


def int8(graph: ModelProto) -> ModelProto:
    """Standard operators only: products with whole weights in int8, one scale an output channel (activations: one a tensor, found as it runs), and embeddings in int8, one scale a row."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder, _quietly():
        file = Path(folder) / "model.onnx"
        quantize_dynamic(
            embeddings_in_int8(graph),
            file,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
        return _as_before(onnx.load(file), graph)


def blocks8(graph: ModelProto) -> ModelProto:
    """Nearly fp32, for native apps only: products by onnxruntime's own ``MatMulNBits``, 8 bits, a scale for 32 weights. In a browser it is slower than fp32."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.quantization.onnx_model import ONNXModel

    made = ONNXModel(embeddings_in_int8(graph))
    made.replace_gemm_with_matmul()
    with _quietly():
        quantizer = MatMulNBitsQuantizer(made.model, bits=8, block_size=_BLOCK, is_symmetric=True, accuracy_level=4)
        quantizer.process()
    return _as_before(quantizer.model.model, graph)


def int4(graph: ModelProto) -> ModelProto:
    """About two thirds of int8's bytes: a scale for 32 weights, in standard operators; for students that were distilled so (``hodu distill --quantise int4``)."""
    return _as_before(embeddings_in_int8(in_four_bits(graph)), graph)


PRECISIONS: dict[Precision, Callable[[ModelProto], ModelProto]] = {
    "int8": int8,
    "int4": int4,
    "blocks8": blocks8,
    "fp32": lambda graph: graph,
}


def embeddings_in_int8(graph: ModelProto) -> ModelProto:
    """A copy in which each large table that is looked up holds int8 and one scale a row: ``Gather(int8) x Gather(scale)``."""
    import onnx
    from onnx import helper, numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(graph)
    tables = {one.name: one for one in made.graph.initializer}
    nodes = []
    for node in made.graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT or not _worth_it(list(table.dims)):
            nodes.append(node)
            continue
        name, out = table.name, node.output[0]
        if f"{name}_int8" not in tables:
            numbers, scales = by_rows(numpy_helper.to_array(table))
            for kind, array in (("int8", numbers), ("scale", scales)):
                tables[f"{name}_{kind}"] = numpy_helper.from_array(array, f"{name}_{kind}")
        nodes += [
            helper.make_node("Gather", [f"{name}_int8", node.input[1]], [f"{out}_int8"], f"{node.name}_int8"),
            helper.make_node("Gather", [f"{name}_scale", node.input[1]], [f"{out}_scale"], f"{node.name}_scale"),
            helper.make_node(
                "Cast", [f"{out}_int8"], [f"{out}_float"], f"{node.name}_float", to=onnx.TensorProto.FLOAT
            ),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out], node.name),
        ]
    used = Counter(name for node in nodes for name in node.input)
    del made.graph.node[:], made.graph.initializer[:]
    made.graph.node.extend(nodes)
    made.graph.initializer.extend(table for table in tables.values() if used[table.name])
    return made


def by_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Int8 numbers, and ``rows 1`` scales with which they are the table again: the grid that ``--quantise int8`` trains on."""
    numbers, scales = grid.by_rows(torch.from_numpy(np.array(table, np.float32)))
    return numbers.numpy().astype(np.int8), scales.numpy()


def _worth_it(shape: list[int]) -> bool:
    return len(shape) == 2 and shape[0] * shape[1] >= grid.TABLE


def _as_before(made: ModelProto, graph: ModelProto) -> ModelProto:
    """With the notes of the graph it was made from: the quantiser drops them."""
    del made.metadata_props[:]
    made.metadata_props.extend(graph.metadata_props)
    return made


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the quantisers' log: they speak to the root logger, which thereby gets a handler that would repeat every line of ours."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
