"""Files in, one graph out: complete or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pyoxigraph import Literal, Quad, Store

from hodu.errors import DataError, GraphError, OutputError
from hodu.knowledge.local import WRITABLE, write_file
from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.naming import Naming
from hodu.knowledge.sources.reading import Reading, read_source
from hodu.knowledge.vocabulary import PREFERRED, SKOS, describes, fault_of_language
from hodu.output import take_place

Progress = Callable[[Path, int, int], None]
"""Told the file that is read, the bytes of it that are, and the statements of the graph so far."""


@dataclass(slots=True)
class Built:
    """What a build made. ``values`` are statements of a text or a number, such as a size, which are kept but are no facts between two things."""

    out: Path
    statements: int
    facts: int
    values: int
    left_out: int
    first_faults: list[str] = field(default_factory=list)


def build(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    overwrite: bool = False,
    skip_bad_rows: bool = False,
    columns: Sequence[str] | None = None,
    language: str | None = None,
    conceptnet_languages: Collection[str] = ("ko", "en"),
    progress: Progress | None = None,
) -> Built:
    """Make a graph of tables (CSV, TSV), ConceptNet's assertions, N-Triples, Turtle and JSON-LD; packed by gzip too.

    Args:
        out: a file (``.nt``, ``.nq``, ``.ttl``), or a folder for a graph of millions of facts. It appears when all is done; a build that fails leaves what was there.
        overwrite: replace a graph that is there.
        skip_bad_rows: leave rows out that cannot be read, and count them.
        columns: of tables without a header: ``("relation", "subject", "object")``.
        language: of the labels in tables; ``ko`` for those with Hangul and ``en`` for others when not given.
        conceptnet_languages: the concepts to take from ConceptNet's assertions.

    Raises:
        DataError: a row that cannot be read, with file and row; two files that use one id for two things; or no facts at all.
        OutputError: ``out`` is there already, or cannot be written.
    """
    out, paths = Path(out), [Path(source) for source in sources]
    for tag in (*conceptnet_languages, *([] if language is None else [language])):
        if fault := fault_of_language(tag):
            raise GraphError(fault)
    _may_write(out, overwrite=overwrite)
    how, faults = Reading(columns, language, conceptnet_languages), Faults(skip=skip_bad_rows)
    # A name of its own for each try: a store that failed keeps the lock of its folder for as long as its error is looked at.
    work = out.with_name(f".{out.name}.building-{uuid4().hex[:8]}")
    try:
        work.mkdir(parents=True)
        built = _fill(work / "store", _Reader(paths, how, faults, progress), out)
        _publish(work, out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error}; what was there is as it was") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return built


def _may_write(out: Path, *, overwrite: bool) -> None:
    if out.is_dir() and any(out.iterdir()) and not (out / "CURRENT").is_file():
        raise OutputError(f"the folder {out} holds other files and no graph; choose another --out")
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already; choose another --out, or give --overwrite to replace it")
    if out.suffix and out.suffix.lower() not in WRITABLE and not out.is_dir():
        raise OutputError(
            f"{out} has an unknown ending; expected {', '.join(WRITABLE)} for a file, or a name without ending for a folder"
        )


def _fill(folder: Path, reader: _Reader, out: Path) -> Built:
    to_file = out.suffix.lower() in WRITABLE
    store = Store() if to_file else Store(folder)
    store.bulk_extend(reader)
    if not reader.facts:
        if reader.faults.count:
            raise DataError(
                f"no facts: none of the {reader.faults.count:,} rows can be read, the first of them: {reader.faults.first[0]}"
            )
        raise DataError(
            f"no facts in {', '.join(map(str, reader.paths))}: an empty graph answers nothing; expected rows of subject, relation, object"
        )
    if to_file:
        write_file(store, folder.parent / out.name)
    else:
        store.flush()
    return Built(out, len(store), reader.facts, reader.values, reader.faults.count, reader.faults.first)


def _publish(work: Path, out: Path) -> None:
    """Put what was made in its place; what was there is only gone when that worked."""
    take_place(work / (out.name if out.suffix.lower() in WRITABLE else "store"), out)


class _Reader:
    """The statements of all files, one after the other, with what is known of them so far."""

    def __init__(self, paths: Sequence[Path], how: Reading, faults: Faults, progress: Progress | None) -> None:
        self.paths, self.how, self.faults, self.progress = paths, how, faults, progress
        self.statements = self.facts = self.values = 0
        self._names: dict[tuple[str, str], tuple[str, Path]] = {}

    def __iter__(self) -> Iterator[Quad]:
        naming = Naming(self.how.language)
        for number, path in enumerate(self.paths):
            for quad in read_source(path, number, naming, self.faults, self._advance_in(path), self.how):
                if len(self.paths) > 1:
                    self._watch(quad, path)
                self.statements += 1
                if not describes(quad.predicate.value):
                    self.values += isinstance(quad.object, Literal) and not quad.predicate.value.startswith(SKOS)
                    self.facts += not isinstance(quad.object, Literal)
                yield quad

    def _advance_in(self, path: Path) -> Callable[[int], None]:
        def advance(done: int) -> None:
            if self.progress is not None:
                self.progress(path, done, self.statements)

        return advance

    def _watch(self, quad: Quad, path: Path) -> None:
        """Refuse an id that two files give two names: they mean two things by it, and merged their facts could not be told apart."""
        label = quad.object
        if quad.predicate.value != PREFERRED or not isinstance(label, Literal):
            return
        name, where = self._names.setdefault((quad.subject.value, label.language or ""), (label.value, path))  # type: ignore[union-attr]
        if name != label.value and where != path:
            raise DataError(
                f"the id {quad.subject} is {label.value!r} here and {name!r} in {where}: one id for two things. "
                "Rename it in one of the files, or if it is one thing, make one of the names a skos:altLabel",
                file=path,
            )
