"""A new BERT from nothing: its own WordPiece vocabulary and random weights, for languages and machines without a pre-trained model at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from transformers import BertConfig, BertForSequenceClassification

from hodu.errors import ShapeError
from hodu.models.load import Loaded, head_settings
from hodu.models.wordpiece import train_wordpiece
from hodu.types import Task

_HEAD_WIDTH = 64  # BERT's, where the width allows it


def is_shape(text: str) -> bool:
    """Whether this names a shape ("4x256") and so a model to be made, not one to be loaded."""
    return re.fullmatch(r"\d+x\d+", text) is not None


def new_classifier(
    shape: str, texts: Iterable[str], *, vocabulary: int, task: Task, labels: Sequence[str], max_length: int = 128
) -> Loaded:
    """A BERT of this shape (layers x width) with random weights and a WordPiece tokenizer trained on ``texts``.

    Args:
        vocabulary: pieces, at most.
        labels: class names in id order, empty for regression.
        max_length: positions, in tokens.

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    layers, width = (int(number) for number in shape.split("x"))
    if not layers or not width or width % 16:
        raise ShapeError(
            f"{shape} is no shape for a new model: give layers x width with a width that is a multiple of 16, for example 4x256"
        )
    tokenizer = train_wordpiece(texts, vocabulary=vocabulary, max_length=max_length)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // next(k for k in (_HEAD_WIDTH, 32, 16) if width % k == 0),
        intermediate_size=4 * width,
        max_position_embeddings=max_length,
        pad_token_id=tokenizer.pad_token_id,
        **head_settings(task, labels),
    )
    return Loaded(shape, BertForSequenceClassification(config), tokenizer, {})
