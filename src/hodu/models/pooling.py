"""From the tokens of a sentence to its one vector: what sentence-transformers' files say about it, read and written."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils.hub import cached_file

from hodu.data import max_length_of
from hodu.errors import ModelError

Mode = Literal["mean", "cls", "max"]

_FIELD = "sentence_pooling"  # of a model's config while it is in memory
_MODULES = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
_OLD_NAMES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True)
class Pooling:
    """How a vector comes out of the last hidden states: their mean over the real tokens, the first one, or the greatest of each dimension.

    Attributes:
        normalize: the vector is brought to length 1.
        max_length: tokens at which a sentence is cut; None where nothing says.
    """

    mode: Mode = "mean"
    normalize: bool = False
    max_length: int | None = None


def read_pooling(path: str | Path) -> Pooling:
    """As the files of a sentence-transformers model (folder or hub id) say; for a bare encoder, which has none, the mean.

    Raises:
        ModelError: a pooling, or a module behind it, that hodu does not know: its vectors would be other ones.
    """
    modules = _json(path, "modules.json")
    if modules is None:
        return Pooling()
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise ModelError(
            f"{path} makes its vectors by {', '.join(kinds)} (modules.json); hodu knows Transformer, Pooling and Normalize in this order"
        )
    settings = _json(path, f"{modules[1]['path']}/config.json") or {}
    given = settings.get("pooling_mode") or [mode for name, mode in _OLD_NAMES.items() if settings.get(name)] or "mean"
    modes = [given] if isinstance(given, str) else list(given)
    mode = next((known for known in get_args(Mode) if modes == [known]), None)
    if mode is None:
        raise ModelError(f"{path} pools by {' and '.join(modes)}; hodu knows {', '.join(get_args(Mode))}, one of them")
    longest = (_json(path, "sentence_bert_config.json") or {}).get("max_seq_length")
    return Pooling(mode, "Normalize" in kinds, longest)


def is_sentence_encoder(path: str | Path) -> bool:
    """Whether a folder or hub id has the files of a sentence-transformers model."""
    return _json(path, "modules.json") is not None


def pooling_of(config: PretrainedConfig) -> Pooling | None:
    """How a model that is in memory pools; None for one that does not."""
    found: dict[str, Any] | None = getattr(config, _FIELD, None)
    return None if found is None else Pooling(**found)


def pool_by(model: PreTrainedModel, pooling: Pooling) -> None:
    """Let an encoder give the vector of each text, ``B D``, as its output's ``logits``: whoever asks a model for its answer hears it so.

    The config says how, so the teacher cache does not take one pooling's vectors for another's.
    """
    setattr(model.config, _FIELD, asdict(pooling))

    def pooled(_: Any, __: Any, inputs: dict[str, Any], output: Any) -> Any:
        output.logits = _vector(output[0], inputs.get("attention_mask"), pooling)
        return output

    model.register_forward_hook(pooled, with_kwargs=True)


def write_pooling(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Write the files by which ``SentenceTransformer(folder)`` gives the same vectors; nothing for a model that does not pool."""
    if (pooling := pooling_of(model.config)) is None:
        return
    kinds = [kind for kind in _MODULES if kind != "Normalize" or pooling.normalize]
    modules = [
        {"idx": place, "name": str(place), "path": _MODULES[kind], "type": f"sentence_transformers.models.{kind}"}
        for place, kind in enumerate(kinds)
    ]
    names = {old: mode == pooling.mode for old, mode in _OLD_NAMES.items()}
    _write(folder / "modules.json", modules)
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": model.config.hidden_size, **names})
    if pooling.normalize:
        _write(folder / "2_Normalize" / "config.json", {})
    length = max_length_of(tokenizer, model.config)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": length, "do_lower_case": False})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write(folder / "config.json", {name: value for name, value in config.items() if name != _FIELD})  # one truth


def _vector(states: Tensor, mask: Tensor | None, pooling: Pooling) -> Tensor:
    """``B D`` in float32 from states ``B L D``."""
    states = states.float()
    real = torch.ones(states.shape[:2], dtype=torch.bool, device=states.device) if mask is None else mask.bool()  # B L
    if pooling.mode == "cls":
        first = real.int().argmax(1)  # not 0 where padding stands on the left
        vector = states[torch.arange(states.shape[0], device=states.device), first]  # B D
    elif pooling.mode == "max":
        vector = states.masked_fill(~real[..., None], -torch.inf).amax(1)  # B D
    else:
        weight = (real / real.sum(1, keepdim=True).clamp(min=1))[:, None].to(states.dtype)  # B 1 L
        vector = (weight @ states.masked_fill(~real[..., None], 0.0))[:, 0]  # B D
    return torch.nn.functional.normalize(vector, dim=-1) if pooling.normalize else vector


def _json(path: str | Path, name: str) -> Any:
    """The content of one of the model's JSON files; None where it has none."""
    if Path(path).is_dir():
        file = Path(path) / name
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    found = cached_file(
        str(path), name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False
    )
    return json.loads(Path(found).read_text(encoding="utf-8")) if found else None


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
