"""What LiteRT and ExecuTorch share, with neither installed: refusals, rows one by one, and a folder that appears only if its answers are right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import hodu
from hodu.cli.app import app
from hodu.errors import ExportError
from hodu.exporting.filling import cut, filled
from hodu.exporting.native import NATIVE, Runtime, check_native, one_by_one
from hodu.exporting.parity import Array, Disagreement, Outputs, System, in_torch
from hodu.exporting.running import Bundle
from hodu.models.load import Loaded, load_model
from hodu.types import Task
from tests.exporting.conftest import Save


@pytest.fixture
def pretended(models: Callable[[Task], Loaded], monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Runtime]:
    """A function that puts a runtime which is PyTorch itself in LiteRT's place; if it is to be wrong, its answers are turned round."""

    def made(wrong: bool) -> Runtime:
        def answering(file: bytes, task: Task) -> System:
            answer = in_torch(load_model(models("multilabel").path).model, task)

            def run(inputs: Mapping[str, Array]) -> Outputs:
                assert file == b"model" and len(inputs["input_ids"]) == 1
                return {name: 1 - one if wrong else one for name, one in answer(inputs).items()}

            return run

        fake = replace(
            NATIVE["litert"], modules=(), packages=("torch",), write=lambda *_: b"model", answering=answering
        )
        monkeypatch.setitem(NATIVE, "litert", fake)
        return fake

    return made


@pytest.mark.parametrize("to", ["litert", "executorch"])
def test_a_missing_extra_is_named(to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the export ends in a ModuleNotFoundError of a package that nobody has heard of."""
    monkeypatch.setattr("hodu.exporting.installed.find_spec", lambda _: None)
    said = CliRunner().invoke(app, ["export", "nowhere", "--to", to, "--out", str(tmp_path / "out")])
    assert said.exit_code != 0
    with pytest.raises(ExportError, match=rf"pip install 'hodu\[{to}\]'"):
        hodu.export("nowhere", tmp_path / "out", to=to)  # type: ignore[arg-type]


@pytest.mark.parametrize("runtime", NATIVE.values(), ids=list(NATIVE))
def test_others_are_refused(runtime: Runtime, models: Callable[[Task], Loaded], save: Save) -> None:
    """A reader loses its facts, or a question with choices is asked a choice at a time, and the app shows nonsense."""
    with pytest.raises(ExportError, match=rf"trained to read facts.*--to {runtime.extra} .*take --to onnx"):
        check_native(models("classification"), "classification", runtime, "int8")
    chooses = load_model(save("multiple-choice", name="plain"))
    with pytest.raises(ExportError, match=r"all choices are asked at once.*take --to onnx"):
        check_native(chooses, "multiple-choice", runtime, "int8")
    for precision in ("int4", "blocks8"):
        with pytest.raises(
            ExportError, match=rf"--precision {precision} is none of --to {runtime.extra}; expected int8 or fp32"
        ):
            check_native(models("regression"), "regression", runtime, precision)  # type: ignore[arg-type]
    check_native(models("regression"), "regression", runtime, "fp32")


def test_a_folder_for_an_app(
    pretended: Callable[[bool], Runtime], models: Callable[[Task], Loaded], few: Path, tmp_path: Path
) -> None:
    """An app finds no tokenizer or labels beside the model, or hodu takes the folder for a bundle that it can run."""
    pretended(False)
    out = tmp_path / "app"
    path = str(models("multilabel").path)
    said = CliRunner().invoke(
        app, ["export", path, "--to", "litert", "--out", str(out), "--data", str(few)], env={"COLUMNS": "200"}
    )
    assert said.exit_code == 0, said.output
    assert "litert int8" in said.output and "model.tflite" in said.output
    assert sorted(one.name for one in out.iterdir()) == ["manifest.json", "model.tflite", "tokenizer.json"]
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["runtime"], manifest["lengths"]) == ("litert", [16, 32, 64, 96])
    assert manifest["labels"] == ["food", "도구", "film"] and manifest["files"]["model"]["path"] == "model.tflite"
    agreed = [one for one in manifest["figures"] if one["metric"].startswith("agreement")]
    assert {one["system"] for one in agreed} == {"litert int8"} and all(one["value"] == 1 for one in agreed)
    with pytest.raises(ExportError, match=r"holds model.tflite, which LiteRT runs and hodu does not"):
        Bundle(out)


def test_wrong_answers_are_not_written(
    pretended: Callable[[bool], Runtime], models: Callable[[Task], Loaded], few: Path, tmp_path: Path
) -> None:
    """A model that answers otherwise on the phone than here is shipped without a word."""
    pretended(True)
    path, out = models("multilabel").path, tmp_path / "app"
    with pytest.raises(Disagreement, match=r"the litert int8 model answers as PyTorch in .*take --precision fp32"):
        hodu.export(path, out, to="litert", data=few)
    assert not list(tmp_path.iterdir())
    assert hodu.export(path, out, to="litert", data=few, agreement=0).folder == out


def test_what_a_converter_cannot_write(
    pretended: Callable[[bool], Runtime],
    models: Callable[[Task], Loaded],
    few: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The export of an unusual model ends in a traceback of a thousand lines of somebody else's compiler."""

    def fails(*_: object) -> bytes:
        raise NotImplementedError("aten.odd is not known\nand a thousand lines")

    monkeypatch.setitem(NATIVE, "litert", replace(pretended(False), write=fails))
    with pytest.raises(
        ExportError, match=r"\(bert\) cannot be written for LiteRT with torch .*: aten.odd is not known; take --to onnx"
    ):
        hodu.export(models("multilabel").path, tmp_path / "app", to="litert", data=few)
    assert not list(tmp_path.iterdir())


def test_a_filled_text_is_cut_back() -> None:
    """A tagger has more tags than words, or a filled text attends to what it was filled with."""
    inputs = filled({"input_ids": np.array([[7, 8]]), "attention_mask": np.array([[1, 1]])}, 4)
    assert {name: one.tolist() for name, one in inputs.items()} == {
        "input_ids": [[7, 8, 0, 0]],
        "attention_mask": [[1, 1, 0, 0]],
    }
    tags = np.ones((1, 4, 3))
    assert cut({"probabilities": tags}, 2, "token-classification")["probabilities"].shape == (1, 2, 3)
    assert cut({"probabilities": tags[0]}, 2, "classification")["probabilities"].shape == (4, 3)


def test_rows_are_asked_one_by_one() -> None:
    """The comparison in padded batches mixes up its rows, or cuts the padding off and so cannot see a lost mask."""
    asked = []

    def answer(inputs: Mapping[str, Array]) -> Outputs:
        asked.append({name: values.tolist() for name, values in inputs.items()})
        return {"score": inputs["input_ids"].sum(1).astype(np.float32)}

    ids, mask = np.array([[1, 2, 3], [4, 5, 0]]), np.array([[1, 1, 1], [1, 1, 0]])
    assert one_by_one(answer)({"input_ids": ids, "attention_mask": mask})["score"].tolist() == [6, 9]
    assert asked == [
        {"input_ids": [[1, 2, 3]], "attention_mask": [[1, 1, 1]]},
        {"input_ids": [[4, 5, 0]], "attention_mask": [[1, 1, 0]]},
    ]
