from __future__ import annotations

import json
from pathlib import Path

import pytest

from hodu.errors import ModelError
from hodu.measuring import shipped_files, size_bytes
from tests.measuring.tiny import classifier, save


def test_only_what_must_be_shipped_is_counted(tmp_path: Path) -> None:
    """Training state or a second format of the same weights would make a student look larger than it is."""
    folder = Path(save(classifier(), tmp_path / "model", card={"role": "student"}))
    shipped = shipped_files(folder)
    assert {"model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"} <= set(shipped)
    assert shipped["model.safetensors"] == (folder / "model.safetensors").stat().st_size
    for extra in ("pytorch_model.bin", "optimizer.pt", "vocab.txt", "README.md"):
        (folder / extra).write_bytes(b"x" * 1000)
    assert shipped_files(folder) == shipped
    assert size_bytes(folder) == sum(shipped.values())


def test_shards_are_all_counted(tmp_path: Path) -> None:
    """A large teacher in several files would count as its first file only."""
    for name, size in (("a.safetensors", 10), ("b.safetensors", 20), ("vocab.txt", 5)):
        (tmp_path / name).write_bytes(b"x" * size)
    index = json.dumps({"weight_map": {"one": "a.safetensors", "two": "b.safetensors", "three": "a.safetensors"}})
    (tmp_path / "model.safetensors.index.json").write_text(index)
    assert size_bytes(tmp_path) == 10 + 20 + 5 + len(index)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """A folder without weights would measure as a model of a few kilobytes."""
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        size_bytes(tmp_path)
    with pytest.raises(ModelError, match="neither a folder nor"):
        size_bytes("nobody/nothing")
