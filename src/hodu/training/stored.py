"""What lies in the cache: which models' answers and which compiled graphs, how much, when last used; and how to be rid of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from safetensors import SafetensorError, safe_open

from hodu.data.candidates import SHARDS
from hodu.errors import HoduError
from hodu.training.layout import Layout
from hodu.training.teacher_cache import META, cache_home


@dataclass(frozen=True)
class Stored:
    """One folder of answers: one model (by its weights), one kind of question. Or the file of a compiled graph.

    Attributes:
        asked: what the model was asked, in words.
        examples: how many it was asked about; of a graph, its entities.
    """

    path: Path
    model: str
    asked: str
    examples: int
    bytes: int
    used: datetime


def stored() -> list[Stored]:
    """All folders of answers and all compiled graphs, the latest used first."""
    home = cache_home()
    found = [_teacher(path) for path in (home / "teacher").glob(f"*/*/{META}")]
    found += [_augment(path) for path in (home / "augment").glob(f"*/{META}")]
    found += [_graph(path) for path in (home / "graphs").glob("*.hodu")]
    return sorted(found, key=lambda one: one.used, reverse=True)


def clear(ones: list[Stored]) -> int:
    """Remove these; returns the bytes that became free."""
    for one in ones:
        if one.path.is_dir():
            shutil.rmtree(one.path)
        else:
            one.path.unlink()
        if not any(one.path.parent.iterdir()):
            one.path.parent.rmdir()
    return sum(one.bytes for one in ones)


def _teacher(path: Path) -> Stored:
    meta = json.loads(path.read_text(encoding="utf-8"))
    layout = Layout.read(meta)
    parts = ["outputs"] if layout.needs.logits else []
    parts += ["hidden states " + " ".join(map(str, layout.hidden))] if layout.hidden else []
    parts += ["queries, keys, values " + " ".join(map(str, layout.heads))] if layout.heads else []
    parts += ["states before the vocabulary"] if layout.readout is not None else []
    shards = path.parent.glob("*.safetensors")
    return _stored(path.parent, meta["teacher"], "; ".join(parts), sum(_examples(shard) for shard in shards))


def _augment(path: Path) -> Stored:
    meta: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    asked = "words for --augment" + (f", vectors of {Path(meta['glove']).name}" if meta["glove"] else "")
    return _stored(path.parent, meta["model"], asked, sum(_texts(shard) for shard in path.parent.glob(SHARDS)))


def _graph(path: Path) -> Stored:
    from hodu.knowledge.compiled import CompiledGraph

    try:
        entities = len(CompiledGraph.open(path))
    except HoduError:  # of another version, cut short, or the extra is gone
        entities = 0
    seen = path.stat()
    used = datetime.fromtimestamp(seen.st_mtime, UTC)
    return Stored(path, f"graph {path.stem[:8]}", "compiled for --graph", entities, seen.st_size, used)


def _stored(folder: Path, model: str, asked: str, examples: int) -> Stored:
    size = sum(file.stat().st_size for file in folder.iterdir())
    return Stored(folder, model, asked, examples, size, datetime.fromtimestamp(folder.stat().st_mtime, UTC))


def _examples(shard: Path) -> int:
    try:
        with safe_open(shard, framework="pt") as file:
            return int(file.get_slice("lengths").get_shape()[0])
    except (SafetensorError, OSError):
        return 0  # damaged: the next run that wants it removes it


def _texts(shard: Path) -> int:
    try:
        return int(pa.ipc.open_file(pa.memory_map(str(shard))).read_all().num_rows)
    except (pa.ArrowException, OSError):
        return 0  # as above
