"""The recipe for ELECTRA discriminators, against its formula written out plainly."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from hodu.recipes import find_recipe
from hodu.training.distillation import Teachers
from hodu.types import IGNORED
from tests.recipes.plain import Said, mean_over_texts, plain, say, uneven
from tests.recipes.step import assert_same, stage_of, step
from tests.recipes.test_layers import hidden
from tests.tiny import batch, tiny


def discriminator(seed: int, **shape: int) -> PreTrainedModel:
    return uneven(tiny("electra", "replaced-token", seed=seed, **shape))


def test_electra() -> None:
    """--recipe electra trains on another loss than 5 T² KL of the judgements at T = 2, 2 of ELECTRA's own loss (Clark et al. 2020, §2) and the hidden states, or judges padding."""
    texts = batch()
    there = texts["attention_mask"].bool()
    replaced = (torch.arange(there.numel()).view(there.shape) % 3 == 0).long()
    student, teacher = discriminator(1, layers=2, width=16), discriminator(2, layers=4)
    twin = plain(student)
    truth = {**texts, "labels": replaced.masked_fill(~there, IGNORED)}
    given = step(stage_of(find_recipe("electra"), "distil"), student, Teachers((teacher,)), truth, "replaced-token")
    projections = given.projections()
    gold = [row[mask].double() for row, mask in zip(replaced, there, strict=True)]

    def judged(ours: Said, theirs: Said, gold: Tensor) -> Tensor:
        p, q, own = (theirs.logits / 2).sigmoid(), (ours.logits / 2).sigmoid(), ours.logits.sigmoid()
        soft = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
        hard = -(gold * own.log() + (1 - gold) * (1 - own).log())
        return 5 * 2**2 * soft.mean() + 2 * hard.mean()

    said = say(twin, texts), say(plain(teacher), texts)
    terms = {
        "ReplacedTokens": mean_over_texts(judged, *said, gold),
        "HiddenStates": mean_over_texts(hidden(lambda place: projections[place]), *said),
    }
    assert_same(given, terms, [1.0, 1.0], twin, projections)
