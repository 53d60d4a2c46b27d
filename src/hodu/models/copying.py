"""The plain student starts: whole teacher layers (DistilBERT §3, Patient-KD), or the first rows, columns and heads of each weight."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from hodu.errors import ModelError, ShapeError
from hodu.models.shapes import POSITIONS_AFTER_PAD, shape_of
from hodu.types import Shape

# (weights, axis, blocks): the axis that runs over heads, and how many such blocks lie behind each other (fused q, k, v).
_HEAD_AXES = (
    (r"\.(query|key|value|[qkv]_lin|[qkv]_proj|Wqkv)\.(weight|bias)$", 0),
    (r"\.attn\.c_attn\.weight$", 1),  # GPT-2 keeps its matrices transposed
    (r"\.attn\.c_attn\.bias$", 0),
    (r"\.attn\.c_proj\.weight$", 0),
    (r"\.(attention\.output\.dense|attention\.out_lin|self_attn\.o_proj|attention\.dense|attn\.Wo)\.weight$", 1),
)
_FUSED_QUERY_KEY_VALUE = re.compile(r"\.(Wqkv|c_attn)\.")
_KEY_VALUE = re.compile(r"\.[kv]_proj\.")
_FUSED_GATE = re.compile(r"\.mlp\.Wi\.")  # ModernBERT: input and gate in one matrix
_ROTARY = frozenset({"modernbert", "llama", "mistral", "qwen2", "qwen3"})
_SLICEABLE = _ROTARY | {"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "albert", "gpt2"}

# (weight name, axis, teacher size, student size) → teacher indices on that axis
_Indices = Callable[[str, int, int, int], Tensor]


def copy_layers(
    student: PreTrainedModel, teacher: PreTrainedModel, layers: tuple[int, ...], kept: Tensor | None
) -> None:
    """Copy embeddings, the chosen layers and the head; works for every family of equal width.

    Raises:
        ShapeError: width, heads or feed-forward width differ.
    """
    small, full = shape_of(student.config), shape_of(teacher.config)
    for name in ("width", "heads", "feed_forward"):
        if getattr(small, name) != getattr(full, name):
            raise ShapeError(
                f"Start 'layers' copies whole layers, but the student's {name.replace('_', '-')} is {getattr(small, name)} "
                f"and the teacher's {getattr(full, name)}: make them equal, or start with rotate, slice or random."
            )
    _copy(student, teacher, layers, kept, lambda name, axis, size, wanted: torch.arange(wanted))


def copy_slices(
    student: PreTrainedModel, teacher: PreTrainedModel, layers: tuple[int, ...], kept: Tensor | None
) -> None:
    """Copy the first rows, columns, neurons and heads (and the first dimensions of each head, where it is narrower).

    Raises:
        ModelError: a family whose heads hodu cannot find.
        ShapeError: more or wider heads than the teacher's, or narrower ones under rotary positions (their frequencies would not fit).
    """
    family = teacher.config.model_type
    if family not in _SLICEABLE:
        raise ModelError(
            f"Start 'slice' does not know {family} models: start with random, or with layers at equal width."
        )
    check_heads(shape_of(student.config), shape_of(teacher.config), "slice", narrower=family not in _ROTARY)
    _copy(student, teacher, layers, kept, _slice_indices(student.config, teacher.config))


def check_heads(small: Shape, full: Shape, start: str, *, narrower: bool) -> None:
    """Refuse heads that cannot come out of the teacher's: more, wider, or (unless ``narrower``) narrower ones."""
    width, full_width = small.width // small.heads, full.width // full.heads
    if small.heads > full.heads or width > full_width or (width < full_width and not narrower):
        at_most = "at most " if narrower else ""
        raise ShapeError(
            f"Start '{start}' takes heads from the teacher's {full.heads} of width {full_width}, but the student wants "
            f"{small.heads} of width {width}: ask for at most {full.heads} heads, of width {at_most}{full_width}."
        )


