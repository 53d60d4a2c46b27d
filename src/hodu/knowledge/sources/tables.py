"""Tables as people keep them in a spreadsheet: subject, relation, object, and a weight and a source if they like."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyoxigraph import Quad

from hodu.errors import DataError, GraphError
from hodu.knowledge.facts import remarks
from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.lines import Advance, lines
from hodu.knowledge.sources.naming import ROLES, Naming

COLUMNS = {
    "subject": ("subject", "head", "s", "start", "주어", "주체", "머리", "시작", "주제"),
    "relation": ("relation", "predicate", "rel", "r", "p", "edge", "property", "관계", "술어", "속성"),
    "object": ("object", "tail", "o", "end", "목적어", "객체", "대상", "꼬리", "끝", "값"),
    "weight": ("weight", "score", "confidence", "가중치", "무게", "점수", "신뢰도"),
    "source": ("source", "provenance", "reference", "출처", "근거"),
}
_NEEDED = ("subject", "relation", "object")
_SEPARATOR = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


def is_table(path: Path) -> bool:
    """Whether the file's name is a table's."""
    return _suffix(path) in _SEPARATOR


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def read_table(
    path: Path, naming: Naming, faults: Faults, advance: Advance, *, columns: Sequence[str] | None = None
) -> Iterator[Quad]:
    """The statements of a CSV or TSV file.

    Args:
        columns: what its columns hold, where it has no header with usual names; all its rows are then facts.

    Raises:
        DataError: there is no such header, or a row cannot be read and bad rows are not left out.
    """
    rows = _rows(path, faults, advance)
    if columns is None:
        first = next(rows, None)
        if first is None and faults.count:
            raise DataError(f"has no row that can be read: {faults.first[0]}", file=path)
        if first is None:
            raise DataError("is empty; expected a header such as subject, relation, object, and rows", file=path)
        places, width = _places(first[1], path), len(first[1])
    else:
        places, width = {name: number for number, name in enumerate(columns) if name in COLUMNS}, len(columns)
        if missing := [name for name in _NEEDED if name not in places]:
            raise DataError(
                f"the columns {', '.join(columns)} lack {', '.join(missing)}; expected names of {', '.join(COLUMNS)}, and - for others",
                file=path,
            )
    for number, (row, fields) in enumerate(rows):
        if columns is not None and number == 0 and _is_header(fields, path):
            raise DataError(
                f"{', '.join(fields)} is a header, and the columns were named; leave out one of both",
                file=path,
                row=row,
            )
        try:
            quads = list(_statements(fields, places, width, naming))
        except GraphError as error:
            naming.forget()
            faults.bad(str(error), path, row)
            continue
        yield from naming.news()
        yield from quads


def _rows(path: Path, faults: Faults, advance: Advance) -> Iterator[tuple[int, list[str]]]:
    if _SEPARATOR[_suffix(path)] == "\t":  # a quote in a TSV is a character like any other, as in hodu's other files
        yield from ((row, line.split("\t")) for row, line in lines(path, faults, advance) if line.strip())
        return
    at = 0

    def numbered() -> Iterable[str]:
        nonlocal at
        for row, line in lines(path, faults, advance):
            at = row
            yield line + "\n"

    reader = csv.reader(numbered(), strict=True)
    while True:
        begin = at + 1  # a field in quotes may hold line ends
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.bad(
                f"is no CSV: {error}; put a field with quotes or commas in quotes, and double its quotes", path, at
            )
            continue
        if any(fields):
            yield begin, fields


def _is_header(fields: list[str], path: Path) -> bool:
    try:
        _places(fields, path)
    except DataError:
        return False
    return True


def _places(header: list[str], path: Path) -> dict[str, int]:
    names = [name.strip().lower().lstrip("#") for name in header]
    if (
        "source" in names and "target" in names and not set(names) & set(COLUMNS["subject"])
    ):  # lists of edges call the ends so
        names = [{"source": "subject", "target": "object"}.get(name, name) for name in names]
    places: dict[str, int] = {}
    for column, usual in COLUMNS.items():
        found = [number for number, name in enumerate(names) if name in usual]
        if len(found) > 1:
            raise DataError(
                f"has {len(found)} columns for the {column}: {', '.join(header[number] for number in found)}; rename all but one",
                file=path,
                row=1,
            )
        if found:
            places[column] = found[0]
    if missing := [name for name in _NEEDED if name not in places]:
        expected = "; ".join(f"{name}: {', '.join(COLUMNS[name])}" for name in missing)
        raise DataError(
            f"the header is {header!r:.200}: no column for {', '.join(missing)}. Expected names such as {expected}; "
            "a file without a header needs --columns subject,relation,object",
            file=path,
            row=1,
        )
    return places


def _statements(fields: list[str], places: dict[str, int], width: int, naming: Naming) -> Iterator[Quad]:
    most = max(places[name] for name in _NEEDED) + 1
    if len(fields) < most:
        raise GraphError(f"has {len(fields)} fields; expected at least {most}")
    if any(field.strip() for field in fields[width:]):
        raise GraphError(
            f"has {len(fields)} fields, and there are {width} columns; in a CSV put a field with commas in quotes"
        )
    subject, relation, object = (fields[places[name]] for name in _NEEDED)
    for name, text in zip(_NEEDED, (subject, relation, object), strict=True):
        if not text.strip():
            raise GraphError(f"the {name} is empty; expected a word or a phrase")
    quad = naming.statement(subject.strip(" "), relation.strip(" "), object.strip(" "))
    yield quad
    weight, source = (_field(fields, places.get(name)) for name in ("weight", "source"))
    if quad.predicate.value not in ROLES:
        yield from remarks(quad, _number(weight), source or None)


def _field(fields: list[str], place: int | None) -> str:
    return fields[place].strip() if place is not None and place < len(fields) else ""


def _number(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        raise GraphError(f"the weight {text!r:.60} is no number; expected one such as 0.7, or nothing") from None
