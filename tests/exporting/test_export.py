"""From a model folder to a bundle: complete or not there, read as Python reads, refused when it is damaged."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import hodu
from hodu.data import Columns, beside
from hodu.errors import DataError, ExportError, ModelError, OutputError
from hodu.exporting import export as module
from hodu.exporting import installed
from hodu.exporting.manifest import read_manifest
from hodu.exporting.onnx import check_exportable, to_onnx
from hodu.exporting.parity import Disagreement
from hodu.exporting.running import Bundle
from hodu.exporting.samples import as_asked, samples_of
from hodu.knowledge.compiled import CompiledGraph
from hodu.models.beside import budget_of, reader_of
from hodu.models.facts import facts_of
from hodu.models.load import Loaded
from hodu.models.scratch import new_discriminator
from hodu.types import FactSettings, Task
from tests.exporting.conftest import GRAPH_TEXTS, Save
from tests.training.conftest import write_jsonl

AWKWARD = [
    "She dug the ground to plant flowers. What with?",
    "꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?",
    "",
    "   ",
    "🙂🙃 ❤️‍🔥",
    "땅을\u200b 파다 \u0001 café ﬁlm ㅋㅋㅋ 漢字",
    "땅을 파다",  # decomposed: the same letters in other code points
    "dig the ground " * 6_700,
]
CHOICES = ["trowel", "모종삽", "a violin"]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = (
        "She dug the ground to plant flowers.",
        "집을 지으려고 땅을 팠다.",
        "They dug the ground to build a house.",
    )
    rows = [
        {"question": f"{texts[i % 3]} What with? {i}", "choices": [*CHOICES[: 2 + i % 2]], "answer": i % 2}
        for i in range(24)
    ]
    return write_jsonl(tmp_path_factory.mktemp("questions") / "questions.jsonl", rows)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, graphs: Callable[[Task], Any]) -> None:
    """Each model written as ONNX only once for all tests."""
    monkeypatch.setattr(module, "to_onnx", lambda loaded, task: graphs(task))


@pytest.fixture(scope="module")
def bundle(
    models: Callable[[Task], Loaded],
    graphs: Callable[[Task], Any],
    questions: Path,
    world: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A model that chooses, with facts, exported with its graph."""
    out = tmp_path_factory.mktemp("bundles") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "to_onnx", lambda loaded, task: graphs(task))
        made = hodu.export(models("multiple-choice").path, out, graph=world, data=questions, agreement=0)
    assert made.folder == out and made.parity.told > 0
    return out


