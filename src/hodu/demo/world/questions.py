"""The 200 questions of the built-in world, 160 that ask for something else, and where its graph lies.

Every question has the founding pattern: a sentence tells a doing and its purpose and leaves the tool out. Each doing is
asked about with two or three purposes that need different tools, once in Korean and once in English, and the tools of the
other purposes are among the choices: what is usually dug with, or cut with, is no answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

FOLDER = Path(__file__).parent
GRAPH_FILE = FOLDER / "world.ttl"
"""The graph, in Turtle."""
NAMESPACE = "urn:hodu:world:"
"""What every id of the graph begins with."""
LANGUAGES: tuple[Literal["ko", "en"], ...] = ("ko", "en")


class Question(TypedDict):
    """A question with four choices.

    ``doing``, ``purpose`` and ``gold`` are ids of the graph; ``choices`` are labels in the question's language, and
    ``answer`` is one of them. ``gold`` are the two facts that decide: what the tool does, and what for.
    """

    id: str
    language: Literal["ko", "en"]
    text: str
    question: str
    choices: list[str]
    answer: str
    doing: str
    purpose: str
    gold: list[list[str]]


class OtherQuestion(TypedDict):
    """A question without choices.

    ``thing`` and ``relations``: whatever the thing is related to by one of these, read in either direction, is right; None and empty where the graph has no answer. ``later``: written after the rules for what is
    asked for (``hodu.knowledge.asked``), which were not changed for it.
    """

    id: str
    language: Literal["ko", "en"]
    text: str
    thing: str | None
    relations: list[str]
    later: bool


def read_questions() -> list[Question]:
    """The 200 questions, the Korean ones first; the same doings and purposes in the same order in both languages."""
    return [cast(Question, row) for row in read_rows("questions.jsonl")]


def read_other_questions() -> list[OtherQuestion]:
    """Questions about who, where, of what and what for, and as many that the graph does not answer (colors, prices, what happened next); the Korean ones first."""
    return [cast(OtherQuestion, row) for row in read_rows("other_questions.jsonl")]


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of one of this folder's JSONL files."""
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
