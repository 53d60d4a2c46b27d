"""The world's questions as data to train and measure with."""

from __future__ import annotations

from collections.abc import Sequence

from datasets import Dataset

from hodu.data import Data
from hodu.demo.world.questions import Question
from hodu.demo.world.training import training_questions


def rows_of_questions(questions: Sequence[Question]) -> Dataset:
    """As hodu reads questions with choices: ``text``, ``choices``, ``label``."""
    return Dataset.from_dict(
        {
            "text": [f"{one['text']} {one['question']}" for one in questions],
            "choices": [one["choices"] for one in questions],
            "label": [one["choices"].index(one["answer"]) for one in questions],
        }
    )


def training_data(count: int) -> Data:
    """So many training questions in both languages, a tenth of them for dev."""
    questions = training_questions(count)
    dev = count // 10
    splits = {"train": rows_of_questions(questions[dev:]), "dev": rows_of_questions(questions[:dev])}
    return Data(splits=splits, task="multiple-choice", labels=(), source="the built-in world's training questions")
