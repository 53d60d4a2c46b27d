"""New models from nothing: a vocabulary of their own and random weights, for languages and machines without a pre-trained model at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
)

from hodu.data import max_length_of
from hodu.errors import ShapeError
from hodu.models.byte_pairs import train_byte_pairs
from hodu.models.load import Loaded, head_settings
from hodu.models.pooling import Pooling, pool_by
from hodu.models.texts import one_answer_a_text
from hodu.models.wordpiece import train_wordpiece
from hodu.types import OWN_CLASS, TOKENS, Task

_CLASSES: dict[Task, Any] = {  # all others are sequence classifiers
    "token-classification": BertForTokenClassification,
    "question-answering": BertForQuestionAnswering,
    "multiple-choice": BertForMultipleChoice,
    "sentence-embedding": BertModel,
    "masked-lm": BertForMaskedLM,
}
GENERATOR = "generator"
"""The folder beside a discriminator's weights in which the generator lies that was trained with it."""

_HEAD_WIDTH = 64  # BERT's, where the width allows it
_STEP = 16  # widths of new models are multiples of it


def is_shape(text: str) -> bool:
    """Whether this names a shape ("4x256") and so a model to be made, not one to be loaded."""
    return re.fullmatch(r"\d+x\d+", text) is not None


def new_bert(
    shape: str, texts: Iterable[str], *, vocabulary: int, task: Task, labels: Sequence[str] = (), max_length: int = 128
) -> Loaded:
    """A BERT of this shape (layers x width) for this task, with random weights and a WordPiece tokenizer trained on ``texts``. One for sentence vectors takes the mean of its last states.

    Args:
        vocabulary: pieces, at most.
        labels: class names in id order, empty for tasks whose answers have no names.
        max_length: positions, in tokens.

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    sizes = _bert_sizes(shape, max_length)
    tokenizer = train_wordpiece(texts, vocabulary=vocabulary, max_length=max_length)
    made = _CLASSES.get(task, BertForSequenceClassification)
    head = {} if task in OWN_CLASS - TOKENS else head_settings(task, labels)
    config = BertConfig(
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        architectures=[made.__name__],
        **sizes,
        **head,
    )
    model = made(config)
    if task == "sentence-embedding":
        pool_by(model, Pooling())
    one_answer_a_text(model)
    return Loaded(shape, model, tokenizer, {})


def new_gpt2(shape: str, texts: Iterable[str], *, vocabulary: int, max_length: int = 128) -> Loaded:
    """A GPT-2 of this shape (layers x width) with random weights and a byte-level tokenizer trained on ``texts``.

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    sizes = _bert_sizes(shape, max_length)
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


def new_discriminator(
    shape: str, texts: Iterable[str], vocabulary: int, max_length: int, *, generator: Loaded | None
) -> Loaded:
    """An ELECTRA discriminator of this shape (layers x width) with random weights, its embeddings as wide as its layers.

    Args:
        generator: lends its tokenizer, and where they are as wide its word embeddings to start from (Clark et al. 2020, §3.2, shares them); None makes a WordPiece
            vocabulary of at most ``vocabulary`` pieces from ``texts``.

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    if generator is None:
        tokenizer = train_wordpiece(texts, vocabulary=vocabulary, max_length=max_length)
    else:
        tokenizer = generator.tokenizer
        max_length = min(max_length, max_length_of(tokenizer, generator.model.config))
    sizes = _bert_sizes(shape, max_length)
    config = ElectraConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, embedding_size=sizes["hidden_size"], **sizes
    )
    model = ElectraForPreTraining(config)
    if generator is not None:
        theirs, ours = (one.get_input_embeddings().weight for one in (generator.model, model))
        assert isinstance(theirs, torch.Tensor)
        assert isinstance(ours, torch.Tensor)
        if theirs.shape == ours.shape:
            with torch.no_grad():
                ours.copy_(theirs)
    return Loaded(shape, model, tokenizer, {})


def new_generator(shape: str | None, discriminator: Loaded) -> Loaded:
    """A generator with random weights, to be trained together with this ELECTRA discriminator: they have one tokenizer, and word, position and type embeddings are one module (Clark et al. 2020, §3.2).

    Args:
        shape: layers x width; None takes the discriminator's layers and a quarter of its width (the reference code for ELECTRA-small and -large; -base has a third).

    Raises:
        ShapeError: a width that is no multiple of 16.
    """
    theirs = discriminator.model.config
    quarter = -(-theirs.hidden_size // (4 * _STEP)) * _STEP
    sizes = _bert_sizes(shape or f"{theirs.num_hidden_layers}x{quarter}", theirs.max_position_embeddings)
    common = ("vocab_size", "pad_token_id", "embedding_size", "type_vocab_size")
    config = ElectraConfig(**{name: getattr(theirs, name) for name in common}, **sizes)
    model = ElectraForMaskedLM(config)
    share_embeddings(model, discriminator.model)
    return Loaded(f"{discriminator.path}/{GENERATOR}", model, discriminator.tokenizer, {})


def share_embeddings(generator: PreTrainedModel, discriminator: PreTrainedModel) -> None:
    """Let a generator read, and guess, with the discriminator's embeddings: what one learns, the other has."""
    generator.base_model.embeddings = discriminator.base_model.embeddings
    generator.tie_weights()  # its head's rows are the word embeddings


def _bert_sizes(shape: str, max_length: int) -> dict[str, Any]:
    layers, width = (int(number) for number in shape.split("x"))
    if not layers or not width or width % _STEP:
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
