"""How well a language model expects running text."""

from __future__ import annotations

import logging

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn

from hodu.data import masked, max_length_of, pack, successive
from hodu.errors import ObjectiveError
from hodu.models.load import Loaded, task_of
from hodu.objectives.vocabulary import surprise
from hodu.taps import Tap
from hodu.types import IGNORED, Needs

_BATCH = 32


def expect(loaded: Loaded, dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Surprise at the pieces of a text, row by row of the model's full length, on the device of the model.

    Args:
        dataset: a column "text".

    Returns:
        ``N 2``: nats of surprise, and how many pieces were the model's first choice; and ``N``: how many there were to guess. Of a masked language model these are
        15 % of the pieces, chosen by the rows alone: the same ones for all models of one tokenizer.
    """
    model, tokenizer, length = loaded.model, loaded.tokenizer, max_length_of(loaded.tokenizer, loaded.model.config)
    rows, packing = pack(dataset, tokenizer, max_length=length)
    logging.getLogger("hodu").info("%s: %s", loaded.path, packing)
    batches = masked(tokenizer, seed=0) if task_of(model.config) == "masked-lm" else successive(tokenizer)
    said, asked = [], []
    nn.Module.eval(model)
    with torch.inference_mode(), Tap(model, Needs(readout=True)) as tap:
        for begin in range(0, len(rows), _BATCH):
            batch = batches([rows[place] for place in range(begin, min(begin + _BATCH, len(rows)))])
            labels = batch.pop("labels").to(model.device)
            capture = tap.ask({name: value.to(model.device) for name, value in batch.items()})
            if capture.readout is None:
                raise ObjectiveError(f"{loaded.path} was not read out")
            nats, right = surprise(capture.readout, labels)
            said.append(torch.stack((nats.sum(1), right.sum(1)), dim=1).cpu().numpy())
            asked.append((labels != IGNORED).sum(1).cpu().numpy())
    return np.concatenate(said).astype(np.float64), np.concatenate(asked).astype(np.float64)
