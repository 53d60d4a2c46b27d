"""A pyoxigraph store on this machine: in memory, in a folder, or read from a file and written back to it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from pyoxigraph import DefaultGraph, Quad, QueryBoolean, QuerySolutions, RdfFormat, Store, parse

from hodu.errors import GraphError, OutputError
from hodu.knowledge.terms import Bindings, Row, bind
from hodu.knowledge.vocabulary import PREFIXES

FORMATS = {
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".ttl": RdfFormat.TURTLE,
    ".trig": RdfFormat.TRIG,
    ".jsonld": RdfFormat.JSON_LD,
    ".json": RdfFormat.JSON_LD,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
}
WRITABLE = (".nt", ".nq", ".ttl")  # JSON-LD has no place for the weight of a fact


def format_of(path: Path) -> RdfFormat | None:
    """The RDF format that a file's name says, without ``.gz``; None for others."""
    return FORMATS.get(Path(path.name.lower().removesuffix(".gz")).suffix)


class Local:
    """Asks and changes a store of this process."""

    def __init__(self, store: Store, *, read_only: bool = False) -> None:
        self.store, self.read_only = store, read_only

    def select(self, sparql: str, bindings: Bindings) -> Iterator[Row]:
        """The solutions of a SELECT."""
        found = self._query(sparql, bindings)
        if not isinstance(found, QuerySolutions):
            raise GraphError(f"expected a SELECT query; it is {sparql!r}")
        names = [variable.value for variable in found.variables]
        for solution in found:
            yield {name: value for name, value in zip(names, solution, strict=True) if value is not None}

    def ask(self, sparql: str, bindings: Bindings) -> bool:
        """The answer of an ASK."""
        found = self._query(sparql, bindings)
        if not isinstance(found, QueryBoolean):
            raise GraphError(f"expected an ASK query; it is {sparql!r}")
        return bool(found)

    def _query(self, sparql: str, bindings: Bindings) -> object:
        bound = bind(sparql, bindings)
        try:
            return self.store.query(bound)
        except SyntaxError as error:
            raise GraphError(f"this is no SPARQL query: {error}; it is {sparql!r}") from error

    def change(self, *, add: Iterable[Quad] = (), remove: Iterable[Quad] = ()) -> None:
        """Take statements away, then add others."""
        if self.read_only:
            raise GraphError("this graph was opened to be read only; open it without read_only to change it")
        try:
            for quad in remove:
                self.store.remove(quad)
            self.store.extend(add)
        except OSError as error:
            raise OutputError(f"the graph cannot be changed: {error}") from error

    def close(self) -> None:
        """Write what is not yet on disk, and let the folder go."""
        if not self.read_only:
            self.store.flush()
        self.store = Store()  # the folder's lock goes with the last reference


def open_folder(path: Path, *, read_only: bool) -> Store:
    """The store in a folder, made if it is not there and may be written.

    Raises:
        GraphError: there is no store, or another process has it.
    """
    if read_only and not (path / "CURRENT").is_file():
        raise GraphError(f"{path} holds no graph; make one with: hodu graph build TABLE.tsv --out {path}")
    if path.is_dir() and any(path.iterdir()) and not (path / "CURRENT").is_file():
        raise GraphError(f"the folder {path} holds other files and no graph; choose a new folder")
    try:
        return Store.read_only(str(path)) if read_only else Store(path)
    except OSError as error:
        lock = " Another process has it open: close that one, or open the graph to be read only." * (
            "lock" in str(error).lower()
        )
        raise GraphError(f"the graph in {path} cannot be opened: {error}.{lock}") from error


def read_file(path: Path) -> Store:
    """A store in memory with a file's statements, all in one graph.

    Raises:
        GraphError: the file cannot be read, or is not what its name says.
    """
    format = format_of(path)
    if format is None and path.suffix == ".hodu":
        raise GraphError(
            f"{path} is a compiled graph, or would be: such are only read, by ask, link, facts and export; name the graph that it was made from"
        )
    if format is None:
        raise GraphError(
            f"{path} has a name that hodu does not know; expected a folder or {', '.join(FORMATS)} (.gz too). "
            f"A table becomes a graph with: hodu graph build {path} --out GRAPH"
        )
    store = Store()
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            if stream.read(3) != b"\xef\xbb\xbf":  # the mark that Windows puts before UTF-8
                stream.seek(0)
            store.bulk_extend(Quad(*quad.triple) for quad in parse(cast(IO[bytes], stream), format))
    except SyntaxError as error:
        raise GraphError(f"{path}, row {error.lineno}: {error}; expected {format.name}") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise GraphError(f"{path} cannot be read: {error}") from error
    return store


def write_file(store: Store, path: Path) -> None:
    """Write a store's one graph to a file, which appears complete or stays as it was.

    Raises:
        OutputError: the name is not one of a format that is written, or the disk is full.
    """
    format = format_of(path)
    if path.suffix.lower() not in WRITABLE or format is None:
        raise OutputError(f"{path} cannot be written; expected a name that ends with {', '.join(WRITABLE)}")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            store.dump(stream, format, from_graph=DefaultGraph(), prefixes=PREFIXES)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error}; what was there is as it was") from error
    finally:
        beside.unlink(missing_ok=True)
