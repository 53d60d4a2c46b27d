"""RDF files: N-Triples and N-Quads by lines, Turtle, TriG, JSON-LD and RDF/XML as a whole."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from pyoxigraph import BlankNode, Literal, Quad, RdfFormat, Triple, parse

from hodu.errors import DataError
from hodu.knowledge.local import format_of
from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.lines import Advance, lines, open_bytes
from hodu.knowledge.vocabulary import ALIAS, PREFERRED, RDFS, fault_of_label

_LABELS = {PREFERRED, ALIAS, f"{RDFS}label"}
_BY_LINE = (RdfFormat.N_TRIPLES, RdfFormat.N_QUADS)
_LINES_AT_ONCE = 10_000


def read_rdf(path: Path, number: int, faults: Faults, advance: Advance) -> Iterator[Quad]:
    """The statements of a file, all in one graph.

    Args:
        number: the file's among those of a build: two files that both name a node ``_:a`` do not mean the same.

    Raises:
        DataError: the file is not what its name says. N-Triples' bad rows can be left out; where a row of Turtle or JSON-LD is broken, nobody knows what follows.
    """
    format = format_of(path)
    assert format is not None, path
    quads = _by_line(path, format, faults, advance) if format in _BY_LINE else _whole(path, format, advance)
    for quad in quads:
        if quad.predicate.value in _LABELS:
            fault = fault_of_label(quad.object.value) if isinstance(quad.object, Literal) else "a label is no text"
            if fault:
                faults.bad(f"of {quad.subject}: {fault}", path)
                continue
        yield _apart(quad, number)


def _whole(path: Path, format: RdfFormat, advance: Advance) -> Iterator[Quad]:
    try:
        with open_bytes(path, advance) as stream:
            yield from parse(_without_mark(stream), format, base_iri=path.resolve().as_uri())
    except SyntaxError as error:
        raise DataError(
            f"is no {format.name}: {error}; correct it there (what follows a mistake cannot be read in this format, so it cannot be left out)",
            file=path,
            row=error.lineno,
        ) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", file=path) from error


def _without_mark(stream: IO[bytes]) -> IO[bytes]:
    """The stream without the byte order mark that some editors put at its start."""
    reader = io.BufferedReader(stream)  # type: ignore[type-var]  # anything with readinto
    if reader.peek(3)[:3] == b"\xef\xbb\xbf":
        reader.read(3)
    return reader


def _by_line(path: Path, format: RdfFormat, faults: Faults, advance: Advance) -> Iterator[Quad]:
    """Many lines at once, and one by one where one of them is bad."""
    numbered = lines(path, faults, advance)
    while some := list(islice(numbered, _LINES_AT_ONCE)):
        try:
            yield from list(parse("\n".join(line for _, line in some), format))
        except SyntaxError:
            yield from _one_by_one(some, format, path, faults)


def _one_by_one(some: Iterable[tuple[int, str]], format: RdfFormat, path: Path, faults: Faults) -> Iterator[Quad]:
    for row, line in some:
        try:
            yield from list(parse(line, format))
        except SyntaxError as error:
            faults.bad(f"{line[:80]!r} is no {format.name}: {str(error).removeprefix('Parser error ')}", path, row)


def _apart(quad: Quad, number: int) -> Quad:
    """The statement in the graph that hodu reads, its nameless nodes told from those of other files."""

    def own(term: object) -> object:
        if isinstance(term, BlankNode):
            return BlankNode(f"f{number}x{term.value}")
        if isinstance(term, Triple):
            return Triple(own(term.subject), term.predicate, own(term.object))  # type: ignore[arg-type]
        return term

    return Quad(own(quad.subject), quad.predicate, own(quad.object))  # type: ignore[arg-type]
