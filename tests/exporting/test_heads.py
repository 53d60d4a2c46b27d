"""Every head in ONNX answers as in PyTorch: alone, in padded batches, with facts and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from hodu.exporting.heads import OUTPUTS
from hodu.exporting.onnx import inputs_of
from hodu.exporting.running import answers_of, session_of
from hodu.exporting.samples import as_asked
from hodu.models.load import Loaded
from hodu.types import Task
from tests.exporting.conftest import LABELS

ROWS = {
    "text": ["the film is good", "책", "the tool is awful , 도구 형편없다", "🙂🙂"],
    "pair": ["the food is poor and the book is fine", "책이 훌륭하다", "a film", ""],
    "choices": [["good", "a bad film"], ["책", "음식", "tool"], ["great", "poor"], ["", "fine"]],
}


def rows_for(task: Task) -> Dataset:
    names = {"multiple-choice": ("text", "choices"), "question-answering": ("text", "pair")}.get(task, ("text",))
    rows: dict[str, Any] = {name: ROWS[name] for name in names}
    if task == "question-answering":
        rows["pair"] = [one or "nothing" for one in rows["pair"]]
    if task == "token-classification":
        rows["words"] = [text.split() for text in rows["text"]]
    return Dataset.from_dict(rows)


def plainly(task: Task, loaded: Loaded, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the model of transformers says of one text (or question), as somebody would write it who reads the contract."""
    given = {name: torch.from_numpy(value) for name, value in inputs.items()}
    with torch.inference_mode():
        said = loaded.model(**given)
    if task == "question-answering":
        return {"start": said.start_logits.softmax(-1), "end": said.end_logits.softmax(-1)}
    logits = said.logits
    match task:
        case "multilabel":
            return {"probabilities": logits.sigmoid()}
        case "regression":
            return {"score": logits.squeeze(-1)}
        case "multiple-choice":
            return {"probabilities": logits.squeeze(-1).softmax(-1)}
        case "sentence-embedding":
            first = said.last_hidden_state[:, 0]
            return {"embedding": first / first.norm(dim=-1, keepdim=True)}
        case "masked-lm" | "causal-lm":
            return {"logits": logits}
    return {"probabilities": logits.softmax(-1)}


@pytest.mark.parametrize("task", OUTPUTS)
def test_every_head_answers_as_pytorch(
    task: Task, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """The phone says something else than what was measured: alone, or as soon as texts of different lengths share a batch."""
    loaded, graph = models(task), graphs(task)
    session = session_of(graph.SerializeToString())
    asked = [one.inputs for one in as_asked(loaded, task, rows_for(task))[0]]
    assert len({one["input_ids"].shape[1] for one in asked}) > 1
    expected = [plainly(task, loaded, one) for one in asked]
    for inputs, right in zip(asked, expected, strict=True):
        given = answers_of(session, inputs)
        assert set(given) == set(OUTPUTS[task])
        for name, values in given.items():
            np.testing.assert_allclose(values, right[name], atol=1e-4)
    longest = max(one["input_ids"].shape[1] for one in asked) + 3
    padded = [
        {name: np.pad(value, ((0, 0), (0, longest - value.shape[1]))) for name, value in one.items()} for one in asked
    ]
    if task == "multiple-choice":  # a batch is one question
        for inputs, right in zip(padded, expected, strict=True):
            np.testing.assert_allclose(answers_of(session, inputs)["probabilities"], right["probabilities"], atol=1e-4)
        return
    together = answers_of(session, {name: np.concatenate([one[name] for one in padded]) for name in padded[0]})
    for row, (one, right) in enumerate(zip(asked, expected, strict=True)):
        length = one["input_ids"].shape[1]
        for name, values in together.items():
            kept = values[row][:length] if right[name].ndim > 1 and right[name].shape[1] == length else values[row]
            np.testing.assert_allclose(kept, right[name][0], atol=1e-4)


@pytest.mark.parametrize("task", ["classification", "token-classification", "regression"])
def test_the_file_says_what_it_does(
    task: Task, models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]
) -> None:
    """An app cannot tell what the numbers mean, or the file carries paths of the machine it was made on."""
    graph = graphs(task)
    said = {one.key: one.value for one in graph.metadata_props}
    assert said["hodu_task"] == task
    assert {one.domain: one.version for one in graph.opset_import}[""] == 20
    for label in LABELS.get(task, ()):
        assert label in said["hodu_labels"]
    assert [one.name for one in graph.graph.input] == inputs_of(models(task))
    assert b"/site-packages/" not in graph.SerializeToString() and b"test_heads" not in graph.SerializeToString()


def test_facts_on_and_off_in_one_file(models: Callable[[Task], Loaded], graphs: Callable[[Task], Any]) -> None:
    """In the exported file facts disturb each other or count their places otherwise, or a text without facts is not the plain model's any more."""
    loaded, session = models("classification"), session_of(graphs("classification").SerializeToString())
    ids = np.arange(7, 7 + 27).reshape(3, 9) % 90 + 5
    mask = np.array([[1] * 9, [1] * 9, [1] * 7 + [0] * 2])
    facts = np.array([[0, 0, 0, 1, 1, 2, 2, 2, 3], [0] * 9, [0, 0, 0, 0, 1, 1, 1, 0, 0]])
    batch = {"input_ids": ids, "attention_mask": mask, "token_type_ids": 0 * ids, "fact_ids": facts}
    given = answers_of(session, batch)["probabilities"]
    with torch.inference_mode():
        right = loaded.model(**{name: torch.from_numpy(value) for name, value in batch.items()}).logits.softmax(-1)
        plain = loaded.model(**{name: torch.from_numpy(value) for name, value in batch.items() if name != "fact_ids"})
    np.testing.assert_allclose(given, right, atol=1e-4)
    without = answers_of(session, {**batch, "fact_ids": 0 * facts})["probabilities"]
    np.testing.assert_allclose(without, plain.logits.softmax(-1), atol=1e-4)
    assert np.abs(given[0] - without[0]).max() > 1e-3  # facts are read
    np.testing.assert_allclose(given[1], without[1], atol=1e-5)
    other = {name: value[:1, [0, 1, 2, 5, 6, 7, 3, 4, 8]] for name, value in batch.items()}  # in another order
    np.testing.assert_allclose(answers_of(session, other)["probabilities"], given[:1], atol=1e-4)
