"""The choice within a budget, with races whose winners are known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hodu.errors import ShapeError
from hodu.models.budget import Budget, Candidate
from hodu.models.choice import choose, estimate
from hodu.types import Shape

PIECES = 14_000


def ranked() -> list[Candidate]:
    """The shapes of students of a 6 x 384 teacher with 14,000 pieces, by BERT's arithmetic."""
    found = []
    for layers in range(1, 7):
        for width in range(32, 385, 32):
            if 32 <= width / layers <= 128:
                inner = 12 * layers * width**2
                found.append(
                    Candidate(
                        Shape(layers, width, width // 32, 4 * width),
                        4 * (inner + (PIECES + 512) * width),
                        inner,
                        4 * PIECES * width,
                    )
                )
    return sorted(found, key=lambda one: (one.parameters, one.shape.layers), reverse=True)


def seconds(shape: Shape) -> float:
    width = shape.width / 384
    return 0.2 + shape.layers * (0.1 + 0.5 * width + width**2)


class Track:
    """Races whose times are known; ``bend`` makes single shapes slower than any fit would say."""

    def __init__(self, bend: dict[str, float] | None = None) -> None:
        self.bend, self.raced = bend or {}, list[Shape]()

    def speed(self, shape: Shape) -> float:
        return seconds(Shape(6, 384, 12, 1536)) / seconds(shape) / self.bend.get(str(shape), 1.0)

    def __call__(self, shapes: Sequence[Shape]) -> list[float]:
        self.raced += shapes
        return [self.speed(shape) for shape in shapes]


def never(shapes: Sequence[Shape]) -> list[float]:
    raise AssertionError(f"a size needs no race, and {shapes} were timed")


def test_a_bigger_budget_never_gives_a_smaller_student() -> None:
    """Who allows 6 MB instead of 5 gets a worse student."""
    sizes = [choose(ranked(), Budget(int(size * 1e6)), never).candidate for size in range(3, 40)]
    assert [one.parameters for one in sizes] == sorted(one.parameters for one in sizes)
    assert all(one.bytes <= size * 1e6 for one, size in zip(sizes, range(3, 40), strict=True))
    speeds = [choose(ranked(), Budget(speed=speed), Track()).candidate for speed in (20, 15, 10, 7, 5, 3, 2)]
    assert [one.parameters for one in speeds] == sorted(one.parameters for one in speeds)


def test_a_speed_gives_the_largest_that_has_it() -> None:
    """A student of half the possible size is chosen, or one that is too slow."""
    track = Track()
    for speed in (2.0, 4.0, 8.0, 16.0):
        choice = choose(ranked(), Budget(speed=speed), track)
        best = next(one for one in ranked() if track.speed(one.shape) >= speed)
        assert choice.candidate == best and choice.speed == pytest.approx(track.speed(best.shape))
        assert best.shape in track.raced, "chosen by an estimate alone"


def test_a_shape_that_is_slower_than_estimated_is_not_taken() -> None:
    """The printed plan says 8x and the trained student has 5x."""
    best = choose(ranked(), Budget(speed=8.0), Track()).candidate
    track = Track({str(best.shape): 1.5})
    choice = choose(ranked(), Budget(speed=8.0), track)
    assert choice.candidate.parameters < best.parameters
    assert track.speed(choice.candidate.shape) >= 8.0
    assert best.shape in track.raced


def test_both_budgets_hold() -> None:
    """--size with --speed keeps only one of the two."""
    track = Track()
    for size, speed in ((8, 4.0), (20, 12.0), (4, 3.0)):
        choice = choose(ranked(), Budget(size * 1_000_000, speed=speed), track)
        assert choice.candidate.bytes <= size * 1e6
        assert track.speed(choice.candidate.shape) >= speed


def test_the_reasons_name_neighbours() -> None:
    """The user cannot tell whether a little more room would buy a much better student."""
    choice = choose(ranked(), Budget(12_000_000), never)
    first, *others = choice.reasons
    assert str(choice.candidate.shape) in first and "the largest of" in first and "MB" in first
    assert len(others) == 2 and all("would be 1" in line for line in others)
    both = choose(ranked(), Budget(20_000_000, speed=12.0), Track())
    assert not any("would be 2" in line for line in both.reasons), (
        "more room alone would buy nothing: they are too slow"
    )
    assert any(line.endswith("x as fast") for line in both.reasons)
    assert "the only shape" in choose(ranked(), Budget(3_000_000), never).reasons[0]


def test_impossible_budgets_say_what_is_possible() -> None:
    """ "Too small", and nobody knows what would not be."""
    with pytest.raises(ShapeError, match=r"1x32, takes 1\.9 MB, of which the vocabulary takes 1\.8 MB"):
        choose(ranked(), Budget(1_000_000), never)
    with pytest.raises(ShapeError, match=r"100x as fast: the fastest, 1x32, is about 28\.\dx"):
        choose(ranked(), Budget(speed=100.0), Track())
    with pytest.raises(ShapeError, match=r"100x as fast in 6\.0 MB"):
        choose(ranked(), Budget(6_000_000, speed=100.0), Track())


def test_the_estimate_finds_the_law_and_never_grows_with_size() -> None:
    """One noisy timing makes the tool believe that wider students are quicker."""
    track, shapes = Track(), [one.shape for one in ranked()]
    speed = estimate({shape: track.speed(shape) for shape in shapes[::6]}, shapes[0])
    assert all(speed(shape) == pytest.approx(track.speed(shape), rel=1e-6) for shape in shapes)
    noisy = estimate(
        {shape: track.speed(shape) * (0.6 if n % 2 else 1.5) for n, shape in enumerate(shapes[::6])}, shapes[0]
    )
    assert noisy(Shape(3, 96, 3, 384)) >= noisy(Shape(3, 192, 6, 768)) >= noisy(Shape(4, 192, 6, 768))
