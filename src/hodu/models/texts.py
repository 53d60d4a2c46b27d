"""Multiple-choice models take a text a row, as all others do."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import PreTrainedModel


def one_answer_a_text(model: PreTrainedModel) -> None:
    """Let a multiple-choice model also take ``T L``, a question with one of its choices in each row, and answer ``T 1``; other models are left as they are.

    transformers gives it ``B N L``, and padding where questions have unequally many choices. Rows can be batched, captured and cached like any other text.
    """
    if type(model).__name__.endswith("ForMultipleChoice"):
        model.register_forward_pre_hook(_one_choice_each, with_kwargs=True)


def _one_choice_each(_: Any, args: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if not isinstance(ids := inputs.get("input_ids"), Tensor) or ids.dim() != 2:
        return args, inputs
    rows = {
        name: value.unsqueeze(1) if isinstance(value, Tensor) and value.shape == ids.shape else value  # T 1 L
        for name, value in inputs.items()
    }
    return args, rows
