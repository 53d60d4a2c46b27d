"""A head that looks at the first token alone needs the last layer for that token alone: keys and values are those of all tokens, all else is one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hodu.exporting.nodes import HEADS, Weights, dims_of, is_open, order_of, readers_of

if TYPE_CHECKING:
    from onnx import NodeProto

_BROADCAST = ("Add", "Sum", "Sub", "Mul", "Div", "Pow")
_BY_ROW = (*_BROADCAST, "MatMul", "Softmax", "LayerNormalization", "Gelu", "Relu", "Tanh", "Sigmoid", "Erf")
"""What makes a row of its output from that row of its inputs (of ``MatMul``: of its first)."""


def with_first_rows_only(nodes: list[NodeProto], weights: Weights) -> list[NodeProto]:
    """The nodes, with a ``Slice`` of the first row where it goes its own way; all of them, unchanged, where other tokens are asked too."""
    alone, axes = _alone(nodes, weights)
    one_row = {name for node in nodes if id(node) in alone for name in node.output}
    kept: dict[str, NodeProto] = {}  # by what it makes
    for node in nodes:
        if id(node) in alone:
            for place, name in enumerate(node.input):
                if name in _rows_of(node, weights) and name not in one_row:
                    first = _first_row(name, axes[name], weights)
                    kept.setdefault(first.output[0], first)
                    node.input[place] = first.output[0]
            if node.op_type == "Reshape":
                _reshape_one_row(node, weights)
        kept[node.output[0]] = node
    return list(kept.values())


def _alone(nodes: list[NodeProto], weights: Weights) -> tuple[set[int], dict[str, int]]:
    """The nodes (by ``id``) of whose output only the first row is needed, and the axis of rows in what they read and make."""
    readers, makers = readers_of(nodes), {name: node for node in nodes for name in node.output}
    taking = [node for node in nodes if _takes_first(node, weights)]
    needed_by, alone = {id(node) for node in taking}, set()
    axes = {node.input[0]: 1 for node in taking}
    for node in reversed(nodes):
        made = node.output[0]
        if made not in axes or not all(id(one) in needed_by for one in readers[made]):
            continue
        if _goes_by_row(node, makers, weights):
            alone.add(id(node))
            needed_by.add(id(node))
            axis = 3 - axes[made] if node.op_type == "Transpose" else axes[made]  # B L H D from and to B H L D
            axes |= dict.fromkeys(_rows_of(node, weights), axis)
    return alone, axes


def _first_row(name: str, axis: int, weights: Weights) -> NodeProto:
    from onnx import helper, numpy_helper

    for number in (0, 1, axis):
        weights[f"hodu_{number}"] = numpy_helper.from_array(np.array([number], np.int64), f"hodu_{number}")
    return helper.make_node("Slice", [name, "hodu_0", "hodu_1", f"hodu_{axis}"], [f"{name}_first"], f"{name}_first")


def _reshape_one_row(node: NodeProto, weights: Weights) -> None:
    """Heads beside each other again, ``B 1 H*D``."""
    from onnx import numpy_helper

    weights["hodu_one_row"] = numpy_helper.from_array(np.array([0, 1, -1], np.int64), "hodu_one_row")
    node.input[1] = "hodu_one_row"
    del node.attribute[:]  # 0 keeps a size


def _goes_by_row(node: NodeProto, nodes: dict[str, NodeProto], weights: Weights) -> bool:
    """Whether each row of what it makes comes from that row of :func:`_rows_of`."""
    if node.op_type == "Transpose":
        return order_of(node) == HEADS
    if node.op_type == "Reshape":  # of heads, beside each other again
        before, shape = nodes.get(node.input[0]), nodes.get(node.input[1])
        parts = list(shape.input) if shape is not None and shape.op_type == "Concat" else []
        return before is not None and before.op_type == "Transpose" and len(parts) == 3 and is_open(parts[2], weights)
    return node.op_type in _BY_ROW and all(
        dims_of(weights, name) < 2 for name in node.input if node.op_type != "MatMul"
    )


def _rows_of(node: NodeProto, weights: Weights) -> list[str]:
    """The inputs whose rows become rows of its output."""
    return [name for name in (node.input if node.op_type in _BROADCAST else node.input[:1]) if name not in weights]


def _takes_first(node: NodeProto, weights: Weights) -> bool:
    """``x[:, 0]``."""
    from onnx import numpy_helper

    if node.op_type != "Gather" or node.input[1] not in weights or node.input[0] in weights:
        return False
    axis = next((one.i for one in node.attribute if one.name == "axis"), 0)
    index = numpy_helper.to_array(weights[node.input[1]])
    return axis == 1 and index.ndim == 0 and int(index) == 0
