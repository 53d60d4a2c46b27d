from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hodu.errors import DataError, OutputError
from hodu.measuring import UNITS, Row, append_rows, commit, hardware, rows, rows_of
from tests.measuring.figures import measured, teacher_and_student

KEYS = ["table", "system", "metric", "value", "unit", "seed", "command", "data", "hardware", "commit", "date"]
ROW = Row(
    "demo",
    "student",
    "accuracy",
    0.9,
    "fraction",
    1,
    "hodu measure",
    "films.tsv (test)",
    "a CPU",
    "abc",
    "2026-01-01T00:00:00Z",
)


def test_every_figure_becomes_a_row_with_all_that_is_needed_to_repeat_it() -> None:
    """A figure in the README could not be traced to machine, commit and command."""
    made = rows_of([replace(one, seed=3) for one in teacher_and_student()], table="sst2", command="hodu measure a b")
    assert len(made) == 9 + 10
    assert [*asdict(made[0])] == KEYS
    first = made[0]
    assert (first.table, first.system, first.metric, first.value, first.unit, first.seed) == (
        "sst2",
        "teacher",
        "accuracy",
        0.909,
        "fraction",
        3,
    )
    assert first.data == "films.tsv (test)"
    assert first.hardware == hardware()
    assert first.command == "hodu measure a b"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.date)
    assert all(row.unit == UNITS[row.metric] for row in made)


def test_undefined_figures_are_null(tmp_path: Path) -> None:
    """NaN is no JSON: nothing but Python could read the results."""
    made = rows_of([measured("student", {"pearson": float("nan")}, task="regression")], table="t", command="c")
    append_rows(tmp_path / "t.json", made)
    assert json.loads((tmp_path / "t.json").read_text(), parse_constant=pytest.fail)[0]["value"] is None


def test_agreement_of_regression_is_called_a_correlation() -> None:
    """A correlation of 0.97 would be read as 97 % of equal answers."""
    [row] = rows_of([measured("student", {"agreement": 0.97}, task="regression")], table="t", command="c")
    assert row.unit == "correlation"


def test_rows_are_appended(tmp_path: Path) -> None:
    """A second run would wipe out the results of the first."""
    path = tmp_path / "results" / "demo.json"
    append_rows(path, [ROW])
    append_rows(path, [replace(ROW, system="학생"), ROW])
    assert [row["system"] for row in json.loads(path.read_text(encoding="utf-8"))] == ["student", "학생", "student"]
    assert "학생" in path.read_text(encoding="utf-8")
    assert os.listdir(path.parent) == ["demo.json"]


def test_runs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Seeds that run side by side would drop each other's rows."""
    path = tmp_path / "demo.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda seed: append_rows(path, [replace(ROW, seed=seed)]), range(40)))
    assert sorted(row["seed"] for row in json.loads(path.read_text())) == list(range(40))


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    """A mistyped path would be overwritten with rows."""
    for content, says in (("{}", "found a dict"), ("hello", "expected a JSON list")):
        path = tmp_path / "other.json"
        path.write_text(content)
        with pytest.raises(DataError, match=says):
            append_rows(path, [ROW])
        assert path.read_text() == content


def test_full_disk_leaves_the_old_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results of months would be cut off in the middle of a row."""
    path = tmp_path / "demo.json"
    append_rows(path, [ROW])
    before = path.read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rows.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        append_rows(path, [ROW])
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["demo.json"]


def test_commit_is_that_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of changed code would carry the commit of the code before, or measuring outside a checkout would fail."""
    monkeypatch.chdir(tmp_path)
    assert commit() == ""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    (tmp_path / "a").write_text("one")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "rows.json").write_text("[]")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    assert re.fullmatch("[0-9a-f]{12}", commit())
    (tmp_path / "results" / "rows.json").write_text("[1]")
    assert re.fullmatch("[0-9a-f]{12}", commit()), "rows of the measurement before count as changed code"
    (tmp_path / "a").write_text("two")
    assert re.fullmatch("[0-9a-f]{12}[+]", commit())
