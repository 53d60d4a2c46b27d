"""A byte-level BPE vocabulary of one's own, as GPT-2's: it has a piece for every byte, so for every language."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END, PAD = "<|endoftext|>", "<|pad|>"


def train_byte_pairs(texts: Iterable[str], *, vocabulary: int, max_length: int) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer of ``vocabulary`` pieces at most (Radford et al. 2019, §2.2), with an end-of-text and a padding piece."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        bos_token=END,
        eos_token=END,
        pad_token=PAD,
    )
