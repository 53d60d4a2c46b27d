"""What a student was trained to be in few bits is what its export is; four bits are four, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from hodu.exporting.heads import Answering
from hodu.exporting.quantize import PRECISIONS, int4
from hodu.exporting.running import answers_of, session_of
from hodu.exporting.samples import as_asked
from hodu.models.grid import on_grid
from hodu.models.load import Loaded
from hodu.training.quantising import _bytes_in, quantised, stored_as
from hodu.types import Quantised, Task
from tests.exporting.test_heads import rows_for


def exact(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Four bits without the short cut of eight-bit activations, so that only weights can differ."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("kind", "near", "as_run"), [("int8", 5e-3, 5e-3), ("int4", 1e-5, 2e-2)])
def test_the_export_answers_as_the_student_in_training_did(
    kind: Quantised, near: float, as_run: float, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """Training gets used to other weights than are exported: the last stage was for nothing."""
    task: Task = "token-classification"  # a classifier's last layer is run for one token: its inputs have other ranges
    loaded, small = models(task), PRECISIONS[kind](graphs(task))
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    asked = [one.inputs for one in as_asked(loaded, task, rows_for(task))[0]]
    inputs = [{name: torch.from_numpy(value) for name, value in one.items()} for one in asked]
    answering = Answering(loaded.model, task).eval()
    with torch.no_grad():
        plain = [answering(**one)[0].numpy() for one in inputs]
        with quantised(loaded.model, kind):
            trained = [answering(**one)[0].numpy() for one in inputs]
    try:
        _check_left(loaded.model, kind)
    finally:
        loaded.model.load_state_dict(before)
    rounding = np.median(_apart(trained, plain))
    for session, far in ((exact(small), near), (session_of(small.SerializeToString()), as_run)):
        exported = [answers_of(session, one)["probabilities"] for one in asked]
        assert _apart(trained, exported).max() < far
        if (
            far == near
        ):  # an input at the border of two steps may fall to either side: not the largest but the usual difference
            assert np.median(_apart(trained, exported)) < 0.1 * rounding


def _apart(some: list[Any], others: list[Any]) -> Any:
    return np.array([np.abs(one - other).max() for one, other in zip(some, others, strict=True)])


def _check_left(model: nn.Module, kind: Quantised) -> None:
    """Ordinary modules, their weights on the grid, those of a table among them."""
    stored = [(one, stored_as(one, kind)) for one in model.modules()]
    assert any(how and isinstance(one, nn.Embedding) for one, how in stored)
    for module, how in stored:
        assert not hasattr(module, "parametrizations") and _bytes_in not in module._forward_pre_hooks.values()
        if how:
            weight = module.weight.detach()
            torch.testing.assert_close(on_grid(weight, how), weight, rtol=1e-6 if how == "int8" else 0, atol=0)


def test_int4_is_four_bits_in_standard_operators(graphs: Callable[[Task], Any]) -> None:
    """A part stays in four bytes a weight and the file is larger than was promised, or needs an operator that a browser lacks."""
    small = int4(graphs("classification"))
    onnx.checker.check_model(small)
    floats = [list(one.dims) for one in small.graph.initializer if one.data_type == TensorProto.FLOAT]
    assert max(int(np.prod(dims)) for dims in floats) <= 96 * 32  # the table of positions
    assert {node.domain for node in small.graph.node} <= {"", "ai.onnx"}
    assert "DequantizeLinear" in {node.op_type for node in small.graph.node}
    assert {one.key for one in small.metadata_props} == {"hodu_task", "hodu_labels"}


def test_widths_that_are_no_whole_groups() -> None:
    """A student 48 wide is exported with its weights shifted, or not at all."""
    random = np.random.default_rng(0)
    table, matrix = random.normal(size=(100, 48)).astype("f"), random.normal(size=(48, 64)).astype("f")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["x"]), helper.make_node("MatMul", ["x", "matrix"], ["y"])],
        "odd",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(matrix, "matrix")],
    )
    made = int4(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9))
    ids = np.array([[5, 99, 0]])
    given = exact(made).run(None, {"ids": ids})[0]
    rows = on_grid(torch.from_numpy(table), "int8").numpy()[ids]
    columns = on_grid(torch.from_numpy(matrix.T.copy()), "int4").numpy().T
    np.testing.assert_allclose(given, rows @ columns, atol=1e-4)
