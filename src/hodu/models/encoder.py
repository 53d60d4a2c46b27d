"""One view of the post-LayerNorm encoders (BERT, RoBERTa, ELECTRA, DistilBERT): who reads the residual stream, and who writes it.

A layer of all of them is ``mid = norm(x + out(attention(x)))``, ``x' = norm(mid + down(act(up(mid))))`` (Vaswani et al. 2017, §3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import nn
from transformers import PreTrainedModel

from hodu.errors import ModelError
from hodu.models.copying import vocabulary_names

ROTATABLE = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")

# hidden layer → linear output, behind the first token or behind every token
_DENSE_HEADS = (
    ("bert.pooler.dense", "classifier"),
    ("bert.pooler.dense", "cls.seq_relationship"),
    ("classifier.dense", "classifier.out_proj"),
    ("discriminator_predictions.dense", "discriminator_predictions.dense_prediction"),
    ("pre_classifier", "classifier"),
    ("pooler.dense", None),
)
_VOCABULARY_HEADS = (
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"),
    ("lm_head.dense", "lm_head.layer_norm"),
    ("generator_predictions.dense", "generator_predictions.LayerNorm"),
    ("vocab_transform", "vocab_layer_norm"),
)
_LINEAR_HEADS = ("classifier", "qa_outputs")


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one layer."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    out: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    norm: nn.LayerNorm


@dataclass(frozen=True, slots=True)
class Encoder:
    """Embedding tables, their norm, the projection behind it (ELECTRA), and the layers."""

    tables: dict[str, nn.Embedding]
    embedding_norm: nn.LayerNorm
    projection: nn.Linear | None
    layers: tuple[Layer, ...]

    @property
    def states(self) -> tuple[nn.Module, ...]:
        """The modules whose outputs are hidden states 0 ... N."""
        first = self.embedding_norm if self.projection is None else self.projection
        return (first, *(layer.norm for layer in self.layers))


@dataclass(frozen=True, slots=True)
class Head:
    """What reads the last hidden state. ``hidden`` is followed by an activation and then by ``norm`` and the vocabulary, or by ``output``."""

    hidden: nn.Linear | None
    norm: nn.LayerNorm | None
    output: nn.Linear | None


def encoder_of(model: PreTrainedModel) -> Encoder:
    """See a model as an :class:`Encoder`.

    Raises:
        ModelError: another family; the message names the starts that work for it.
    """
    family = model.config.model_type
    if family not in ROTATABLE:
        raise ModelError(
            f"Start 'rotate' works for {', '.join(ROTATABLE)}, not for {family}: start with random, or with layers at equal width."
        )
    base = model.base_model
    embeddings = base.get_submodule("embeddings")
    tables = {name: table for name, table in embeddings.named_children() if isinstance(table, nn.Embedding)}
    stack = base.get_submodule("transformer.layer" if family == "distilbert" else "encoder.layer")
    view = _distilbert_layer if family == "distilbert" else _bert_layer
    return Encoder(
        tables=tables,
        embedding_norm=_norm(embeddings, "LayerNorm"),
        projection=_linear(base, "embeddings_project") if hasattr(base, "embeddings_project") else None,
        layers=tuple(view(layer) for layer in cast(nn.ModuleList, stack)),
    )


def heads_of(model: PreTrainedModel) -> tuple[Head, ...]:
    """The heads on top of the encoder (BERT for pre-training has two); empty for a bare encoder.

    Raises:
        ModelError: weights outside the encoder that belong to no head hodu knows: they would stay random.
    """
    modules = dict(model.named_modules())
    heads = []
    for hidden, output in _DENSE_HEADS:
        if isinstance(modules.get(hidden), nn.Linear) and (
            output is None or isinstance(modules.get(output), nn.Linear)
        ):
            heads.append(Head(_linear(model, hidden), None, _linear(model, output) if output else None))
    for hidden, norm in _VOCABULARY_HEADS:
        if hidden in modules:
            heads.append(Head(_linear(model, hidden), _norm(model, norm), None))
    if not heads:
        heads = [Head(None, None, _linear(model, name)) for name in _LINEAR_HEADS if name in modules]
    known = [model.base_model] if model.base_model is not model else [*model.children()]
    known += [part for head in heads for part in (head.hidden, head.norm, head.output) if part is not None]
    covered = {id(weight) for part in known for weight in part.parameters()}
    unknown = [
        name
        for name, weight in model.named_parameters()
        if id(weight) not in covered and name not in vocabulary_names(model)
    ]
    if unknown:
        raise ModelError(
            f"Start 'rotate' does not know the head {unknown[0]!r} of {type(model).__name__}: start with slice."
        )
    return tuple(heads)


def _bert_layer(layer: nn.Module) -> Layer:
    return Layer(
        query=_linear(layer, "attention.self.query"),
        key=_linear(layer, "attention.self.key"),
        value=_linear(layer, "attention.self.value"),
        out=_linear(layer, "attention.output.dense"),
        attention_norm=_norm(layer, "attention.output.LayerNorm"),
        up=_linear(layer, "intermediate.dense"),
        down=_linear(layer, "output.dense"),
        norm=_norm(layer, "output.LayerNorm"),
    )


def _distilbert_layer(layer: nn.Module) -> Layer:
    return Layer(
        query=_linear(layer, "attention.q_lin"),
        key=_linear(layer, "attention.k_lin"),
        value=_linear(layer, "attention.v_lin"),
        out=_linear(layer, "attention.out_lin"),
        attention_norm=_norm(layer, "sa_layer_norm"),
        up=_linear(layer, "ffn.lin1"),
        down=_linear(layer, "ffn.lin2"),
        norm=_norm(layer, "output_layer_norm"),
    )


def _linear(module: nn.Module, name: str) -> nn.Linear:
    return cast(nn.Linear, module.get_submodule(name))


def _norm(module: nn.Module, name: str) -> nn.LayerNorm:
    return cast(nn.LayerNorm, module.get_submodule(name))
