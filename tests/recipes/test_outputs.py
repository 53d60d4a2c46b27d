"""Recipes that compare answers about whole texts, against their formulas written out plainly: Hinton's, and TinyBERT's last stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from hodu.objectives.ensemble import Mean
from hodu.recipes import Stage, find_recipe
from hodu.training.distillation import Teachers
from hodu.types import Task
from tests.recipes.plain import plain, say, uneven
from tests.recipes.step import assert_same, stage_of, step
from tests.tiny import batch, tiny

GOLD: dict[Task, Tensor] = {
    "classification": torch.tensor([2, 0, 3]),
    "multilabel": torch.tensor([[1.0, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0]]),
    "regression": torch.tensor([0.5, -1.0, 2.0]),
}
TASKS = list(GOLD)


def model(task: Task, family: str, seed: int, **shape: int) -> PreTrainedModel:
    answers = 1 if task == "regression" else 4
    return uneven(tiny(family, "classification", seed=seed, num_labels=answers, **shape))  # type: ignore[arg-type]


def logits(one: PreTrainedModel, texts: dict[str, Tensor]) -> Tensor:
    return torch.stack([said.logits for said in say(one, texts)])  # B C


def likely(logits: Tensor, task: Task) -> Tensor:
    """Probabilities: of the classes, ``B C``; or of each label being there and not being there, ``B C 2``."""
    return logits.softmax(-1) if task == "classification" else torch.stack((logits.sigmoid(), (-logits).sigmoid()), -1)


def soft(theirs: Tensor, ours: Tensor, temperature: float, task: Task) -> Tensor:
    """Hinton §2 as KL, without T²: of the teachers' probabilities at this temperature, and the student's logits."""
    log_ours = likely(ours / temperature, task).log()
    return (theirs * (theirs.log() - log_ours)).sum(-1).mean()


def hard(ours: Tensor, task: Task) -> Tensor:
    gold = GOLD[task]
    if task == "regression":
        return ((ours[:, 0] - gold) ** 2).mean()
    if task == "multilabel":
        return -(gold * ours.sigmoid().log() + (1 - gold) * (-ours).sigmoid().log()).mean()
    return -ours.log_softmax(-1)[range(len(gold)), gold].mean()


def at_temperature(stage: Stage, temperature: float, scale: str) -> Stage:
    """The stage with other settings of its soft targets."""
    first, *others = stage.terms
    settings: dict[str, Any] = {**first.settings, "temperature": temperature, "scale": scale}
    return replace(stage, terms=(replace(first, settings=settings), *others))


@pytest.mark.parametrize("family", ["bert", "electra"])
@pytest.mark.parametrize("task", TASKS)
def test_hinton(task: Task, family: str) -> None:
    """hodu distill --recipe hinton trains on another loss than T² KL at T = 2 and half of the hard labels' loss, or lets padding into the teacher's answer."""
    texts = batch()
    student, teacher = model(task, family, 1, layers=2, width=16), model(task, family, 2)
    twin = plain(student)
    said, ours = logits(plain(teacher), texts).detach(), logits(twin, texts)
    terms = {
        # a number has no distribution, so regression takes the squared error to the teacher's (ours)
        "SoftTargets": ((ours - said) ** 2).mean()
        if task == "regression"
        else 2**2 * soft(likely(said / 2, task), ours, 2, task),
        "Labels": hard(ours, task),
    }
    stage = stage_of(find_recipe("hinton"), "distil")
    given = step(stage, student, Teachers((teacher,)), {**texts, "labels": GOLD[task]}, task)
    assert_same(given, terms, [1.0, 0.5], twin)


@pytest.mark.parametrize(("temperature", "scale"), [(1.0, "squared"), (3.0, "squared"), (3.0, "none"), (0.5, "none")])
@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_temperature_and_its_square(task: Task, temperature: float, scale: str) -> None:
    """A recipe of the user's own with another T is trained at another temperature, or its soft targets fade against the labels as T rises."""
    texts = batch()
    student, teacher = model(task, "bert", 1, layers=2, width=16), model(task, "bert", 2)
    twin = plain(student)
    said, ours = logits(plain(teacher), texts).detach(), logits(twin, texts)
    factor = temperature * temperature if scale == "squared" else 1
    terms = {
        "SoftTargets": factor * soft(likely(said / temperature, task), ours, temperature, task),
        "Labels": hard(ours, task),
    }
    stage = at_temperature(stage_of(find_recipe("hinton"), "distil"), temperature, scale)
    given = step(stage, student, Teachers((teacher,)), {**texts, "labels": GOLD[task]}, task)
    assert_same(given, terms, [1.0, 0.5], twin)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
@pytest.mark.parametrize("task", TASKS)
def test_an_ensemble_of_two(task: Task, mean: Mean) -> None:
    """hodu distill A B --weights 1,3 hears the teachers in other shares than a quarter and three quarters, or averages what is not asked for (Hinton §1)."""
    texts = batch()
    student, teachers = model(task, "bert", 1, layers=2, width=16), [model(task, f, 2) for f in ("bert", "electra")]
    twin = plain(student)
    one, other = (logits(plain(teacher), texts).detach() for teacher in teachers)
    ours = logits(twin, texts)
    if task == "regression":
        soften = ((ours - (one + 3 * other) / 4) ** 2).mean()
    elif mean == "geometric":  # roots of products, made a distribution again
        product = likely(one / 2, task) ** 0.25 * likely(other / 2, task) ** 0.75
        soften = 4 * soft(product / product.sum(-1, keepdim=True), ours, 2, task)
    else:
        soften = 4 * soft((likely(one / 2, task) + 3 * likely(other / 2, task)) / 4, ours, 2, task)
    heard = Teachers(tuple(teachers), weights=(1.0, 3.0), mean=mean)
    given = step(stage_of(find_recipe("hinton"), "distil"), student, heard, {**texts, "labels": GOLD[task]}, task)
    assert_same(given, {"SoftTargets": soften, "Labels": hard(ours, task)}, [1.0, 0.5], twin)


@pytest.mark.parametrize("task", TASKS)
def test_tinyberts_prediction_stage(task: Task) -> None:
    """The last stage of --recipe tinybert trains on another loss than Eq. 10: soft cross-entropy at T = 1, and no hard labels."""
    texts = batch()
    student, teacher = model(task, "bert", 1, layers=2, width=16), model(task, "bert", 2)
    twin = plain(student)
    said, ours = logits(plain(teacher), texts).detach(), logits(twin, texts)
    if task == "regression":  # as hinton; the paper does not say what Eq. 10 is for one number
        term = ((ours - said) ** 2).mean()
    elif task == "multilabel":  # the same between the two answers to each label (ours)
        term = -(likely(said, task) * likely(ours, task).log()).sum(-1).mean()
    else:  # the reference code's mean is over examples and classes: a C-th of the cross-entropy
        term = (-said.softmax(-1) * ours.log_softmax(-1)).mean() * ours.shape[-1]
    stage = stage_of(find_recipe("tinybert"), "prediction")
    given = step(stage, student, Teachers((teacher,)), {**texts, "labels": GOLD[task]}, task)
    assert_same(given, {"SoftTargets": term}, [1.0], twin)
