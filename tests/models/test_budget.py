"""Budgets: what the user types, and that a size is the saved file's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hodu.errors import ShapeError
from hodu.models import Budget, build_student, parse_budget, plan
from hodu.models.budget import candidates
from tests.models.tiny import FAMILIES, teacher


@pytest.mark.parametrize(
    ("size", "speed", "budget"),
    [
        ("3MB", None, Budget(3_000_000)),
        (" 500 kb ", None, Budget(500_000)),
        ("1.5GB", "10", Budget(1_500_000_000, speed=10.0)),
        ("3MB int8", "2.5x", Budget(3_000_000, int8=True, speed=2.5)),
        (None, 10, Budget(speed=10.0)),
        (None, None, None),
    ],
)
def test_reads_sizes_and_speeds(size: str | None, speed: str | None, budget: Budget | None) -> None:
    """3MB would be read as three bytes, or a speed as a size."""
    assert parse_budget(size, speed) == budget


@pytest.mark.parametrize(
    ("size", "speed", "student", "says"),
    [
        ("3", None, None, "3MB or 500KB"),
        ("-3MB", None, None, "3MB or 500KB"),
        ("small", None, None, "3MB or 500KB"),
        (None, "fast", None, "for example 10x"),
        (None, "1x", None, "more than 1x"),
        (None, "0.5", None, "more than 1x"),
        ("3MB", None, "3x192", "the one or the other"),
        (None, "10x", "3x192", "the one or the other"),
    ],
)
def test_refuses_what_is_no_budget(size: str | None, speed: str | None, student: str | None, says: str) -> None:
    """A slip of the finger starts hours of training with another student than was meant."""
    with pytest.raises(ShapeError, match=says):
        parse_budget(size, speed, student=student)


def test_one_budget_is_recorded_in_one_way() -> None:
    """A stopped run is not continued because of a blank in "3 MB"."""
    one, other = parse_budget("3MB", "10x"), parse_budget(" 3000 kb", 10.0)
    assert one and other
    assert (one.size_text, one.speed_text) == (other.size_text, other.speed_text) == ("3 MB", "10x")


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_are_those_of_the_saved_file(family: str, tmp_path: Path) -> None:
    """A student for a phone with room for 3 MB takes 3.3 MB, and this is seen after the training."""
    big = teacher(family, vocab_size=3000)
    ranked = candidates(big, vocabulary=3000)
    for one in (ranked[1], ranked[-1], max(ranked, key=lambda one: one.shape.layers)):
        built = build_student(big, one.shape, "random", batches=None)
        built.save_pretrained(tmp_path)
        file = (tmp_path / "model.safetensors").stat().st_size
        assert 0 <= one.bytes - file <= 0.01 * file, one
        sizes = plan(big, one.shape, "random", vocabulary=3000)
        assert one.parameters == sizes.non_embedding_parameters
    for one in candidates(big, vocabulary=3000, int8=True)[::3]:
        assert 0 < one.bytes - plan(big, one.shape, "random", vocabulary=3000).int8_bytes < 20_000


def test_shapes_are_neither_threads_nor_slabs() -> None:
    """A size budget buys twelve layers of width 16, because layers cost nothing beside the vocabulary."""
    big = teacher("Bert", num_hidden_layers=6, hidden_size=96)
    shapes = [one.shape for one in candidates(big, vocabulary=60)]
    assert {shape.layers for shape in shapes} == {1, 2, 3, 4, 5, 6}
    assert all(8 <= shape.width / shape.layers <= 32 for shape in shapes)  # the teacher's is 16
    assert all(shape.width % 16 == 0 and shape.width // shape.heads >= 16 for shape in shapes)


def test_heads_and_feed_forward_of_the_user_are_kept() -> None:
    """--heads beside --size is ignored, or a recipe that needs the teacher's heads gets a shape that it refuses."""
    big = teacher("Bert")
    assert {one.shape.heads for one in candidates(big, vocabulary=60, heads=4)} == {4}
    assert {one.shape.feed_forward for one in candidates(big, vocabulary=60, feed_forward=50)} == {50}
    with pytest.raises(ShapeError, match="feed-forward"):
        candidates(big, vocabulary=60, feed_forward=5000)


def test_counting_leaves_the_random_numbers_alone() -> None:
    """The same seed gives another student with --size 3MB than with the shape that it chooses."""
    big = teacher("Bert")
    torch.manual_seed(5)
    candidates(big, vocabulary=60)
    seen = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(seen, torch.rand(1))
