"""Rows of text files: CSV, TSV, JSON lines and plain text, each also gzipped.

Files are read here and not by ``datasets.load_dataset``, so that the row in an error is the row that was read: its CSV
reader turns the texts "NA" and "null" into nothing, skips blank lines without counting them, and names no row when it
stops.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hodu.errors import DataError

Record = tuple[int, dict[str, object]]
"""Row, counted from 1 as an editor does (a record of several lines: its first), and the fields by column name."""


def read_rows(path: Path) -> Iterator[Record]:
    """The records of a text file, one at a time.

    Raises:
        DataError: the file cannot be opened or unpacked, is not UTF-8 (row and byte offset), or has a row that is not
            well formed.
    """
    return _READERS[kind_of(path)](path)


def kind_of(path: Path) -> str:
    """The format by the file's name without ``.gz``: one of :data:`KINDS`, or ``""`` if unknown to hodu."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in KINDS else ""


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, from 1. Raises as :func:`read_rows`."""
    offset = 0
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            for row, raw in enumerate(stream, start=1):
                try:
                    line = raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise DataError(
                        f"byte 0x{raw[error.start]:02x} at offset {offset + error.start} is not UTF-8; expected UTF-8: "
                        "save the file as UTF-8 "
                        "(Excel: 'CSV UTF-8'; a Korean file is often CP949: iconv -f CP949 -t UTF-8)",
                        file=path,
                        row=row,
                    ) from error
                offset += len(raw)
                yield row, line.removeprefix("\ufeff") if row == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", file=path) from error


def _csv(path: Path) -> Iterator[Record]:
    return _with_header(path, _csv_fields(path), "put quotes around a field that contains a comma")


def _tsv(path: Path) -> Iterator[Record]:
    # A quote in a TSV is a character like any other: reviews are full of single ones.
    fields = ((row, line.rstrip("\r\n").split("\t")) for row, line in lines_of(path) if line.strip("\r\n"))
    return _with_header(path, fields, "replace tabs inside a field by spaces")


def _csv_fields(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line for _, line in lines_of(path)), strict=True)
    row = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"not well-formed CSV from here on ({error}); look for a quote that is not closed or not doubled "
                "(inside a quoted "
                'field " is written ""), or write the file as JSONL',
                file=path,
                row=row,
            ) from error
        if fields:
            yield row, fields
        row = reader.line_num + 1


def _with_header(path: Path, rows: Iterator[tuple[int, list[str]]], advice: str) -> Iterator[Record]:
    header: list[str] = []
    for row, fields in rows:
        if not header:
            header = [name.strip() for name in fields]
            twice = {name for name in header if name and header.count(name) > 1}
            if twice:
                raise DataError(f"the header names {min(twice)!r} twice; rename one of the two", file=path, row=row)
        elif len(fields) != len(header):
            raise DataError(
                f"{len(fields)} fields, expected {len(header)} as in the header ({', '.join(header)}); {advice}",
                file=path,
                row=row,
            )
        else:
            yield row, dict(zip(header, fields, strict=True))


def _jsonl(path: Path) -> Iterator[Record]:
    for row, line in lines_of(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if "\\u" in line:  # half a surrogate pair is valid JSON, but not a text
                json.dumps(record, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise DataError(
                f'not JSON ({error}); expected one object a line, as in {{"text": …}}', file=path, row=row
            ) from error
        if not isinstance(record, dict):
            raise DataError(
                f'a JSON {type(record).__name__}; expected one object a line, as in {{"text": …}} (not one big list)',
                file=path,
                row=row,
            )
        yield row, record


def _text(path: Path) -> Iterator[Record]:
    return ((row, {"text": line.strip()}) for row, line in lines_of(path) if line.strip())


_READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _jsonl,
    ".txt": _text,
}
CONLL = (".conll", ".bio", ".iob", ".iob2")
KINDS = (*_READERS, *CONLL, ".parquet")
