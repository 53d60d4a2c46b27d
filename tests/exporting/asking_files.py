"""Small models of each head for the runtimes of native apps, and what their files answer beside PyTorch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hodu.data import Columns
from hodu.exporting.native import Runtime, check_native, one_by_one
from hodu.exporting.onnx import check_exportable
from hodu.exporting.parity import Array, compare
from hodu.exporting.samples import samples_of
from hodu.models.load import load_model
from hodu.models.pooling import Pooling, pool_by, write_pooling
from hodu.models.scratch import new_bert, new_gpt2
from hodu.types import Task
from tests.exporting.conftest import LABELS, TEXTS

LONGEST = 24  # two lengths, 16 and 24: each takes its converter some seconds


def saved(folder: Path, task: Task) -> Path:
    """A random model, its answers spread wide, saved as users have it."""
    torch.manual_seed(0)
    if task == "causal-lm":
        made = new_gpt2("1x32", TEXTS, vocabulary=300, max_length=LONGEST)
    else:
        made = new_bert("1x32", TEXTS, vocabulary=200, task=task, labels=LABELS.get(task, ()), max_length=LONGEST)
    with torch.no_grad():
        for weight in made.model.parameters():
            if weight.dim() > 1:
                weight.mul_(4)
    if task == "sentence-embedding":
        pool_by(made.model, Pooling("mean"))
    made.model.save_pretrained(folder)
    write_pooling(folder, made.model, made.tokenizer)
    made.tokenizer.save_pretrained(folder)
    return folder


def same_in_fp32(folder: Path, runtime: Runtime) -> None:
    """Fails where the model's file in fp32 does not answer the built-in texts as PyTorch does."""
    loaded = load_model(folder)
    task = check_exportable(loaded)
    check_native(loaded, task, runtime, "fp32")
    loaded.model.set_attn_implementation("eager")
    loaded.model.config.use_cache = False
    system = one_by_one(runtime.answering(runtime.write(loaded, task, "fp32"), task))
    samples = samples_of(loaded, task, None, None, Columns())
    parity = compare(loaded, task, replace(samples, asked=samples.asked[:16]), {"file": system})
    for way in ("", "_padded"):
        assert parity.value("file", f"agreement{way}") > 0.999
        assert parity.value("file", f"largest_difference{way}") < 1e-3


def as_pytorch(folder: Path, ids: Array) -> Array:
    """Probabilities by PyTorch of one text without padding, ``1 C``."""
    model = load_model(folder).model.eval()
    with torch.inference_mode():
        found = model(torch.from_numpy(ids), attention_mask=torch.ones(ids.shape, dtype=torch.long))
    return np.asarray(found.logits.softmax(-1))