def layer_stack(model: PreTrainedModel) -> str | None:
    """The name of the module list that holds the layers; None where all layers share their weights (ALBERT)."""
    wanted = shape_of(model.config).layers
    if model.config.model_type == "albert":
        return None
    lists = (
        name for name, module in model.named_modules() if isinstance(module, nn.ModuleList) and len(module) == wanted
    )
    return next(lists, None)


def output_layer(model: PreTrainedModel) -> nn.Linear | None:
    """The layer that scores the vocabulary; None without one."""
    return cast("nn.Linear | None", cast(Any, model).get_output_embeddings())  # untyped in transformers


def vocabulary_names(model: PreTrainedModel) -> set[str]:
    """Names of the weights whose first axis runs over the vocabulary: embedding table, output layer and its bias."""
    output = output_layer(model)
    tables = [model.get_input_embeddings().weight, getattr(output, "weight", None), getattr(output, "bias", None)]
    pointers = {id(table) for table in tables if table is not None}
    weights = model.state_dict(keep_vars=True)
    spare = {"cls.predictions.bias", "lm_head.bias"} & weights.keys()  # copies of the output bias that may not be tied
    return {name for name, weight in weights.items() if id(weight) in pointers} | spare


def position_rows(student: PretrainedConfig, teacher: PretrainedConfig) -> Tensor | None:
    """Teacher position row for each student row; None where both count alike. RoBERTa's positions start after the padding id."""
    if teacher.model_type not in POSITIONS_AFTER_PAD or student.pad_token_id == teacher.pad_token_id:
        return None
    shift: int = teacher.pad_token_id - student.pad_token_id
    rows = torch.arange(student.max_position_embeddings) + shift
    return rows.clamp(min=0)  # what stands before the padding id is never read


@torch.no_grad()
def _copy(
    student: PreTrainedModel, teacher: PreTrainedModel, layers: tuple[int, ...], kept: Tensor | None, indices: _Indices
) -> None:
    stack, source = layer_stack(student), teacher.state_dict()
    theirs = layer_stack(teacher)
    vocabulary, positions = vocabulary_names(student), position_rows(student.config, teacher.config)
    for name, weight in student.state_dict().items():
        original = source.get(_teacher_name(name, stack, theirs, layers))
        if original is None:
            continue  # ModernBERT: the first layer has one norm less than the others
        for axis in range(weight.dim()):
            chosen = indices(name, axis, original.shape[axis], weight.shape[axis])
            if axis == 0 and kept is not None and name in vocabulary:
                chosen = kept
            if axis == 0 and positions is not None and name.endswith("position_embeddings.weight"):
                chosen = positions
            original = original.index_select(axis, chosen.to(original.device))
        weight.copy_(original)


def _teacher_name(name: str, stack: str | None, theirs: str | None, layers: tuple[int, ...]) -> str:
    if stack is None or theirs is None or not name.startswith(stack + "."):
        return name
    index, _, rest = name.removeprefix(stack + ".").partition(".")
    return f"{theirs}.{layers[int(index)] - 1}.{rest}"


def _slice_indices(student: PretrainedConfig, teacher: PretrainedConfig) -> _Indices:
    def indices(name: str, axis: int, size: int, wanted: int) -> Tensor:
        everything = torch.arange(size)
        if any(axis == heads_axis and re.search(pattern, name) for pattern, heads_axis in _HEAD_AXES):
            blocks = 3 if _FUSED_QUERY_KEY_VALUE.search(name) else 1
            full, small = _heads(teacher, name), _heads(student, name)
            heads = everything.view(blocks, full, -1)  # 3 H K
            return heads[:, :small, : wanted // blocks // small].reshape(-1)
        if axis == 0 and _FUSED_GATE.search(name):
            return everything.view(2, -1)[:, : wanted // 2].reshape(-1)
        return everything[:wanted]

    return indices


def _heads(config: PretrainedConfig, name: str) -> int:
    shared: int | None = getattr(config, "num_key_value_heads", None) if _KEY_VALUE.search(name) else None
    heads: int = config.num_attention_heads
    return shared or heads
