"""A text filled up to a length that a file takes, and what it answers, cut back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hodu.exporting.parity import Array, Outputs
from hodu.types import LANGUAGE, TOKENS, Task


def filled(inputs: Mapping[str, Array], length: int) -> dict[str, Array]:
    """With zeros, which the mask hides, on the right: ``1 length`` each."""
    return {name: np.pad(one, ((0, 0), (0, length - one.shape[1]))) for name, one in inputs.items()}


def cut(outputs: Mapping[str, Array], length: int, task: Task) -> Outputs:
    """The answers for the first tokens alone, where each token has one."""
    return {name: one[:, :length] if task in TOKENS | LANGUAGE else one for name, one in outputs.items()}
