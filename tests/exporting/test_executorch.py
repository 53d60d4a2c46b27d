"""A student in ExecuTorch itself: its file, any length, its answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("executorch", reason="the extra hodu[executorch] is not installed")
pytest.importorskip("torchao", reason="the extra hodu[executorch] is not installed")

from executorch.kernels import quantized  # noqa: F401  # an app links kernels_quantized
from executorch.runtime import Runtime

import hodu
from hodu.exporting.native import NATIVE
from hodu.models.load import load_model
from hodu.types import Task
from tests.exporting.asking_files import LONGEST, as_pytorch, same_in_fp32, saved


def test_an_app_gets_the_students_answers(tmp_path: Path, few: Path) -> None:
    """An app that gives ids of any length, as docs/phone.md says, gets other probabilities than hodu measured, or a crash at another length than the first."""
    model = saved(tmp_path / "model", "classification")
    made = hodu.export(model, tmp_path / "app", to="executorch", data=few, agreement=0.9)
    assert made.manifest["lengths"] is None and made.manifest["runtime"] == "executorch"
    program = Runtime.get().load_program(tmp_path / "app" / "model.pte")
    for length in (LONGEST, 2, 11):
        ids = np.arange(1, length + 1)[None]
        inputs = [torch.from_numpy(one) for one in (ids, np.ones_like(ids), np.zeros_like(ids))]
        (found,) = program.load_method("forward").execute(inputs)
        np.testing.assert_allclose(found.numpy(), as_pytorch(model, ids), atol=0.06)


def test_int8_is_small(tmp_path: Path, few: Path) -> None:
    """The file on the phone is four times as large as it was said to be: tables or products stayed in fp32."""
    model = saved(tmp_path / "model", "classification")
    sizes = {}
    for precision in ("int8", "fp32"):
        made = hodu.export(model, tmp_path / precision, to="executorch", data=few, precision=precision, agreement=0)  # type: ignore[arg-type]
        sizes[precision] = made.manifest["files"]["model"]["bytes"]
    weights = sum(one.numel() for one in load_model(model).model.parameters())
    assert sizes["fp32"] - sizes["int8"] > 2.5 * weights


@pytest.mark.parametrize("task", ["token-classification", "question-answering", "sentence-embedding", "causal-lm"])
def test_other_tasks(task: Task, tmp_path: Path) -> None:
    """A tagger's words, an answer's place or a sentence's vector are others on the phone."""
    same_in_fp32(saved(tmp_path / "model", task), NATIVE["executorch"])
