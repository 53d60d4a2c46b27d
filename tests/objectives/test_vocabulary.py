"""The loss over the vocabulary against the published formula, written out in float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from hodu.errors import ObjectiveError
from hodu.objectives import Vocabulary, vocabulary
from hodu.objectives.vocabulary import surprise
from hodu.types import IGNORED, Capture, Pairing, Readout, Shape

PIECES = 500


def model(width: int, seed: int, *, pieces: int = PIECES) -> Readout:
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(3, 11, width, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(pieces, width, generator=generator, dtype=torch.float64).mul(0.3).requires_grad_()
    return Readout(states, weight, torch.randn(pieces, generator=generator, dtype=torch.float64).requires_grad_())


def batch() -> tuple[Tensor, Tensor]:
    """A mask with padding, and labels at some real tokens."""
    mask = torch.arange(11) < torch.tensor([11, 7, 9])[:, None]
    chosen = (torch.rand(3, 11, generator=torch.Generator().manual_seed(5)) < 0.3) & mask
    gold = torch.randint(PIECES, (3, 11), generator=torch.Generator().manual_seed(6))
    return mask, gold.where(chosen, IGNORED)


def published(ours: Readout, theirs: Readout, mask: Tensor, labels: Tensor) -> Tensor:
    """5 T² KL (mean over real tokens) + 2 CE (mean over masked tokens), as DistilBERT's code has them, with all logits at once."""
    logits, said = (one.states @ one.weight.T + one.bias for one in (ours, theirs))
    soft = F.kl_div((logits[mask] / 2).log_softmax(-1), (said[mask] / 2).softmax(-1), reduction="batchmean") * 4
    return 5 * soft + 2 * F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


@pytest.mark.parametrize(("chunk", "block"), [(1, 1), (4, 3), (4, 100), (100, 4)])
def test_loss_and_gradients_equal_the_published_formula(
    chunk: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The student is trained on another loss than the paper's, by an amount that depends on the machine's chunk size."""
    monkeypatch.setitem(vocabulary._CHUNK, "cpu", chunk * PIECES)
    monkeypatch.setitem(vocabulary._BLOCK, "cpu", block * PIECES)
    ours, theirs, (mask, labels) = model(16, 1), model(24, 2), batch()
    objective = Vocabulary(soft=5.0, hard=2.0, temperature=2.0, mean="tokens")
    expected = published(ours, theirs, mask, labels)
    gradients = torch.autograd.grad(expected, [ours.states, ours.weight, ours.bias])  # type: ignore[list-item]
    loss = objective(Capture(mask, readout=ours, labels=labels), Capture(mask, readout=theirs))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss.backward()
    for tensor, gradient in zip((ours.states, ours.weight, ours.bias), gradients, strict=True):
        assert tensor is not None
        torch.testing.assert_close(tensor.grad, gradient, rtol=1e-6, atol=1e-9)
    assert theirs.states.grad is None


def test_without_soft_targets_only_labelled_tokens_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain masked training, and every undistilled baseline, takes longer than it needs: the vocabulary is gone through at tokens that count nothing."""
    looked: list[int] = []
    ours, (mask, labels) = model(16, 1), batch()
    whole = vocabulary._logits
    monkeypatch.setattr(vocabulary, "_logits", lambda readout, part: looked.append(1) or whole(readout, part))
    monkeypatch.setitem(vocabulary._CHUNK, "cpu", PIECES)
    loss = Vocabulary(soft=0.0, hard=1.0, mean="tokens")(Capture(mask, readout=ours, labels=labels), Capture(mask))
    assert len(looked) == int((labels != IGNORED).sum()) < int(mask.sum())
    assert ours.bias is not None
    logits = (ours.states @ ours.weight.T + ours.bias).flatten(0, 1)
    assert loss.item() == pytest.approx(
        F.cross_entropy(logits, labels.flatten(), ignore_index=IGNORED).item(), rel=1e-6
    )


def test_surprise_is_the_negative_log_likelihood() -> None:
    """hodu measure prints a perplexity that no other tool would find."""
    readout, (_, labels) = model(16, 1), batch()
    logs = (readout.states @ readout.weight.T + readout.bias).log_softmax(-1)  # type: ignore[operator]
    nats, right = surprise(readout, labels)
    there = labels != IGNORED
    torch.testing.assert_close(nats[there], -logs[there].gather(1, labels[there][:, None])[:, 0].float())
    assert torch.equal(right[there].bool(), logs.argmax(-1)[there] == labels[there])
    assert (nats[~there].abs().sum() + right[~there].sum()).item() == 0


def test_the_gradient_survives_bf16_autocast() -> None:
    """On a GPU or CPU with bf16 the language model learns nothing, or stops with an error about types."""
    ours, theirs, (mask, labels) = model(16, 1), model(24, 2), batch()
    ours, theirs = (
        Readout(*(one.detach().float().requires_grad_() for one in (m.states, m.weight, m.bias)))  # type: ignore[union-attr]
        for m in (ours, theirs)
    )
    objective = Vocabulary(soft=5.0, hard=2.0, temperature=2.0)
    exact = objective(Capture(mask, readout=ours, labels=labels), Capture(mask, readout=theirs))
    with torch.autocast("cpu", torch.bfloat16):
        loss = objective(Capture(mask, readout=ours, labels=labels), Capture(mask, readout=theirs))
    loss.backward()
    assert loss.item() == pytest.approx(exact.item(), rel=0.03)  # bf16 has 8 bits
    assert ours.weight.grad is not None and torch.isfinite(ours.weight.grad).all() and ours.weight.grad.abs().sum() > 0


def test_different_vocabularies_are_refused() -> None:
    """A student of another vocabulary is trained on the wrong pieces."""
    ours, theirs, (mask, labels) = model(16, 1), model(24, 2, pieces=400), batch()
    with pytest.raises(ObjectiveError, match="500 and the teacher 400"):
        Vocabulary()(Capture(mask, readout=ours, labels=labels), Capture(mask, readout=theirs))


def test_a_classifier_is_refused_with_an_alternative() -> None:
    """--recipe distilbert on a classifier ends in a shape error deep inside."""
    shape = Shape(2, 8, 2, 16)
    with pytest.raises(ObjectiveError, match="take a recipe such as hodu"):
        Vocabulary.between(Pairing(shape, shape, "classification"))


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {"soft": 0.0}, {"soft": -1.0, "hard": 1.0}])
def test_settings_that_cannot_work_are_refused(settings: dict[str, float]) -> None:
    """A temperature of 0 fills the student with NaN; weights of 0 train nothing for hours."""
    with pytest.raises(ObjectiveError):
        Vocabulary(**settings)  # type: ignore[arg-type]
