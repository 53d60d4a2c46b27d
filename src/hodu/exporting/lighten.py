"""The same answers from fewer and smaller operations: a phone asks short texts one at a time, and much of their time goes into starting operations. Standard operators, before anything is quantised."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hodu.exporting.first_row import with_first_rows_only
from hodu.exporting.nodes import HEADS, KEYS, Weights, dims_of, is_open, order_of, readers_of

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
            new, replaced = _one_product(given, linears, readers, weights)
            made |= {name: new for node in new for name in node.output}
            gone |= {name for node in replaced for name in node.output}
    kept: list[NodeProto] = []
    for node in nodes:
        if node.output[0] in gone:
            continue
        for name in node.input:  # before the first that reads it, when all that it needs is there
            if name in made and made[name][0] not in kept:
                kept += made[name]
        kept.append(node)
    return kept


def _one_product(
    given: str, linears: list[Linear], readers: dict[str, list[NodeProto]], weights: Weights
) -> tuple[list[NodeProto], list[NodeProto]]:
    """The nodes that do it, and those that they replace."""
    from onnx import helper, numpy_helper

    name = linears[0].product.output[0]
    matrices = [numpy_helper.to_array(weights[one.product.input[1]]) for one in linears]  # I O each
    biases = [numpy_helper.to_array(weights[_other(one.add, one.product)]) for one in linears]
    widths = [one.shape[1] for one in matrices]
    matrix, bias = f"{name}_weights", f"{name}_biases"
    weights[matrix] = numpy_helper.from_array(np.concatenate(matrices, 1), matrix)
    weights[bias] = numpy_helper.from_array(np.concatenate(biases), bias)
    nodes = [
        helper.make_node("MatMul", [given, matrix], [f"{name}_product"], f"{name}_product"),
        helper.make_node("Add", [f"{name}_product", bias], [f"{name}_sum"], f"{name}_sum"),
    ]
    replaced = [node for one in linears for node in one]
    outputs = [one.add.output[0] for one in linears]
    cut = [node for output in outputs for node in readers[output]]  # into heads
    turned = [node for node in cut for node in readers[node.output[0]]]
    if len(set(widths)) > 1 or not _are_heads(cut, turned, len(linears), readers, weights):
        weights[f"{name}_widths"] = numpy_helper.from_array(np.array(widths, np.int64), f"{name}_widths")
        return [*nodes, helper.make_node("Split", [f"{name}_sum", f"{name}_widths"], outputs, name, axis=-1)], replaced
    heads = [
        node.output[0] if order_of(node) == HEADS else f"{node.output[0]}_heads" for node in turned
    ]  # B H L D each
    nodes += [
        helper.make_node("Reshape", [f"{name}_sum", cut[0].input[1]], [f"{name}_cut"], f"{name}_cut", allowzero=1),
        helper.make_node("Transpose", [f"{name}_cut"], [f"{name}_turned"], f"{name}_turned", perm=HEADS),
        helper.make_node("Split", [f"{name}_turned"], heads, name, axis=1, num_outputs=len(heads)),
        *(
            helper.make_node("Transpose", [head], [node.output[0]], f"{node.output[0]}_keys", perm=[0, 1, 3, 2])
            for head, node in zip(heads, turned, strict=True)
            if order_of(node) == KEYS
        ),
    ]
    return nodes, [*replaced, *cut, *turned]


def _are_heads(
    cut: list[NodeProto],
    turned: list[NodeProto],
    parts: int,
    readers: dict[str, list[NodeProto]],
    weights: Weights,
) -> bool:
    """Whether all parts are cut into heads in one way, with the number of heads left open, and turned."""
    if len(cut) != parts or len(turned) != parts or len({node.input[-1] for node in cut}) != 1:
        return False
    if any(one.op_type != "Reshape" for one in cut) or any(one.op_type != "Transpose" for one in turned):
        return False
    shape = next((one for many in readers.values() for one in many if cut[0].input[1] in one.output), None)
    if shape is None or shape.op_type != "Concat" or len(shape.input) != 4:
        return False
    return is_open(shape.input[2], weights) and all(order_of(one) in (HEADS, KEYS) for one in turned)


def _sum_before_norms(nodes: list[NodeProto], weights: Weights) -> None:
    """``Sum`` of what a norm reads: onnxruntime makes one ``SkipLayerNormalization`` of ``Add`` and norm, which takes three times as long as both (1.31, x86)."""
    read = {node.input[0] for node in nodes if node.op_type == "LayerNormalization"}
    for node in nodes:
        if node.op_type == "Add" and node.output[0] in read and not any(name in weights for name in node.input):
            node.op_type = "Sum"


def _other(add: NodeProto, product: NodeProto) -> str:
    return next((name for name in add.input if name != product.output[0]), "")
