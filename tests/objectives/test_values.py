"""Each objective against the published formula, written out plainly in float64, and its refusals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from hodu.errors import ObjectiveError
from hodu.layers import layer_pairs, uniform
from hodu.objectives import (
    AttentionScores,
    Embeddings,
    HiddenStates,
    Labels,
    Relations,
    Similarities,
    SoftTargets,
    combine,
)
from hodu.types import Capture
from tests.objectives.captures import STUDENT, TEACHER, capture

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # float32 against float64


def both(**settings: object) -> tuple[Capture, Capture]:
    return capture(STUDENT, seed=1, **settings), capture(TEACHER, seed=2, **settings)  # type: ignore[arg-type]


def test_soft_targets_are_hintons() -> None:
    """The temperature is applied to one side only, or T² is forgotten, and the weights in the paper no longer mean what they say."""
    student, teacher = both()
    p = torch.softmax(teacher.logits.double() / 3, -1)  # type: ignore[union-attr]
    q = torch.softmax(student.logits.double() / 3, -1)  # type: ignore[union-attr]
    expected = (p * (p / q).log()).sum(-1).mean()
    torch.testing.assert_close(SoftTargets(temperature=3)(student, teacher).double(), 9 * expected, **CLOSE)
    torch.testing.assert_close(SoftTargets(temperature=3, scale="none")(student, teacher).double(), expected, **CLOSE)


def test_squared_scale_keeps_the_gradient_when_the_temperature_rises() -> None:
    """Raising T silently switches distillation off, because gradients shrink with 1/T²."""
    sizes = []
    for temperature in (20.0, 40.0):
        student = capture(STUDENT, seed=1, grad=True)
        SoftTargets(temperature=temperature)(student, capture(STUDENT, seed=2)).backward()
        sizes.append(float(student.logits.grad.norm()))  # type: ignore[union-attr]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


def test_attention_scores_are_tinyberts() -> None:
    """Scores are compared after the softmax, without 1/√K, or with padding in: the layer loss is another one than the paper's."""
    student, teacher = both(lengths=(4,), padded_to=4)
    expected = torch.zeros((), dtype=torch.float64)
    for s, t in ((1, 2), (2, 4)):
        ours, theirs = (c.attention[i] for c, i in ((student, s), (teacher, t)))
        a, b = (h.queries.double() @ h.keys.double().mT / math.sqrt(h.queries.shape[-1]) for h in (ours, theirs))
        expected += ((a - b) ** 2).mean()
    torch.testing.assert_close(AttentionScores(((1, 2), (2, 4)), 2, 2)(student, teacher).double(), expected, **CLOSE)


def test_relations_are_minilmv2s() -> None:
    """Relation heads mix tokens with features, or softmax runs over padding: the loss falls and nothing is learnt."""
    student, teacher = both(lengths=(5, 3), padded_to=6)

    def log_relation(vectors: Tensor, length: int) -> Tensor:
        joined = vectors[:, :length].permute(1, 0, 2).reshape(length, -1).double()  # L D
        split = joined.reshape(length, 4, -1).permute(1, 0, 2)  # R L K
        return torch.log_softmax(split @ split.mT / math.sqrt(split.shape[-1]), -1)

    expected = torch.zeros((), dtype=torch.float64)
    for i, length in enumerate((5, 3)):
        for kind in ("queries", "keys", "values"):
            q = log_relation(getattr(student.attention[2], kind)[i], length)
            p = log_relation(getattr(teacher.attention[4], kind)[i], length)
            expected += (p.exp() * (p - q)).sum() / (4 * length) / 2
    torch.testing.assert_close(Relations(((2, 4),), 8, 12, heads=4)(student, teacher).double(), expected, **CLOSE)


def test_a_causal_model_is_compared_only_on_what_it_may_see() -> None:
    """For GPT students, relations to tokens that come later, which the model never used, drown those it did use."""
    student, teacher = (Capture(c.mask, attention=c.attention, causal=True) for c in both(lengths=(4,), padded_to=4))

    def log_relation(vectors: Tensor) -> Tensor:
        joined = vectors[0].permute(1, 0, 2).reshape(4, -1).double()  # L D
        split = joined.reshape(4, 4, -1).permute(1, 0, 2)  # R L K
        products = split @ split.mT / math.sqrt(split.shape[-1])
        return torch.log_softmax(products.masked_fill(torch.ones(4, 4).triu(1).bool(), -math.inf), -1)

    q, p = log_relation(student.attention[2].keys), log_relation(teacher.attention[4].keys)
    expected = torch.where(p > -math.inf, p.exp() * (p - q), 0.0).sum() / (4 * 4)
    relations = Relations(((2, 4),), 8, 12, heads=4, kinds=("keys",))
    torch.testing.assert_close(relations(student, teacher).double(), expected, **CLOSE)


def test_least_squares_projections_start_at_the_best_linear_map() -> None:
    """The first epochs train the projection instead of the student."""
    student, teacher = both(lengths=(40, 30), padded_to=40)
    random, fitted = (HiddenStates(((2, 4),), 8, 12, initial=initial) for initial in ("random", "least_squares"))  # type: ignore[arg-type]
    fitted.prepare([(student, teacher)])
    x = torch.nn.functional.pad(student.hidden[2][student.mask], (0, 1), value=1.0).double()
    y = teacher.hidden[4][teacher.mask].double()
    best = ((x @ torch.linalg.lstsq(x, y).solution - y) ** 2).mean()
    assert float(fitted(student, teacher).detach()) == pytest.approx(
        float(best), rel=0.02
    )  # the ridge, and tokens weigh by sentence
    assert fitted(student, teacher) < random(student, teacher)


