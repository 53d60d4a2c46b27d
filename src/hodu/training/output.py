"""Folders that appear complete or not at all, and the working folder that lets a stopped run go on."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hodu.errors import OutputError
from hodu.output import check_free, take_place
from hodu.training.processes import processes

RECORD = "hodu.json"
SETTINGS = "settings.json"
_LOCK = "lock"
_READ = ("model", "student", "data", "graph", "generator", "augment", "glove")  # settings that may name what is read


@contextmanager
def working_folder(out: Path, settings: dict[str, Any], *, overwrite: bool, restart: bool) -> Iterator[Path]:
    """``out.training`` beside ``out``: where checkpoints live while ``out`` is being made, new or left by a stopped run of the same settings.

    Of several processes the first makes and clears it. It stays after an error or a Ctrl-C if there is a checkpoint in it to go on from, and goes otherwise.

    Raises:
        OutputError: ``out`` exists, the working folder belongs to a run with other settings or to one that is at work, or the disk is full.
    """
    team, work = processes(), working(out)
    read = (settings.get(name) for name in _READ)
    check_free(out, overwrite=overwrite, needed=(*read, *settings.get("teachers", ())))
    with ExitStack() as held, _disk_watched(work):
        with team.main_process_first():  # the others find it made
            if team.is_main_process:
                held.enter_context(_locked(work))
            _open(work, settings, restart=restart and team.is_main_process)
        try:
            yield work
        finally:
            left = team.is_main_process and work.exists()
            if left and not any(last_checkpoint(stage) for stage in work.iterdir() if stage.is_dir()):
                shutil.rmtree(work)


def _locked(work: Path) -> AbstractContextManager[object]:
    """The working folder, for one run alone: two would write over each other's checkpoints. The system takes the lock from a run that is killed."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        return FileLock(work / _LOCK).acquire(blocking=False)
    except Timeout as error:
        raise OutputError(f"another run is at work in {work}; let it end, or choose another --out") from error
    except OSError as error:
        raise OutputError(f"cannot write to {work}: {error.strerror}") from error


def _open(work: Path, settings: dict[str, Any], *, restart: bool) -> None:
    for old in work.iterdir() if restart else ():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name != _LOCK:
            old.unlink()
    note = work / SETTINGS
    settings = json.loads(json.dumps(settings))  # as they will be read back: tuples are lists there
    if note.is_file():
        then = json.loads(note.read_text(encoding="utf-8"))
        changed = sorted(key for key in {*then, *settings} if then.get(key) != settings.get(key))
        if changed:
            raise OutputError(
                f"{work} holds a stopped run with other settings ({', '.join(changed)} changed); "
                "repeat its settings to go on, give --restart to begin anew, or choose another --out"
            )
        return
    note.write_text(json.dumps(settings, ensure_ascii=False, indent=2), encoding="utf-8")


def working(out: Path) -> Path:
    """Where a run that makes ``out`` keeps its checkpoints."""
    return out.with_name(f"{out.name}.training")


def publish(out: Path, work: Path, write: Callable[[Path], None], *, overwrite: bool) -> None:
    """Write a folder beside its place, then rename it there in one step; the working folder goes. Of several processes the first writes.

    Args:
        write: fills the folder it is given.
    """
    team = processes()
    if team.is_main_process:
        _replace(out, work, write, overwrite=overwrite)
    team.wait_for_everyone()


def _replace(out: Path, work: Path, write: Callable[[Path], None], *, overwrite: bool) -> None:
    ready = work / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir(parents=True)
    write(ready)
    check_free(out, overwrite=overwrite)  # it may have come meanwhile
    take_place(ready, out)
    shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _disk_watched(work: Path) -> Iterator[None]:
    """Turn a full disk, which torch and safetensors report each in its own way, into one clear sentence.

    Raises:
        OutputError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if not _is_disk_full(error, work):
            raise
        raise OutputError(
            f"the disk of {work} is full ({shutil.disk_usage(work).free / 1e6:.0f} MB left); free some space and repeat the command: "
            "it goes on from the last whole checkpoint"
        ) from error


def _is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether this error is a full disk's."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    writes = ("No space left", "PytorchStreamWriter", "file write failed", "unexpected pos")
    return any(word in str(error) for word in writes) and shutil.disk_usage(folder).free < 256 * 2**20


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint in a stage's folder; one whose writing was cut short has no readable trainer state and does not count."""
    steps = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]), reverse=True)
    for path in steps:
        try:
            json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return path
    return None
