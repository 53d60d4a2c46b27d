"""Student shapes: read from text, derived from a teacher, and written into a smaller configuration.

Every architecture calls its sizes differently; this file is the only place that knows how.
"""

from __future__ import annotations

import re

from torch import Tensor
from transformers import PretrainedConfig

from hodu.errors import ModelError, ShapeError
from hodu.types import Shape

# Where the feed-forward width lives. None in n_inner means 4 x width (GPT-2).
_FEED_FORWARD = ("intermediate_size", "hidden_dim", "ffn_dim", "n_inner")

# Token ids that a configuration holds and that follow a pruned vocabulary.
_TOKEN_IDS = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "mask_token_id")

# Families that count positions from the padding id on: row pad + 1 is the first position (fairseq's habit).
POSITIONS_AFTER_PAD = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "roberta-prelayernorm"})


def shape_of(config: PretrainedConfig) -> Shape:
    """The shape that a configuration describes.

    Raises:
        ModelError: the configuration names no layers, width, heads or feed-forward width that hodu knows.
    """
    field = _feed_forward_field(config)
    try:
        layers, width, heads = config.num_hidden_layers, config.hidden_size, config.num_attention_heads
    except AttributeError as error:
        raise ModelError(f"{type(config).__name__} does not describe one transformer stack: {error}.") from error
    return Shape(layers, width, heads, getattr(config, field) or 4 * width)


def parse_shape(
    text: str, teacher: PretrainedConfig, *, heads: int | None = None, feed_forward: int | None = None
) -> Shape:
    """Read ``"3x192"`` (layers x width) and derive what it leaves open from the teacher.

    Heads not given keep the teacher's head width where that divides the new width (192 / 32 = 6), else take the nearest
    smaller head width that divides it and asks for no more heads than the teacher has. A feed-forward width not given keeps the teacher's ratio.

    Raises:
        ShapeError: not a shape, larger than the teacher in any size, or not divisible into heads.
    """
    match = re.fullmatch(r"\s*(\d+)\s*[x×]\s*(\d+)\s*", text)
    if match is None:
        raise ShapeError(f"{text!r} is not a student shape: give layers x width, for example 3x192.")
    layers, width, full = int(match[1]), int(match[2]), shape_of(teacher)
    _check_size("layers", layers, full)
    _check_size("width", width, full)
    heads = _derive_heads(width, full) if heads is None else heads
    feed_forward = max(1, round(width * full.feed_forward / full.width)) if feed_forward is None else feed_forward
    _check_size("feed_forward", feed_forward, full)
    if heads < 1 or width % heads:
        raise ShapeError(
            f"A width of {width} cannot be divided into {heads} heads: give a number of heads that divides it."
        )
    return Shape(layers, width, heads, feed_forward)


def student_config(
    teacher: PretrainedConfig, shape: Shape, layers: tuple[int, ...], kept: Tensor | None
) -> PretrainedConfig:
    """The teacher's configuration in the student's sizes; labels, activations and all else stay.

    Args:
        layers: the teacher layers (1-based) that the student's start from; a list with one entry per layer follows them.
        kept: ``V_student`` → teacher piece id, or None. Token ids follow; one that is not kept (and is not padding) becomes None.

    An ``embedding_size`` apart from the width (ELECTRA, ALBERT) stays as it is, or shrinks to the student's width.

    Raises:
        ModelError: the padding piece is not among ``kept``.
    """
    full = shape_of(teacher)
    sizes: dict[str, object] = {
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        _feed_forward_field(teacher): shape.feed_forward,
    }
    if getattr(teacher, "embedding_size", None) is not None:
        sizes["embedding_size"] = min(teacher.embedding_size, shape.width)
    if getattr(teacher, "head_dim", None) is not None and teacher.head_dim * full.heads == full.width:
        sizes["head_dim"] = shape.width // shape.heads
    if getattr(teacher, "num_key_value_heads", None) is not None:
        sizes["num_key_value_heads"] = _key_value_heads(shape.heads, full.heads, teacher.num_key_value_heads)
    if getattr(teacher, "layer_types", None) is not None:
        sizes["layer_types"] = [teacher.layer_types[layer - 1] for layer in layers]
    if kept is not None:
        sizes |= _pruned_ids(teacher, kept)
    names = getattr(teacher, "attribute_map", {})
    values = teacher.to_dict() | {names.get(name, name): value for name, value in sizes.items()}
    values.pop("dtype", None)  # a student trains in fp32 whatever its teacher was stored in
    return type(teacher).from_dict(values)


def check_layers(student: Shape, teacher: Shape) -> None:
    """Refuse a student with more layers than its teacher: there would be nothing to map them to."""
    _check_size("layers", student.layers, teacher)


def _check_size(name: str, asked: int, full: Shape) -> None:
    most, name = getattr(full, name), name.replace("_", "-")
    if not 1 <= asked <= most:
        raise ShapeError(
            f"{asked} {name} does not fit a student of a {full} teacher: give {name} between 1 and {most}."
        )


def _derive_heads(width: int, full: Shape) -> int:
    head_width = full.width // full.heads
    for candidate in range(min(head_width, width), 0, -1):
        if width % candidate == 0 and width // candidate <= full.heads:
            return width // candidate
    near = max(head_width, round(width / head_width) * head_width)
    raise ShapeError(
        f"A width of {width} cannot be divided into at most {full.heads} heads of at most {head_width} (the teacher's): "
        f"take a width such as {near}, or give the number of heads."
    )


def _key_value_heads(heads: int, teacher_heads: int, teacher_groups: int) -> int:
    """As many key/value heads as keep the teacher's ratio, among those that divide the student's heads."""
    wanted = heads * teacher_groups / teacher_heads
    possible = [groups for groups in range(1, min(heads, teacher_groups) + 1) if heads % groups == 0]
    return min(possible, key=lambda groups: abs(groups - wanted))


def _pruned_ids(teacher: PretrainedConfig, kept: Tensor) -> dict[str, object]:
    new_id = {old: new for new, old in enumerate(kept.tolist())}
    ids: dict[str, object] = {"vocab_size": len(kept)}
    for name in _TOKEN_IDS:
        old = getattr(teacher, name, None)
        if isinstance(old, list):
            ids[name] = [new_id[each] for each in old if each in new_id] or None
        elif old is not None:
            ids[name] = new_id.get(old)
    if getattr(teacher, "pad_token_id", None) is not None and ids["pad_token_id"] is None:
        raise ModelError(f"The kept vocabulary lacks the padding piece {teacher.pad_token_id}: add it to `kept`.")
    if teacher.model_type in POSITIONS_AFTER_PAD:
        shift = teacher.pad_token_id - new_id[teacher.pad_token_id]
        ids["max_position_embeddings"] = teacher.max_position_embeddings - shift
    return ids


def _feed_forward_field(config: PretrainedConfig) -> str:
    for name in _FEED_FORWARD:
        if hasattr(config, name):
            return name
    raise ModelError(f"{type(config).__name__} names no feed-forward width: hodu looks for {', '.join(_FEED_FORWARD)}.")
