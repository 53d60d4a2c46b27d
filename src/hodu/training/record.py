"""What a model folder says of itself: ``hodu.json``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

import hodu
from hodu.models.load import quietly
from hodu.training.output import RECORD


def save_student(
    folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, record: dict[str, Any]
) -> None:
    """Write a model folder in Hugging Face format, with the record of how it came to be."""
    with quietly():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    versions = {"hodu": hodu.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    whole = {**versions, **record, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / RECORD).write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
