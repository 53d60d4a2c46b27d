"""How fast students of some shapes would be beside their teacher, timed before anything is trained: random weights take as long as trained ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedModel

from hodu.measuring.speed import in_turns
from hodu.models.build import sketch
from hodu.types import Shape

_SECONDS = 3.0  # that one race may take, about
_FEWEST, _MOST = 9, 60  # timed calls of each model


def race_with(teacher: PreTrainedModel, *, vocabulary: int, length: int) -> Callable[[Sequence[Shape]], list[float]]:
    """A race: shapes in, how many times the teacher's speed each has out (medians at batch 1 on one thread, all taking turns).

    Args:
        vocabulary: pieces of the students' tokenizer.
        length: tokens of the text that all read.
    """
    padding = teacher.config.pad_token_id
    text = {
        "input_ids": torch.full((1, length), 1 if padding == 0 else 0),  # any piece but padding, which RoBERTa skips
        "attention_mask": torch.ones(1, length, dtype=torch.long),
    }

    def race(shapes: Sequence[Shape]) -> list[float]:
        students = [sketch(teacher, shape, vocabulary=vocabulary, device="cpu").eval() for shape in shapes]
        models = [teacher, *students]
        once = in_turns(models, [[text] * 2] * len(models))
        calls = int(_SECONDS * 1000 / max(sum(one.p50_ms for one in once), 1e-3))
        calls = min(max(calls, _FEWEST), _MOST)
        first, *others = in_turns(models, [[text] * calls] * len(models), block=3)
        return [first.p50_ms / one.p50_ms for one in others]

    return race
