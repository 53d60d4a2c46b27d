"""The last stage of a student that will be exported: with its weights as they will be stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification

import hodu
from hodu.errors import RecipeError
from hodu.models.grid import by_groups, in_a_byte, on_grid
from hodu.recipes import find_recipe
from hodu.training.quantising import quantised, stored_as
from hodu.types import Quantised
from tests.tiny import batch, tiny
from tests.training.conftest import looked_on_by
from tests.training.test_runs import StopAt, same, weights

QUICK = {"student": "2x32", "epochs": 3.0, "batch_size": 16, "progress": False}


def test_a_stage_is_added_and_the_weights_end_on_the_grid(teacher: Path, data: Path, tmp_path: Path) -> None:
    """--quantise leaves a model that exports no better, that only hodu can load, or that does not say what was done to it."""
    out = hodu.distill(teacher, data, tmp_path / "small", quantise="int4", **QUICK)
    card = json.loads((out / "hodu.json").read_text())
    assert card["quantise"] == "int4"
    first, last = card["stages"]
    assert "quantise" not in first and last["quantise"] == "int4"
    assert last["epochs"] == pytest.approx(1) and last["learning_rate"] == pytest.approx(first["learning_rate"] / 10)
    model = AutoModelForSequenceClassification.from_pretrained(out)
    assert set(weights(out)) == set(model.state_dict())
    stored = [one for one in model.modules() if isinstance(one, nn.Linear) and stored_as(one, "int4")]
    assert len(stored) == 2 * 6 + 1
    for module in stored:
        assert torch.equal(on_grid(module.weight.detach(), "int4"), module.weight)


def test_a_stopped_stage_goes_on_to_the_same_student(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Ctrl-C in the last stage spoils the student, or its checkpoint cannot be read."""
    whole = hodu.distill(teacher, data, tmp_path / "whole", quantise="int8", **QUICK)
    card = json.loads((whole / "hodu.json").read_text())
    last = round(card["steps"] * 3 / 4)
    with looked_on_by(StopInLast(2)), pytest.raises(KeyboardInterrupt):
        hodu.distill(teacher, data, tmp_path / "stopped", quantise="int8", **QUICK)
    assert list((tmp_path / "stopped.training" / "quantise").glob("checkpoint-3")), f"stage 1 has {last} steps"
    assert same(weights(whole), weights(hodu.distill(teacher, data, tmp_path / "stopped", quantise="int8", **QUICK)))


class StopInLast(StopAt):
    """Presses Ctrl-C in the stage named quantise."""

    def on_step_begin(self, args, state, control, **more):  # type: ignore[no-untyped-def]
        if Path(args.output_dir).name == "quantise":
            super().on_step_begin(args, state, control, **more)


@pytest.mark.parametrize("family", ["bert", "gpt2", "electra"])
@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_every_stored_weight_learns(family: str, kind: Quantised) -> None:
    """Rounding stops the gradient, and the stage changes nothing; or a family's products are left out (GPT-2 has its own)."""
    model = tiny(family, "classification", width=64)
    counted = sum(one.numel() for one in model.parameters())
    held = [module for module in model.modules() if stored_as(module, kind)]
    assert sum(one.weight.numel() for one in held) > 0.5 * counted
    plain = model(**batch()).logits
    with quantised(model, kind):
        said = model(**batch()).logits
        said.square().sum().backward()
        for module in held:
            assert module.parametrizations["weight"].original.grad.abs().max() > 0
    assert (said - plain).abs().max() > 0
    assert set(dict(model.named_parameters())) == set(dict(tiny(family, "classification", width=64).named_parameters()))


def test_without_the_flag_nothing_is_rounded() -> None:
    """Students that are never exported lose accuracy to a stage that they do not need."""
    model = tiny("bert", "classification")
    with quantised(model, None):
        assert not any(hasattr(module, "parametrizations") for module in model.modules())
    assert len(find_recipe("hodu").stages) == 1 and find_recipe("hodu").stages[0].quantise is None


def test_sixteen_numbers_are_hit_exactly() -> None:
    """A weight that lies on the grid is moved again by its export, for each group by another step."""
    rows = (
        torch.tensor([[*range(-8, 8)] * 2, [-value for value in range(-8, 8)] * 2, [0] * 32], dtype=torch.float) * 0.3
    )
    numbers, scales = by_groups(rows)
    assert numbers.min() == -8 and numbers.max() == 7
    torch.testing.assert_close((numbers * scales).flatten(1), rows)
    once = on_grid(torch.randn(7, 50), "int4")
    assert torch.equal(on_grid(once, "int4"), once) and once.shape == (7, 50)


def test_each_text_has_its_own_range() -> None:
    """What a text's neighbours in a batch hold changes what the student learns of it, although a phone asks one text at a time."""
    values = torch.stack((torch.linspace(-1, 3, 500), 100 * torch.ones(500)))[:, None]
    left = in_a_byte(values)
    assert (left - values).abs().max() <= 4 / 255 / 2 + 1e-6 and left.unique().numel() <= 257
    torch.testing.assert_close(in_a_byte(values[:1]), left[:1])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quantise": "int3"}, "int8 or int4, got 'int3'"),
        ({"quantise": "int8", "task": "replaced-token"}, "cannot be exported"),
    ],
)
def test_what_cannot_be_quantised_is_refused_at_once(
    asked: dict[str, str], said: str, teacher: Path, data: Path, tmp_path: Path
) -> None:
    """An hour of training ends in an error, or in a model that cannot be used."""
    with pytest.raises(RecipeError, match=said):
        hodu.distill(teacher, data, tmp_path / "small", **asked)


def test_a_student_that_goes_on_takes_this_stage_alone(teacher: Path, data: Path, tmp_path: Path) -> None:
    """A student of many hours is distilled anew at the full rate, only to be quantised."""
    first = hodu.distill(teacher, data, tmp_path / "first", **{**QUICK, "epochs": 1.0})
    more = {"epochs": 1.0, "batch_size": 16, "progress": False}
    out = hodu.distill(teacher, data, tmp_path / "small", student=str(first), quantise="int8", **more)
    (stage,) = json.loads((out / "hodu.json").read_text())["stages"]
    assert (stage["name"], stage["epochs"], stage["learning_rate"]) == ("quantise", 1.0, pytest.approx(3e-5))
