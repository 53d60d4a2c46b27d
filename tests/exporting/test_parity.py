"""The comparison that every export goes through: what is the same is called so, and what is not is caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from onnx import ModelProto, numpy_helper

from hodu.exporting.heads import OUTPUTS
from hodu.exporting.parity import Disagreement, alike_in, compare
from hodu.exporting.samples import Samples, as_asked, built_in, examples_of, languages_of
from hodu.measuring.choices import answered
from hodu.measuring.score import METRICS, score
from hodu.models.load import Loaded
from hodu.types import Task
from tests.exporting.conftest import LABELS

GOLD: dict[Task, Callable[[dict[str, Any]], Any]] = {
    "classification": lambda row: len(row["text"]) % 3,
    "multilabel": lambda row: [1.0, 0.0, float(len(row["text"]) % 2)],
    "regression": lambda row: float(len(row["text"])),
    "multiple-choice": lambda row: row["label"],
    "token-classification": lambda row: [len(word) % 3 for word in row["words"]],
    "question-answering": lambda row: [row["pair"].split()[1]],
}


def samples(task: Task, loaded: Loaded) -> Samples:
    rows = built_in(task, ("ko", "en")).select(range(18))
    if task in GOLD:
        gold = [GOLD[task](row) for row in rows]
        rows = Dataset.from_dict({**{name: rows[name] for name in rows.column_names if name != "label"}, "label": gold})
    asked, made = as_asked(loaded, task, rows)
    return Samples("the tests", rows, asked, LABELS.get(task, ()), made)


def disturbed(graph: ModelProto) -> bytes:
    """The same model with its matrices turned round."""
    other = ModelProto()
    other.CopyFrom(graph)
    for one in other.graph.initializer:
        if one.data_type == 1 and len(one.dims) == 2 and min(one.dims) > 1:
            one.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(-4 * numpy_helper.to_array(one)[::-1]), one.name))
    return other.SerializeToString()


@pytest.mark.parametrize("task", OUTPUTS)
def test_what_is_the_same_and_what_is_not(
    task: Task, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """A broken export passes, or a good one is refused; or its figures are those of another model."""
    loaded, given = models(task), samples(task, models(task))
    files = {"onnx": graphs(task).SerializeToString(), "quantised": disturbed(graphs(task))}
    parity = compare(loaded, task, given, files)
    for way in ("", "_padded"):
        assert parity.value("onnx", f"agreement{way}") == pytest.approx(1, abs=1e-6)  # a correlation of float32 numbers
        assert parity.value("onnx", f"largest_difference{way}") < 1e-4
        assert parity.value("quantised", f"agreement{way}") < 0.99
        assert parity.value("quantised", f"largest_difference{way}") > 1e-3
    with pytest.raises(Disagreement, match=r"the quantised model answers as PyTorch in .*--agreement"):
        parity.check(0.99)
    replace(parity, figures=tuple(one for one in parity.figures if one.system != "quantised")).check(0.99)
    if task in GOLD:
        headline = METRICS[task][0]
        assert parity.value("onnx", headline) == pytest.approx(parity.value("pytorch", headline), abs=1e-4)
        assert any(headline in str(cell) for cell in parity.table().columns[0].cells)


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "multiple-choice"])
def test_quality_is_what_measure_says(
    task: Task, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """The bundle's manifest promises another accuracy than hodu measure finds."""
    loaded, given = models(task), samples(task, models(task))
    parity = compare(loaded, task, given, {"onnx": graphs(task).SerializeToString()})
    metric = METRICS[task][0]
    right = score(task, answered(loaded, given.rows), np.asarray(given.rows["label"][:]))[metric]
    assert parity.value("pytorch", metric) == pytest.approx(right, abs=1e-4)


def test_numbers_that_are_all_the_same() -> None:
    """A regressor that says 3 to everything cannot be exported, because a correlation of constants is undefined."""
    same, other = [np.array(3.0)] * 4, [np.array(x) for x in (3.0, 1.0, 2.0, 5.0)]
    assert alike_in("regression", same, same) == 1
    assert alike_in("regression", same, other) == 0.25
    assert alike_in("regression", other, [one * 2 for one in other]) == pytest.approx(1)


def test_examples_and_languages(models: Callable[[Task], Loaded]) -> None:
    """The page offers nothing to start with, a whole book, or only one of two languages."""
    texts = ["x" * 400, "one", "two", "three", "four", "하나", "  "]
    assert examples_of(Dataset.from_dict({"text": texts}), "classification") == ["하나", "one", "two", "three"]
    questions = Dataset.from_dict({"text": ["What?", "무엇?"], "choices": [["a", "b"], ["가", "나"]]})
    assert examples_of(questions, "multiple-choice")[0] == {"question": "무엇?", "choices": ["가", "나"]}
    assert examples_of(Dataset.from_dict({"text": ["a"], "pair": ["b"]}), "classification") == []
    assert set(languages_of(models("regression"))) <= {"ko", "en"}
