"""What a bundle says of itself, and whether that is still true: a page, an app and Python read it alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hodu.errors import ExportError

VERSION = 1
MANIFEST, MODEL, TOKENIZER, GRAPH = "manifest.json", "model.onnx", "tokenizer.json", "graph.hodu"
FILES = {"model": MODEL, "tokenizer": TOKENIZER, "graph": GRAPH}
OTHERS = {"model.gguf": "llama.cpp", "model.tflite": "LiteRT", "model.pte": "ExecuTorch"}
"""Models that other programs run, and these."""
_AGAIN = "export the model again: hodu export MODEL --to phone --out BUNDLE"


def write_manifest(folder: Path, content: dict[str, Any], model: str = MODEL) -> dict[str, Any]:
    """Write what is to be said, with the size and sum of each file that lies in the folder; ``model`` is the model's name there."""
    whole = manifest_of(content, {role: folder / name for role, name in {**FILES, "model": model}.items()})
    (folder / MANIFEST).write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return whole


def manifest_of(content: dict[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
    """What is to be said, with the size and sum of each of these files that is there."""
    found = {role: _described(file) for role, file in files.items() if file.is_file()}
    return {"bundle": VERSION, **content, "files": found}


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a bundle whose files are all as they were written.

    Raises:
        ExportError: no bundle, one of another version, or a file that is missing, cut short or altered.
    """
    path = Path(folder) / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ExportError(f"{folder} is no bundle: it has no {MANIFEST}; {_AGAIN}") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {error}; {_AGAIN}") from error
    if not isinstance(content, dict) or content.get("bundle") != VERSION:
        found = content.get("bundle") if isinstance(content, dict) else None
        raise ExportError(f"{path} is of bundle version {found}, and this hodu reads version {VERSION}; {_AGAIN}")
    files = content.get("files")
    other = files.get("model") if isinstance(files, dict) else None
    if isinstance(other, dict) and str(other.get("path")) in OTHERS:
        raise ExportError(
            f"{folder} holds {other['path']}, which {OTHERS[other['path']]} runs and hodu does not; {_AGAIN}"
        )
    if not isinstance(files, dict) or not {"model", "tokenizer"} <= files.keys():
        raise ExportError(f"{path} names no model and tokenizer under 'files'; {_AGAIN}")
    for role, said in files.items():
        _check(Path(folder) / FILES.get(str(role), str(role)), said if isinstance(said, dict) else {})
    return content


def _described(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"path": file.name, "bytes": file.stat().st_size, "sha256": digest}


def _check(file: Path, said: dict[str, Any]) -> None:
    if not file.is_file():
        raise ExportError(f"{file} is missing, and its manifest names it; {_AGAIN}")
    found = _described(file)
    if found["bytes"] != said.get("bytes"):
        raise ExportError(
            f"{file} has {found['bytes']:,} bytes, and its manifest says {said.get('bytes')}: it was cut short or altered; {_AGAIN}"
        )
    if found["sha256"] != said.get("sha256"):
        raise ExportError(f"{file} was altered: its SHA-256 is not the one in its manifest; {_AGAIN}")
