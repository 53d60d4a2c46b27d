"""Size: what must be shipped, in bytes."""

from __future__ import annotations

import json
from pathlib import Path

from transformers.utils.hub import cached_file

from hodu.errors import ModelError

# tokenizer.json holds everything; the older files are counted only where it is missing.
_SLOW_TOKENIZER = (
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_SETTINGS = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def shipped_files(path: str | Path) -> dict[str, int]:
    """File name → bytes of what somebody needs to run the model: weights (safetensors), tokenizer, and their settings.

    Not counted: ``hodu.json``, training state, weights in other formats, ``vocab.txt`` beside a ``tokenizer.json``.

    Args:
        path: a model folder, or the id of a hub model that has been loaded before.

    Raises:
        ModelError: no safetensors weights there.
    """
    folder = _folder(path)
    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.is_file():
        names = [index.name, *sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{path}: no {missing[0]} there; only safetensors are measured")
    names += ["tokenizer.json"] if (folder / "tokenizer.json").is_file() else _SLOW_TOKENIZER
    names += _SETTINGS
    # stat() follows the links of the hub's cache.
    return {name: (folder / name).stat().st_size for name in names if (folder / name).is_file()}


def size_bytes(path: str | Path) -> int:
    """Bytes of all :func:`shipped_files`."""
    return sum(shipped_files(path).values())


def _folder(path: str | Path) -> Path:
    if Path(path).is_dir():
        return Path(path)
    try:
        config = cached_file(str(path), "config.json", local_files_only=True)
    except OSError as error:
        raise ModelError(f"{path}: neither a folder nor a hub model in the cache") from error
    assert config is not None  # cached_file raises for a missing file, unless told not to
    return Path(config).parent
