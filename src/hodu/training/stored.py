"""What lies in the cache: which teachers' answers, how much, when last used; and how to be rid of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from safetensors import SafetensorError, safe_open

from hodu.training.layout import Layout
from hodu.training.teacher_cache import META, cache_home


@dataclass(frozen=True)
class Stored:
    """One folder of answers: one teacher (by its weights), one kind of question."""

    folder: Path
    teacher: str
    layout: Layout
    examples: int
    bytes: int
    used: datetime

    @property
    def asked(self) -> str:
        """What the teacher was asked, in words."""
        parts = ["outputs"] if self.layout.classes is not None else []
        parts += ["hidden states " + " ".join(map(str, self.layout.hidden))] if self.layout.hidden else []
        parts += ["queries, keys, values " + " ".join(map(str, self.layout.heads))] if self.layout.heads else []
        parts += ["states before the vocabulary"] if self.layout.readout is not None else []
        return "; ".join(parts)


def stored() -> list[Stored]:
    """All folders of answers, the latest used first."""
    found = [_look(path) for path in (cache_home() / "teacher").glob(f"*/*/{META}")]
    return sorted(found, key=lambda one: one.used, reverse=True)


def clear(ones: list[Stored]) -> int:
    """Remove these folders; returns the bytes that became free."""
    for one in ones:
        shutil.rmtree(one.folder)
        if not any(one.folder.parent.iterdir()):
            one.folder.parent.rmdir()
    return sum(one.bytes for one in ones)


def _look(path: Path) -> Stored:
    meta = json.loads(path.read_text(encoding="utf-8"))
    files = list(path.parent.iterdir())
    return Stored(
        folder=path.parent,
        teacher=meta["teacher"],
        layout=Layout.read(meta),
        examples=sum(_examples(file) for file in files if file.suffix == ".safetensors"),
        bytes=sum(file.stat().st_size for file in files),
        used=datetime.fromtimestamp(path.parent.stat().st_mtime, UTC),
    )


def _examples(shard: Path) -> int:
    try:
        with safe_open(shard, framework="pt") as file:
            return int(file.get_slice("lengths").get_shape()[0])
    except (SafetensorError, OSError):
        return 0  # damaged: the next run that wants it removes it
