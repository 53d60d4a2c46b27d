"""The shape of the demo's teacher."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import BertConfig, PreTrainedTokenizerFast

from hodu.demo.world import LABELS


def teacher_config(tokenizer: PreTrainedTokenizerFast, labels: Sequence[str] = LABELS) -> BertConfig:
    """A fresh BERT of 4 layers x 128 with 4 heads, for this tokenizer and these classes: about 1.1 million parameters."""
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=tokenizer.model_max_length,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
