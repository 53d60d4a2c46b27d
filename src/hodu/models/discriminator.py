"""Discriminators of replaced pieces to train on: ELECTRA's own, or new ones that begin with the layers of a BERT."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from transformers import ElectraConfig, ElectraForPreTraining

from hodu.models.load import Loaded, config_at, load_model

_SAME = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "max_position_embeddings", "type_vocab_size"),
    *("layer_norm_eps", "pad_token_id"),
)
_POOLER = "pooler."


def load_discriminator(path: str | Path) -> Loaded:
    """An ELECTRA discriminator; from a BERT's folder or hub id a new one with its embeddings and layers, which are ELECTRA's (Clark et al. 2020, §3.1), and a random head.

    After a thousand steps such a model tells replaced pieces, one from nothing does not yet (docs/systems.md).

    Raises:
        ModelError: there is no such model, or it is of another family.
    """
    config = config_at(path)
    if config is None or config.model_type != "bert":
        return load_model(path, "replaced-token")
    encoder = load_model(path, "sentence-embedding")
    theirs = encoder.model.config
    same = {name: getattr(theirs, name) for name in _SAME}
    model = ElectraForPreTraining(ElectraConfig(embedding_size=theirs.hidden_size, **same))
    weights = {name: weight for name, weight in encoder.model.state_dict().items() if not name.startswith(_POOLER)}
    model.electra.load_state_dict(weights)
    head = tuple(name for name in model.state_dict() if not name.startswith(f"{model.base_model_prefix}."))
    return replace(encoder, model=model.eval(), card={}, untrained=head)
