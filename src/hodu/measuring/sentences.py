"""How alike a sentence encoder finds two sentences."""

from __future__ import annotations

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from hodu.data import paired
from hodu.measuring.predict import predict
from hodu.models.load import Loaded


def cosines(loaded: Loaded, dataset: Dataset) -> NDArray[np.float32]:
    """The cosine of the two vectors of each pair, ``N 1``, computed on the device of the model.

    Args:
        dataset: a column "text", and "pair"; single sentences are compared with the next one.
    """
    pairs = paired(dataset)
    sides = [
        predict(loaded.model, loaded.tokenizer, pairs.select_columns([name]).rename_columns({name: "text"}))
        for name in ("text", "pair")
    ]
    one, other = (side / np.linalg.norm(side, axis=1, keepdims=True).clip(min=1e-12) for side in sides)  # N D
    return np.asarray((one * other).sum(1, keepdims=True))  # N 1
