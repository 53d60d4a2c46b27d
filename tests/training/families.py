"""Tiny random teachers of several architectures, each with a tokenizer of its own kind, trained on the tests' sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from hodu.models.wordpiece import train_wordpiece
from tests.tiny import tiny
from tests.training.conftest import sentences

TEXTS = [text for text, _ in sentences()]


def save_teacher(family: str, folder: Path, labels: Sequence[str] = ("neg", "pos"), *, seed: int = 0) -> Path:
    """A random classifier of ``family``: ELECTRA reads 70 word pieces, RoBERTa and GPT-2 bytes; GPT-2 pads on the left."""
    tokenizer = train_wordpiece(TEXTS, vocabulary=70, max_length=32) if family == "electra" else _of_bytes(family)
    model = tiny(
        family,
        "classification",
        seed=seed,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _of_bytes(family: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer as RoBERTa (``<s> … </s>``) or GPT-2 (nothing around) has; neither knows token types."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    if family == "roberta":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=48,
        model_input_names=["input_ids", "attention_mask"],
        padding_side="left" if family == "gpt2" else "right",
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
    )
