"""A new head for several labels begins with how frequent each is."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel

_LEAST = 1e-3
"""A label that no row has, or every one, is not taken for impossible or sure."""


def start_at_shares(model: PreTrainedModel, shares: NDArray[np.floating]) -> None:
    """Let a new head say of each of its ``C`` labels how large a share of the rows has it (``C``, from 0 to 1), whatever the text: its biases become the shares' log odds.

    A head that begins with one half for each learns first of all that most labels are rare, from every row alike, and at a high rate the layers below forget how texts differ
    (Lin et al. 2017, Focal Loss, section 3.3, met the same with rare objects). Heads without a bias stay as they are.
    """
    inside = {id(module) for module in model.base_model.modules()} if model.base_model is not model else set()
    for module in model.modules():
        if not isinstance(module, nn.Linear) or id(module) in inside or module.bias is None:
            continue
        if module.out_features == len(shares):
            bounded = torch.as_tensor(shares).clamp(_LEAST, 1 - _LEAST)
            with torch.no_grad():
                module.bias.copy_(torch.logit(bounded))
