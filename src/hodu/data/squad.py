"""Questions of a JSON file as SQuAD and KorQuAD have it: articles of paragraphs, each a context with its questions and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hodu.data.rows import Record, lines_of, read_rows
from hodu.errors import DataError


def read_json(path: Path) -> Iterator[Record]:
    """The questions of a SQuAD file, numbered from 1, as ``question``, ``context`` and ``answers``; the rows of any other JSON file, an object on each line.

    Raises:
        DataError: as :func:`hodu.data.rows.read_rows`; or a paragraph without what SQuAD has there.
    """
    articles = _articles(path)
    return read_rows(path) if articles is None else enumerate(_questions(path, articles), 1)


def _articles(path: Path) -> list[Any] | None:
    """What stands under "data" of a file that is one JSON object; None for JSON lines (and what is no JSON, for which they have the message)."""
    first = next((line for _, line in lines_of(path) if line.strip()), "")
    try:
        whole = json.loads(first)
    except (ValueError, RecursionError):
        try:
            whole = json.loads("".join(line for _, line in lines_of(path)))
        except (ValueError, RecursionError):
            return None
    articles = whole.get("data") if isinstance(whole, dict) else None
    return articles if isinstance(articles, list) else None


def _questions(path: Path, articles: list[Any]) -> Iterator[dict[str, object]]:
    for number, article in enumerate(articles, 1):
        try:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    row = {"question": asked["question"], "context": paragraph["context"]}
                    yield row | {"answers": asked["answers"]} if "answers" in asked else row
        except (KeyError, TypeError) as error:
            raise DataError(
                f'article {number} under "data" is not as in SQuAD ({type(error).__name__}: {error}); expected '
                '{"paragraphs": [{"context": …, "qas": [{"question": …, "answers": [{"text": …, "answer_start": …}]}]}]}',
                file=path,
            ) from error
