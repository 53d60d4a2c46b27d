"""An exported graph does no more than its answer needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hodu.exporting import onnx as exporting
from hodu.exporting.lighten import lighten
from hodu.exporting.running import answers_of, session_of
from hodu.models.load import Loaded
from hodu.types import Task
from tests.tiny import tiny


def counted(graph: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in graph.graph.node)


def sliced(graph: onnx.ModelProto) -> list[str]:
    return [node.name for node in graph.graph.node if node.op_type == "Slice" and node.name.endswith("_first")]


@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
def test_short_texts_cost_fewer_operations(
    family: str, models: Callable[[Task], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone computes the last layer of a classifier for tokens that nobody asks, or starts three products where one would do; or answers otherwise for it."""
    made = models("classification")
    loaded = Loaded(**{**vars(made), "model": tiny(family, "classification").eval()})
    light = exporting.to_onnx(loaded, "classification")
    monkeypatch.setattr(exporting, "lighten", lambda graph: graph)
    plain = exporting.to_onnx(loaded, "classification")
    onnx.checker.check_model(light)
    layers = loaded.model.config.num_hidden_layers
    assert counted(plain)["MatMul"] - counted(light)["MatMul"] == 2 * layers  # three products are one
    assert len(sliced(light)) == 3  # the last layer's query, its mask, and what its output is added to
    ids = np.random.default_rng(0).integers(5, 60, (3, 11))
    mask = np.array([[1] * 11, [1] * 11, [1] * 6 + [0] * 5])
    batch = {"input_ids": ids, "attention_mask": mask}
    one, other = (answers_of(session_of(graph.SerializeToString()), batch)["probabilities"] for graph in (plain, light))
    np.testing.assert_allclose(other, one, atol=1e-5)


def test_tokens_that_are_asked_are_all_computed(
    models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """A tagger, or a model whose vector is the mean of its tokens, is cut down to its first token."""
    for task in ("token-classification", "question-answering", "masked-lm", "causal-lm"):
        assert not sliced(graphs(task))
    assert (
        counted(graphs("token-classification"))["Split"]
        == models("token-classification").model.config.num_hidden_layers
    )  # but products are merged


def test_products_of_other_widths_and_shared_sums() -> None:
    """Grouped queries, whose keys are narrower, or a sum that two read, come out with each other's numbers."""
    random = np.random.default_rng(0)
    arrays = {
        "a": (8, 6), "b": (8, 4), "c": (8, 4), "a_bias": (6,), "b_bias": (4,), "c_bias": (4,), "scale": (4,), "shift": (4,)
    }  # fmt: skip
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "a"], ["xa"]),
            helper.make_node("Add", ["xa", "a_bias"], ["first"]),
            helper.make_node("MatMul", ["x", "b"], ["xb"]),
            helper.make_node("Add", ["b_bias", "xb"], ["second"]),
            helper.make_node("MatMul", ["x", "c"], ["third"]),  # no bias
            helper.make_node("Add", ["second", "third"], ["both"]),
            helper.make_node("LayerNormalization", ["both", "scale", "shift"], ["norm"]),
            helper.make_node("Add", ["both", "norm"], ["out"]),
        ],
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "length", 8])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "length", name])
            for name in ("first", "out")
        ],
        [numpy_helper.from_array(random.normal(size=size).astype("f"), name) for name, size in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    x = random.normal(size=(2, 5, 8)).astype("f")
    before = session_of(model.SerializeToString()).run(None, {"x": x})
    light = lighten(model)
    onnx.checker.check_model(light)
    assert counted(light) == Counter(MatMul=2, Add=2, Split=1, Sum=1, LayerNormalization=1)
    for one, other in zip(before, session_of(light.SerializeToString()).run(None, {"x": x}), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
