"""The world's questions as data to train and measure with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from datasets import Dataset

from hodu.data import Data
from hodu.demo.world.questions import GRAPH_FILE, NAMESPACE, Question, read_questions
from hodu.demo.world.training import training_questions

if TYPE_CHECKING:
    from pyoxigraph import Triple

_SURROUNDINGS = {f"{NAMESPACE}{name}" for name in ("usedBy", "foundAt")}  # whose a tool is, and where


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
    """The world without the doings, purposes and tools of the 200 questions: a model that is trained with it has never seen what it is asked about, not even as a word.

    Who uses a tool and where it is found is dealt anew among the tools of a doing. In the world a doctor always has the thermometer, and a reader learns to ask who does it, not what for; then an edit of the
    graph that gives the doctor's purpose another tool is not followed.
    """
    import pyoxigraph  # only who trains on the world needs the extra "knowledge"

    asked = {end for one in read_questions() for subject, _, object in one["gold"] for end in (subject, object)}
    facts = pyoxigraph.parse(path=str(GRAPH_FILE), format=pyoxigraph.RdfFormat.TURTLE)
    kept = [one.triple for one in facts if asked.isdisjoint({_iri(one.subject), _iri(one.object)})]
    out.parent.mkdir(parents=True, exist_ok=True)
    pyoxigraph.serialize(_dealt_surroundings(kept), output=str(out), format=pyoxigraph.RdfFormat.TURTLE)
    return out


def _dealt_surroundings(facts: Iterable[Triple]) -> Iterator[Triple]:
    """The facts, those of :data:`_SURROUNDINGS` with tools of the same doing exchanged; a tool of several doings goes with the first."""
    import pyoxigraph

    facts, rng = list(facts), Random(0)
    dealt: dict[str, str] = {}
    tools_of: dict[str, set[str]] = defaultdict(set)
    for one in facts:
        if one.predicate.value == f"{NAMESPACE}toolForDoing":
            tools_of[_iri(one.object)].add(_iri(one.subject))
    for doing in sorted(tools_of):
        tools = sorted(tools_of[doing] - dealt.keys())
        dealt.update(zip(tools, rng.sample(tools, len(tools)), strict=True))
    for one in facts:
        other = dealt.get(_iri(one.subject)) if one.predicate.value in _SURROUNDINGS else None
        yield pyoxigraph.Triple(pyoxigraph.NamedNode(other), one.predicate, one.object) if other else one


def _iri(end: object) -> str:
    return str(getattr(end, "value", ""))  # of a literal its text