def test_the_manifest_says_all_that_a_page_needs(bundle: Path, models: Callable[[Task], Loaded]) -> None:
    """A page, or an app, cannot read the bundle: a field of the contract is missing or means something else."""
    said = read_manifest(bundle)
    assert {path.name for path in bundle.iterdir()} >= {"manifest.json", "model.onnx", "tokenizer.json", "graph.hodu"}
    assert said["bundle"] == 1 and said["task"] == "multiple-choice" and said["labels"] is None
    assert said["inputs"] == ["input_ids", "attention_mask", "token_type_ids", "fact_ids"]
    assert said["outputs"] == ["probabilities"] and said["max_length"] == 96 and said["precision"] == "int8"
    separator = models("multiple-choice").tokenizer.sep_token_id
    assert said["facts"] == {
        "layout": "star",
        "tokens": 48,
        "slots": True,
        "limit": 16,
        "hops": 2,
        "separator": separator,
    }
    assert set(said["files"]) == {"model", "tokenizer", "graph"} and set(said["languages"]) == {"ko", "en"}
    assert said["examples"][0].keys() == {"question", "choices"}
    assert {"hodu", "name", "created", "versions", "licence", "teacher", "recipe", "figures"} <= said.keys()
    metrics = {(one["system"], one["metric"]) for one in said["figures"]}
    assert {("pytorch", "accuracy"), ("onnx", "agreement"), ("quantised", "agreement_padded")} <= metrics
    tokenizer = json.loads((bundle / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["truncation"] is None and tokenizer["padding"] is None


def test_texts_are_read_as_hodu_reads_them(bundle: Path, models: Callable[[Task], Loaded], world: Path) -> None:
    """The app reads other pieces or other facts than the model was trained on: of emoji, of nothing at all, of a text of 100,000 characters."""
    loaded, run = models("multiple-choice"), Bundle(bundle)
    rows = Dataset.from_dict({"text": AWKWARD, "choices": [CHOICES] * len(AWKWARD)})
    settings = facts_of(loaded.model.config)
    assert settings is not None
    told = beside(rows, reader_of(world, settings), budget_of(loaded.tokenizer, settings))
    expected = as_asked(loaded, "multiple-choice", told)[0]
    assert any((one.inputs["fact_ids"] > 1).any() for one in expected)
    for text, right in zip(AWKWARD, expected, strict=True):
        given = run.inputs(text, choices=CHOICES)
        for name, values in right.inputs.items():
            np.testing.assert_array_equal(given[name], values, err_msg=f"{name} of {text[:40]!r}")
        chances = run(text, choices=CHOICES)["probabilities"]
        assert chances.shape == (3,) and chances.sum() == pytest.approx(1, abs=1e-5)
        with torch.inference_mode():
            logits = loaded.model(**{name: torch.from_numpy(value) for name, value in right.inputs.items()}).logits
        np.testing.assert_allclose(chances, logits[:, 0].softmax(0), atol=0.1)
    with pytest.raises(DataError, match="multiple-choice, which needs some"):
        run("What with?")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda folder: _cut(folder / "tokenizer.json"), "cut short or altered"),
        (lambda folder: _alter(folder / "graph.hodu"), "was altered"),
        (lambda folder: _say(folder, bundle=2), "bundle version 2, and this hodu reads version 1"),
        (lambda folder: _say(folder, files={}), "names no model and tokenizer"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "bundle version None"),
        (lambda folder: (folder / "manifest.json").unlink(), "is no bundle"),
    ],
)
def test_a_damaged_bundle_is_refused(damage: Callable[[Path], object], said: str, bundle: Path, tmp_path: Path) -> None:
    """Half a download answers nonsense, or ends in a traceback of onnxruntime."""
    folder = shutil.copytree(bundle, tmp_path / "bundle")
    Bundle(folder)
    damage(folder)
    with pytest.raises(ExportError, match=said):
        Bundle(folder)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def _alter(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _say(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(content | changes), encoding="utf-8")


@pytest.mark.usefixtures("quick")
def test_nothing_is_left_of_an_export_that_failed(
    models: Callable[[Task], Loaded], few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle that answers otherwise, or half a one after a full disk, lies there like a good one; or the good one that lay there is gone."""
    path, out = models("regression").path, tmp_path / "bundle"
    with pytest.raises(Disagreement, match="nothing was written"):
        hodu.export(path, out, data=few, agreement=1.01)
    assert list(tmp_path.iterdir()) == []
    hodu.export(path, out, data=few, to="onnx", agreement=0, precision="fp32")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        hodu.export(path, out, agreement=0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_manifest", full)
    with pytest.raises(OutputError, match="the disk is full"):
        hodu.export(path, out, data=few, agreement=0, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["bundle"]
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_what_cannot_be_exported(
    save: Save, models: Callable[[Task], Loaded], world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong call ends in a traceback after minutes, or makes a bundle that lacks its graph."""
    reads, plain, out = models("multiple-choice").path, models("regression").path, tmp_path / "bundle"
    with pytest.raises(ExportError, match=r"precision: int8, int4, blocks8, fp32"):
        hodu.export(plain, out, precision="int3")  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="give it with --graph"):
        hodu.export(reads, out)
    with pytest.raises(ExportError, match="leave out --graph"):
        hodu.export(plain, out, graph=world)
    with pytest.raises(ExportError, match="--fact-layout star"):
        hodu.export(save("classification", FactSettings("tree")), out, graph=world)
    judge = new_discriminator("1x16", GRAPH_TEXTS, 60, 32, generator=None)
    judge.model.config.architectures = ["ElectraForPreTraining"]
    with pytest.raises(ExportError, match=r"replaced-token, which cannot be exported; what can: classification"):
        check_exportable(judge)
    with pytest.raises(ExportError, match=r"lacks classifier.weight.*hodu train"):
        check_exportable(replace(models("regression"), untrained=("classifier.weight",)))

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("deep inside\nSomeError: no such operator\n")

    with monkeypatch.context() as patch:
        patch.setattr("torch.onnx.export", fails)
        with pytest.raises(
            ExportError, match=r"BertForSequenceClassification \(bert\) cannot be written as ONNX .*no such operator"
        ):
            to_onnx(models("regression"), "regression")
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"pip install 'hodu\[phone\]'"):
        hodu.export(plain, out)
    assert not out.exists()


