"""Questions with choices: which columns hold them, and which choice an answer names."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Value

from hodu.data.columns import LABELS, TEXTS, Found, check_named, listed
from hodu.data.labels import is_number
from hodu.data.parts import Part
from hodu.data.rows import Record
from hodu.data.store import store
from hodu.data.types import Columns
from hodu.errors import DataError, LabelError

CONTEXTS = (
    *(("article", "question"), ("passage", "question"), ("context", "question"), ("premise", "question")),
    *(("sent1", "sent2"), ("지문", "질문"), ("지문", "문제")),
)
QUESTIONS = (
    *("question", "question_stem", "query", "ctx", "context", "premise", "sent1", "goal", "startphrase"),
    *("질문", "문제", "문맥", "전제"),
)
LISTS = ("choices", "options", "endings", "candidates", "answers", "alternatives", "선택지", "보기")
ANSWERS = (
    *("answer", "answerkey", "answer_key", "answer_idx", "correct", "correct_answer", "gold", "정답", "답"),
    *LABELS,
)
_NUMBERED = re.compile(
    r"(choice|option|ending|answer|alternative|candidate|solution|sol|선택지|보기)[ _-]?(\d{1,2}|[a-j])", re.IGNORECASE
)
_LETTERS = "abcdefghij"
_CHUNK = 1_000

Answer = tuple[bool, int] | None
"""Which choice: its place (True), or a number that counts from 0 or from 1, as the whole set tells (False); None where there is no answer."""


def questions(records: Iterator[Record], columns: Columns, file: str) -> Part:
    """Rows as questions: columns ``text``, ``pair`` (what stands before each choice, where there is such a thing) and ``choices``; labels are :data:`Answer`.

    Raises:
        DataError: no rows, a column that is not there, or a row without a question or with fewer than two choices; names file and row.
        LabelError: an answer that names no choice.
        OutputError: no room for temporary data.
    """
    first = next(records, None)
    if first is None:
        raise DataError("there are no rows of data in it (it is empty, or has only a header)", file=file)
    found = find_choices(columns, list(first[1]), file)
    answers: list[object] = []
    rows = array("q")
    fields = [
        ("text", pa.string()),
        *([("pair", pa.string())] if found.pair else []),
        ("choices", pa.list_(pa.string())),
    ]

    def batches() -> Iterator[dict[str, pa.Array]]:
        everything = chain([first], records)
        while chunk := list(islice(everything, _CHUNK)):
            batch: dict[str, list[object]] = {name: [] for name, _ in fields}
            for row, values in chunk:
                rows.append(row)
                batch["text"].append(_text(values, found.text, file, row))
                if found.pair:
                    batch["pair"].append(_text(values, found.pair, file, row))
                choices, names = _choices(values, found, file, row)
                batch["choices"].append(choices)
                if found.label:
                    answers.append(_answer(values.get(found.label), choices, names, file, row, found.label))
            yield {name: pa.array(batch[name], kind) for name, kind in fields}

    dataset = store(batches(), pa.schema(fields))
    return Part(dataset, answers if found.label else None, rows, file, found)


def with_answers(parts: Mapping[str, Part]) -> tuple[dict[str, Dataset], list[str]]:
    """The splits with the place of the right choice in a column ``label``, where they have answers, and notes that say how these were read.

    Raises:
        LabelError: an answer beyond the choices, or none where other rows have one.
    """
    counts = {split: _choices_each(part) for split, part in parts.items()}
    given = {
        split: part.labels
        for split, part in parts.items()
        if part.labels is not None and any(map(_is_answer, part.labels))
    }
    numbers = [
        (answer[1], count)
        for split, answers in given.items()
        for answer, count in zip(answers, counts[split].tolist(), strict=True)
        if isinstance(answer, tuple) and not answer[0]
    ]
    # 1 ... n never says 0, and says n: 0 ... n - 1 says 0 sooner or later, and never n
    first = int(all(number > 0 for number, _ in numbers) and any(number >= count for number, count in numbers))
    splits = {
        split: _answered(part, counts[split], first) if split in given else part.dataset
        for split, part in parts.items()
    }
    whole = np.concatenate(list(counts.values()))
    low, high = int(whole.min()), int(whole.max())
    notes = [f"choices: {low if low == high else f'{low} to {high}'} a question"]
    if numbers:
        notes.append(f"answers are numbers that count from {first}")
    lacking = [split for split in parts if split not in given]
    if lacking:
        notes.append(
            f"no answers in {', '.join(lacking)}: they are not needed to distil, but nothing can be scored there"
        )
    return splits, notes


def find_choices(wanted: Columns, names: Sequence[str], file: str | Path) -> Found:
    """Find the columns of question, choices and answer by their usual names (upper or lower case), as far as they are not named.

    Raises:
        DataError: a named column is not there, or question or choices have no usual name.
    """
    given = check_named(wanted, names, file)
    free = {name.casefold(): name for name in reversed(names) if name not in given}
    choices = _choice_columns(free)
    free = {key: name for key, name in free.items() if name not in choices}
    text, pair = wanted.text, wanted.pair
    if text is None and pair is None:
        text, pair = next(((free[a], free[b]) for a, b in CONTEXTS if a in free and b in free), (None, None))
    text = text or next((free[name] for name in (*QUESTIONS, *TEXTS) if name in free), None)
    if text is None or not choices:
        lacking = "a question (question, context, premise, ...; --text-column)" if text is None else "choices"
        raise DataError(
            f"no column has the usual name of {lacking}; expected for multiple choice a question, its choices (a list in {', '.join(LISTS[:3])}; or columns "
            f"choice0, choice1, ...; ending0, ...; option_a, ...; A, B, ...) and the answer; the columns are {listed(names)}",
            file=file,
        )
    left = {key: name for key, name in free.items() if name not in (text, pair)}
    label = wanted.label or next((left[name] for name in ANSWERS if name in left), None)
    return Found(text, pair, label, tuple(choices), "multiple-choice")


def _choice_columns(free: Mapping[str, str]) -> list[str]:
    """One column of lists, or the numbered (or lettered) ones in their order."""
    for name in LISTS:
        if name in free:
            return [free[name]]
    series: dict[str, list[tuple[int, str]]] = {}
    for key, name in free.items():
        if match := _NUMBERED.fullmatch(key):
            place = int(match[2]) if match[2].isdecimal() else _LETTERS.index(match[2])
            series.setdefault(match[1], []).append((place, name))
    if series:
        most = max(series.values(), key=len)
        return [name for _, name in sorted(most)]
    letters = [free[letter] for letter in _LETTERS if letter in free]
    return letters if len(letters) > 1 and letters[0].casefold() == "a" else []


def _text(values: Mapping[str, object], column: str, file: str, row: int) -> str:
    value = values.get(column)
    if not isinstance(value, str) or not value.strip():
        came = "is empty" if value is None or value == "" else f"is {type(value).__name__} {str(value)[:40]!r}"
        raise DataError(f"the question {came}; expected a text", file=file, row=row, column=column)
    return value


def _choices(values: Mapping[str, object], found: Found, file: str, row: int) -> tuple[list[str], list[str]]:
    """The choices of a row, and the names that it gives them (A, B, ...), if any."""
    value = values.get(found.choices[0]) if len(found.choices) == 1 else [values.get(name) for name in found.choices]
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):  # a list in a cell of a CSV file
        with suppress(ValueError):
            value = json.loads(value)
    names: list[str] = []
    if isinstance(value, dict):  # {"text": [...], "label": ["A", ...]}, as in OpenBookQA, ARC and CommonsenseQA
        names, value = [str(name) for name in value.get("label") or ()], value.get("text")
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):  # the same, one by one
        names, value = [str(one.get("label", "")) for one in value], [one.get("text") for one in value]
    given = ["" if one is None else str(one) for one in value] if isinstance(value, list) else []
    while given and not given[-1].strip():  # questions with fewer choices leave their last columns empty
        given.pop()
    if len(given) < 2 or not all(one.strip() for one in given):
        raise DataError(
            f"expected two or more choices that are not empty, came {str(value)[:60]!r}",
            file=file,
            row=row,
            column=found.choices[0],
        )
    return given, names if len(names) == len(given) else []


def _answer(value: object, choices: list[str], names: list[str], file: str, row: int, column: str) -> Answer:
    written = "" if value is None else str(value).strip()
    if written in ("", "-1"):
        return None
    if written in names:
        return True, names.index(written)
    if is_number(written) and float(written).is_integer():
        return False, int(float(written))
    if written in choices:
        return True, choices.index(written)
    if len(written) == 1 and written.casefold() in _LETTERS[: len(choices)]:
        return True, _LETTERS.index(written.casefold())
    raise LabelError(
        f"the answer {written[:40]!r} names none of the {len(choices)} choices; expected its number, its letter or its text",
        file=file,
        row=row,
        column=column,
    )


def _choices_each(part: Part) -> np.ndarray:
    return np.asarray(pc.list_value_length(part.dataset.with_format("arrow")[:]["choices"]).to_numpy())


def _is_answer(answer: object) -> bool:
    return answer is not None


def _answered(part: Part, counts: np.ndarray, first: int) -> Dataset:
    places = []
    for index, (answer, count) in enumerate(zip(part.labels or (), counts.tolist(), strict=True)):
        place = -1
        if isinstance(answer, tuple):
            place = answer[1] if answer[0] else answer[1] - first
        if not 0 <= place < count:
            wrong = (
                f"the answer {answer[1]} is none of {count} choices that count from {first}"
                if isinstance(answer, tuple)
                else "there is no answer"
            )
            raise LabelError(
                f"{wrong}; correct it or remove the row", file=part.file, row=part.rows[index], column=part.found.label
            )
        places.append(place)
    return part.dataset.add_column("label", np.array(places, np.int64), feature=Value("int64"))
