"""The texts on which an export is compared with its model: the user's own, or the built-in world's, as the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from hodu.data import (
    FACTS,
    Columns,
    beside,
    check_task,
    load,
    match_labels,
    max_length_of,
    paired,
    texts_of_rows,
    tokenise,
)
from hodu.data import split as split_data
from hodu.data.windows import windows
from hodu.demo.world import make_world, read_questions
from hodu.errors import DataError
from hodu.exporting.onnx import inputs_of
from hodu.knowledge.vocabulary import language_of
from hodu.models.beside import budget_of, reader_of
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, labels_of
from hodu.types import CLASSES, LANGUAGE, OWN_CLASS, Task

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph

Array = NDArray[Any]

MOST_ROWS = 400
_FEW = 50
_EXAMPLES, _LONGEST_EXAMPLE = 4, 300
_HIDE_EACH = 7  # places of a masked language model's text
_PIECES_A_LETTER = {
    "ko": 1.0,
    "en": 0.6,
}  # more than that, and a vocabulary spells a language out instead of knowing its words
_UNKNOWN = 0.05


@dataclass(frozen=True)
class Asked:
    """One text, or one question with its choices, unpadded as far as its rows are equally long.

    Attributes:
        inputs: ``N L`` each, N being 1 or the number of choices.
        places: the tokens about which something is asked, where that is not the whole text; -1 for a word that no piece is left of.
    """

    inputs: dict[str, Array]
    places: Array | None = None


@dataclass(frozen=True)
class Samples:
    """What all systems answer.

    Attributes:
        rows: the texts as they were read, with labels where they have any.
        made: the windows of question answering, one for each of ``asked``.
        told: of how many texts a graph had facts.
    """

    source: str
    rows: Dataset
    asked: list[Asked]
    labels: tuple[str, ...] = ()
    made: Dataset | None = None
    told: int = 0
    notes: tuple[str, ...] = ()
    examples: list[Any] = field(default_factory=list)
    languages: tuple[str, ...] = ("ko", "en")


def samples_of(
    loaded: Loaded, task: Task, graph: CompiledGraph | None, data: str | None, columns: Columns, label_names: Any = None
) -> Samples:
    """Rows of ``data`` (dev, else test), or built-in ones, tokenised as hodu measures the model.

    Raises:
        DataError, LabelError: the data cannot be read, is not for this task or has other classes.
    """
    settings = facts_of(loaded.model.config)
    languages = languages_of(loaded) if graph is None else _languages_of(graph)
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    if data is None:
        source, rows = "built-in texts", built_in(task, languages)
    else:
        source, rows, names, notes = _given(loaded, task, data, columns, label_names)
        languages = _languages_in(rows)
    examples = examples_of(rows, task)
    if graph is not None and settings is not None:
        check_task(task, settings)
        rows = beside(rows, reader_of(graph, settings), budget_of(loaded.tokenizer, settings))
        languages = graph.languages
    asked, made = as_asked(loaded, task, rows)
    told = sum(any(row) for row in rows[FACTS]) if FACTS in rows.column_names else 0  # of choices one list each
    return Samples(source, rows, asked, names, made, told, notes, examples, languages)


def _given(
    loaded: Loaded, task: Task, data: str, columns: Columns, label_names: Any
) -> tuple[str, Dataset, tuple[str, ...], tuple[str, ...]]:
    read = load(data, columns=columns, task=task if task in OWN_CLASS else None, label_names=label_names)
    if {"dev", "test"} & read.splits.keys() or len(read.splits["train"]) > MOST_ROWS:
        read = split_data(read)
    if read.task in OWN_CLASS and read.task != task:
        raise DataError(f"the data is for {read.task}, and {loaded.path} does {task}", file=data)
    notes: tuple[str, ...] = ()
    if read.task is not None and (task in CLASSES or task == "regression"):
        read, notes = match_labels(read, labels_of(loaded.model.config))
    name = next(one for one in ("dev", "test", "train") if one in read.splits)
    rows = read.splits[name]
    if len(rows) < _FEW:
        notes += (f"only {len(rows)} texts were compared, which says little; give more with --data",)
    places = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).round().astype(int))
    return f"{read.source} ({name})", rows.select(places.tolist()), read.labels, notes


def built_in(task: Task, languages: Sequence[str]) -> Dataset:
    """Texts of the built-in world in these languages, for any task."""
    if task == "multiple-choice":
        return rows_of_questions(languages)
    texts = [one.text for one in make_world(train=2, dev=2, test=400).test if one.language in languages]
    if task == "question-answering":
        asks = {"ko": "무엇이 좋았나?", "en": "What was good?"}
        contexts = [" ".join(texts[place : place + 4]) for place in range(0, 100, 4)]
        return Dataset.from_dict({"text": [asks[language_of(one)] for one in contexts], "pair": contexts})
    columns: dict[str, list[Any]] = {"text": texts[:200]}
    if task == "token-classification":
        columns["words"] = [text.split() for text in columns["text"]]
    return Dataset.from_dict(columns)


def rows_of_questions(languages: Sequence[str]) -> Dataset:
    """The built-in questions as hodu reads questions with choices."""
    questions = [one for one in read_questions() if one["language"] in languages]
    return Dataset.from_dict(
        {
            "text": [f"{one['text']} {one['question']}" for one in questions],
            "choices": [one["choices"] for one in questions],
            "label": [one["choices"].index(one["answer"]) for one in questions],
        }
    )


def examples_of(rows: Dataset, task: Task) -> list[Any]:
    """Some texts that a page offers to start with, the first short ones in turns of their languages; none of tasks that read two texts and no choices."""
    asks = "choices" in rows.column_names
    if "pair" in rows.column_names or task == "question-answering":
        return []
    found: dict[str, list[Any]] = {"ko": [], "en": []}
    for text, choices in zip(rows["text"], rows["choices"] if asks else rows["text"], strict=True):
        if len(text.strip()) > 0 and len(text) <= _LONGEST_EXAMPLE:
            shown = _with_a_gap(text) if task == "masked-lm" else text
            found[language_of(text)].append({"question": text, "choices": list(choices)} if asks else shown)
    half = max(_EXAMPLES // 2, *(_EXAMPLES - len(other) for other in found.values()))
    return [one for some in found.values() for one in some[:half]][:_EXAMPLES]


def _with_a_gap(text: str) -> str:
    """The text with its longest word hidden, as the page writes it."""
    words = text.split()
    words[max(range(len(words)), key=lambda place: len(words[place]))] = "[MASK]"
    return " ".join(words)


def as_asked(loaded: Loaded, task: Task, rows: Dataset) -> tuple[list[Asked], Dataset | None]:
    """The rows as the model reads them; of question answering also their windows."""
    length, names = max_length_of(loaded.tokenizer, loaded.model.config), inputs_of(loaded)
    if task == "question-answering":
        made, _ = windows(rows, loaded.tokenizer, max_length=length, answering=True)
        return [Asked(_inputs([row], names), np.flatnonzero(np.asarray(row["tags"]) == 0)) for row in made], made
    counts = [1] * len(rows)
    if task == "sentence-embedding":
        rows = paired(rows).select_columns(["text", "pair"])
    if task in ("multiple-choice", "sentence-embedding"):
        rows, counts = texts_of_rows(rows)
    drop = [name for name in ("label", "starts") if name in rows.column_names]
    tokens: Any = tokenise(rows.remove_columns(drop), loaded.tokenizer, max_length=length)[0][:]
    each = [dict(zip(tokens, values, strict=True)) for values in zip(*tokens.values(), strict=True)]
    if task == "multiple-choice":
        ends = np.cumsum(counts).tolist()
        return [Asked(_inputs(each[end - count : end], names)) for end, count in zip(ends, counts, strict=True)], None
    asked = [Asked(_inputs([row], names), _places(loaded, task, row)) for row in each]
    return [_hidden(loaded, one) for one in asked] if task == "masked-lm" else asked, None


def _inputs(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Array]:
    """``N L`` each, the shorter of a question's rows padded on the right."""
    longest = max(len(row["input_ids"]) for row in rows)
    return {
        name: np.array(
            [[*given, *[0] * (longest - len(given))] for given in (row.get(name, []) for row in rows)], np.int64
        )
        for name in names
    }