def test_models_that_are_broken(models: Callable[[Task], Loaded], tmp_path: Path) -> None:
    """A model of NaN is exported as one that answers like PyTorch, one without a tokenizer as one that reads; a file that was cut short ends in a traceback."""
    good = Path(models("classification").path)

    def broken(name: str) -> Path:
        return Path(shutil.copytree(good, tmp_path / name))

    weights = load_file(good / "model.safetensors")
    weights["classifier.weight"][0, 0] = torch.nan
    save_file(weights, broken("nan") / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"classifier.weight holds numbers that are none"):
        hodu.export(tmp_path / "nan", tmp_path / "out")
    (broken("cut") / "model.safetensors").write_bytes((good / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        hodu.export(tmp_path / "cut", tmp_path / "out")
    for place, name in enumerate(("tokenizer.json", "tokenizer_config.json")):
        (broken(f"wordless-{place}") / "tokenizer.json").unlink()
        (tmp_path / f"wordless-{place}" / name).unlink(missing_ok=True)
        with pytest.raises(ModelError, match="tokenizer"):
            hodu.export(tmp_path / f"wordless-{place}", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_writer_has_no_page(models: Callable[[Task], Loaded], tmp_path: Path) -> None:
    """A GPT-2 is packed for the page, which can only say that it does not run there."""
    with pytest.raises(ExportError, match="take --to gguf"):
        hodu.export(models("causal-lm").path, tmp_path / "out")


def test_few_texts_are_all_compared(models: Callable[[Task], Loaded], tmp_path: Path) -> None:
    """Of twelve texts two are compared, and nobody says how little that is."""
    few = tmp_path / "few.txt"
    few.write_text("\n".join(GRAPH_TEXTS * 4), encoding="utf-8")
    samples = samples_of(models("masked-lm"), "masked-lm", None, str(few), Columns())
    assert len(samples.asked) == 12 and "only 12 texts" in samples.notes[0]
    assert all("[MASK]" in example for example in samples.examples)


def test_a_reader_is_asked_in_its_graphs_languages(models: Callable[[Task], Loaded], world: Path) -> None:
    """A reader whose vocabulary spells Korean out is compared on English questions alone, and offers them to Koreans."""
    samples = samples_of(models("multiple-choice"), "multiple-choice", CompiledGraph.open(world), None, Columns())
    assert len(samples.asked) == 200


def test_facts_as_text_need_no_input_of_their_own(save: Save, world: Path, few: Path, tmp_path: Path) -> None:
    """A model that reads facts as more text is exported with an input that does nothing, or reads none."""
    out = tmp_path / "bundle"
    path = save("classification", FactSettings("text", tokens=40))
    made = hodu.export(path, out, graph=world, data=few, agreement=0, precision="fp32")
    assert made.manifest["inputs"] == ["input_ids", "attention_mask", "token_type_ids"]
    run = Bundle(out)
    alone, told = run.inputs("a book"), run.inputs("dig the ground")
    assert alone["fact_ids"].max() == 0 and told["fact_ids"].max() > 0
    assert run("dig the ground")["probabilities"].shape == (1, 3)
    assert Tokenizer.from_file(str(out / "tokenizer.json")).truncation is None
