"""What a student is trained on: the invariants of the loss around real (tiny) models."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from hodu.models import build_student, prune_vocabulary, shape_of
from hodu.models.load import load_model
from hodu.objectives import HiddenStates, Labels, Objective, Relations, SoftTargets
from hodu.training.distillation import Distillation, Teachers
from hodu.types import Shape
from tests.training.conftest import sentences

SMALL = Shape(layers=2, width=16, heads=1, feed_forward=64)


def batch_of(folder: Path, count: int = 8) -> dict[str, Tensor]:
    tokenizer = load_model(folder).tokenizer
    texts = [text for text, _ in sentences()][:: 80 // count][:count]
    return {**tokenizer(texts, padding=True, return_tensors="pt"), "labels": torch.arange(count) % 2}


def objectives() -> list[Objective]:
    return [
        SoftTargets(temperature=2.0),
        HiddenStates(((0, 0), (1, 2), (2, 4)), 16, 32),
        Relations(((2, 4),), 16, 32),
        Labels(),
    ]


def models(folder: Path) -> tuple[PreTrainedModel, PreTrainedModel]:
    teacher = load_model(folder).model
    return build_student(teacher, SMALL, "slice", batches=None, seed=0), teacher


def test_a_student_that_is_its_teacher_has_zero_loss(teacher: Path) -> None:
    """A student that is already perfect is trained away from perfection."""
    model = load_model(teacher).model
    module = Distillation(
        copy.deepcopy(model),
        Teachers((model,)),
        [SoftTargets(), Relations(((4, 4),), 32, 32)],
        [1, 1],
        "classification",
    )
    module.train()
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    with module.tapped():
        loss = module(**batch_of(teacher))["loss"]
    assert abs(float(loss.detach())) < 1e-6


def test_only_student_and_projections_are_trained_and_saved(teacher: Path) -> None:
    """The teacher's weights move, or every checkpoint carries the whole teacher."""
    student, big = models(teacher)
    before = copy.deepcopy(big.state_dict())
    module = Distillation(student, Teachers((big,)), objectives(), [1, 1, 1, 1], "classification").train()
    with module.tapped():
        module(**batch_of(teacher))["loss"].backward()
    assert {name.split(".")[0] for name in module.state_dict()} == {"student", "objectives"}
    assert all(parameter.grad is None for parameter in big.parameters())
    assert all(torch.equal(before[name], value) for name, value in big.state_dict().items())
    assert student.bert.embeddings.word_embeddings.weight.grad.abs().sum() > 0


def test_a_pruned_vocabulary_changes_no_loss(teacher: Path) -> None:
    """With a pruned vocabulary the teacher is asked about other words than the student reads."""
    loaded = load_model(teacher)
    pruned = prune_vocabulary(loaded.tokenizer, [text for text, _ in sentences()][:16])
    texts = [text for text, _ in sentences()][:8]
    losses = []
    for tokenizer, kept in ((loaded.tokenizer, None), (pruned.tokenizer, pruned.kept)):
        student = build_student(loaded.model, SMALL, "slice", batches=None, kept=kept, seed=0).eval()
        torch.manual_seed(1)
        module = Distillation(
            student, Teachers((loaded.model,), kept=kept), objectives()[:3], [1, 1, 1], "classification"
        )
        module.training = True  # a training loss without dropout
        with module.tapped():
            losses.append(module(**tokenizer(texts, padding=True, return_tensors="pt"))["loss"].detach())
    assert len(pruned.kept) < len(loaded.tokenizer)
    torch.testing.assert_close(losses[0], losses[1])


def test_the_baseline_never_runs_its_teacher(teacher: Path) -> None:
    """The undistilled baseline takes as long as distillation, for nothing."""
    student, big = models(teacher)
    big.forward = lambda **_: pytest.fail("the teacher ran")  # type: ignore[method-assign]
    module = Distillation(student, Teachers((big,)), [Labels()], [1.0], "classification").train()
    with module.tapped():
        assert torch.isfinite(module(**batch_of(teacher))["loss"])


def test_models_are_left_as_they_were(teacher: Path) -> None:
    """After training, the student runs with recording attention and hooks for ever."""
    student, big = models(teacher)
    batch = batch_of(teacher)
    batch.pop("labels")
    before = [model.eval()(**batch).logits for model in (student, big)]
    module = Distillation(student, Teachers((big,)), objectives()[:3], [1, 1, 1], "classification")
    with module.tapped():
        module.train()(**batch)
    after = [model.eval()(**batch).logits for model in (student, big)]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not any(
        module._forward_hooks or module._forward_pre_hooks for model in (student, big) for module in model.modules()
    )


def test_the_shape_is_what_was_asked_for(teacher: Path) -> None:
    """--student 2x16 gives something else."""
    assert shape_of(models(teacher)[0].config) == SMALL
