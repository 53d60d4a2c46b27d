"""Tables on disk for as long as the process lives: memory-mapped, so that a set larger than memory can be used.

They lie in a folder of this process and not in the Hugging Face cache: nothing can be served from an older run.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from datasets import Dataset

from hodu.errors import OutputError


def store(batches: Iterable[dict[str, pa.Array]], schema: pa.Schema) -> Dataset:
    """Write the batches (column name → values) to a new file and open it as a dataset.

    Raises:
        OutputError: the temporary folder cannot be written, or its disk is full.
    """
    try:
        with (
            tempfile.NamedTemporaryFile(dir=_folder().name, suffix=".arrow", delete=False) as file,
            pa.ipc.new_stream(file, schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(pa.record_batch(batch, schema=schema))
    except OSError as error:
        raise OutputError(
            f"cannot write temporary data to {tempfile.gettempdir()}: {error}; free some space, or set TMPDIR"
        ) from error
    return Dataset.from_file(file.name)


def new_folder() -> Path:
    """An empty folder that goes when the process ends."""
    return Path(tempfile.mkdtemp(dir=_folder().name))


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="hodu-data-")
