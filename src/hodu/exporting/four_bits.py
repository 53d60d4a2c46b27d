"""Weights in four bits, a scale for 32 of them, in standard operators (opset 21): products by ``DequantizeLinear`` (onnxruntime makes one ``MatMulNBits`` of both), tables two numbers to a byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hodu.models.grid import GROUP, PRODUCT, TABLE, by_groups

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_OPSET, _IR = 21, 10  # the first with INT4 and with scales by block


def in_four_bits(graph: ModelProto) -> ModelProto:
    """A copy with each large table and matrix in four bits; tables whose rows are not whole groups stay as they are."""
    import onnx
    from onnxruntime.quantization.onnx_model import ONNXModel

    made = onnx.ModelProto()
    made.CopyFrom(graph)
    ONNXModel(made).replace_gemm_with_matmul()
    weights = {one.name: one for one in made.graph.initializer}
    nodes: list[NodeProto] = []
    for node in made.graph.node:
        if node.op_type == "Gather" and _fits(weights.get(node.input[0]), TABLE, whole=True):
            nodes += _looked_up(node, weights)
        elif node.op_type == "MatMul" and _fits(weights.get(node.input[1]), PRODUCT):
            nodes += _multiplied(node, weights)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    del made.graph.node[:], made.graph.initializer[:]
    made.graph.node.extend(nodes)
    made.graph.initializer.extend(one for name, one in weights.items() if name in used)
    for one in made.opset_import:
        one.version = _OPSET if one.domain in ("", "ai.onnx") else one.version
    made.ir_version = max(made.ir_version, _IR)
    return made


def _fits(weight: TensorProto | None, least: int, *, whole: bool = False) -> bool:
    if weight is None or weight.data_type != 1 or len(weight.dims) != 2:  # 1 is FLOAT
        return False
    return int(np.prod(weight.dims)) >= least and not (whole and weight.dims[1] % GROUP)


def _multiplied(node: NodeProto, weights: dict[str, TensorProto]) -> list[NodeProto]:
    """``MatMul(x, DequantizeLinear(weight))``, the groups along what is summed."""
    from onnx import TensorProto, helper, numpy_helper

    name, out = node.input[1], node.output[0]
    if f"{name}_int4" not in weights:
        matrix = numpy_helper.to_array(weights[name])  # I O
        numbers, scales = _groups(matrix.T)
        inputs, outputs = matrix.shape
        stored = _two_a_byte(numbers.reshape(outputs, -1)[:, :inputs].T)
        weights[f"{name}_int4"] = helper.make_tensor(
            f"{name}_int4", TensorProto.INT4, matrix.shape, stored.tobytes(), raw=True
        )
        by_block = np.ascontiguousarray(scales[:, :, 0].T)  # G O
        weights[f"{name}_scale4"] = numpy_helper.from_array(by_block, f"{name}_scale4")
    weight = f"{out}_weight"
    read = helper.make_node(
        "DequantizeLinear", [f"{name}_int4", f"{name}_scale4"], [weight], f"{node.name}_int4", axis=0, block_size=GROUP
    )
    return [read, helper.make_node("MatMul", [node.input[0], weight], [out], node.name)]


def _looked_up(node: NodeProto, weights: dict[str, TensorProto]) -> list[NodeProto]:
    """The bytes of a row, taken apart; no standard operator looks up in INT4."""
    from onnx import TensorProto, helper, numpy_helper

    name, ids, out = node.input[0], node.input[1], node.output[0]
    width = weights[name].dims[1]
    if f"{name}_bytes" not in weights:
        numbers, scales = _groups(numpy_helper.to_array(weights[name]))
        shifted = (numbers + 8).astype(np.uint8)  # V G 32
        stored = shifted[..., : GROUP // 2] | shifted[..., GROUP // 2 :] << 4  # V G 16
        for kind, array in (("bytes", stored), ("scale4", scales)):
            weights[f"{name}_{kind}"] = numpy_helper.from_array(array, f"{name}_{kind}")
    width_name = f"hodu_width_{width}"
    constants: dict[str, Any] = {"hodu_15": np.uint8(15), "hodu_4": np.uint8(4), "hodu_8": np.float32(8)}
    constants[width_name] = np.array([width], np.int64)
    for constant, value in constants.items():
        weights.setdefault(constant, numpy_helper.from_array(np.asarray(value), constant))
    made: list[NodeProto] = []

    def then(kind: str, inputs: list[str], result: str, **more: Any) -> str:
        made.append(helper.make_node(kind, inputs, [result], f"{node.name}_{result.removeprefix(out)}", **more))
        return result

    row = then("Gather", [f"{name}_bytes", ids], f"{out}_bytes")  # … G 16
    halves = [
        then("BitwiseAnd", [row, "hodu_15"], f"{out}_low"),
        then("BitShift", [row, "hodu_4"], f"{out}_high", direction="RIGHT"),
    ]
    whole = then("Concat", halves, f"{out}_whole", axis=-1)  # … G 32
    floats = then("Cast", [whole], f"{out}_floats", to=TensorProto.FLOAT)
    centred = then("Sub", [floats, "hodu_8"], f"{out}_centred")
    scale = then("Gather", [f"{name}_scale4", ids], f"{out}_scale")  # … G 1
    scaled = then("Mul", [centred, scale], f"{out}_scaled")
    places = then("Shape", [ids], f"{out}_places")
    shape = then("Concat", [places, width_name], f"{out}_shape", axis=0)
    then("Reshape", [scaled, shape], out)  # … D
    return made


def _groups(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    numbers, scales = by_groups(torch.from_numpy(np.array(rows, np.float32)))
    return numbers.numpy().astype(np.int8), scales.numpy()


def _two_a_byte(numbers: np.ndarray) -> np.ndarray:
    """As ONNX packs INT4: row by row, the first of two in the lower half."""
    flat = np.append(numbers.ravel(), np.zeros(numbers.size % 2, np.int8)).astype(np.uint8) & 15
    packed: np.ndarray = flat[0::2] | flat[1::2] << 4
    return packed
