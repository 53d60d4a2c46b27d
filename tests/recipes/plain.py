"""What models say, found the plain way: each text alone, so that there is no padding and no mask, by eager attention, in float64.

Nothing here is shared with hodu: no tap, no fused attention, no mask, no readout and no chunk. Formulas of papers are written on top of it, in the tests.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Said:
    """What a model says of one text.

    Attributes:
        logits: ``C``; of a language model ``L V``.
        hidden: ``L D`` of each layer, 0 being the embeddings.
        looks: attention probabilities, ``H L L`` of each layer, the first layer's at 0.
        model: who said it.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...]
    looks: tuple[Tensor, ...]
    model: PreTrainedModel

    def vectors(self, layer: int) -> dict[str, Tensor]:
        """Queries, keys and values of a layer (from 1), each ``L D``: its projections applied by hand to the hidden states that it read."""
        body, hidden = self.model.base_model, self.hidden[layer - 1]
        if self.model.config.model_type == "gpt2":
            block = body.h[layer - 1]
            three = block.attn.c_attn(block.ln_1(hidden)).chunk(3, dim=-1)
        else:
            attention = body.encoder.layer[layer - 1].attention.self
            three = tuple(project(hidden) for project in (attention.query, attention.key, attention.value))
        return dict(zip(("queries", "keys", "values"), three, strict=True))

    def scores(self, layer: int) -> Tensor:
        """``Q·Kᵀ/√K`` of a layer, ``H L L``."""
        heads = self.model.config.num_attention_heads
        queries, keys = (in_heads(self.vectors(layer)[kind], heads) for kind in ("queries", "keys"))
        return queries @ keys.mT / queries.shape[-1] ** 0.5


def uneven(model: PreTrainedModel) -> PreTrainedModel:
    """The model in float64, with random biases and gains: fresh ones are 0 and 1, which would hide one that is forgotten."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.double().parameters():
            if weight.dim() == 1:
                weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return model


def plain(model: PreTrainedModel) -> PreTrainedModel:
    """The same weights in a model of their own, with eager attention."""
    twin = copy.deepcopy(model)
    twin.set_attn_implementation("eager")
    return twin


def say(model: PreTrainedModel, batch: dict[str, Tensor]) -> list[Said]:
    """What a :func:`plain` model says of each text of a batch."""
    said = []
    for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
        output = model(ids[mask.bool()][None], output_hidden_states=True, output_attentions=True)
        assert len(output.attentions) == model.config.num_hidden_layers  # fused attention gives none, silently
        hidden, looks = ([one[0] for one in many] for many in (output.hidden_states, output.attentions))
        said.append(Said(output.logits[0], tuple(hidden), tuple(looks), model))
    return said


def mean_over_texts(formula: Callable[..., Tensor], *said: Sequence[object]) -> Tensor:
    """A formula's mean over texts: hodu counts each text once, whatever its length (docs/decisions.md, 2); the papers' codes take one mean over all tokens of a batch."""
    return torch.stack([formula(*one) for one in zip(*said, strict=True)]).mean()


def in_heads(vectors: Tensor, heads: int) -> Tensor:
    """``L D`` → ``heads L K``."""
    return vectors.unflatten(-1, (heads, -1)).transpose(0, 1)


def divergence(theirs: Tensor, ours: Tensor) -> Tensor:
    """KL(softmax(theirs) ‖ softmax(ours)) over the last axis."""
    p, q = theirs.softmax(-1), ours.softmax(-1)
    return (p * (p.log() - q.log())).sum(-1)
