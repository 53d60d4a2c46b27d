"""Lines of a text file with their numbers, and how much of the file is read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from hodu.errors import DataError
from hodu.knowledge.sources.faults import Faults

Advance = Callable[[int], None]
"""Told from time to time how many bytes of the file have been read, packed as they are."""

_OFTEN = 2**16


class Watched(io.RawIOBase):
    """A file opened for reading that tells how far it is."""

    def __init__(self, path: Path, advance: Advance) -> None:
        super().__init__()
        self._stream, self._advance = path.open("rb", buffering=0), advance

    def readable(self) -> bool:  # noqa: D102
        return True

    def readinto(self, buffer: object) -> int | None:  # noqa: D102
        count = self._stream.readinto(buffer)  # type: ignore[arg-type]
        self._advance(self._stream.tell())
        return count

    def close(self) -> None:  # noqa: D102
        self._stream.close()
        super().close()


def open_bytes(path: Path, advance: Advance) -> IO[bytes]:
    """The bytes of a file, unpacked if its name ends with ``.gz``."""
    raw = io.BufferedReader(Watched(path, advance), _OFTEN)
    return gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(".gz") else raw  # type: ignore[return-value]


def lines(path: Path, faults: Faults, advance: Advance) -> Iterator[tuple[int, str]]:
    """The lines with their numbers from 1, without their ends.

    Raises:
        DataError: the file cannot be opened or unpacked, or a line is not UTF-8 and bad rows are not left out.
    """
    try:
        with open_bytes(path, advance) as stream:
            for row, raw in enumerate(stream, start=1):
                try:
                    line = raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    _not_utf8(raw, error, path, row, faults)
                    continue
                yield row, (line.removeprefix("\ufeff") if row == 1 else line).rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", file=path) from error


def _not_utf8(raw: bytes, error: UnicodeDecodeError, path: Path, row: int, faults: Faults) -> None:
    if row == 1 and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("is UTF-16; expected UTF-8: save it as 'CSV UTF-8'", file=path, row=1)
    faults.bad(
        f"byte 0x{raw[error.start]:02x} is not UTF-8; expected UTF-8: save the file as 'CSV UTF-8' "
        "(a Korean file is often CP949: iconv -f CP949 -t UTF-8)",
        path,
        row,
    )
