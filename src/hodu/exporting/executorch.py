"""A model for ExecuTorch: one text of any length, products by XNNPACK in int8 (inputs rounded a row at a time), tables in int8."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from importlib import import_module

import torch
from torch import Tensor, nn

from hodu.data import max_length_of
from hodu.exporting.filling import cut, filled
from hodu.exporting.heads import OUTPUTS, Answering
from hodu.exporting.onnx import inputs_of
from hodu.exporting.parity import Array, Outputs, System
from hodu.exporting.quantize import Precision
from hodu.models.grid import by_rows
from hodu.models.load import Loaded
from hodu.types import Task

_SHORTEST = 2  # PyTorch takes a size of 1 for one that never changes


def to_executorch(loaded: Loaded, task: Task, precision: Precision) -> bytes:
    """The model as a file; ``int8``: a scale for each output channel and row of a table."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower

    answering = copy.deepcopy(Answering(loaded.model, task)).eval()
    if precision == "int8":
        _in_eight_bits(answering)
    length = torch.export.Dim("length", min=_SHORTEST, max=max_length_of(loaded.tokenizer, loaded.model.config))
    example = {name: torch.full((1, 8), int(name != "token_type_ids"), dtype=torch.long) for name in inputs_of(loaded)}
    with torch.no_grad():
        program = torch.export.export(
            answering, (), kwargs=example, dynamic_shapes={name: {1: length} for name in example}, strict=False
        )
        lowered = to_edge_transform_and_lower(
            program, partitioner=[XnnpackPartitioner()], compile_config=EdgeCompileConfig(_check_ir_validity=False)
        )
        return bytes(lowered.to_executorch().buffer)


class _Table(nn.Module):
    """A table that is looked up, on the grid that ``--quantise int8`` trains on."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        numbers, scales = by_rows(table.detach())
        self.register_buffer("numbers", numbers.to(torch.int8))
        self.register_buffer("scales", scales[:, 0].clone())

    def forward(self, ids: Tensor) -> Tensor:
        row: Tensor = torch.ops.quantized_decomposed.embedding_byte(self.numbers, self.scales, None, -128, 127, ids)
        return row


def _in_eight_bits(answering: nn.Module) -> None:
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerAxis
    from torchao.utils import unwrap_tensor_subclass

    import_module("executorch.exir.passes.quant_fusion_pass")  # embedding_byte, for PyTorch
    for name, table in [one for one in answering.named_modules() if isinstance(one[1], nn.Embedding)]:
        answering.set_submodule(name, _Table(table.weight))
    quantize_(answering, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int8, weight_granularity=PerAxis(0)))
    unwrap_tensor_subclass(answering)


def in_executorch(model: bytes, task: Task) -> System:
    """A file as what answers one text."""
    from executorch.runtime import Runtime

    import_module("executorch.kernels.quantized")  # embedding_byte, for the runtime
    program = Runtime.get().load_program(model)  # its method reads the file's bytes, and only the program keeps them
    names = OUTPUTS[task]

    def run(inputs: Mapping[str, Array]) -> Outputs:
        length = inputs["input_ids"].shape[1]
        given = filled(inputs, max(length, _SHORTEST))
        found = program.load_method("forward").execute([torch.from_numpy(one) for one in given.values()])
        return cut({name: one.numpy().copy() for name, one in zip(names, found, strict=True)}, length, task)

    return run
