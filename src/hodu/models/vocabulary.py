"""Vocabulary pruning: drop the pieces that the user's text never uses, and keep its segmentation exactly.

Half or more of a small student is its embedding table. A pruned tokenizer cuts the given texts into the very same pieces, under new,
compact ids, so teacher and student still line up token by token. Other text is cut into smaller pieces at worst: single characters stay.

Why the segmentation stays: greedy WordPiece finds the same longest pieces in a subset that has them; the best Unigram path stays best among
fewer paths; byte-pair merges outside a piece never touch what happens inside it, so keeping a piece with all pieces on its way keeps its merges.
It is checked on every text all the same, and texts for which it fails (unknown words, ties) bring all their possible pieces back.
"""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from hodu.errors import ModelError

_BATCH = 2048  # texts encoded at once


@dataclass(frozen=True, slots=True)
class Pruned:
    """A smaller tokenizer and ``kept``, ``V_student`` → teacher piece id (ascending)."""

    tokenizer: PreTrainedTokenizerFast
    kept: Tensor


def prune_vocabulary(tokenizer: PreTrainedTokenizerFast, texts: Iterable[str]) -> Pruned:
    """Keep the pieces that ``texts`` use, all special and added tokens, and all single characters.

    Works on the tokenizer's own ``tokenizer.json``: WordPiece, byte-pair encoding (merges are pruned too) and Unigram. The given tokenizer is not changed.

    Raises:
        ModelError: not a fast tokenizer, another kind of tokenizer, or a text that would be cut differently (a tokenizer hodu does not understand).
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(f"{type(tokenizer).__name__} has no tokenizer.json: only fast tokenizers can be pruned.")
    definition = json.loads(tokenizer.backend_tokenizer.to_str())
    if definition["model"]["type"] not in ("WordPiece", "BPE", "Unigram"):
        raise ModelError(
            f"A {definition['model']['type']} vocabulary cannot be pruned: hodu prunes WordPiece, BPE and Unigram."
        )
    definition |= {"truncation": None, "padding": None}  # text is compared whole
    full = Tokenizer.from_str(json.dumps(definition))
    texts = list(texts)
    before = list(_encode(full, texts))
    kept = _with_intermediates(definition, _always_kept(definition).union(*before))
    differing = _differing(definition, kept, texts, before)
    if differing:
        kept = _with_intermediates(definition, kept | _possible_pieces(full, definition, differing))
        differing = _differing(definition, kept, texts, before)
    if differing:
        raise ModelError(
            f"Pruning would cut {differing[0][:80]!r} into other pieces than before: keep this vocabulary whole."
        )
    order = sorted(kept)
    return Pruned(_load_pruned(tokenizer, order), torch.tensor(order, dtype=torch.long))


def _always_kept(definition: dict[str, Any]) -> set[int]:
    """Special and added tokens, the unknown piece, single characters and byte pieces (``<0x0A>``)."""
    model = definition["model"]
    prefix = model.get("continuing_subword_prefix") or ""
    suffix = model.get("end_of_word_suffix") or ""
    kept = {token["id"] for token in definition["added_tokens"]}
    for piece, index in _pieces(model):
        core = piece.removeprefix(prefix).removesuffix(suffix) or piece
        if len(core) == 1 or piece == model.get("unk_token") or (piece.startswith("<0x") and len(piece) == 6):
            kept.add(index)
    if model["type"] == "Unigram":
        if model["unk_id"] is not None:
            kept.add(model["unk_id"])
        # An unknown character costs 10 more than the worst piece: without that piece, other paths could win.
        kept.add(min(range(len(model["vocab"])), key=lambda index: float(model["vocab"][index][1])))
    return kept


def _pieces(model: dict[str, Any]) -> list[tuple[str, int]]:
    if model["type"] == "Unigram":
        return [(piece, index) for index, (piece, _) in enumerate(model["vocab"])]
    return list(model["vocab"].items())


def _encode(tokenizer: Tokenizer, texts: list[str]) -> Iterator[array[int]]:
    for start in range(0, len(texts), _BATCH):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + _BATCH]):
            yield array("I", encoding.ids)  # 4 bytes a piece: there may be millions of texts


def _with_intermediates(definition: dict[str, Any], kept: set[int]) -> set[int]:
    """For byte-pair encoding, the pieces on the way to each kept piece; else ``kept`` itself."""
    model = definition["model"]
    if model["type"] != "BPE":
        return kept
    ids: dict[str, int] = model["vocab"]
    pieces = {index: piece for piece, index in ids.items()}
    prefix, suffix = model.get("continuing_subword_prefix") or "", model.get("end_of_word_suffix") or ""
    ranks = {tuple(merge): rank for rank, merge in enumerate(_merges(model))}
    closed = set(kept)
    for index in kept & pieces.keys():
        for piece in _merged_on_the_way(pieces[index], ranks, prefix, suffix):
            if piece in ids:
                closed.add(ids[piece])
    return closed


def _merged_on_the_way(piece: str, ranks: dict[tuple[str, ...], int], prefix: str, suffix: str) -> list[str]:
    """All pieces that appear while the lowest-ranked merges build ``piece`` from its characters."""
    core = piece.removeprefix(prefix) if prefix else piece
    continues = prefix if core != piece else ""
    ends = suffix if suffix and core.endswith(suffix) else ""
    characters = list(core.removesuffix(ends)) if ends else list(core)
    symbols = [(continues if not position else prefix) + each for position, each in enumerate(characters)]
    if ends and symbols:
        symbols[-1] += ends
    seen = list(symbols)
    while True:
        pairs = [(ranks[pair], place) for place, pair in enumerate(pairwise(symbols)) if pair in ranks]
        if not pairs:
            return seen
        place = min(pairs)[1]
        symbols[place : place + 2] = [_join(symbols[place], symbols[place + 1], prefix)]
        seen.append(symbols[place])


def _merges(model: dict[str, Any]) -> list[list[str]]:
    """Merges as pairs; older files write them as one string with a space."""
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]


def _join(left: str, right: str, prefix: str) -> str:
    return left + (right.removeprefix(prefix) if prefix else right)


def _differing(definition: dict[str, Any], kept: set[int], texts: list[str], before: list[array[int]]) -> list[str]:
    order = sorted(kept)
    small = Tokenizer.from_str(json.dumps(_renumbered(definition, order)))
    both = zip(texts, before, _encode(small, texts), strict=True)
    return [
        text
        for text, old, new in both
        if len(old) != len(new) or any(o != order[n] for o, n in zip(old, new, strict=True))
    ]


def _possible_pieces(full: Tokenizer, definition: dict[str, Any], texts: list[str]) -> set[int]:
    """Every piece that occurs somewhere in the normalised words of ``texts``: with these, nothing about them can change."""
    model = definition["model"]
    prefix, suffix = model.get("continuing_subword_prefix") or "", model.get("end_of_word_suffix") or ""
    by_core: dict[str, list[int]] = {}
    for piece, index in _pieces(model):
        by_core.setdefault(piece.removeprefix(prefix).removesuffix(suffix), []).append(index)
    longest = max(map(len, by_core))
    found: set[int] = set()
    for text in texts:
        normal = full.normalizer.normalize_str(text) if full.normalizer else text
        words = [word for word, _ in full.pre_tokenizer.pre_tokenize_str(normal)] if full.pre_tokenizer else [normal]
        for word in words:
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + longest) + 1):
                    found.update(by_core.get(word[start:end], ()))
    return found


def _renumbered(definition: dict[str, Any], order: list[int]) -> dict[str, Any]:
    """``tokenizer.json`` with only the pieces in ``order``, whose ids become 0, 1, 2 ... everywhere."""
    new_id = {old: new for new, old in enumerate(order)}
    model = dict(definition["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [entry for index, entry in enumerate(model["vocab"]) if index in new_id]
        model["unk_id"] = None if model["unk_id"] is None else new_id[model["unk_id"]]
    else:
        model["vocab"] = {piece: new_id[index] for piece, index in model["vocab"].items() if index in new_id}
    if model["type"] == "BPE":
        prefix = model.get("continuing_subword_prefix") or ""
        model["merges"] = [
            [left, right]
            for left, right in _merges(model)
            if left in model["vocab"] and right in model["vocab"] and _join(left, right, prefix) in model["vocab"]
        ]
    result = definition | {"model": model}
    result["added_tokens"] = [token | {"id": new_id[token["id"]]} for token in definition["added_tokens"]]
    result["post_processor"] = _renumbered_processor(definition["post_processor"], new_id)
    if definition["padding"] is not None:
        result["padding"] = definition["padding"] | {"pad_id": new_id[definition["padding"]["pad_id"]]}
    return result


def _renumbered_processor(processor: dict[str, Any] | None, new_id: dict[int, int]) -> dict[str, Any] | None:
    if processor is None:
        return None
    result = dict(processor)
    if processor["type"] == "Sequence":
        result["processors"] = [_renumbered_processor(each, new_id) for each in processor["processors"]]
    elif processor["type"] == "TemplateProcessing":
        result["special_tokens"] = {
            name: token | {"ids": [new_id[old] for old in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    elif processor["type"] in ("BertProcessing", "RobertaProcessing"):
        result |= {name: [processor[name][0], new_id[processor[name][1]]] for name in ("sep", "cls")}
    return result


def _load_pruned(tokenizer: PreTrainedTokenizerFast, order: list[int]) -> PreTrainedTokenizerFast:
    """Through the files, because that is how every later user gets it: class and settings stay, ids are new."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        file = Path(folder, "tokenizer.json")
        file.write_text(
            json.dumps(_renumbered(json.loads(file.read_text("utf-8")), order), ensure_ascii=False), "utf-8"
        )
        for other in Path(folder).iterdir():  # vocab.txt, merges.txt ... would still hold the old vocabulary
            if other.name not in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
                other.unlink() if other.is_file() else None
        settings = Path(folder, "tokenizer_config.json")
        values = json.loads(settings.read_text("utf-8"))
        values.pop("added_tokens_decoder", None)  # old ids; tokenizer.json has them anew
        settings.write_text(json.dumps(values, ensure_ascii=False), "utf-8")
        pruned: PreTrainedTokenizerFast = type(tokenizer).from_pretrained(folder)
    pruned.name_or_path = tokenizer.name_or_path
    return pruned
