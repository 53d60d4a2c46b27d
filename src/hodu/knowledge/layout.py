"""The compiled file: a header that says what it is, and sections of numbers and text, each with a sum that shows damage.

    magic 8 · version u32 · length of the header u32 · size of the file u64 · crc32 of the header u32 · 0 u32 · header (JSON) · sections, each at a multiple of 8

All numbers are little-endian. A section's sum is that of its 64-bit words modulo 2⁶⁴, and their xor: both take a few milliseconds for 60 MB, where a CRC would take longer than opening may.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hodu.errors import DataError, OutputError

MAGIC, VERSION = b"HODUGRPH", 1
_START = struct.Struct("<8sIIQII")
_AGAIN = "compile the graph again: hodu graph compile GRAPH --out FILE"
Array = np.ndarray[Any, Any]


def _sums(section: Array) -> list[int]:
    words = section.view(np.uint64)
    if not words.size:
        return [0, 0]
    return [int(np.add.reduce(words)), int(np.bitwise_xor.reduce(words))]


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 8)


def write(path: Path, header: dict[str, Any], sections: Mapping[str, Array | bytes]) -> None:
    """Writes the file beside its place and moves it there when it is whole.

    Raises:
        OutputError: it cannot be written; what was there stays as it was.
    """
    table, blobs, place = {}, [], 0
    for name, content in sections.items():
        data = content if isinstance(content, bytes) else np.ascontiguousarray(content).tobytes()
        kind = "bytes" if isinstance(content, bytes) else content.dtype.newbyteorder("<").str
        blob = _padded(data)
        table[name] = [place, len(data), kind, *_sums(np.frombuffer(blob, dtype=np.uint8))]
        blobs.append(blob)
        place += len(blob)
    text = json.dumps({**header, "sections": table}, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    start = _START.pack(MAGIC, VERSION, len(text), _START.size + len(text) + place, zlib.crc32(text), 0)
    try:
        _replace(path, [start, text, *blobs])
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _replace(path: Path, blobs: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(blobs)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the sections of a file, mapped into memory; text sections are arrays of bytes.

    Raises:
        DataError: it is missing, no compiled graph, of another version, cut short, or damaged.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < _START.size:
                raise DataError(f"holds {size} bytes and no compiled graph; {_AGAIN}", file=path)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}; expected a compiled graph", file=path) from error
    header = _header(path, mapped, size)
    first = _START.size + _START.unpack_from(mapped)[2]
    sections = {}
    for name, (place, length, kind, *sums) in header["sections"].items():
        whole = np.frombuffer(mapped, dtype=np.uint8, count=length + -length % 8, offset=first + place)
        if _sums(whole) != sums:
            raise DataError(f"is damaged (its part {name!r} is not as it was written); {_AGAIN}", file=path)
        sections[name] = whole[:length] if kind == "bytes" else whole[:length].view(kind)
    return header, sections


def _header(path: Path, mapped: mmap.mmap, size: int) -> dict[str, Any]:
    magic, version, length, expected, crc, _ = _START.unpack_from(mapped)
    if magic != MAGIC:
        raise DataError(f"is no compiled graph; expected a file made by hodu graph compile; {_AGAIN}", file=path)
    if version != VERSION:
        raise DataError(f"has version {version}; this hodu reads version {VERSION}; {_AGAIN}", file=path)
    if size != expected:
        raise DataError(
            f"holds {size:,} bytes where {expected:,} were written: it was cut short or added to; {_AGAIN}", file=path
        )
    text = mapped[_START.size : _START.size + length]
    if zlib.crc32(text) != crc:
        raise DataError(f"is damaged (its header is not as it was written); {_AGAIN}", file=path)
    return dict(json.loads(text))
