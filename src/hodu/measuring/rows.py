"""Result rows: one per figure, in ``results/<table>.json``, a JSON list. README tables and plots are made from them."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hodu.errors import DataError, OutputError
from hodu.measuring.environment import commit, hardware, today
from hodu.measuring.measured import Measured, unit_of


@dataclass(frozen=True)
class Row:
    """One figure and how to make it again. ``value`` is None when undefined, ``seed`` when none applies."""

    table: str
    system: str
    metric: str
    value: float | None
    unit: str
    seed: int | None
    command: str
    data: str
    hardware: str
    commit: str
    date: str


def rows_of(measured: Sequence[Measured], *, table: str, command: str) -> list[Row]:
    """A row for each figure of each system, stamped with this machine, commit and time (UTC)."""
    machine, checkout, date = hardware(), commit(), today()
    return [
        Row(
            table=table,
            system=one.system,
            metric=metric,
            value=value if math.isfinite(value) else None,
            unit=unit_of(metric, one.task),
            seed=one.seed,
            command=command,
            data=f"{one.data} ({one.split})",
            hardware=machine,
            commit=checkout,
            date=date,
        )
        for one in measured
        for metric, value in one.metrics.items()
    ]


def append_rows(path: str | Path, rows: Sequence[Row]) -> None:
    """Appends rows to a JSON list, made when missing. All of them or none; several processes may append at once.

    Raises:
        DataError: the file is there and is no JSON list; it is left as it is.
        OutputError: it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.parent):
            known = _read(path)
            lines = [json.dumps(row, ensure_ascii=False) for row in [*known, *map(asdict, rows)]]
            write_whole(path, "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that a reader, or a full disk, never sees half of it.

    Raises:
        OSError: as the system says; nothing is left behind.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)  # mkstemp's are for the owner alone
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> list[object]:
    if not path.exists():
        return []
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"expected a JSON list of rows: {error}", file=path) from error
    if not isinstance(known, list):
        raise DataError(f"expected a JSON list of rows, found a {type(known).__name__}", file=path)
    return known


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the folder, so that two processes do not drop each other's rows. Leaves no lock file behind."""
    import fcntl  # not on Windows; the rest of hodu.measuring must still import there

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
