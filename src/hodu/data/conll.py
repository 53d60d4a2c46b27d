"""Sentences of files with a word and its tag on each line and a blank line after each sentence (CoNLL 2003, KLUE-NER and the like)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hodu.data.rows import Record, lines_of
from hodu.errors import DataError

_COMMENT = re.compile(r"#+ (?!(.*\s)?(O|[BIESLU]-\S+)\s*$)|-DOCSTART-")
"""CoNLL-U's ``# text = ...``, KLUE-NER's ``## klue-ner-v1_train_00000  <text>``, CoNLL 2003's ``-DOCSTART- -X- O O``; but not the word ``#`` with its tag."""


def read_conll(path: Path) -> Iterator[Record]:
    """``tokens`` and ``tags`` of each sentence, with the number of its first line: the first and the last field of each line.

    Fields stand between tabs, or else between spaces. A file with one field a line has words and no tags. Lines before a sentence that begin with ``# `` are
    comments.

    Raises:
        DataError: as :func:`hodu.data.rows.read_rows`; or a line with another number of fields than the first one.
    """
    sentence: list[list[str]] = []
    first, expected = 0, 0
    for row, line in lines_of(path):
        if not line.strip() or (not sentence and _COMMENT.match(line)):
            if sentence:
                yield first, _columns(sentence)
            sentence = []
            continue
        fields = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        expected = expected or len(fields)
        if len(fields) != expected:
            raise DataError(
                f"{len(fields)} fields ({line.strip()[:40]!r}), expected {expected} as in the first line: a word on each line, its tag last, and a blank line after "
                "each sentence",
                file=path,
                row=row,
            )
        first = first if sentence else row
        sentence.append(fields)
    if sentence:
        yield first, _columns(sentence)


def _columns(sentence: list[list[str]]) -> dict[str, object]:
    columns: dict[str, object] = {"tokens": [fields[0] for fields in sentence]}
    return columns | {"tags": [fields[-1] for fields in sentence]} if len(sentence[0]) > 1 else columns
