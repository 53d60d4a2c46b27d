from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from datasets import Dataset

from hodu.measuring import predict
from tests.measuring.tiny import TEXTS, classifier, tokenizer


def one_by_one(model: torch.nn.Module, rows: Dataset) -> np.ndarray:
    """Logits without batches, padding or sorting."""
    with torch.inference_mode():
        outputs = [model(**tokenizer()(row["text"], row.get("pair"), return_tensors="pt")).logits[0] for row in rows]
    return torch.stack(outputs).numpy()


def test_batches_give_what_single_sentences_give_in_their_order() -> None:
    """Sorting by length or padding would attach answers to the wrong rows, and every figure would be wrong."""
    rows, model = Dataset.from_dict({"text": TEXTS}), classifier()
    expected = one_by_one(model, rows)
    assert len(np.unique(expected.round(4), axis=0)) == len(TEXTS)  # else a wrong order could not be seen
    for batch_size in (1, 3, 64):
        np.testing.assert_allclose(predict(model, tokenizer(), rows, batch_size=batch_size), expected, atol=1e-5)


def test_pairs_are_read_as_pairs() -> None:
    """The second sentence would be dropped, and premise-hypothesis tasks scored by the premise alone."""
    rows, model = Dataset.from_dict({"text": TEXTS, "pair": TEXTS[::-1]}), classifier()
    short = rows.select([0, 1, 4, 6])
    np.testing.assert_allclose(predict(model, tokenizer(), short), one_by_one(model, short), atol=1e-5)
    assert not np.allclose(
        predict(model, tokenizer(), short), predict(model, tokenizer(), short.remove_columns("pair")), atol=1e-3
    )


def test_labels_are_not_looked_at() -> None:
    """Labels of another form (lists, numbers) would reach the model's own loss and fail there."""
    rows = Dataset.from_dict({"text": TEXTS, "label": [[1.0, 0.0]] * len(TEXTS)})
    assert predict(classifier(), tokenizer(), rows).shape == (len(TEXTS), 2)


def test_dropout_is_off_and_the_mode_comes_back() -> None:
    """Scored in the middle of training, a model would answer with dropout on, or train on without it."""
    rows, model = Dataset.from_dict({"text": TEXTS}), classifier()
    model.train()
    first = predict(model, tokenizer(), rows)
    np.testing.assert_array_equal(first, predict(model, tokenizer(), rows))
    assert model.training


def test_cut_texts_are_counted_aloud(caplog: pytest.LogCaptureFixture) -> None:
    """Long reviews would be judged by their beginning, and nobody would know."""
    rows = Dataset.from_dict({"text": ["good " * 30, "bad"]})
    with caplog.at_level(logging.WARNING, logger="hodu"):
        assert predict(classifier(), tokenizer(), rows).shape == (2, 2)
    assert "1 of 2 texts are longer than 16 tokens" in caplog.text
