"""The same answers from fewer and smaller operations: a phone asks short texts one at a time, and much of their time goes into starting operations. Standard operators, before anything is quantised."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hodu.exporting.first_row import with_first_rows_only
from hodu.exporting.nodes import Weights, dims_of, readers_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


class Linear(NamedTuple):
    """A product with a matrix, and the bias that is added to it."""

    product: NodeProto
    add: NodeProto


def lighten(graph: ModelProto) -> ModelProto:
    """The graph itself, changed: queries, keys and values by one product; sums before norms as ``Sum``; behind the last attention only the first token, if no other is asked.

    Quantised weights have a scale for each output channel (or 32 inputs of one): what is merged here is quantised as its parts were.
    """
    weights = {one.name: one for one in graph.graph.initializer}
    nodes = _with_merged_products(list(graph.graph.node), weights)
    _sum_before_norms(nodes, weights)
    nodes = with_first_rows_only(nodes, weights)
    used = {name for node in nodes for name in node.input}
    del graph.graph.node[:], graph.graph.initializer[:]
    graph.graph.node.extend(nodes)
    graph.graph.initializer.extend(one for name, one in weights.items() if name in used)
    return graph


def _with_merged_products(nodes: list[NodeProto], weights: Weights) -> list[NodeProto]:
    """One product where several read the same rows."""
    readers = readers_of(nodes)
    together: dict[str, list[Linear]] = defaultdict(list)
    for node in nodes:
        if node.op_type == "MatMul" and dims_of(weights, node.input[1]) == 2:
            after = readers[node.output[0]]
            if len(after) == 1 and after[0].op_type == "Add" and dims_of(weights, _other(after[0], node)) == 1:
                together[node.input[0]].append(Linear(node, after[0]))
    made: dict[str, list[NodeProto]] = {}  # by each output
    gone: set[str] = set()
    for given, linears in together.items():
        if len(linears) > 1:
            new = _one_product(given, linears, weights)
            made |= {name: new for node in new for name in node.output}
            gone |= {name for one in linears for node in one for name in node.output}
    kept: list[NodeProto] = []
    for node in nodes:
        if node.output[0] in gone:
            continue
        for name in node.input:  # before the first that reads it
            if name in made and made[name][0] not in kept:
                kept += made[name]
        kept.append(node)
    return kept


def _one_product(given: str, linears: list[Linear], weights: Weights) -> list[NodeProto]:
    from onnx import helper, numpy_helper

    name = linears[0].product.output[0]
    matrices = [numpy_helper.to_array(weights[one.product.input[1]]) for one in linears]  # I O each
    biases = [numpy_helper.to_array(weights[_other(one.add, one.product)]) for one in linears]
    parts = {
        f"{name}_weights": np.concatenate(matrices, 1),
        f"{name}_biases": np.concatenate(biases),
        f"{name}_widths": np.array([one.shape[1] for one in matrices], np.int64),
    }
    weights.update({part: numpy_helper.from_array(array, part) for part, array in parts.items()})
    matrix, bias, widths = parts
    outputs = [one.add.output[0] for one in linears]
    return [
        helper.make_node("MatMul", [given, matrix], [f"{name}_product"], f"{name}_product"),
        helper.make_node("Add", [f"{name}_product", bias], [f"{name}_sum"], f"{name}_sum"),
        helper.make_node("Split", [f"{name}_sum", widths], outputs, name, axis=-1),
    ]


def _sum_before_norms(nodes: list[NodeProto], weights: Weights) -> None:
    """``Sum`` of what a norm reads: onnxruntime makes one ``SkipLayerNormalization`` of ``Add`` and norm, which takes three times as long as both (1.31, x86)."""
    read = {node.input[0] for node in nodes if node.op_type == "LayerNormalization"}
    for node in nodes:
        if node.op_type == "Add" and node.output[0] in read and not any(name in weights for name in node.input):
            node.op_type = "Sum"


def _other(add: NodeProto, product: NodeProto) -> str:
    return next((name for name in add.input if name != product.output[0]), "")
