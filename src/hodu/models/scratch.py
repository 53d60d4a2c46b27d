"""A new BERT from nothing: its own WordPiece vocabulary and random weights, for languages and machines without a pre-trained model at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from hodu.errors import ShapeError
from hodu.models.load import Loaded, head_settings
from hodu.types import Task

_SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
_HEAD_WIDTH = 64  # BERT's, where the width allows it


def is_shape(text: str) -> bool:
    """Whether this names a shape ("4x256") and so a model to be made, not one to be loaded."""
    return re.fullmatch(r"\d+x\d+", text) is not None


def new_classifier(shape: str, texts: Iterable[str], *, vocabulary: int, task: Task, labels: Sequence[str], max_length: int = 128) -> Loaded:
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
        raise ShapeError(f"{shape} is no shape for a new model: give layers x width with a width that is a multiple of 16, for example 4x256")
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


def train_wordpiece(texts: Iterable[str], *, vocabulary: int, max_length: int) -> PreTrainedTokenizerFast:
    """A lower-casing WordPiece tokenizer of at most ``vocabulary`` pieces, with BERT's special tokens around text and pair."""
    tokenizer = Tokenizer(models.WordPiece(unk_token=_SPECIAL["unk_token"]))
    # not BertNormalizer's accent stripping: it takes Hangul syllables apart into letters
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=list(_SPECIAL.values()), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    cls, sep = _SPECIAL["cls_token"], _SPECIAL["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_length, **_SPECIAL)
