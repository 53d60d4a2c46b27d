"""A new head for several labels knows at first how frequent each is, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import hodu
from hodu.models.load import load_model
from hodu.models.shares import start_at_shares
from hodu.training import fine_tuning
from tests.tiny import batch, tiny

SHARES = np.array([0.02, 0.5, 0.0, 0.9, 0.1])


@pytest.mark.parametrize("family", ["bert", "electra", "roberta", "distilbert"])
def test_a_new_head_says_the_shares(family: str) -> None:
    """A teacher with 28 labels, most of them rare, says "none" of every text after three epochs: the layers below its head were spoilt by the first steps."""
    model = tiny(family, "classification", num_labels=5).eval()
    start_at_shares(model, SHARES)
    with torch.no_grad():
        for weight in model.parameters():  # without what the random head says of the text
            if weight.shape[:1] == (5,) and weight.dim() == 2:
                weight.zero_()
        said = model(**batch()).logits.sigmoid()
    np.testing.assert_allclose(said, np.tile(SHARES.clip(1e-3, 1 - 1e-3), (len(said), 1)), atol=1e-5)


def test_training_begins_there_and_a_trained_head_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shares are those of other labels, or a teacher that goes on loses what its head had learnt."""
    given: list[tuple[list[str], list[float]]] = []

    def heard(model, shares):  # type: ignore[no-untyped-def]
        given.append((list(model.config.id2label.values()), shares.tolist()))

    monkeypatch.setattr(fine_tuning, "start_at_shares", heard)
    rows = ["text,label", *(f"the film {n},{'good|long' if n % 4 else 'long'}" for n in range(40))]
    file = tmp_path / "films.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    first = hodu.train("1x32", file, tmp_path / "first", task="multilabel", epochs=1, progress=False)
    ((labels, shares),) = given
    assert dict(zip(labels, shares, strict=True)) == {"good": pytest.approx(0.75, abs=0.1), "long": 1.0}
    assert list(load_model(first).model.config.id2label.values()) == labels
    hodu.train(first, file, tmp_path / "second", task="multilabel", epochs=1, progress=False)
    assert len(given) == 1
