"""Which reader a file needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Quad

from hodu.errors import DataError
from hodu.knowledge.local import FORMATS, format_of
from hodu.knowledge.sources.conceptnet import is_assertion, read_conceptnet
from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.lines import Advance, lines
from hodu.knowledge.sources.naming import Naming
from hodu.knowledge.sources.rdf import read_rdf
from hodu.knowledge.sources.tables import is_table, read_table


@dataclass(frozen=True, slots=True)
class Reading:
    """How tables are read: what their columns hold, and which languages their labels or ConceptNet's concepts have."""

    columns: Sequence[str] | None = None
    language: str | None = None
    conceptnet_languages: Collection[str] = ("ko", "en")


def read_source(
    path: Path, number: int, naming: Naming, faults: Faults, advance: Advance, how: Reading
) -> Iterator[Quad]:
    """The statements of a file.

    Raises:
        DataError: it is not there, is of no known kind, or cannot be read.
    """
    if not path.is_file():
        raise DataError("is no file" if path.exists() else "is not there", file=path)
    if format_of(path) is not None:
        yield from read_rdf(path, number, faults, advance)
    elif not is_table(path):
        raise DataError(
            f"has a name that hodu does not know; expected .tsv, .csv, {', '.join(FORMATS)} (.gz too)", file=path
        )
    elif is_assertion(next((line for _, line in lines(path, Faults(skip=True), lambda _: None)), "")):
        yield from read_conceptnet(path, faults, advance, languages=how.conceptnet_languages)
    else:
        yield from read_table(path, naming, faults, advance, columns=how.columns)
