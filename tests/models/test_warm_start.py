from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from hodu.errors import ModelError, ShapeError
from hodu.models import build_student, shape_of
from hodu.models.principal import principal_directions, reduce_queries_and_keys, reduce_values, regress
from hodu.types import Shape
from tests.models.tiny import batches, teacher

ENCODERS = ["Bert", "Electra", "Roberta", "DistilBert"]
HEADS = ["SequenceClassification", "TokenClassification", "QuestionAnswering", "MaskedLM"]


def outputs(model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
    with torch.inference_mode():
        found = model(**batch)
    return found.start_logits if "start_logits" in found else found[0]


def task_teacher(family: str, task: str) -> PreTrainedModel:
    return teacher(family, task, num_labels=2 if task == "QuestionAnswering" else 3)


def low_rank_teacher(family: str, task: str, rank: int = 20) -> PreTrainedModel:
    """A teacher of width 48 whose tokens differ only in ``rank`` directions, and whose layers write only into those."""
    model = task_teacher(family, task)
    directions = torch.linalg.qr(torch.randn(48, rank, generator=torch.Generator().manual_seed(3))).Q
    project = directions @ directions.T
    with torch.no_grad():
        for name, weight in model.base_model.named_parameters():
            writes = ("output.dense.weight", "out_lin.weight", "lin2.weight", "embeddings_project.weight")
            if name.endswith(writes):
                weight.copy_(project @ weight)
            elif "_embeddings.weight" in name and weight.shape[1] == 48:
                weight.copy_(weight @ project)
    return model


def agreement(student: PreTrainedModel, model: PreTrainedModel, kept: Tensor | None = None) -> float:
    """Share of the variance of the teacher's outputs that the student explains, on texts that the start did not see."""
    held_out = batches(6, pieces=60 if kept is None else len(kept))[4:]
    ours, theirs = [], []
    for batch in held_out:
        mask = batch["attention_mask"].bool()
        ids = batch["input_ids"] if kept is None else kept[batch["input_ids"]]
        small, full = outputs(student, batch), outputs(model, batch | {"input_ids": ids})
        per_token = small.shape[:2] == mask.shape
        full = full[..., kept] if kept is not None and per_token and full.shape[-1] == 60 else full
        ours.append(small[mask] if per_token else small)
        theirs.append(full[mask] if per_token else full)
    small, full = torch.cat(ours), torch.cat(theirs)
    return 1 - float((small - full).square().sum() / (full - full.mean(0)).square().sum())


@pytest.mark.parametrize("task", HEADS)
@pytest.mark.parametrize("family", ENCODERS)
def test_a_student_of_full_size_is_the_teacher(family: str, task: str) -> None:
    """Some weight would be rotated, reduced or fitted wrongly: nothing may get lost where nothing is cut."""
    model = task_teacher(family, task)
    student = build_student(model, shape_of(model.config), "rotate", batches=batches(8))
    # Vocabulary heads are fitted linearly and are not exact at any size.
    assert agreement(student, model) > (0.5 if task == "MaskedLM" else 0.99)


@pytest.mark.parametrize("task", HEADS)
@pytest.mark.parametrize("family", ENCODERS)
def test_a_narrow_student_does_the_task_before_training(family: str, task: str) -> None:
    """The rotated start would be no better than a random one: the first epochs would be spent on what the teacher knows."""
    model = low_rank_teacher(family, task)
    shape = Shape(2, 24, 2, 48)
    rotated = build_student(model, shape, "rotate", batches=batches(8))
    assert agreement(rotated, model) > 0.2
    assert agreement(build_student(model, shape, "random", batches=None), model) < 0.05


@pytest.mark.parametrize("family", ENCODERS)
def test_the_rotated_start_follows_a_pruned_vocabulary(family: str) -> None:
    """With a pruned vocabulary each word would start from another word's vector, and RoBERTa's positions one place off."""
    model = low_rank_teacher(family, "MaskedLM")
    kept = torch.tensor([0, 1, *range(20, 60)])
    texts = [batch | {"input_ids": kept[batch["input_ids"]]} for batch in batches(8, pieces=len(kept))]
    student = build_student(model, Shape(2, 24, 2, 48), "rotate", batches=texts, kept=kept)
    assert student.get_output_embeddings().weight is student.get_input_embeddings().weight
    assert agreement(student, model, kept) > 0.2


def test_narrower_heads_are_reduced() -> None:
    """TinyBERT's attention loss needs as many heads as the teacher has: they would start as noise."""
    model = low_rank_teacher("Bert", "SequenceClassification")
    assert agreement(build_student(model, Shape(2, 24, 4, 48), "rotate", batches=batches(8)), model) > 0.2


def test_electra_without_a_projection() -> None:
    """A student as narrow as ELECTRA's embeddings has no projection: it must be multiplied into the tables, not be lost."""
    model = low_rank_teacher("Electra", "SequenceClassification")
    student = build_student(model, Shape(2, 20, 2, 40), "rotate", batches=batches(8))
    assert not hasattr(student.electra, "embeddings_project")
    assert agreement(student, model) > 0.2


def test_the_teacher_is_left_as_it_was() -> None:
    """Hooks or the eval mode would stay on the teacher, and a teacher in training would go on without dropout."""
    model = teacher("Bert").train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    build_student(model, Shape(2, 24, 2, 48), "rotate", batches=batches(2))
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weight, before[name])


