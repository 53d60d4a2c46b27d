"""A student in LiteRT itself: its file, its lengths, its answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("litert_torch", reason="the extra hodu[litert] is not installed")
pytest.importorskip("ai_edge_quantizer", reason="the extra hodu[litert] is not installed")

from ai_edge_litert.interpreter import Interpreter

import hodu
from hodu.exporting.native import NATIVE
from hodu.types import Task
from tests.exporting.asking_files import LONGEST, as_pytorch, same_in_fp32, saved


def test_an_app_gets_the_students_answers(tmp_path: Path, few: Path) -> None:
    """An app that fills a text up to a signature's length, as docs/phone.md says, gets other probabilities than hodu measured, or finds other names."""
    model = saved(tmp_path / "model", "classification")
    made = hodu.export(model, tmp_path / "app", to="litert", data=few, agreement=0.9)
    assert made.manifest["lengths"] == [16, LONGEST] and made.manifest["inputs"][:2] == ["input_ids", "attention_mask"]
    file = tmp_path / "app" / "model.tflite"
    interpreter = Interpreter(model_path=str(file), num_threads=1)
    assert set(interpreter.get_signature_list()) == {"length_16", "length_24"}
    kinds = [
        one["dtype"] for one in interpreter.get_tensor_details() if len(one["shape"]) == 2 and one["shape"][1] == 32
    ]
    assert np.int8 in kinds  # tables and products, not only what is computed
    for ids in (np.array([[2, 17, 40, 3]]), np.arange(1, LONGEST + 1)[None]):
        length = 16 if ids.shape[1] <= 16 else LONGEST
        filled = np.zeros((3, 1, length), np.int32)
        filled[0, :, : ids.shape[1]], filled[1, :, : ids.shape[1]] = ids, 1
        named = dict(zip(("input_ids", "attention_mask", "token_type_ids"), filled, strict=True))
        found = interpreter.get_signature_runner(f"length_{length}")(**named)
        assert list(found) == ["probabilities"]
        np.testing.assert_allclose(found["probabilities"], as_pytorch(model, ids), atol=0.06)


@pytest.mark.parametrize("task", ["token-classification", "question-answering", "sentence-embedding", "causal-lm"])
def test_other_tasks(task: Task, tmp_path: Path) -> None:
    """A tagger's words, an answer's place or a sentence's vector move when a text is filled up to a length."""
    same_in_fp32(saved(tmp_path / "model", task), NATIVE["litert"])
