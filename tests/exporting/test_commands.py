"""hodu export and hodu preview."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hodu.cli.app import app
from hodu.errors import ExportError
from hodu.exporting import bundle as packing
from hodu.exporting.preview import server_of
from hodu.exporting.running import Bundle
from hodu.models.load import Loaded
from hodu.types import Task
from tests.exporting.conftest import TEXTS


def test_the_commands(
    models: Callable[[Task], Loaded],
    graphs: Callable[[Task], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The README's hodu export does not end in a bundle with a page that a browser takes."""
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>호두</title>", encoding="utf-8")
    for name in ("assets/app.mjs", "assets/run.wasm", "app.webmanifest"):
        (page / name).write_bytes(b"x")
    monkeypatch.setattr(packing, "PAGE", page)
    monkeypatch.setattr("hodu.exporting.export.to_onnx", lambda loaded, task: graphs(task))
    data, out = tmp_path / "pairs.csv", tmp_path / "bundle"
    rows = [f"{text},책이 좋다,{len(text) / 7:.2f}" for text in TEXTS]
    data.write_text("text,other,score\n" + "\n".join(rows), encoding="utf-8")
    flags = ["--data", str(data), "--pair-column", "other", "--agreement", "0.1", "--out", str(out)]
    done = CliRunner().invoke(app, ["export", models("regression").path, *flags], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "pearson" in done.output and "answers as PyTorch" in done.output and f"hodu preview {out}" in done.output
    assert Bundle(out)("the film is good", "책이 좋다")["score"].shape == (1,)
    with server_of(out, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}"
        assert server.server_address[0] == "127.0.0.1"
        types = {
            "": "text/html; charset=utf-8",
            "assets/app.mjs": "text/javascript; charset=utf-8",
            "assets/run.wasm": "application/wasm",
            "app.webmanifest": "application/manifest+json",
            "model.onnx": "application/octet-stream",
            "manifest.json": "application/json",
        }
        for name, kind in types.items():
            with urllib.request.urlopen(f"{home}/{name}") as answer:
                assert answer.headers["Content-Type"] == kind
        (out / "link.csv").symlink_to(data)
        for name in ("assets/", "../pairs.csv", "%2e%2e/pairs.csv", "link.csv", "%00"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{home}/{name}")
        elsewhere = urllib.request.Request(home, headers={"Host": "elsewhere.example"})
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(elsewhere)
        with pytest.raises(ExportError, match=r"taken by another program; choose another with --port"):
            server_of(out, server.server_port)
        server.shutdown()
    (out / "index.html").unlink()
    with pytest.raises(ExportError, match="has no page"):
        server_of(out, 0)
    (out / "model.onnx").unlink()
    failed = CliRunner().invoke(app, ["preview", str(out)])
    assert isinstance(failed.exception, ExportError) and "is missing" in str(failed.exception)


def test_what_differs_is_shown(
    models: Callable[[Task], Loaded],
    graphs: Callable[[Task], object],
    few: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An export is refused, and nobody sees how far it was off; or a checkout without a page says that it made one."""
    monkeypatch.setattr("hodu.exporting.export.to_onnx", lambda loaded, task: graphs(task))
    monkeypatch.setattr(packing, "PAGE", tmp_path / "none")
    monkeypatch.setattr("hodu.exporting.parity.Parity.value", lambda self, system, metric: 0.5)
    flags = [models("regression").path, "--data", str(few), "--out", str(tmp_path / "bundle")]
    done = CliRunner().invoke(app, ["export", *flags])
    assert isinstance(done.exception, ExportError) and "in 50.00%" in str(done.exception)
    assert "answers as PyTorch" in done.output and not (tmp_path / "bundle").exists()
    done = CliRunner().invoke(app, ["export", *flags, "--agreement", "0.4"], env={"COLUMNS": "200"})
    assert done.exit_code == 0 and "without a page" in done.output