def test_the_student_can_be_trained() -> None:
    """Weights made under inference mode refuse the first backward pass."""
    student = build_student(teacher("Bert"), Shape(2, 24, 2, 48), "rotate", batches=batches(2)).train()
    student(**batches(1)[0]).logits.sum().backward()
    assert all(weight.grad is not None for weight in student.parameters())


@pytest.mark.parametrize("given", [None, [], batches(1, size=1)])
def test_too_little_text_is_refused(given: list[dict[str, Tensor]] | None) -> None:
    """The directions of a handful of tokens would silently give a student that knows only those."""
    with pytest.raises(ModelError, match="tokens"):
        build_student(teacher("Bert"), Shape(2, 24, 2, 48), "rotate", batches=given)


def test_text_outside_the_kept_vocabulary_is_refused() -> None:
    """The student would be fitted on texts in which it reads other words than the teacher."""
    with pytest.raises(ModelError, match="kept vocabulary lacks"):
        build_student(
            teacher("Bert"), Shape(2, 24, 2, 48), "rotate", batches=batches(2), kept=torch.tensor([0, 1, 2, 3])
        )


@pytest.mark.parametrize("family", ["Albert", "ModernBert", "GPT2", "Llama"])
def test_other_families_are_told_what_works(family: str) -> None:
    """The user would get a crash deep inside, or a student that is worse than random."""
    with pytest.raises(ModelError, match="random, or with layers"):
        build_student(teacher(family), Shape(2, 24, 2, 48), "rotate", batches=batches(2))


def test_unknown_heads_are_told() -> None:
    """A head that hodu does not know would silently stay random."""
    with pytest.raises(ModelError, match="head"):
        build_student(teacher("Electra", "MultipleChoice"), Shape(2, 24, 2, 48), "rotate", batches=batches(2))


def test_more_heads_than_the_teacher_are_refused() -> None:
    """Heads that the teacher does not have would stay random among started ones."""
    with pytest.raises(ShapeError, match="at most 4 heads"):
        build_student(teacher("Bert"), Shape(2, 24, 6, 48), "rotate", batches=batches(2))


def test_principal_directions_find_the_plane() -> None:
    """The student would keep directions in which the teacher says nothing."""
    generator = torch.Generator().manual_seed(0)
    plane = torch.linalg.qr(torch.randn(10, 3, generator=generator)).Q
    states = [torch.randn(200, 3, generator=generator) @ plane.T + 5 for _ in range(2)]
    found = principal_directions(states, 3)
    torch.testing.assert_close(found @ found.T, plane @ plane.T, atol=1e-4, rtol=0)  # fp32 eigenvectors
    torch.testing.assert_close(found.T @ found, torch.eye(3), atol=1e-5, rtol=0)


def test_regression_is_exact_on_affine_data_and_falls_back_on_the_prior() -> None:
    """Readers would be fitted wrongly, or with little text wander off from plain projection."""
    generator = torch.Generator().manual_seed(0)
    source, weight, bias = (torch.randn(*size, generator=generator) for size in ((500, 6), (4, 6), (4,)))
    target = source @ weight.T + bias
    found, offset = regress(source, target, torch.zeros(4, 6), 1e-7)
    torch.testing.assert_close(found, weight, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(offset, bias, atol=1e-4, rtol=1e-4)
    prior = torch.randn(4, 6, generator=generator)
    torch.testing.assert_close(regress(source, target, prior, 1e9)[0], prior)


def test_reduced_heads_keep_scores_and_writings() -> None:
    """Attention of a student with narrower heads would look at other tokens than the teacher's."""
    generator = torch.Generator().manual_seed(0)
    low = torch.linalg.qr(torch.randn(12, 5, generator=generator)).Q.T
    queries, keys, values = (torch.randn(300, 5, generator=generator) @ low for _ in range(3))
    keys = keys + torch.randn(12, generator=generator)  # the same for all keys: no softmax sees it
    to_queries, to_keys = reduce_queries_and_keys(queries, keys, 5)
    full = (queries @ keys.T / 12**0.5).softmax(-1)
    small = ((queries @ to_queries.T) @ (keys @ to_keys.T).T / 5**0.5).softmax(-1)
    torch.testing.assert_close(small, full, atol=1e-4, rtol=1e-3)  # fp32 singular values
    out = torch.randn(24, 12, generator=generator)
    to_values, columns = reduce_values(values, out, 5)
    torch.testing.assert_close(values @ to_values.T @ columns.T, values @ out.T, atol=1e-4, rtol=1e-3)
