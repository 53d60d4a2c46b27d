"""Replaced-token detection against the plain formulas in float64, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch import Tensor
from transformers import ElectraForPreTraining

from hodu.errors import ObjectiveError
from hodu.measuring import bootstrap, score
from hodu.objectives import ReplacedTokens, Vocabulary
from hodu.objectives.replaced import detected
from hodu.types import IGNORED, Capture, Pairing, Shape
from tests.tiny import batch, tiny

MASK = torch.arange(9) < torch.tensor([9, 6, 4])[:, None]


def logits(seed: int) -> Tensor:
    return torch.randn(3, 9, generator=torch.Generator().manual_seed(seed)) * 3


def labels() -> Tensor:
    gold = (torch.rand(3, 9, generator=torch.Generator().manual_seed(7)) < 0.4).long()
    return gold.masked_fill(~MASK, IGNORED)


def published(soft: float, hard: float, temperature: float) -> Tensor:
    """Row by row, token by token, with chances and not logits."""
    ours, theirs, gold = logits(1).double(), logits(2).double(), labels()
    rows = []
    for row in range(3):
        tokens = []
        for at in range(int(MASK[row].sum())):
            p, q = (torch.sigmoid(each[row, at] / temperature) for each in (theirs, ours))
            apart = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
            chance = torch.sigmoid(ours[row, at])
            wrong = -(chance if gold[row, at] == 1 else 1 - chance).log()
            tokens.append(soft * temperature**2 * apart + hard * wrong)
        rows.append(torch.stack(tokens).mean())
    return torch.stack(rows).mean()


@pytest.mark.parametrize(("soft", "hard", "temperature"), [(1.0, 0.0, 1.0), (5.0, 2.0, 2.0), (0.0, 1.0, 1.0)])
def test_loss_and_gradient_equal_the_formula(soft: float, hard: float, temperature: float) -> None:
    """The discriminator is trained on another loss than the recipe states: T² is forgotten, or padding counts."""
    objective = ReplacedTokens(soft=soft, hard=hard, temperature=temperature)
    ours = logits(1).requires_grad_()
    loss = objective(Capture(MASK, ours, labels=labels()), Capture(MASK, logits(2)))
    torch.testing.assert_close(loss.double(), published(soft, hard, temperature), rtol=1e-5, atol=1e-7)
    loss.backward()
    p, q = (torch.sigmoid(each / temperature) for each in (logits(2).double(), logits(1).double()))
    slope = soft * temperature * (q - p) + hard * (torch.sigmoid(logits(1).double()) - (labels() == 1).double())
    slope = torch.where(MASK, slope, 0.0) / MASK.sum(1, keepdim=True) / 3
    assert ours.grad is not None
    torch.testing.assert_close(ours.grad.double(), slope, rtol=1e-4, atol=1e-7)


def test_the_hard_part_is_electras_loss() -> None:
    """`hodu train --task replaced-token` trains on something else than everybody's ELECTRA."""
    model = tiny("electra", "replaced-token")
    assert isinstance(model, ElectraForPreTraining)
    inputs = batch(lengths=(7, 7, 7))
    gold = (torch.rand(3, 7, generator=torch.Generator().manual_seed(3)) < 0.3).long()
    said = model(**inputs, labels=gold)
    capture = Capture(inputs["attention_mask"].bool(), said.logits, labels=gold)
    loss = ReplacedTokens(soft=0.0, hard=1.0)(capture, Capture(capture.mask))
    torch.testing.assert_close(loss, said.loss)


def test_certain_models_give_a_finite_loss() -> None:
    """A teacher that is certain of a piece, as good ones are of most, makes the loss NaN."""
    sure = torch.tensor([[200.0, -200.0, 90.0]])
    there = torch.ones(1, 3, dtype=torch.bool)
    loss = ReplacedTokens(soft=1.0, hard=1.0)(
        Capture(there, -sure, labels=torch.tensor([[1, 0, 1]])), Capture(there, sure)
    )
    assert loss.item() == pytest.approx(2 * (200 + 200 + 90) / 3)


def test_figures_are_scikit_learns() -> None:
    """hodu measure prints another F1 than everybody's, or counts padding, or F1 of "original", which is always high."""
    sums, asked = detected(logits(1), labels()).double().numpy(), MASK.sum(1).numpy()
    chances, gold = torch.sigmoid(logits(1).double())[MASK].numpy(), labels()[MASK].numpy()
    expected = {
        "f1": f1_score(gold, chances > 0.5),
        "accuracy": accuracy_score(gold, chances > 0.5),
        "cross_entropy": log_loss(gold, chances),
    }
    assert score("replaced-token", sums, asked) == pytest.approx(expected, rel=1e-6)
    assert next(iter(score("replaced-token", sums, asked))) == "f1"
    low, high = bootstrap("replaced-token", sums, asked, "f1")
    assert low < expected["f1"] < high


def test_what_cannot_work_is_refused() -> None:
    """--recipe electra on a BERT, or a classifier as its teacher, ends in a shape error deep inside."""
    shape, capture = Shape(2, 8, 2, 16), Capture(MASK, logits(1))
    with pytest.raises(ObjectiveError, match="this is masked-lm"):
        ReplacedTokens.between(Pairing(shape, shape, "masked-lm"))
    with pytest.raises(ObjectiveError, match="electra for replaced-token"):
        Vocabulary.between(Pairing(shape, shape, "replaced-token"))
    with pytest.raises(ObjectiveError, match="one logit a token"):
        ReplacedTokens()(capture, Capture(MASK, torch.zeros(3, 2)))
    with pytest.raises(ObjectiveError, match="give labels"):
        ReplacedTokens(hard=1.0)(capture, capture)
    for settings in ({"temperature": 0.0}, {"soft": 0.0}, {"soft": -1.0, "hard": 1.0}):
        with pytest.raises(ObjectiveError):
            ReplacedTokens(**settings)
