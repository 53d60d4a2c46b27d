"""A model for LiteRT (TensorFlow Lite): a signature for each of a few lengths over the same weights, products and tables in int8."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hodu.data import max_length_of
from hodu.exporting.filling import cut, filled
from hodu.exporting.heads import OUTPUTS, Answering
from hodu.exporting.onnx import inputs_of
from hodu.exporting.parity import Array, Outputs, System
from hodu.exporting.quantize import Precision
from hodu.models.load import Loaded
from hodu.types import Task

SIGNATURE = "length_"
_LENGTHS = (16, 32, 64, 128, 256)
_SHOWN = "LITERT_TORCH_SHOW_PROGRESS"


class _Named(nn.Module):
    """Answers by their names, which become those of the signatures' outputs."""

    def __init__(self, answering: Answering, task: Task) -> None:
        super().__init__()
        self.answering, self.names = answering, OUTPUTS[task]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        return dict(zip(self.names, self.answering(input_ids, attention_mask, token_type_ids), strict=True))


def lengths_of(loaded: Loaded) -> list[int]:
    """The lengths that a file has signatures for; its tensors have one size each, so a text is filled up to the next."""
    longest = max_length_of(loaded.tokenizer, loaded.model.config)
    return [*(length for length in _LENGTHS if length < longest), longest]


def to_litert(loaded: Loaded, task: Task, precision: Precision) -> bytes:
    """The model as a file; ``int8``: a scale for each output channel and row of a table, what comes into products rounded as it runs, a row at a time."""
    with _quietly():
        import litert_torch
        from ai_edge_quantizer import quantizer, recipe

        named = _Named(Answering(loaded.model, task), task).eval()
        writer: Any = litert_torch
        for length in lengths_of(loaded):
            example = {
                name: torch.full((1, length), int(name != "token_type_ids"), dtype=torch.int32)
                for name in inputs_of(loaded)
            }
            writer = writer.signature(f"{SIGNATURE}{length}", named, sample_kwargs=example)
        whole: bytes = writer.convert().model_content()
        if precision == "fp32":
            return whole
        small = quantizer.Quantizer(bytearray(whole), recipe.dynamic_wi8_afp32())
        made = small.quantize(enable_progress_bar=False, enable_progress_report=False)
        return bytes(made.quantized_model)


def in_litert(model: bytes, task: Task) -> System:
    """A file as what answers one text, filled up to the next length."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=1)
    lengths = sorted(int(name.removeprefix(SIGNATURE)) for name in interpreter.get_signature_list())
    runners = {length: interpreter.get_signature_runner(f"{SIGNATURE}{length}") for length in lengths}

    def run(inputs: Mapping[str, Array]) -> Outputs:
        length = inputs["input_ids"].shape[1]
        least = next(one for one in lengths if one >= length)
        given = {name: one.astype(np.int32) for name, one in filled(inputs, least).items()}
        return cut(runners[least](**given), length, task)

    return run


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the converter's account of its steps, unless somebody asked for it."""
    before = os.environ.get(_SHOWN)
    os.environ.setdefault(_SHOWN, "n")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_SHOWN, None)
