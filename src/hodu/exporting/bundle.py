"""The folder that goes to a phone: it appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hodu.errors import OutputError

PAGE = Path(__file__).with_name("page")
"""What ``make page`` builds: the same for every bundle."""


def check_free(out: Path, *, overwrite: bool) -> None:
    """Refuse before anything is computed.

    Raises:
        OutputError: something stands there.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already; choose another --out, or give --overwrite to replace it")


@contextmanager
def appearing(out: Path, *, overwrite: bool, file: bool = False) -> Iterator[Path]:
    """A folder to fill, or the path of a file to write; it takes the name ``out`` when all went well, and is gone otherwise.

    Raises:
        OutputError: something stands there, or it cannot be written.
    """
    check_free(out, overwrite=overwrite)
    part = out.with_name(f"{out.name}.partial")
    try:
        _remove(part)
        (part.parent if file else part).mkdir(parents=True, exist_ok=True)
        yield part
        _remove(out)
        os.replace(part, out)
    except OSError as error:
        why = f"the disk is full ({error.strerror})" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise OutputError(f"{out} cannot be written: {why}; nothing is left of it") from error
    finally:
        with suppress(OSError):
            _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def add_page(folder: Path) -> bool:
    """Copy the page into a bundle; False where this checkout has none."""
    if not (PAGE / "index.html").is_file():
        return False
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    return True
