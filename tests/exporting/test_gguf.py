"""A GPT-2 as a GGUF file: its numbers, its tokenizer, what is refused, and llama.cpp itself where it is installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import pre_tokenizers
from typer.testing import CliRunner

pytest.importorskip("gguf", reason="the extra hodu[gguf] is not installed")

from gguf import GGMLQuantizationType, GGUFReader, TokenType, dequantize, quantize

from hodu.cli.app import app
from hodu.errors import ExportError, OutputError
from hodu.exporting import for_llama
from hodu.exporting.export import export
from hodu.exporting.gguf import BLOCK, check_gpt2, read_back, tensors_of, write_gguf
from hodu.exporting.parity import Disagreement
from hodu.exporting.running import Bundle
from hodu.models.facts import read_facts
from hodu.models.grid import on_grid
from hodu.models.load import Loaded, load_model
from hodu.models.scratch import new_gpt2
from hodu.types import FactSettings, Task
from tests.exporting.conftest import GRAPH_TEXTS, TEXTS
from tests.tiny import tiny

READ = [*TEXTS[:4], *GRAPH_TEXTS, "땅을 팠다", "don't 3 12345  two  spaces\n\nlines\ttab ", "🙂🙃 ❤️‍🔥 漢字 café"]


@pytest.fixture(scope="module")
def gpt() -> Loaded:
    """Two layers, 64 wide, one row of the vocabulary without a piece, padding apart from the end of text."""
    torch.manual_seed(0)
    made = new_gpt2("2x64", (TEXTS + GRAPH_TEXTS) * 2, vocabulary=320, max_length=96)
    made.model.resize_token_embeddings(len(made.tokenizer) + 1)
    with torch.no_grad():
        for name, weight in made.model.named_parameters():
            weight.add_(0.3 * torch.randn_like(weight)) if "ln" in name or "bias" in name else weight.mul_(4)
    made.model.eval()
    return made


@pytest.fixture(scope="module")
def folder(gpt: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models") / "gpt"
    gpt.model.save_pretrained(made)
    gpt.tokenizer.save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def written(gpt: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "small.gguf"
    write_gguf(gpt, file, "int8", "small")
    return file


def fields(file: Path) -> dict[str, Any]:
    return {name: field.contents() for name, field in GGUFReader(file).fields.items()}


def test_every_weight_is_there(gpt: Loaded, written: Path, tmp_path: Path) -> None:
    """llama.cpp computes with other weights than the student's: rounded too coarsely, turned round, or under another's name."""
    read, ours = read_back(written), dict(tensors_of(gpt.model))
    assert read.keys() == ours.keys()
    assert len(read) == 2 + 2 + 2 * 12  # both embeddings, the last norm, the layers; the vocabulary once
    rounded = 0
    for name, weight in ours.items():
        assert read[name].shape == weight.shape
        if np.array_equal(read[name], weight):
            continue
        rounded += 1
        blocks = weight.reshape(-1, BLOCK)
        step = np.abs(blocks).max(1, keepdims=True) / 127
        # half a step, and what float16 takes from the scale: 127 x 2^-11 of a step
        assert (np.abs(read[name].reshape(blocks.shape) - blocks) <= step * (0.5 + 127 / 2**11) + 1e-7).all()
    assert rounded == 1 + 2 * 4
    first = gpt.model.transformer.h[1].attn.c_attn.weight.detach().numpy()
    assert np.abs(read["blk.1.attn_qkv.weight"] - first.T).max() < 0.01 < np.abs(first).max()
    write_gguf(gpt, tmp_path / "whole.gguf", "fp32", "small")
    for name, weight in read_back(tmp_path / "whole.gguf").items():
        assert np.array_equal(weight, ours[name])


def test_settings_and_tokenizer_are_there(gpt: Loaded, written: Path) -> None:
    """llama.cpp reads other pieces than the student learnt, never stops, or builds another model."""
    said, tokenizer = fields(written), gpt.tokenizer
    pieces, kinds = said["tokenizer.ggml.tokens"], said["tokenizer.ggml.token_type"]
    assert {piece: place for place, piece in enumerate(pieces) if kinds[place] != TokenType.UNUSED} == (
        tokenizer.get_vocab()
    )
    assert len(pieces) == gpt.model.config.vocab_size == len(tokenizer) + 1
    controls = [place for place, kind in enumerate(kinds) if kind == TokenType.CONTROL]
    assert controls == sorted({tokenizer.eos_token_id, tokenizer.pad_token_id})
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    assert len(merges) > 20 and said["tokenizer.ggml.merges"] == [" ".join(pair) for pair in merges]
    ids = {name: said[f"tokenizer.ggml.{name}_token_id"] for name in ("bos", "eos", "padding")}
    assert ids == {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "padding": tokenizer.pad_token_id,
    }
    assert (said["tokenizer.ggml.model"], said["tokenizer.ggml.pre"]) == ("gpt2", "gpt-2")
    assert not said["tokenizer.ggml.add_bos_token"] and not said["tokenizer.ggml.add_eos_token"]
    config = gpt.model.config
    assert {name: said[f"gpt2.{name}"] for name in ("context_length", "block_count", "feed_forward_length")} == {
        "context_length": 96,
        "block_count": 2,
        "feed_forward_length": 256,
    }
    assert said["gpt2.attention.head_count"] == config.n_head
    assert said["gpt2.attention.layer_norm_epsilon"] == pytest.approx(config.layer_norm_epsilon)


def test_a_file_says_its_licence(folder: Path, few: Path, tmp_path: Path) -> None:
    """Who gets the file alone, as llama.cpp's users do, cannot tell that the teacher's licence binds them."""
    theirs = tmp_path / "licensed"
    shutil.copytree(folder, theirs)
    (theirs / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n", encoding="utf-8")
    for model, licence in ((theirs, "cc-by-nc-4.0"), (folder, None)):
        export(model, tmp_path / f"{model.name}.gguf", to="gguf", data=few)
        assert fields(tmp_path / f"{model.name}.gguf").get("general.license") == licence


def test_rows_that_are_no_blocks_stay_whole(tmp_path: Path) -> None:
    """A student whose width is no multiple of 32 cannot be exported, or llama.cpp refuses its file."""
    torch.manual_seed(0)
    made = new_gpt2("1x48", TEXTS, vocabulary=300, max_length=32)
    write_gguf(made, tmp_path / "odd.gguf", "int8", "odd")
    kinds = {one.name: one.tensor_type.name for one in GGUFReader(tmp_path / "odd.gguf").tensors}
    assert kinds["blk.0.ffn_down.weight"] == "Q8_0"  # rows of 192
    apart = dict(tensors_of(tiny("gpt2", "causal-lm", tie_word_embeddings=False)))  # its vocabulary is there twice
    assert not np.array_equal(apart["output.weight"], apart["token_embd.weight"])
    assert kinds["blk.0.ffn_up.weight"] == kinds["token_embd.weight"] == kinds["position_embd.weight"] == "F32"


def test_four_bits_are_those_that_training_got_used_to(gpt: Loaded, tmp_path: Path) -> None:
    """A student of --quantise int4 loses in llama.cpp what it was trained to keep."""
    write_gguf(gpt, tmp_path / "small.gguf", "int4", "small")
    read = read_back(tmp_path / "small.gguf")
    kinds = {one.name: one.tensor_type.name for one in GGUFReader(tmp_path / "small.gguf").tensors}
    whole = dict(tensors_of(gpt.model))
    for name, kind in kinds.items():
        if kind == "Q4_0":
            rows = on_grid(torch.from_numpy(whole[name]), "int4").numpy()
            # a weight in the middle between two steps may fall to either side; scales are stored in fp16
            apart = np.abs(read[name] - rows) > 1e-3 * np.abs(rows) + 1e-7
            assert apart.mean() < 1e-3
            stored = dequantize(quantize(rows, GGMLQuantizationType.Q4_0), GGMLQuantizationType.Q4_0)
            np.testing.assert_allclose(stored, rows, rtol=1e-3, atol=1e-7)
    assert list(kinds.values()).count("Q4_0") == 1 + 4 * 2


def test_the_command(folder: Path, few: Path, tmp_path: Path) -> None:
    """hodu export --to gguf leaves no file, one that was never compared, or a folder that says nothing of its figures."""
    flags = ["--to", "gguf", "--data", str(few)]
    file = tmp_path / "new" / "small.gguf"
    done = CliRunner().invoke(app, ["export", str(folder), *flags, "--out", str(file)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "gguf Q8_0" in done.output and "answers as PyTorch" in done.output and f"{file}: 0." in done.output
    assert list(file.parent.iterdir()) == [file] and fields(file)["general.name"] == "gpt"
    with pytest.raises(OutputError, match="exists already"):
        export(folder, file, to="gguf", data=few)
    made = export(folder, tmp_path / "box", to="gguf", data=few, precision="fp32")
    assert made.parity.value("gguf", "agreement") == made.parity.value("gguf", "agreement_padded") == 1.0
    assert made.parity.value("gguf", "largest_difference") == 0
    assert {one.name for one in (tmp_path / "box").iterdir()} == {"model.gguf", "manifest.json"}
    said = json.loads((tmp_path / "box" / "manifest.json").read_text(encoding="utf-8"))
    assert said == made.manifest and said["files"]["model"]["path"] == "model.gguf" and said["versions"]["gguf"]
    with pytest.raises(ExportError, match=r"holds model\.gguf, which llama\.cpp runs and hodu does not"):
        Bundle(tmp_path / "box")
    export(folder, tmp_path / "box", to="gguf", data=few, overwrite=True)
    assert (tmp_path / "box" / "model.gguf").stat().st_size < 0.5 * said["files"]["model"]["bytes"]


def test_a_file_that_answers_otherwise_is_not_left(
    folder: Path, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose weights were mixed up stands where the user asked for one."""

    def mixed(file: Path) -> dict[str, Any]:
        read = read_back(file)
        return read | {"token_embd.weight": read["token_embd.weight"][::-1].copy()}

    monkeypatch.setattr(for_llama, "read_back", mixed)
    with pytest.raises(
        Disagreement, match=r"gguf Q8_0 model answers .* nothing was written: take --precision fp32, or"
    ):
        export(folder, tmp_path / "small.gguf", to="gguf", data=few)
    assert not list(tmp_path.iterdir())