def _places(loaded: Loaded, task: Task, row: dict[str, Any]) -> Array | None:
    if task == "token-classification":
        return np.array(row["firsts"], np.int64)
    if task not in LANGUAGE:
        return None
    special = set(loaded.tokenizer.all_special_ids)
    places = [place for place, piece in enumerate(row["input_ids"]) if piece not in special or task == "causal-lm"]
    return np.array(places[:: _HIDE_EACH if task == "masked-lm" else 1], np.int64)


def _hidden(loaded: Loaded, one: Asked) -> Asked:
    """A text of a masked language model with the places hidden that it is asked about."""
    one.inputs["input_ids"][0, one.places] = loaded.tokenizer.mask_token_id
    return one


def _languages_in(rows: Dataset) -> tuple[str, ...]:
    found = [language_of(text) for text in rows["text"]]
    return tuple(one for one in ("ko", "en") if found.count(one) >= 0.05 * len(found))


def _languages_of(graph: CompiledGraph) -> tuple[str, ...]:
    """Korean, English or both: what a graph's facts are said in; both where in neither."""
    return tuple(one for one in ("ko", "en") if one in graph.languages) or ("ko", "en")


def languages_of(loaded: Loaded) -> tuple[str, ...]:
    """Korean, English or both: what a model's vocabulary has words of; both where it has of neither."""
    world = make_world(train=2, dev=2, test=100).test
    served = []
    for language, most in _PIECES_A_LETTER.items():
        texts = [one.text for one in world if one.language == language]
        pieces = [
            piece
            for text in texts
            for piece in loaded.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        ]
        unknown = pieces.count(loaded.tokenizer.unk_token_id) / max(1, len(pieces))
        if len(pieces) <= most * sum(map(len, texts)) and unknown <= _UNKNOWN:
            served.append(language)
    return tuple(served) or ("ko", "en")
