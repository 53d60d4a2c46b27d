"""A stage with the weights as export will store them (Q8BERT, Zafrir et al. 2019; TernaryBERT, Zhang et al. 2020): the student learns to answer as its teacher in spite of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import get_args

from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D
from typing_extensions import override

from hodu.errors import RecipeError
from hodu.models.grid import GROUP, PRODUCT, TABLE, in_a_byte, on_grid
from hodu.types import Quantised, Task


def check_quantised(kind: str, task: Task | None) -> None:
    """Refuse before anything is trained.

    Raises:
        RecipeError: there are no such weights, or what does this task is never exported.
    """
    if kind not in get_args(Quantised):
        raise RecipeError(f"--quantise takes {' or '.join(get_args(Quantised))}, got {kind!r}")
    if task == "replaced-token":
        raise RecipeError(
            f"--quantise {kind} prepares a student for hodu export, and discriminators (replaced-token) cannot be exported; leave it out"
        )


class OnGrid(nn.Module):
    """A weight rounded to its grid; its gradient passes as if it were not (straight-through estimator)."""

    def __init__(self, kind: Quantised, *, turned: bool) -> None:
        super().__init__()
        self._kind, self._turned = kind, turned

    @override
    def forward(self, weight: Tensor) -> Tensor:
        rows = weight.detach().float()
        stored = on_grid(rows.T, self._kind).T if self._turned else on_grid(rows, self._kind)
        return _straight_through(weight, stored)


@contextmanager
def quantised(student: PreTrainedModel, kind: Quantised | None) -> Iterator[None]:
    """Within this context the student computes as its export will; what it leaves are ordinary weights that lie on the grid. None changes nothing."""
    with ExitStack() as undo:
        for module in list(student.modules()) if kind else []:
            assert kind is not None
            stored = stored_as(module, kind)
            if stored is None:
                continue
            grid = OnGrid(stored, turned=isinstance(module, Conv1D))
            parametrize.register_parametrization(module, "weight", grid)
            undo.callback(parametrize.remove_parametrizations, module, "weight", leave_parametrized=True)
            if stored == kind == "int8" and not isinstance(module, nn.Embedding):
                undo.callback(module.register_forward_pre_hook(_bytes_in).remove)
        yield


def stored_as(module: nn.Module, kind: Quantised) -> Quantised | None:
    """How export stores a module's weight: only tables and matrices, and only those that are worth it."""
    if isinstance(module, nn.Embedding):
        if module.weight.numel() < TABLE:
            return None
        return kind if module.weight.shape[1] % GROUP == 0 else "int8"  # two to a byte, in whole groups
    if isinstance(module, nn.Linear | Conv1D):
        return kind if kind == "int8" or module.weight.numel() >= PRODUCT else None
    return None


def _bytes_in(module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (_straight_through(given[0], in_a_byte(given[0].detach().float())), *given[1:])


def _straight_through(value: Tensor, stored: Tensor) -> Tensor:
    """``stored``, to the bit (what is added is 0: a weight beside its grid would be rounded once more at export), with the gradient of ``value``."""
    return stored.to(value.dtype) + (value - value.detach())
