"""One training step's loss as hodu computes it, and its comparison with a plain one."""

from __future__ import annotations

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
    """The loss of a batch, its terms by the names of their objectives, and its gradient for each weight of the student.

    All in float64, but for ``usual``, which is the loss in the precision of training.
    """

    loss: float
    usual: float
    terms: dict[str, float]
    gradients: dict[str, Tensor]
    module: Distillation

    @property
    def projections(self) -> list[nn.Module]:
        """What the objectives train beside the student."""
        return [part for part in self.module.objectives.modules() if isinstance(part, nn.Linear)]


def stage_of(recipe: Recipe, name: str) -> Stage:
    """The stage of this name."""
    return next(stage for stage in recipe.stages if stage.name == name)


def step(stage: Stage, student: PreTrainedModel, teachers: Teachers, batch: Mapping[str, Tensor], task: Task) -> Step:
    """What the first step of a stage computes on a batch, up to the optimizer."""
    pairing = Pairing(shape_of(student.config), shape_of(teachers.models[0].config), task)
    torch.manual_seed(0)  # of projections
    objectives = [term.build(pairing) for term in stage.terms]
    weights = [term.weight for term in stage.terms]
    module = Distillation(student, teachers, objectives, weights, task).double()
    module.prepare([dict(batch)])
    module.train()
    with module.tapped():
        usual = float(module(**batch)["loss"].detach())
        # objectives widen what they get to float32; here to float64, so that rounding hides no difference
        with mock.patch.object(Tensor, "float", Tensor.double):
            given = module(**batch)
        given["loss"].backward()
    names = [type(objective).__name__ for objective in objectives]
    gradients = {name: weight.grad for name, weight in student.named_parameters() if weight.grad is not None}
    terms = dict(zip(names, given["terms"].tolist(), strict=True))
    return Step(float(given["loss"].detach()), usual, terms, gradients, module)


def assert_same(ours: Step, terms: Mapping[str, Tensor], weights: Sequence[float], student: PreTrainedModel) -> None:
    """hodu's loss, each term of it and its gradients are those of plain terms, weighted by the paper's ``weights``.

    Args:
        terms: by the names of the objectives.
        student: the plain one, that ``terms`` come from.
    """
    assert list(ours.terms) == list(terms)
    far = {
        name: (ours.terms[name], term.item())
        for name, term in terms.items()
        if not _near(ours.terms[name], term.item())
    }
    assert not far, f"(hodu, paper) of each term that differs: {far}"
    total = sum(weight * term for weight, term in zip(weights, terms.values(), strict=True))
    assert isinstance(total, Tensor)
    assert _near(ours.loss, total.item()), f"the loss is {ours.loss}, and the paper's {total.item()}"
    assert _near(ours.usual, total.item(), CLOSE_IN_FLOAT32), f"in float32 the loss is {ours.usual}, not {total.item()}"
    student.zero_grad()
    total.backward()
    plain = {name: weight.grad for name, weight in student.named_parameters() if weight.grad is not None}
    largest = max(float(gradient.norm()) for gradient in plain.values())
    for name, gradient in plain.items():
        # those that are zero but for rounding, as that of a key's bias, are measured by the largest
        apart = float((ours.gradients.get(name, torch.zeros_like(gradient)) - gradient).norm())
        assert apart <= CLOSE * max(float(gradient.norm()), 1e-3 * largest), f"the gradient of {name} is another one"
    idle = [name for name in ours.gradients.keys() - plain.keys() if ours.gradients[name].abs().max() > 0]
    assert not idle, f"the plain loss does not reach {idle}"


def _near(one: float, other: float, close: float = CLOSE) -> bool:
    return abs(one - other) <= close * abs(other)
