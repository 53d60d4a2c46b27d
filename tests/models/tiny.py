"""Tiny random teachers of every family that the tests use: 4 layers, width 48, 4 heads of 12, feed-forward 96, 60 pieces."""

from __future__ import annotations

import torch
import transformers
from transformers import PretrainedConfig, PreTrainedModel

SIZES = {
    "vocab_size": 60,
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
}
FAMILIES = {
    "Bert": SIZES,
    "Electra": SIZES | {"embedding_size": 24},
    "Roberta": SIZES | {"bos_token_id": 0, "eos_token_id": 2},
    "DistilBert": {
        "vocab_size": 60,
        "dim": 48,
        "n_layers": 4,
        "n_heads": 4,
        "hidden_dim": 96,
        "max_position_embeddings": 40,
        "pad_token_id": 1,
    },
    "Albert": SIZES | {"embedding_size": 24, "bos_token_id": 0, "eos_token_id": 2},
    "ModernBert": SIZES
    | {
        "bos_token_id": 0,
        "cls_token_id": 0,
        "eos_token_id": 2,
        "sep_token_id": 2,
        "layer_types": ["full_attention", "sliding_attention"] * 2,
    },
    "GPT2": {
        "vocab_size": 60,
        "n_embd": 48,
        "n_layer": 4,
        "n_head": 4,
        "n_positions": 40,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
    "Llama": SIZES | {"num_key_value_heads": 2, "bos_token_id": 0, "eos_token_id": 2},
}


def config(family: str, **changes: object) -> PretrainedConfig:
    return getattr(transformers, f"{family}Config")(**FAMILIES[family] | {"num_labels": 3} | changes)


def teacher(family: str, task: str = "SequenceClassification", **changes: object) -> PreTrainedModel:
    """A random model with weights large enough that its outputs differ from one text to the next."""
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}For{task}")(config(family, **changes))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.mul_(4)
            elif "norm" not in name.lower() and not name.endswith("ln_f.weight"):
                weight.normal_(std=0.1)
    return model.eval()


def batches(number: int = 4, size: int = 8, length: int = 12, pieces: int = 60) -> list[dict[str, torch.Tensor]]:
    """Random tokens (ids from 3 on) behind id 0, padded with id 1 at the end of every second row."""
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(number):
        ids = torch.randint(3, pieces, (size, length), generator=generator)
        ids[:, 0] = 0
        mask = torch.ones_like(ids)
        mask[::2, -4:] = 0
        made.append({"input_ids": ids.where(mask.bool(), torch.tensor(1)), "attention_mask": mask})
    return made