def test_an_ensemble_speaks_with_the_mean_of_its_probabilities() -> None:
    """The loudest teacher wins: averaging logits where the paper averages probabilities."""
    one, other = capture(TEACHER, seed=1), capture(TEACHER, seed=2)
    combined = combine([one, other], [1, 3], "classification", temperature=2.0)
    p, q = (torch.softmax(c.logits / 2, -1) for c in (one, other))  # type: ignore[operator]
    torch.testing.assert_close(torch.softmax(combined.logits / 2, -1), 0.25 * p + 0.75 * q)  # type: ignore[operator]
    geometric = combine([one, other], [1, 1], "classification", mean="geometric")
    torch.testing.assert_close(geometric.logits, (one.logits + other.logits) / 2)  # type: ignore[operator]
    multilabel = combine([one, other], [1, 1], "multilabel", temperature=2.0)
    torch.testing.assert_close(
        torch.sigmoid(multilabel.logits / 2),  # type: ignore[operator]
        (torch.sigmoid(one.logits / 2) + torch.sigmoid(other.logits / 2)) / 2,  # type: ignore[operator]
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SoftTargets(temperature=0), "above 0, got 0"),
        (lambda: SoftTargets(temperature=-1), "above 0, got -1"),
        (lambda: SoftTargets(temperature=float("nan")), "above 0"),
        (lambda: SoftTargets("regression", temperature=2), "nothing for regression"),
        (lambda: AttentionScores(((1, 2),), 6, 12), "6 heads and the teacher 12"),
        (lambda: AttentionScores((), 2, 2), "no layer pairs"),
        (lambda: HiddenStates(((1, 2),), 8, 12, projection="none"), "width 8 .* and 12"),
        (lambda: HiddenStates((), 8, 12), "no layer pairs"),
        (lambda: Relations(((1, 2),), 8, 12, heads=3), "3 relation heads do not divide"),
        (lambda: Relations((), 8, 12), "at least one layer pair"),
    ],
)
def test_what_cannot_work_is_refused_at_once(make: object, says: str) -> None:
    """A setting that means nothing is accepted and hours of training are wasted on it."""
    with pytest.raises(ObjectiveError, match=says):
        make()  # type: ignore[operator]


def test_different_classes_are_refused() -> None:
    """Broadcasting compares class 1 of one model with class 2 of the other."""
    with pytest.raises(ObjectiveError, match="same classes"):
        SoftTargets()(capture(STUDENT, seed=1, classes=3), capture(TEACHER, seed=2, classes=4))
    with pytest.raises(ObjectiveError, match="same classes"):
        combine([capture(TEACHER, seed=1, classes=3), capture(TEACHER, seed=2, classes=1)], [1, 1], "classification")


def test_labels_need_labels() -> None:
    """Unlabelled rows are trained on as if they were class 0."""
    with pytest.raises(ObjectiveError, match="needs labels"):
        Labels()(capture(STUDENT, seed=1), capture(TEACHER, seed=2))


def test_layers_are_spread_evenly_and_end_with_the_last() -> None:
    """The student's last layer, which feeds the head, learns from a middle layer."""
    assert uniform(4, 12) == (3, 6, 9, 12)
    assert uniform(5, 12)[-1] == 12 and len(set(uniform(5, 12))) == 5
    assert layer_pairs("uniform", 3, 6, embeddings=True) == ((0, 0), (1, 2), (2, 4), (3, 6))
    assert layer_pairs("last", 3, 6) == ((3, 6),)


def test_cosines_among_sentences_are_those_of_the_vectors() -> None:
    """A narrower student's vectors are led to other nearnesses than its teacher's, and nobody can search with them."""
    ours, theirs = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), torch.eye(3)
    mask = torch.ones(3, 1, dtype=torch.bool)
    loss = Similarities()(Capture(mask, logits=ours), Capture(mask, logits=theirs))
    # of six pairs of different rows four have the cosine 0.7071 where the teacher has 0, and two have 0
    assert loss.item() == pytest.approx(4 * 0.5 / 6, rel=1e-5)


def test_one_sentence_has_no_pairs() -> None:
    """The last batch of an epoch has one sentence, and the loss is NaN."""
    mask = torch.ones(1, 1, dtype=torch.bool)
    one = torch.tensor([[1.0, 2.0]], requires_grad=True)
    loss = Similarities()(Capture(mask, logits=one), Capture(mask, logits=torch.ones(1, 3)))
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-9) and one.grad is not None


def test_a_projection_of_vectors_starts_by_least_squares() -> None:
    """The first epochs train a map that is thrown away instead of the student."""
    torch.manual_seed(0)
    ours = torch.randn(50, 4)
    theirs = ours @ torch.randn(4, 6) + torch.randn(6)
    mask = torch.ones(50, 1, dtype=torch.bool)
    objective = Embeddings(4, 6)
    captures = Capture(mask, logits=ours), Capture(mask, logits=theirs)
    objective.prepare([captures])
    assert objective(*captures).item() < 1e-4
