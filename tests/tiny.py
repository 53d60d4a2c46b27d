"""Tiny random models of each family that hodu distils, and a padded batch for them: built at once, no downloads.

    model = tiny("electra", head="classification", layers=4)
    output = model(**batch())

Weights are drawn wide (standard deviation 0.2), so that attention is far from uniform and a wrong mask, scale or layer
changes the numbers by much more than any tolerance. All dropout is off unless asked for.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedModel,
    RobertaConfig,
)

Head = Literal["base", "classification", "masked-lm", "causal-lm", "replaced-token"]

VOCABULARY = 64
PAD = 0  # RoBERTa counts positions from its padding id on: one id for all keeps one batch for all

ENCODERS = ("bert", "roberta", "electra", "albert", "distilbert", "modernbert")
DECODERS = ("gpt2", "llama")
FAMILIES = ENCODERS + DECODERS

_HEADS: dict[Head, Any] = {
    "base": AutoModel,
    "classification": AutoModelForSequenceClassification,
    "masked-lm": AutoModelForMaskedLM,
    "causal-lm": AutoModelForCausalLM,
    "replaced-token": AutoModelForPreTraining,
}


def tiny(
    family: str,
    head: Head = "base",
    *,
    layers: int = 3,
    width: int = 32,
    heads: int = 4,
    feed_forward: int = 48,
    dropout: float = 0.0,
    seed: int = 0,
    attention: str = "sdpa",
    **config: Any,
) -> PreTrainedModel:
    """A model in ``eval()`` mode with the same random weights for the same arguments.

    Args:
        family: one of :data:`FAMILIES`.
        head: the task head, or "base" for none.
        dropout: of all kinds that the family has: embeddings, residual, attention.
        attention: "sdpa" or "eager".
        config: further settings by the family's own names, such as ``num_labels=3`` or ``is_decoder=True``.
    """
    settings = tiny_config(family, layers, width, heads, feed_forward, dropout, **config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: PreTrainedModel = _HEADS[head].from_config(settings, attn_implementation=attention)
    model.train(False)
    return model


def tiny_config(
    family: str,
    layers: int = 3,
    width: int = 32,
    heads: int = 4,
    feed_forward: int = 48,
    dropout: float = 0.0,
    **more: Any,
) -> PreTrainedConfig:
    """The config of :func:`tiny`: for tests that need the shape but no weights."""
    common = {
        "vocab_size": VOCABULARY,
        "pad_token_id": PAD,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "initializer_range": 0.2,
    }
    shape = {
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": feed_forward,
    }
    bert = common | shape | {"max_position_embeddings": 64}
    bert |= {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout, "classifier_dropout": dropout}
    match family:
        case "bert":
            return BertConfig(**bert | more)
        case "roberta":
            return RobertaConfig(**bert | more)
        case "electra":  # embeddings narrower than the layers, as in ELECTRA-small
            return ElectraConfig(**bert | {"embedding_size": width // 2} | more)
        case "albert":
            return AlbertConfig(**bert | {"embedding_size": width // 2, "classifier_dropout_prob": dropout} | more)
        case "distilbert":
            names = {"n_layers": layers, "dim": width, "n_heads": heads, "hidden_dim": feed_forward}
            drops = {"dropout": dropout, "attention_dropout": dropout, "seq_classif_dropout": dropout}
            return DistilBertConfig(**common | names | drops | {"max_position_embeddings": 64} | more)
        case "modernbert":  # layers 1, 3, ... see all, layers 2, 4, ... only two tokens to each side
            window = {"local_attention": 4, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2}
            drops = {"attention_dropout": dropout, "embedding_dropout": dropout, "mlp_dropout": dropout}
            return ModernBertConfig(**common | shape | window | drops | {"classifier_dropout": dropout} | more)
        case "gpt2":
            names = {"n_layer": layers, "n_embd": width, "n_head": heads, "n_inner": feed_forward, "n_positions": 64}
            drops = {"resid_pdrop": dropout, "embd_pdrop": dropout, "attn_pdrop": dropout}
            return GPT2Config(**common | names | drops | more)
        case "llama":  # two query heads share each key/value head
            grouped = {"num_key_value_heads": heads // 2, "attention_dropout": dropout, "max_position_embeddings": 64}
            return LlamaConfig(**common | shape | grouped | more)
        case _:
            raise ValueError(f"no tiny {family!r}; there are {', '.join(FAMILIES)}")


def batch(lengths: tuple[int, ...] = (9, 6, 3), *, seed: int = 0) -> dict[str, Tensor]:
    """``input_ids`` and ``attention_mask``, each ``B L``: random texts of these lengths, padded on the right."""
    generator = torch.Generator().manual_seed(seed)
    input_ids = torch.randint(3, VOCABULARY, (len(lengths), max(lengths)), generator=generator)  # B L
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]  # B L
    return {"input_ids": input_ids.where(mask, PAD), "attention_mask": mask.long()}
