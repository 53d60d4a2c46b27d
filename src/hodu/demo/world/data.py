"""The world's questions as data to train and measure with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset

from hodu.data import Data
from hodu.demo.world.questions import GRAPH_FILE, Question, read_questions
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


def training_data(count: int, *, choices: int = 4) -> Data:
    """So many training questions in both languages, each with so many choices, a tenth of them for dev."""
    questions = training_questions(count, choices=choices)
    dev = count // 10
    splits = {"train": rows_of_questions(questions[dev:]), "dev": rows_of_questions(questions[:dev])}
    return Data(splits=splits, task="multiple-choice", labels=(), source="the built-in world's training questions")


def training_graph(out: Path) -> Path:
    """The world without the doings, purposes and tools of the 200 questions: a model that is trained with it has never seen what it is asked about, not even as a word."""
    import pyoxigraph  # only who trains on the world needs the extra "knowledge"

    asked = {end for one in read_questions() for subject, _, object in one["gold"] for end in (subject, object)}
    facts = pyoxigraph.parse(path=str(GRAPH_FILE), format=pyoxigraph.RdfFormat.TURTLE)
    kept = (
        one.triple
        for one in facts
        if asked.isdisjoint({getattr(end, "value", None) for end in (one.subject, one.object)})
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    pyoxigraph.serialize(kept, output=str(out), format=pyoxigraph.RdfFormat.TURTLE)
    return out
