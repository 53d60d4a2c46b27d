"""Which column is the text, which its pair, which the label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hodu.data.types import Columns
from hodu.errors import DataError
from hodu.types import TOKENS, Task

PAIRS = (
    ("text_a", "text_b"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
    ("question", "context"),
    ("query", "passage"),
    ("query", "document"),
    ("text", "text_pair"),
    ("text", "pair"),
)
TEXTS = (
    *("text", "sentence", "document", "review", "content", "comment", "utterance", "question"),
    *("텍스트", "문장", "리뷰", "댓글", "발화"),
)
LABELS = (
    *(
        "label",
        "labels",
        "score",
        "class",
        "category",
        "sentiment",
        "intent",
        "emotion",
        "target",
        "similarity",
        "rating",
    ),
    *("라벨", "레이블"),
)
WORDS = ("tokens", "words")
TAGS = ("ner_tags", "tags", "labels")
ANSWERS = ("answers", "answer")


@dataclass(frozen=True, slots=True)
class Found:
    """The columns of one file, as it spells them.

    ``task`` is token-classification where ``text`` is a list of words (and ``label`` their tags), question-answering where ``label`` holds answers that stand in
    ``pair``, multiple-choice where ``choices`` is a column of lists, or several of texts; else None. ``starts`` is the column of the answers' places, where they have
    one of their own.
    """

    text: str
    pair: str | None
    label: str | None
    choices: tuple[str, ...] = ()
    task: Task | None = None
    starts: str | None = None

    def __str__(self) -> str:
        if self.task == "token-classification":
            return f"words {self.text!r}, {f'tags {self.label!r}' if self.label else 'no tags'}"
        if self.task == "question-answering":
            answers = f"answers {self.label!r}" if self.label else "no answers"
            return f"question {self.text!r}, context {self.pair!r}, {answers}"
        named = [f"text {self.text!r}"] + [f"pair {self.pair!r}"] * bool(self.pair)
        named += [f"choices {listed(self.choices)}"] * bool(self.choices)
        return ", ".join([*named, f"label {self.label!r}" if self.label else "no label column"])


def find_columns_for(task: Task | None, wanted: Columns, first: Mapping[str, object], file: str | Path) -> Found:
    """The columns of a file whose first row is this: words and tags, or a question, its context and answers, where they are asked for or are there; else
    as :func:`find_columns`.

    Raises:
        DataError: as :func:`find_columns`, or the task asks for columns that are not there.
    """
    if task is not None and task not in TOKENS:
        return find_columns(wanted, list(first), file)
    if task != "question-answering" and (found := _words_and_tags(wanted, first, asked=task is not None)):
        return found
    if task != "token-classification" and (found := _question_and_answers(wanted, first, asked=task is not None)):
        return found
    if task is None:
        return find_columns(wanted, list(first), file)
    expected = {
        "token-classification": "a list of words (tokens, words) and a list of as many tags (tags, ner_tags, labels); name them with --text-column and --label-column",
        "question-answering": "question, context and answers (answers, or answer and answer_start); name them with --text-column, --pair-column and --label-column",
    }
    raise DataError(f"{task} wants columns with {expected[task]}; the columns are {listed(list(first))}", file=file)


def _words_and_tags(wanted: Columns, first: Mapping[str, object], *, asked: bool) -> Found | None:
    lists = {name.casefold(): name for name in reversed(list(first)) if isinstance(first[name], list)}
    words, tags = wanted.text or _first(WORDS, lists), wanted.label or _first(TAGS, lists)
    if words not in lists.values():
        return None
    if tags in lists.values():
        return Found(str(words), None, tags, task="token-classification")
    others = any(name.casefold() in (*TEXTS, *LABELS) for name in first)
    return (
        None if wanted.label or (others and not asked) else Found(str(words), None, None, task="token-classification")
    )


def _question_and_answers(wanted: Columns, first: Mapping[str, object], *, asked: bool) -> Found | None:
    free = {name.casefold(): name for name in reversed(list(first))}
    question, context = wanted.text or free.get("question"), wanted.pair or free.get("context")
    if question not in first or context not in first:
        return None
    answers = wanted.label or _first(ANSWERS, free)
    value = first.get(answers or "")
    starts = free.get("answer_start") if isinstance(value, str) else None
    if starts or isinstance(value, dict | list):
        return Found(str(question), context, answers, task="question-answering", starts=starts)
    return Found(str(question), context, None, task="question-answering") if asked and not wanted.label else None


def find_columns(wanted: Columns, names: Sequence[str], file: str | Path) -> Found:
    """Take the named columns, and find the others by their usual names (upper or lower case).

    A text that the user names is not paired up with a column that they did not name.

    Raises:
        DataError: a named column is not there, one column is named twice, or no column has the usual name of a text.
    """
    given = check_named(wanted, names, file)
    free = {name.casefold(): name for name in reversed(names) if name not in given}
    text, pair = wanted.text, wanted.pair
    if text is None and pair is None:
        text, pair = next(((free[a], free[b]) for a, b in PAIRS if a in free and b in free), (None, None))
    text = text or _first(TEXTS, free)
    if text is None:
        raise DataError(
            f"no column has the usual name of a text ({', '.join(TEXTS[:8])}, or a pair such as premise, hypothesis); "
            "the columns are "
            f"{listed(names)}: name one with --text-column (and --pair-column), or add a header if there is none",
            file=file,
        )
    label = wanted.label or _first(LABELS, {key: name for key, name in free.items() if name not in (text, pair)})
    return Found(text, pair, label)


def check_named(wanted: Columns, names: Sequence[str], file: str | Path) -> list[str]:
    """The columns that the user names.

    Raises:
        DataError: one of them is not there, or is named twice.
    """
    for flag, name in (("text", wanted.text), ("pair", wanted.pair), ("label", wanted.label)):
        if name is not None and name not in names:
            raise DataError(
                f"there is no column {name!r} (--{flag}-column); the columns are {listed(names)}", file=file
            )
    given = [name for name in (wanted.text, wanted.pair, wanted.label) if name is not None]
    if len(set(given)) < len(given):
        raise DataError(
            f"--text-column, --pair-column and --label-column must differ, they are {listed(given)}", file=file
        )
    return given


def _first(usual: Iterable[str], free: dict[str, str]) -> str | None:
    return next((free[name] for name in usual if name in free), None)


def listed(names: Sequence[str]) -> str:
    """Names for a message, quoted, not more than twenty."""
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
