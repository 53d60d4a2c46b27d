"""Eight bits: what is stored in them, that it still answers alike, and that the padding of a batch is not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hodu.exporting.quantize import PRECISIONS, Precision, by_rows
from hodu.exporting.running import answers_of, session_of
from hodu.exporting.samples import as_asked
from hodu.models.load import Loaded
from hodu.types import Task
from tests.exporting.test_heads import rows_for


@pytest.mark.parametrize(("precision", "far"), [("int8", 0.08), ("blocks8", 0.01)])
def test_eight_bits_answer_nearly_alike(
    precision: Precision, far: float, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """Making a model small changes what it says; or it reads padding, which one text alone does not show."""
    loaded, graph = models("classification"), graphs("classification")
    small = PRECISIONS[precision](graph)
    sessions = [session_of(one.SerializeToString()) for one in (graph, small)]
    asked = [one.inputs for one in as_asked(loaded, "classification", rows_for("classification"))[0]]
    for inputs in asked:
        longer = {name: np.pad(value, ((0, 0), (0, 5))) for name, value in inputs.items()}
        for one in (inputs, longer):
            right, given = (answers_of(session, one)["probabilities"] for session in sessions)
            assert np.abs(right - given).max() < far
    assert {one.key: one.value for one in small.metadata_props} == {one.key: one.value for one in graph.metadata_props}


def test_int8_holds_no_large_floats(graphs: Callable[[Task], Any]) -> None:
    """A part of the model stays in four bytes a weight and the file is larger than was promised, or needs an operator that a browser lacks."""
    small = PRECISIONS["int8"](graphs("masked-lm"))
    floats = [(one.name, list(one.dims)) for one in small.graph.initializer if one.data_type == 1]
    assert (
        max(int(np.prod(dims)) for _, dims in floats) <= 96 * 32
    )  # the table of positions is too small to gain anything
    assert small.ByteSize() < 0.5 * graphs("masked-lm").ByteSize()
    assert {node.domain for node in small.graph.node} <= {"", "ai.onnx"}
    kinds = {node.op_type for node in small.graph.node}
    assert {"MatMulInteger", "DynamicQuantizeLinear", "Gather"} <= kinds and "Attention" not in kinds


def test_rows_keep_their_own_scale() -> None:
    """A rare piece's small vector is rounded to nothing beside a frequent piece's large one."""
    table = np.array([[100.0, -50.0], [0.001, 0.0005], [0.0, 0.0]], np.float32)
    numbers, scales = by_rows(table)
    assert numbers.dtype == np.int8
    np.testing.assert_allclose(numbers * scales, table, rtol=0.01)
