"""A GPT-2 as one GGUF file: weights, tokenizer and merges, as llama.cpp and all that is built on it (LM Studio, wllama in a browser) read them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GPT2LMHeadModel, PreTrainedModel

from hodu.errors import ExportError
from hodu.exporting.quantize import Precision
from hodu.models.facts import facts_of
from hodu.models.licence import licence_of
from hodu.models.load import Loaded

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, GGUFWriter

Array = NDArray[Any]

ARCHITECTURE = "gpt2"
QUANTISATIONS: dict[Precision, str] = {"int8": "Q8_0", "int4": "Q4_0", "fp32": "F32"}
"""GGUF's names of what :data:`Precision` names."""
BLOCK = 32
"""Weights that share a scale in Q8_0 and Q4_0; Q4_0 has the grid of :func:`hodu.models.grid.by_groups`."""

_NAMES = {
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "lm_head": "output",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
_TURNED = ("c_attn", "c_proj", "c_fc")  # transformers' Conv1D holds them input by output
_NEVER_ROUNDED = ("position_embd",)  # as llama.cpp's own quantiser has it
_ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh")


def check_gpt2(loaded: Loaded, precision: Precision) -> None:
    """Refuse what llama.cpp would read as something else, or not at all.

    Raises:
        ExportError: no GPT-2, one with settings that llama.cpp's GPT-2 lacks, one that reads facts, a tokenizer that is not GPT-2's kind, or another precision.
    """
    model, settings = loaded.model, loaded.model.config
    if not isinstance(model, GPT2LMHeadModel):
        raise ExportError(
            f"{loaded.path} is {type(model).__name__} ({settings.model_type}), and --to gguf writes GPT-2 language models (students of recipe distilgpt); take --to onnx"
        )
    if precision not in QUANTISATIONS:
        raise ExportError(
            f"--precision {precision} is none of --to gguf; expected int8 (Q8_0: a scale for {BLOCK} weights), int4 (Q4_0) or fp32"
        )
    if facts_of(settings) is not None:
        raise ExportError(
            f"{loaded.path} was trained to read facts, and llama.cpp has no graph to take them from; take --to onnx"
        )
    odd = {
        "activation_function": settings.activation_function not in _ACTIVATIONS,
        "scale_attn_weights": not settings.scale_attn_weights,
        "scale_attn_by_inverse_layer_idx": settings.scale_attn_by_inverse_layer_idx,
        "add_cross_attention": settings.add_cross_attention,
    }
    if any(odd.values()):
        found = ", ".join(f"{name}={getattr(settings, name)}" for name, wrong in odd.items() if wrong)
        raise ExportError(f"{loaded.path} has {found}, which llama.cpp's GPT-2 does not know; take --to onnx")
    _check_tokenizer(loaded)


def _check_tokenizer(loaded: Loaded) -> None:
    written = _backend(loaded)
    pieces, cut = written["model"], written.get("pre_tokenizer") or {}
    odd = {
        f"its model is {pieces['type']}, not BPE": pieces["type"] != "BPE",
        f"texts are normalised by {(written.get('normalizer') or {}).get('type')}": bool(written.get("normalizer")),
        f"texts are cut by {cut.get('type')}, not ByteLevel": cut.get("type") != "ByteLevel",
        "a space is put before each text": cut.get("add_prefix_space", False),
        "it does not cut words as GPT-2 does": not cut.get("use_regex", True),
        "it marks the inside or the end of words": bool(
            pieces.get("continuing_subword_prefix") or pieces.get("end_of_word_suffix")
        ),
        "it takes whole words before merging": pieces.get("ignore_merges", False),
        "it has no piece for the end of a text": loaded.tokenizer.eos_token_id is None,
        "it puts pieces around each text other than its first and last one": _around(loaded) is None,
        "it has more pieces than the model": len(loaded.tokenizer) > loaded.model.config.vocab_size,
    }
    if any(odd.values()):
        found = "; ".join(why for why, wrong in odd.items() if wrong)
        raise ExportError(
            f"{loaded.path}: the tokenizer is not of GPT-2's kind (byte-level BPE), so llama.cpp would read other pieces: {found}; take --to onnx"
        )


def _backend(loaded: Loaded) -> dict[str, Any]:
    """The tokenizer as tokenizer.json has it."""
    written: dict[str, Any] = json.loads(loaded.tokenizer.backend_tokenizer.to_str())
    return written


def _around(loaded: Loaded) -> tuple[bool, bool] | None:
    """Whether a text gets the first and the last piece around it; None where it gets others."""
    tokenizer = loaded.tokenizer
    bare, whole = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (False, True))
    for first in (False, True):
        for last in (False, True):
            if [tokenizer.bos_token_id] * first + bare + [tokenizer.eos_token_id] * last == whole:
                return first, last
    return None


