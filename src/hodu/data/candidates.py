"""Candidates on disk: what may take the place of each word of a text, found again by the text.

A shard is one Arrow file, written whole or not at all and never changed: several processes write at once, a killed one leaves what it finished, and ten new
texts cost ten questions. Columns: ``text``; ``candidates``, for each replaceable word a list.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from hodu.data.masked_words import Found
from hodu.errors import OutputError

logger = logging.getLogger("hodu")

_SCHEMA = pa.schema([("text", pa.string()), ("candidates", pa.list_(pa.list_(pa.string())))])
_SECONDS = 60  # of work in a shard: what a kill costs
SHARDS = "shard-*.arrow"


class Candidates:
    """All whole shards of a folder, memory-mapped, as far as they hold these texts."""

    def __init__(self, folder: Path, texts: Iterable[str]) -> None:
        self._columns: list[pa.Array] = []
        self._places: dict[str, tuple[int, int]] = {}
        wanted = set(texts)
        for path in sorted(folder.glob(SHARDS)):
            if (table := _opened(path)) is None:
                continue
            for row, text in enumerate(table["text"].to_pylist()):
                if text in wanted:
                    self._places[text] = len(self._columns), row
            self._columns.append(table["candidates"].combine_chunks())

    def __contains__(self, text: str) -> bool:
        return text in self._places

    def __getitem__(self, text: str) -> Found:
        shard, row = self._places[text]
        return [tuple(words) for words in self._columns[shard][row].as_py()]


class CandidateWriter:
    """Collects candidates and writes a shard every minute; ``close()`` writes the rest.

    Raises:
        OutputError: the disk is full, or cannot be written; what was finished before stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[dict[str, object]] = []
        self._since = time.monotonic()

    def add(self, text: str, found: Found) -> None:
        """What may take the place of each word of a text."""
        self._rows.append({"text": text, "candidates": found})
        if time.monotonic() - self._since > _SECONDS:
            self.close()

    def close(self) -> None:
        """Write what has come together."""
        if not self._rows:
            return
        partial = self._folder / f"partial-{uuid.uuid4().hex}"
        try:
            with pa.ipc.new_file(str(partial), _SCHEMA) as writer:
                writer.write_table(pa.Table.from_pylist(self._rows, _SCHEMA))
            partial.rename(partial.with_name(f"{partial.name.replace('partial', 'shard')}.arrow"))
        except OSError as error:
            raise OutputError(
                f"cannot write candidates for augmentation to {self._folder}: {error}; free some space, or set HODU_CACHE"
            ) from error
        finally:
            partial.unlink(missing_ok=True)
        self._rows, self._since = [], time.monotonic()


def _opened(path: Path) -> pa.Table | None:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (pa.ArrowException, OSError) as error:
        logger.warning("%s is damaged (%s): it is removed, and its texts are asked about again", path, error)
        path.unlink(missing_ok=True)
        return None
