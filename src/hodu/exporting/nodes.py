"""What the passes over an ONNX graph ask of its nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Weights = dict[str, "TensorProto"]
HEADS = [0, 2, 1, 3]
"""The order of axes that makes ``B H L D`` of ``B L H D``, and the other way round."""


def readers_of(nodes: Iterable[NodeProto]) -> dict[str, list[NodeProto]]:
    """The nodes that read each value."""
    readers = defaultdict(list)
    for node in nodes:
        for name in node.input:
            readers[name].append(node)
    return readers


def order_of(turn: NodeProto) -> list[int]:
    """The axes of a ``Transpose``."""
    return list(turn.attribute[0].ints)


def is_open(name: str, weights: Weights) -> bool:
    """A size that follows from the others."""
    from onnx import numpy_helper

    return name in weights and numpy_helper.to_array(weights[name]).tolist() == [-1]


def dims_of(weights: Weights, name: str) -> int:
    """How many dimensions a weight has; 0 for what is none."""
    return len(weights[name].dims) if name in weights else 0
