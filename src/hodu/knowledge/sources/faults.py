"""Rows that cannot be read: the first stops the build, or all are left out and counted."""

from __future__ import annotations

from pathlib import Path

from hodu.errors import DataError

_SHOWN = 5


class Faults:
    """Takes what is wrong with a row. ``count`` rows were left out; ``first`` says of some of them why."""

    def __init__(self, *, skip: bool = False) -> None:
        self.skip = skip
        self.count = 0
        self.first: list[str] = []

    def bad(self, message: str, file: Path, row: int | None = None, column: str | None = None) -> None:
        """A row that cannot be read.

        Raises:
            DataError: rows are not to be left out.
        """
        error = DataError(message, file=file, row=row, column=column)
        if not self.skip:
            raise DataError(f"{message}; --skip-bad-rows leaves such rows out", file=file, row=row, column=column)
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(str(error))
