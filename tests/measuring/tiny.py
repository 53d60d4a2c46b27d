"""Tiny classifiers in folders, and data for them: seconds, not downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from hodu.data import Data
from hodu.types import Task

WORDS = ("good", "bad", "film", "the", "a", "very", "not", "plot", "##ly", "is")
VOCABULARY = {piece: place for place, piece in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
TEXTS = (
    "the film is good",
    "bad",
    "a very good plot",
    "not a good film the plot is very bad",
    "the plot",
    "very very bad",
    "good good",
    "a film",
    "badly plot",
    "is it not good",
)


def tokenizer(max_length: int = 16) -> PreTrainedTokenizerFast:
    """WordPiece over the few words above, for single texts and pairs."""
    backend = Tokenizer(WordPiece(VOCABULARY, unk_token="[UNK]"))
    backend.pre_tokenizer = Whitespace()
    backend.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", VOCABULARY["[CLS]"]), ("[SEP]", VOCABULARY["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def classifier(
    labels: Sequence[str] = ("neg", "pos"), *, seed: int = 0, **settings: Any
) -> BertForSequenceClassification:
    """A random BERT of 2 layers x 16, its weights wide and its bias balanced: answers differ from text to text."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        max_position_embeddings=16,
        initializer_range=0.3,
        id2label=dict(enumerate(labels)),
        label2id={name: place for place, name in enumerate(labels)},
        **(sizes | settings),
    )
    model = BertForSequenceClassification(config).train(False)
    with torch.inference_mode():
        logits = model(**tokenizer()(list(TEXTS), padding=True, return_tensors="pt")).logits  # B C
    with torch.no_grad():
        model.classifier.bias -= logits.mean(dim=0).clone()
    return model


def save(model: BertForSequenceClassification, folder: Path, card: Mapping[str, Any] | None = None) -> str:
    """Saves the model with its tokenizer, and a ``hodu.json`` when a card is given."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    if card is not None:
        (folder / "hodu.json").write_text(json.dumps(card), encoding="utf-8")
    return str(folder)


def reordered(model: BertForSequenceClassification, order: Sequence[int]) -> BertForSequenceClassification:
    """The same classifier with its classes in another order: it says the same by name."""
    names = [model.config.id2label[place] for place in order]
    other = classifier(names)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        other.classifier.weight.copy_(model.classifier.weight[list(order)])
        other.classifier.bias.copy_(model.classifier.bias[list(order)])
    return other


def data(
    gold: Sequence[Any] | None,
    *,
    task: Task | None = "classification",
    labels: Sequence[str] = ("neg", "pos"),
    split: str = "test",
) -> Data:
    """The texts above as one split, with these labels (None: unlabelled)."""
    columns: dict[str, Sequence[Any]] = {"text": TEXTS}
    if gold is not None:
        columns["label"] = gold
    return Data(
        splits={split: Dataset.from_dict(columns)}, task=task, labels=tuple(labels), source="films.tsv", notes=()
    )
