"""Folders that take their names when they are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hodu.errors import OutputError
from hodu.output import appearing, check_free, take_place


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("where", ["runs/teacher", "runs", "."])
def test_what_is_read_is_not_replaced(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--overwrite deletes the very model that is exported, the folder that it is in, or the one in which the user stands."""
    teacher = model(tmp_path / "runs" / "teacher")
    for name in ("runs", "."):
        (tmp_path / name / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="would be lost"):
        check_free(Path(where), overwrite=True, needed=(None, "google/electra", teacher))
    assert (teacher / "config.json").is_file()


def test_only_what_hodu_makes_is_replaced(tmp_path: Path) -> None:
    """--out HOME --overwrite deletes a folder full of somebody's work."""
    (tmp_path / "work").mkdir()
    check_free(tmp_path / "work", overwrite=True)  # empty
    (tmp_path / "work" / "thesis.tex").write_text("…")
    with pytest.raises(OutputError, match="neither a model nor a bundle"):
        check_free(tmp_path / "work", overwrite=True)
    check_free(model(tmp_path / "student"), overwrite=True)


def test_nowhere_to_write(tmp_path: Path) -> None:
    """That nothing can be written is noticed when all is computed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is no folder"):
        check_free(tmp_path / "file" / "out", overwrite=False)


def test_neighbours_stay(tmp_path: Path) -> None:
    """A folder whose name looks like hodu's own scratch is removed, or scratch stays behind."""
    (tmp_path / "out.partial").mkdir()
    with appearing(tmp_path / "out", overwrite=False) as part:
        (part / "file").write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.partial"]
    with pytest.raises(KeyboardInterrupt), appearing(tmp_path / "other", overwrite=False):
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.partial"]


def test_the_old_one_stays_until_the_new_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the last moment leaves neither the old model nor the new one."""
    old, ready = model(tmp_path / "out"), tmp_path / "ready"
    ready.mkdir()
    rename = os.replace

    def stopped(source: Path, place: Path) -> None:
        if Path(source) == ready:
            raise KeyboardInterrupt
        rename(source, place)

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        take_place(ready, old)
    assert (old / "config.json").is_file()
    monkeypatch.setattr(os, "replace", rename)
    take_place(ready, old)
    assert not (old / "config.json").exists() and [path.name for path in tmp_path.iterdir()] == ["out"]