def write_gguf(loaded: Loaded, file: Path, precision: Precision, name: str) -> None:
    """Write a model that :func:`check_gpt2` passed."""
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, quantize

    stored = QUANTISATIONS[precision]
    wanted = GGMLQuantizationType[stored]
    writer = GGUFWriter(file, ARCHITECTURE)
    _add_settings(writer, loaded, name)
    writer.add_file_type(LlamaFileType["ALL_F32" if precision == "fp32" else f"MOSTLY_{stored}"])
    _add_tokenizer(writer, loaded)
    for theirs, array in tensors_of(loaded.model):
        kind = _kind(theirs, array, wanted)
        writer.add_tensor(theirs, quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors_of(model: PreTrainedModel) -> Iterator[tuple[str, Array]]:
    """Weights by llama.cpp's names, output by input; a vocabulary shared by both ends is there once."""
    shared = model.config.tie_word_embeddings
    for ours, weight in model.state_dict().items():
        if not (shared and ours.startswith("lm_head.")):
            array = weight.to(torch.float32).numpy()
            yield _their_name(ours), np.ascontiguousarray(array.T if _is_turned(ours) else array)


def _their_name(ours: str) -> str:
    home, kind = ours.rsplit(".", 1)
    layer = re.fullmatch(r"transformer\.h\.(\d+)\.(.+)", home)
    return f"blk.{layer[1]}.{_NAMES[layer[2]]}.{kind}" if layer else f"{_NAMES[home]}.{kind}"


def _is_turned(ours: str) -> bool:
    return ours.endswith(tuple(f"{name}.weight" for name in _TURNED))


def _kind(name: str, array: Array, wanted: GGMLQuantizationType) -> GGMLQuantizationType:
    """Vectors, positions, and rows that are no whole blocks stay as they are."""
    from gguf import GGMLQuantizationType

    kept = array.ndim == 1 or array.shape[-1] % BLOCK or name.startswith(_NEVER_ROUNDED)
    return GGMLQuantizationType.F32 if kept else wanted


def _add_settings(writer: GGUFWriter, loaded: Loaded, name: str) -> None:
    settings = loaded.model.config
    writer.add_name(name)
    if licence := licence_of([loaded.path]):
        writer.add_license(licence)
    writer.add_context_length(settings.n_positions)
    writer.add_embedding_length(settings.n_embd)
    writer.add_feed_forward_length(settings.n_inner or 4 * settings.n_embd)
    writer.add_block_count(settings.n_layer)
    writer.add_head_count(settings.n_head)
    writer.add_layer_norm_eps(settings.layer_norm_epsilon)


def _add_tokenizer(writer: GGUFWriter, loaded: Loaded) -> None:
    """Pieces, their kinds, merges in their order, and the ids of those with a meaning."""
    from gguf import TokenType

    tokenizer, written = loaded.tokenizer, _backend(loaded)
    count = loaded.model.config.vocab_size
    pieces, kinds = [f"[unused{piece}]" for piece in range(count)], [TokenType.UNUSED] * count
    for text, piece in tokenizer.get_vocab().items():
        pieces[piece], kinds[piece] = text, TokenType.NORMAL
    for added in written["added_tokens"]:
        pieces[added["id"]] = added["content"]
        kinds[added["id"]] = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")  # how words are cut
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in written["model"]["merges"]])
    end = tokenizer.eos_token_id
    writer.add_bos_token_id(end if tokenizer.bos_token_id is None else tokenizer.bos_token_id)
    writer.add_eos_token_id(end)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    first, last = _around(loaded) or (False, False)
    writer.add_add_bos_token(first)
    writer.add_add_eos_token(last)


def read_back(file: Path) -> dict[str, Array]:
    """The weights in a GGUF file by their names there, as numbers."""
    from gguf import GGUFReader, dequantize

    # the reader maps the file; shapes stand there the other way round
    return {
        one.name: np.array(dequantize(one.data, one.tensor_type)).reshape([int(size) for size in reversed(one.shape)])
        for one in GGUFReader(file).tensors
    }


def with_weights(model: PreTrainedModel, read: dict[str, Array]) -> PreTrainedModel:
    """A copy of the model with the weights of its file: what llama.cpp computes, but for the order of sums and for inputs of products, which it rounds too."""
    made = copy.deepcopy(model)
    shared = model.config.tie_word_embeddings
    with torch.no_grad():
        for ours, weight in made.state_dict().items():
            if not (shared and ours.startswith("lm_head.")):
                array = read[_their_name(ours)]
                weight.copy_(torch.from_numpy(array.T if _is_turned(ours) else array))
    return made
