"""Folders and files that take their names when they are whole, and never in the place of something that is needed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hodu.errors import OutputError

_OURS = ("manifest.json", "hodu.json", "config.json")


def check_free(out: Path, *, overwrite: bool, needed: Iterable[str | Path | None] = ()) -> None:
    """Refuse before anything is computed.

    Args:
        needed: what is read to make ``out``; names of the hub and None are no paths and pass.

    Raises:
        OutputError: something stands there and may not be replaced, or nothing can be written there.
    """
    if not out.exists():
        above = next(one for one in out.absolute().parents if one.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise OutputError(f"{out} cannot be written: {above} is {'read-only' if above.is_dir() else 'no folder'}")
        return
    if not overwrite:
        raise OutputError(f"{out} exists already; choose another --out, or give --overwrite to replace it")
    place = out.resolve()
    for one in (*(Path(name) for name in needed if name), Path.cwd()):
        path = one.resolve()
        if one.exists() and (path == place or place in path.parents):
            what = "the folder you are in" if path == Path.cwd() else one
            raise OutputError(f"{out} is not replaced: with it {what} would be lost; choose another --out")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).is_file() for name in _OURS):
        raise OutputError(
            f"{out} is not replaced: it holds neither a model nor a bundle ({', '.join(_OURS)}); choose another --out, or remove it yourself"
        )


@contextmanager
def appearing(out: Path, *, overwrite: bool, file: bool = False) -> Iterator[Path]:
    """A folder to fill, or the path of a file to write; it takes the name ``out`` when all went well, and is gone otherwise. What stood there before stays until then.

    Raises:
        OutputError: something stands there, or it cannot be written.
    """
    check_free(out, overwrite=overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{out.name}-", dir=out.parent, ignore_cleanup_errors=True
        ) as workshop:
            part = Path(workshop) / out.name
            if not file:
                part.mkdir()
            yield part
            take_place(part, out)
    except OSError as error:
        why = f"the disk is full ({error.strerror})" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise OutputError(f"{out} cannot be written: {why}; nothing is left of it") from error


def take_place(ready: Path, out: Path) -> None:
    """Give what is ready the name ``out``; what had it goes last, and has it again if that fails. Both are on one disk."""
    old = ready.with_name(f"{ready.name}.old")
    if out.exists():
        os.replace(out, old)
    try:
        os.replace(ready, out)
    except BaseException:
        if old.exists():
            os.replace(old, out)
        raise
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)
