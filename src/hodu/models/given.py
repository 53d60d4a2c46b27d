"""A student that exists already: a model folder named in place of a shape, as TinyBERT's task stages begin with what its general distillation made (Jiao et al. 2020, §3.2)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, PretrainedConfig, PreTrainedTokenizerFast

from hodu.errors import ModelError, ShapeError
from hodu.models.load import Loaded, labels_of, load_for_training
from hodu.models.shapes import check_layers, parse_shape, shape_of
from hodu.types import CLASSES, Shape, Task


def shape_to_be(student: str, teacher: PretrainedConfig, *, heads: int | None, feed_forward: int | None) -> Shape:
    """The student's shape: read from the text (``"3x192"``), or that of the model which it names.

    Raises:
        ShapeError: it is neither, or does not fit its teacher.
    """
    if not is_given(student):
        return parse_shape(student, teacher, heads=heads, feed_forward=feed_forward)
    try:
        shape = shape_of(AutoConfig.from_pretrained(student))
    except (OSError, ValueError, KeyError) as error:
        raise ShapeError(
            f"{student!r} is neither a student shape (layers x width, for example 3x192) nor the folder or hub id of a model to go on with"
        ) from error
    check_layers(shape, shape_of(teacher))
    return shape


def is_given(student: str) -> bool:
    """Whether this names a model, and not a shape."""
    return re.search(r"\d\s*[x×]\s*\d", student) is None or Path(student).is_dir()


def given_student(path: str, teacher: Loaded, task: Task) -> tuple[Loaded, Tensor | None]:
    """The model to go on with, with the teacher's classes, and its pieces as the teacher numbers them.

    What it was made for may differ: embeddings and layers are kept, and a head that it lacks begins at random.

    Returns:
        The student; ``V_student`` → teacher piece id, None where both number them alike.

    Raises:
        ModelError: it cannot be loaded, cuts texts in another way than its teacher, or has its classes in another order.
    """
    labels = list(labels_of(teacher.model.config).values())
    student = load_for_training(path, task=task, labels=labels)
    own = list(labels_of(student.model.config).values())
    if task in CLASSES and own != labels:
        raise ModelError(
            f"the classes of {path} are {', '.join(own)}, and its teacher's are {', '.join(labels)}; expected the same order: name the student before it was fine-tuned, or a shape"
        )
    return student, _numbered_by(teacher, student)


def _numbered_by(teacher: Loaded, student: Loaded) -> Tensor | None:
    theirs, ours = teacher.tokenizer.get_vocab(), student.tokenizer.get_vocab()
    unknown = sorted(ours.keys() - theirs.keys(), key=ours.__getitem__)
    if unknown or _cutting(teacher.tokenizer) != _cutting(student.tokenizer):
        reason = (
            f"{len(unknown):,} of its pieces (the first: {unknown[0]!r}) are none of its teacher's"
            if unknown
            else "its tokenizer cuts or joins texts in another way than its teacher's"
        )
        raise ModelError(
            f"{student.path}: {reason}, so they cannot be compared piece by piece; expected a student with its teacher's vocabulary or a part of it. "
            "Name a shape such as 3x192, or a student that hodu distilled from this teacher's family"
        )
    if theirs == ours:
        return None
    kept = torch.zeros(student.model.config.vocab_size, dtype=torch.long)  # V_student
    kept[list(ours.values())] = torch.tensor([theirs[piece] for piece in ours])
    return kept


def _cutting(tokenizer: PreTrainedTokenizerFast) -> tuple[Any, ...]:
    """How a tokenizer cuts and joins, whatever its pieces are."""
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    joined = parts["post_processor"]
    special = {"special_tokens", "cls", "sep"}  # these hold ids, which pruning changes
    shown = {name: value for name, value in joined.items() if name not in special} if joined else None
    return parts["normalizer"], parts["pre_tokenizer"], parts["model"]["type"], shown
