"""What a model says about tokens, row by row: tags of words, or answers to questions; and how far that is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset, List, Value
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hodu.data.parts import no_progress_bars
from hodu.measuring.answered import count_answers, predict_answers
from hodu.measuring.tagged import count_tags, predict_tags, tags_of_logits
from hodu.models.load import Loaded
from hodu.types import Task

Array = NDArray[Any]


def say(task: Task, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: Dataset) -> list[Any]:
    """For each row the class ids of its words, or the text of the answer."""
    if task == "question-answering":
        return predict_answers(model, tokenizer, dataset)
    return tags_of_logits(predict_tags(model, tokenizer, dataset))


def compared(
    task: Task, said: Sequence[Any], right: Sequence[Any], names: Sequence[str], dataset: Dataset
) -> tuple[Array, Array]:
    """Counts and how much there was to say, as :func:`hodu.measuring.score` takes them.

    Args:
        right: of each row the class ids of its words, or the answers that count as right.
        names: of the classes.
        dataset: the rows.
    """
    if task == "question-answering":
        return count_answers(said, right, dataset["text"][:])
    return count_tags(said, right, names)


def with_own_answers(task: Task, teacher: Loaded, dataset: Dataset) -> Dataset:
    """Unlabelled rows with what the teacher says of them as labels."""
    said = say(task, teacher.model, teacher.tokenizer, dataset)
    with no_progress_bars():
        if task == "question-answering":
            return dataset.add_column("label", [[one] for one in said], feature=List(Value("string")))
        # a word that it did not see has no token that the label could stand at
        tags = [np.maximum(row, 0).tolist() for row in said]
        return dataset.add_column("label", tags, feature=List(Value("int64")))
