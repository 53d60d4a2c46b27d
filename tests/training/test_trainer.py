"""The training loop's own choices."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from transformers import TrainerState
from transformers.trainer_utils import SaveStrategy

from hodu.training.trainer import DistilTrainer


@pytest.mark.parametrize(("higher", "seen"), [(True, [0.9, 0.95, 0.95, 0.9]), (False, [3.0, 2.5, 2.5, 2.9])])
def test_of_equally_good_checkpoints_the_later_one_is_kept(higher: bool, seen: list[float]) -> None:
    """A model that was perfect on a small dev set early on is taken from the middle of its training, before the falling rate has settled it."""
    trainer = object.__new__(DistilTrainer)
    trainer.args = SimpleNamespace(  # type: ignore[assignment]
        metric_for_best_model="quality", greater_is_better=higher, save_strategy=SaveStrategy.STEPS
    )
    trainer.state = TrainerState()
    for step, value in enumerate(seen, 1):
        trainer.state.global_step = step
        trainer._determine_best_metric({"eval_quality": value}, None)
    assert trainer.state.best_global_step == 3 and trainer.state.best_metric == seen[1]
