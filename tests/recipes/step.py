"""One training step's loss as hodu computes it, and its comparison with a plain one."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unittest import mock

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from hodu.models import shape_of
from hodu.recipes import Recipe, Stage
from hodu.training.distillation import Distillation, Teachers
from hodu.types import Pairing, Task

CLOSE = 1e-6
"""Relative, in float64."""

CLOSE_IN_FLOAT32 = 1e-5
"""Relative, for the loss as training computes it: a divergence loses a digit or two to the difference of two near numbers."""


@dataclass(frozen=True)
class Step:
    """The loss of a batch, its terms by the names of their objectives, and its gradient for each weight of student and projections.

    All in float64, but for ``usual``, which is the loss in the precision of training.
    """

    loss: float
    usual: float
    terms: dict[str, float]
    gradients: dict[str, Tensor]
    trained: tuple[nn.Linear, ...]

    def projections(self) -> list[nn.Linear]:
        """What the objectives train beside the student, as it starts: for a plain loss to train."""
        return [copy.deepcopy(projection) for projection in self.trained]


def stage_of(recipe: Recipe, name: str) -> Stage:
    """The stage of this name."""
    return next(stage for stage in recipe.stages if stage.name == name)


def step(stage: Stage, student: PreTrainedModel, teachers: Teachers, batch: Mapping[str, Tensor], task: Task) -> Step:
    """What the first step of a stage computes on a batch, up to the optimizer."""
    pairing = Pairing(shape_of(student.config), shape_of(teachers.models[0].config), task)
    torch.manual_seed(0)  # of projections
    objectives = [term.build(pairing) for term in stage.terms]
    module = Distillation(student, teachers, objectives, [term.weight for term in stage.terms], task).double()
    module.prepare([dict(batch)])
    module.train()
    with module.tapped():
        usual = float(module(**batch)["loss"].detach())
        # objectives widen what they get to float32; here to float64, so that rounding hides no difference
        with mock.patch.object(Tensor, "float", Tensor.double):
            given = module(**batch)
        given["loss"].backward()
    names = [type(objective).__name__ for objective in objectives]
    terms = dict(zip(names, given["terms"].tolist(), strict=True))
    projections = tuple(part for part in module.objectives.modules() if isinstance(part, nn.Linear))
    return Step(float(given["loss"].detach()), usual, terms, _gradients(student, projections), projections)


def assert_same(
    ours: Step,
    terms: Mapping[str, Tensor],
    weights: Sequence[float],
    student: PreTrainedModel,
    projections: Sequence[nn.Linear] = (),
) -> None:
    """hodu's loss, each term of it and its gradients are those of plain terms, weighted by the paper's ``weights``.

    Args:
        terms: by the names of the objectives.
        student, projections: the plain ones, that ``terms`` come from.
    """
    assert list(ours.terms) == list(terms)
    pairs = {name: (ours.terms[name], term.item()) for name, term in terms.items()}
    far = {name: pair for name, pair in pairs.items() if not _near(*pair)}
    assert not far, f"(hodu, paper) of each term that differs: {far}"
    total = sum(weight * term for weight, term in zip(weights, terms.values(), strict=True))
    assert isinstance(total, Tensor)
    assert _near(ours.loss, total.item()), f"the loss is {ours.loss}, and the paper's {total.item()}"
    assert _near(ours.usual, total.item(), CLOSE_IN_FLOAT32), f"in float32 the loss is {ours.usual}, not {total.item()}"
    total.backward()
    plain = _gradients(student, projections)
    largest = max(float(gradient.norm()) for gradient in plain.values())
    assert largest > 0
    for name in ours.gradients.keys() | plain.keys():
        mine, gradient = (given.get(name, torch.zeros(())) for given in (ours.gradients, plain))
        # those that are zero but for rounding, as that of a key's bias, are measured by the largest
        allowed = CLOSE * max(float(gradient.norm()), 1e-3 * largest)
        assert float((mine - gradient).norm()) <= allowed, f"the gradient of {name} is another one"


def _gradients(student: nn.Module, projections: Sequence[nn.Module]) -> dict[str, Tensor]:
    parts = {"student": student} | {f"projection {place}": one for place, one in enumerate(projections)}
    return {
        f"{part}, {name}": weight.grad
        for part, module in parts.items()
        for name, weight in module.named_parameters()
        if weight.grad is not None
    }


def _near(one: float, other: float, close: float = CLOSE) -> bool:
    return abs(one - other) <= close * abs(other)
