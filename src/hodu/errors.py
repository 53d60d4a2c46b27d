"""One family of errors. Each says what came, what was expected and what to do::

HoduError
├── DataError         a file or set that cannot be read as asked: file, row, column
│   └── LabelError    labels that do not fit the task or the model
├── ModelError        a model that cannot be loaded, built, or tapped
│   └── ShapeError    a student shape that cannot be
├── ObjectiveError    an objective that cannot work on these two models or this batch
├── RecipeError       a recipe that does not exist or does not fit
├── GraphError        a knowledge graph that cannot be opened, asked or changed
├── ExportError       a model that cannot be exported, or a bundle that is not as it was written
└── OutputError       an output that cannot be written: folder in the way, disk full
"""

from __future__ import annotations

from pathlib import Path


class HoduError(Exception):
    """Base of all errors that hodu raises on purpose; the command line prints its one sentence and exits with 1."""


class DataError(HoduError):
    """Data that cannot be read as asked.

    ``row`` counts from 1 as an editor or a spreadsheet shows it: the header line is row 1.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self.file, self.row, self.column = file, row, column
        place = [str(file)] if file is not None else []
        place += [f"row {row}"] if row is not None else []
        place += [f"column {column!r}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {message}" if place else message)


class LabelError(DataError):
    """Labels that do not fit the task or the model."""


class ModelError(HoduError):
    """A model that cannot be loaded, built or tapped."""


class ShapeError(ModelError):
    """A student shape that cannot be."""


class ObjectiveError(HoduError):
    """An objective that cannot work on these two models or this batch."""


class RecipeError(HoduError):
    """A recipe that does not exist or does not fit."""


class GraphError(HoduError):
    """A knowledge graph that cannot be opened, asked or changed."""


class ExportError(HoduError):
    """A model that cannot be exported or whose export answers otherwise, or a bundle that is not as it was written."""


class OutputError(HoduError):
    """An output that cannot be written."""