def test_others_are_refused(
    gpt: Loaded, models: Callable[[Task], Loaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A classifier, a Llama, or a GPT-2 that llama.cpp does not know becomes a file that loads and talks nonsense."""
    with pytest.raises(
        ExportError, match=r"is BertForSequenceClassification \(bert\).*GPT-2 language models.*--to onnx"
    ):
        export(models("classification").path, tmp_path / "no", to="gguf")
    llama = Loaded("llama", tiny("llama", "causal-lm"), gpt.tokenizer, {})
    with pytest.raises(ExportError, match=r"llama is LlamaForCausalLM \(llama\)"):
        check_gpt2(llama, "int8")
    with pytest.raises(ExportError, match=r"--precision blocks8 .*expected int8 .*or fp32"):
        check_gpt2(gpt, "blocks8")
    for setting, value in (("activation_function", "gelu"), ("scale_attn_by_inverse_layer_idx", True)):
        with monkeypatch.context() as changed:
            changed.setattr(gpt.model.config, setting, value)
            with pytest.raises(ExportError, match=rf"has {setting}={value}"):
                check_gpt2(gpt, "int8")
    reader = new_gpt2("1x32", TEXTS, vocabulary=300, max_length=96)
    read_facts(reader.model, FactSettings(layout="text", tokens=48))
    with pytest.raises(ExportError, match="trained to read facts"):
        check_gpt2(reader, "int8")
    assert not list(tmp_path.iterdir())


def test_tokenizers_of_other_kinds_are_refused(gpt: Loaded, folder: Path, models: Callable[[Task], Loaded]) -> None:
    """Korean read by a tokenizer of another kind comes to llama.cpp as other pieces, and nobody is told."""
    with pytest.raises(ExportError, match=r"its model is WordPiece, not BPE"):
        check_gpt2(Loaded("small", gpt.model, models("classification").tokenizer, {}), "int8")
    spaced = load_model(folder)
    check_gpt2(spaced, "int8")
    spaced.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    with pytest.raises(ExportError, match="a space is put before each text"):
        check_gpt2(spaced, "int8")
    spaced.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    with pytest.raises(ExportError, match="texts are cut by Metaspace, not ByteLevel"):
        check_gpt2(spaced, "int8")


def asked_of(llama: Any, context: Any, ids: list[int]) -> np.ndarray:
    """Logits by llama.cpp, ``L V``, piece after piece as it writes."""
    context.kv_cache_clear(True)
    said = []
    for place, piece in enumerate(ids):
        context.decode(llama.llama_batch_get_one([piece], place))
        said.append(np.array(context.get_logits_ith(-1), np.float64))
    return np.stack(said)


def test_llama_cpp_says_the_same(gpt: Loaded, written: Path, tmp_path: Path) -> None:
    """The file is well-formed and means something else to llama.cpp: other pieces, other chances of the next one."""
    llama = pytest.importorskip("cyllama.llama.llama_cpp", reason="cyllama (llama.cpp as a wheel) is not installed")
    whole = tmp_path / "whole.gguf"
    write_gguf(gpt, whole, "fp32", "small")
    llama.disable_logging()

    class Model(llama.LlamaModel):
        n_vocab = gpt.model.config.vocab_size  # cyllama 0.2.18 asks its model for it, which has none

    for file, least in ((written, 0.999), (whole, 0.99999)):
        model, settings = Model(str(file)), llama.LlamaContextParams()
        settings.n_ctx, settings.n_threads = 96, 1
        context, vocabulary = llama.LlamaContext(model, settings), model.get_vocab()
        for text in READ:
            ids = gpt.tokenizer(text)["input_ids"]
            assert vocabulary.tokenize(text, add_special=True, parse_special=False) == ids
            with torch.inference_mode():
                ours = gpt.model(torch.tensor([ids[:96]])).logits[0].double().numpy()  # L V
            theirs = asked_of(llama, context, ids[:96])  # L V
            norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
            assert ((ours * theirs).sum(1) / norms).min() >= least
