"""What a model answers to each row of a set, rows with several choices included."""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from hodu.data import ABSENT, texts_of_rows
from hodu.measuring.predict import predict
from hodu.models.load import Loaded


def answered(loaded: Loaded, dataset: Dataset) -> NDArray[np.float32]:
    """Logits ``N C``, as :func:`hodu.measuring.predict`; of questions those of their choices, ``C`` being the most that one has, and ``ABSENT`` where one has fewer."""
    if "choices" not in dataset.column_names:
        return predict(loaded.model, loaded.tokenizer, dataset)
    texts, counts = texts_of_rows(dataset)
    there = np.arange(max(counts)) < np.asarray(counts)[:, None]  # N C
    logits: NDArray[Any] = np.full(there.shape, ABSENT, np.float32)
    logits[there] = predict(loaded.model, loaded.tokenizer, texts)[:, 0]
    return logits
