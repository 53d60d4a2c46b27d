"""What an exported model answers: ids in, probabilities, vectors or logits out, whatever the head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from hodu.models.facts import additive, facts_of
from hodu.types import LANGUAGE, Task

OUTPUTS: dict[Task, tuple[str, ...]] = {
    "classification": ("probabilities",),
    "multilabel": ("probabilities",),
    "regression": ("score",),
    "multiple-choice": ("probabilities",),
    "token-classification": ("probabilities",),
    "question-answering": ("start", "end"),
    "sentence-embedding": ("embedding",),
    "masked-lm": ("logits",),
    "causal-lm": ("logits",),
}
"""The tasks whose models can be exported, and the names of what they answer."""


_WHOLE = ("bert", "electra", "roberta", "xlm-roberta")  # each token sees each, in every layer


class Answering(nn.Module):
    """A model with its softmax (or sigmoid, or pooling) inside, from ``B L`` integers; a question with choices is one batch, a choice a row."""

    def __init__(self, model: PreTrainedModel, task: Task) -> None:
        super().__init__()
        self.model, self.task = model, task
        reads = facts_of(model.config)
        plain = task != "sentence-embedding" and (
            reads is None or reads.layout == "text"
        )  # what pools, or lays facts, asks for the mask as it came
        self._masked = plain and model.config.model_type in _WHOLE

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        fact_ids: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """What :data:`OUTPUTS` names."""
        more = {"token_type_ids": token_type_ids, "fact_ids": fact_ids}
        taken = {name: value for name, value in more.items() if value is not None}
        mask = attention_mask
        if self._masked:  # what transformers makes of it, for any kind of attention, takes twenty operations
            mask = additive(attention_mask.bool(), self.model.dtype)[:, None, None]  # B 1 1 L
        output = self.model(input_ids=input_ids, attention_mask=mask, **taken)
        return _answers(self.task, output, attention_mask)


def _answers(task: Task, output: Any, mask: Tensor) -> tuple[Tensor, ...]:
    if task == "question-answering":
        sides = (output.start_logits, output.end_logits)  # B L each
        return tuple(side.masked_fill(mask == 0, torch.finfo(side.dtype).min).softmax(-1) for side in sides)
    logits = output.logits
    if task == "multilabel":
        return (logits.sigmoid(),)  # B C
    if task == "regression":
        return (logits[:, 0],)  # B
    if task == "multiple-choice":
        return (logits[:, 0].softmax(0),)  # N, from N 1
    if task == "sentence-embedding":  # the pooled vector, see hodu.models.pooling
        return (nn.functional.normalize(logits, dim=-1),)  # B D
    return (logits,) if task in LANGUAGE else (logits.softmax(-1),)
