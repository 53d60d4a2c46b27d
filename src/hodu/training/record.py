"""What a model folder says of itself: ``hodu.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

import hodu
from hodu.models.load import quietly
from hodu.models.pooling import write_pooling
from hodu.recipes import Stage, Term
from hodu.training.output import RECORD


def save_student(
    folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, record: dict[str, Any]
) -> None:
    """Write a model folder in Hugging Face format (of a sentence encoder with the files of sentence-transformers), with the record of how it came to be."""
    with quietly():
        model.save_pretrained(folder)
    write_pooling(folder, model, tokenizer)
    tokenizer.save_pretrained(folder)
    versions = {"hodu": hodu.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    whole = {**versions, **record, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / RECORD).write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def numbers_of(stage: Stage) -> dict[str, Any]:
    """A stage's numbers, without its terms: enough to repeat its steps."""
    whole = replace(stage, terms=(), sources={})
    numbers = {name: value for name, value in asdict(whole).items() if name not in ("terms", "sources")}
    if stage.quantise is None:  # as stages were before there was such a thing: a run that stopped then can go on
        del numbers["quantise"]
    return numbers


def described(term: Term) -> str:
    """A term as text, so that a stopped run is not continued with another loss."""
    settings = ", ".join(f"{name}={value}" for name, value in sorted(term.settings.items()))
    return f"{term.weight:g} {term.objective.__name__}({settings})"


def totals(figures: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Steps and seconds of all stages; the dev metric of the last."""
    whole = {name: sum(figure[name] for figure in figures) for name in ("steps", "seconds")}
    return {**figures[-1], **whole}
