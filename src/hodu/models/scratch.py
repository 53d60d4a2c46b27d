"""New models from nothing: a vocabulary of their own and random weights, for languages and machines without a pre-trained model at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    GPT2Config,
    GPT2LMHeadModel,
)

from hodu.errors import ShapeError
from hodu.models.byte_pairs import train_byte_pairs
from hodu.models.load import Loaded, head_settings
from hodu.models.wordpiece import train_wordpiece
from hodu.types import Task

_CLASSES: dict[Task, Any] = {
    "token-classification": BertForTokenClassification,
    "question-answering": BertForQuestionAnswering,
}
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
    tokenizer = train_wordpiece(texts, vocabulary=vocabulary, max_length=max_length)
    sizes = _bert_sizes(shape, max_length)
    config = BertConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes, **head_settings(task, labels)
    )
    return Loaded(shape, _CLASSES.get(task, BertForSequenceClassification)(config), tokenizer, {})


def new_language_model(
    shape: str, texts: Iterable[str], *, task: Task, vocabulary: int, max_length: int = 128
) -> Loaded:
    """A BERT with a WordPiece tokenizer (``masked-lm``) or a GPT-2 with a byte-level one (``causal-lm``), of this shape (layers x width), with random weights.

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    sizes = _bert_sizes(shape, max_length)
    if task == "masked-lm":
        tokenizer = train_wordpiece(texts, vocabulary=vocabulary, max_length=max_length)
        config = BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes)
        return Loaded(shape, BertForMaskedLM(config), tokenizer, {})
    tokenizer = train_byte_pairs(texts, vocabulary=vocabulary, max_length=max_length)
    gpt2 = GPT2Config(
        vocab_size=len(tokenizer),
        n_layer=sizes["num_hidden_layers"],
        n_embd=sizes["hidden_size"],
        n_head=sizes["num_attention_heads"],
        n_positions=max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Loaded(shape, GPT2LMHeadModel(gpt2), tokenizer, {})


def _bert_sizes(shape: str, max_length: int) -> dict[str, Any]:
    layers, width = (int(number) for number in shape.split("x"))
    if not layers or not width or width % 16:
        raise ShapeError(
            f"{shape} is no shape for a new model: give layers x width with a width that is a multiple of 16, for example 4x256"
        )
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // next(k for k in (_HEAD_WIDTH, 32, 16) if width % k == 0),
        "intermediate_size": 4 * width,
        "max_position_embeddings": max_length,
    }
