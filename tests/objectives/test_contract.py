"""The contract that every objective must pass. A new objective needs a case here, and the last test fails until it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch

import hodu.objectives
from hodu.errors import ObjectiveError
from hodu.objectives import (
    AttentionDistributions,
    AttentionScores,
    Embeddings,
    HiddenStates,
    Labels,
    Objective,
    Relations,
    ReplacedTokens,
    Similarities,
    SoftTargets,
    Vocabulary,
)
from hodu.types import IGNORED, Capture, Readout, Task
from tests.objectives.captures import STUDENT, TEACHER, capture, tensors

GOLD = {
    "classification": torch.tensor([0, 2]),
    "multilabel": torch.tensor([[1.0, 0, 1], [0, 0, 1]]),
    "regression": torch.tensor([0.5, -1.0]),
    "masked-lm": torch.tensor([[3, IGNORED, 5], [IGNORED, 1, IGNORED]]),
    "replaced-token": torch.tensor([[0, 1, 0], [1, 0, IGNORED]]),
}


@dataclass(frozen=True)
class Case:
    """How to make an objective, for two different models and for two equal ones, and its floor when student equals teacher."""

    make: Callable[[], Objective]
    make_equal: Callable[[], Objective]
    task: Task = "classification"
    floor: Callable[[Capture], float] = lambda teacher: 0.0
    uses_teacher: bool = True
    teacher_classes: int | None = None  # vectors of another width than the student's
    pairs_examples: bool = False  # its terms are pairs of examples, which halves of a batch have fewer of

    @property
    def classes(self) -> int:
        return 1 if self.task == "regression" else 3

    @property
    def per_token(self) -> bool:
        return self.task == "replaced-token"


def entropy(teacher: Capture) -> float:
    assert teacher.logits is not None
    return float(torch.distributions.Categorical(logits=teacher.logits / 2).entropy().mean())


def identity(**settings: object) -> HiddenStates:
    """Hidden states with a projection that changes nothing: only then can equal models have zero loss."""
    objective = HiddenStates(((0, 0), (1, 2), (2, 4)), 12, 12, projection="shared", **settings)  # type: ignore[arg-type]
    with torch.no_grad():
        objective.projections[0].weight.copy_(torch.eye(12))  # type: ignore[operator, union-attr]
        objective.projections[0].bias.zero_()  # type: ignore[operator, union-attr]
    return objective


def same(task: Task) -> Callable[[], SoftTargets]:
    return lambda: SoftTargets(task, temperature=1.0 if task == "regression" else 2.0)


CASES: dict[str, Case] = {
    "soft targets": Case(same("classification"), same("classification")),
    "soft targets, multilabel": Case(same("multilabel"), same("multilabel"), "multilabel"),
    "soft targets, regression": Case(same("regression"), same("regression"), "regression"),
    "soft cross-entropy": Case(
        *(2 * (lambda: SoftTargets(temperature=2.0, scale="none", divergence="cross_entropy"),)), floor=entropy
    ),
    "labels": Case(Labels, Labels, uses_teacher=False),
    "labels, multilabel": Case(*(2 * (lambda: Labels("multilabel"),)), "multilabel", uses_teacher=False),
    "labels, regression": Case(*(2 * (lambda: Labels("regression"),)), "regression", uses_teacher=False),
    "hidden states": Case(lambda: HiddenStates(((0, 0), (1, 2), (2, 4)), 8, 12), identity),
    "hidden states, each": Case(lambda: HiddenStates(((1, 2), (2, 4)), 8, 12, projection="each"), identity),
    "hidden states, cosine": Case(
        lambda: HiddenStates(((2, 4),), 8, 12, distance="cosine"), lambda: identity(distance="cosine")
    ),
    "hidden states, no projection": Case(
        lambda: HiddenStates(((1, 1),), 8, 8, projection="none"),
        lambda: HiddenStates(((1, 1),), 12, 12, projection="none"),
    ),
    "attention scores": Case(
        lambda: AttentionScores(((1, 2), (2, 4)), 2, 2), lambda: AttentionScores(((1, 1), (2, 2)), 2, 2)
    ),
    "attention distributions": Case(
        lambda: AttentionDistributions(((2, 4),), 2, 2), lambda: AttentionDistributions(((1, 1), (2, 2)), 2, 2)
    ),
    "vocabulary": Case(*(2 * (lambda: Vocabulary(temperature=2.0),)), "masked-lm"),
    "vocabulary, masked positions": Case(*(2 * (lambda: Vocabulary(positions="labelled"),)), "masked-lm"),
    "vocabulary, both": Case(lambda: Vocabulary(soft=5.0, hard=2.0, temperature=2.0), Vocabulary, "masked-lm"),
    "vocabulary, labels alone": Case(*(2 * (lambda: Vocabulary(soft=0.0, hard=1.0),)), "masked-lm", uses_teacher=False),
    "replaced tokens": Case(*(2 * (lambda: ReplacedTokens(temperature=2.0),)), "replaced-token"),
    "replaced tokens, both": Case(
        lambda: ReplacedTokens(soft=5.0, hard=2.0, temperature=2.0), ReplacedTokens, "replaced-token"
    ),
    "replaced tokens, labels alone": Case(
        *(2 * (lambda: ReplacedTokens(soft=0.0, hard=1.0),)), "replaced-token", uses_teacher=False
    ),
    "sentence vectors": Case(lambda: Embeddings(3, 5), lambda: Embeddings(3, 3), teacher_classes=5),
    "sentence vectors, equal width": Case(*(2 * (lambda: Embeddings(3, 3),))),
    "sentence vectors, squared": Case(
        lambda: Embeddings(3, 5, distance="mse"), lambda: Embeddings(3, 3, distance="mse"), teacher_classes=5
    ),
    "cosines among sentences": Case(Similarities, Similarities, teacher_classes=5, pairs_examples=True),
    "relations": Case(lambda: Relations(((2, 4),), 8, 12), lambda: Relations(((2, 2), (4, 4)), 12, 12)),
}


def gold(task: Task, padded_to: int) -> torch.Tensor:
    """The gold labels; pieces to predict are padded as the batch is."""
    labels = GOLD[task]
    if task not in ("masked-lm", "replaced-token"):
        return labels
    return torch.nn.functional.pad(labels, (0, padded_to - labels.shape[1]), value=IGNORED)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def captures_for(name: str, lengths: tuple[int, ...] = (5, 3), padded_to: int = 5) -> tuple[Case, Capture, Capture]:
    """The case of this name, a student's capture with gold labels and another, wider model's as its teacher."""
    case = CASES[name]
    teacher_shape = STUDENT if "no projection" in name else TEACHER
    settings = {"lengths": lengths, "padded_to": padded_to, "classes": case.classes, "grad": True}
    settings["per_token"] = case.per_token
    student = capture(STUDENT, seed=1, labels=gold(case.task, padded_to), **settings)  # type: ignore[arg-type]
    settings["classes"] = case.teacher_classes or case.classes
    return case, student, capture(teacher_shape, seed=2, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CASES)
def test_the_loss_is_a_finite_scalar(name: str) -> None:
    """Training stops with an odd shape error, or trains on infinity."""
    case, student, teacher = captures_for(name)
    loss = case.make()(student, teacher)
    assert loss.shape == () and loss.dtype == torch.float32 and torch.isfinite(loss) and loss > 0


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.uses_teacher])
def test_a_student_equal_to_its_teacher_has_nothing_to_learn(name: str) -> None:
    """A perfect student is still pushed away from its teacher."""
    case = CASES[name]
    student = capture(TEACHER, seed=2, classes=case.classes, per_token=case.per_token, labels=gold(case.task, 5))
    objective = case.make_equal()
    if isinstance(objective, HiddenStates):  # compare each layer with itself
        objective.pairs = tuple((t, t) for _, t in objective.pairs)
    assert objective(student, student).item() == pytest.approx(case.floor(student), abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_gradients_reach_the_student_and_never_the_teacher(name: str) -> None:
    """The student does not learn; or the teacher is bent towards its student."""
    case, student, teacher = captures_for(name)
    objective = case.make()
    objective(student, teacher).backward()
    assert any(t.grad is not None and t.grad.abs().sum() > 0 for t in tensors(student))
    assert all(t.grad is None for t in tensors(teacher))
    for parameter in objective.parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("name", CASES)
def test_padding_changes_nothing(name: str) -> None:
    """The same sentence costs more or less in the company of a longer one."""
    case = CASES[name]
    objective = case.make()
    tight, wide = (objective(*captures_for(name, lengths=(4, 3), padded_to=size)[1:]) for size in (4, 9))
    torch.testing.assert_close(tight, wide, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.pairs_examples])
def test_a_batch_equals_its_halves_accumulated(name: str) -> None:
    """--accumulate 2 trains another model than a whole batch, although the docs say it only saves memory."""
    case, student, teacher = captures_for(name, lengths=(5, 2))
    objective = case.make()
    halves = [objective(row(student, i), row(teacher, i)) for i in range(2)]
    torch.testing.assert_close(torch.stack(halves).mean(), objective(student, teacher), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.uses_teacher])
def test_a_teacher_that_says_nan_is_refused(name: str) -> None:
    """A broken teacher fills the student with NaN and the run ends hours later with a useless folder."""
    case, student, teacher = captures_for(name)
    for tensor in tensors(teacher):
        tensor.data.fill_(float("nan"))
    with pytest.raises(ObjectiveError, match="teacher gave NaN"):
        case.make()(student, teacher)


@pytest.mark.parametrize(
    "name", [name for name in CASES if "hidden" in name or "attention" in name or "relations" in name]
)
def test_an_empty_mask_is_refused(name: str) -> None:
    """A text without a token silently makes the loss NaN."""
    case, student, teacher = captures_for(name)
    empty = torch.zeros_like(student.mask)
    with pytest.raises(ObjectiveError, match="no real token"):
        case.make()(replace(student, mask=empty), replace(teacher, mask=empty))


def test_every_objective_has_a_case() -> None:
    """An objective lands without the contract having been tried on it."""
    classes = {
        getattr(hodu.objectives, name)
        for name in hodu.objectives.__all__
        if isinstance(getattr(hodu.objectives, name), type)
    }
    assert classes - {Objective} == {type(case.make()) for case in CASES.values()}


def row(one: Capture, i: int) -> Capture:
    """The example i of a capture, as a batch of its own."""
    part = slice(i, i + 1)
    return replace(
        one,
        mask=one.mask[part],
        logits=None if one.logits is None else one.logits[part],
        hidden={k: v[part] for k, v in one.hidden.items()},
        attention={
            k: replace(v, queries=v.queries[part], keys=v.keys[part], values=v.values[part])
            for k, v in one.attention.items()
        },
        labels=None if one.labels is None else one.labels[part],
        readout=None
        if one.readout is None
        else Readout(one.readout.states[part], one.readout.weight, one.readout.bias),
    )
