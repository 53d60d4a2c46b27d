"""The largest student within a budget, and why it was chosen: arithmetic only; who times shapes is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hodu.errors import ShapeError
from hodu.models.budget import Budget, Candidate, megabytes
from hodu.types import Shape

Race = Callable[[Sequence[Shape]], list[float]]
"""How many times as fast as the teacher each shape is, all timed in the same seconds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen shape, its measured speed where one was asked for, and the lines that say why."""

    candidate: Candidate
    speed: float | None
    reasons: tuple[str, ...]


def choose(ranked: Sequence[Candidate], budget: Budget, race: Race) -> Choice:
    """The first of ``ranked`` (the largest) that meets the budget.

    Speeds are estimated from a few timed shapes. Around the first shape that the estimate lets through, shapes are then timed really, and one that misses
    is never taken: the next smaller ones are timed instead.

    Args:
        ranked: see :func:`candidates`.
        race: is not called when no speed is asked.

    Raises:
        ShapeError: nothing meets the budget; it says what the smallest or the fastest would have.
    """
    within = [one for one in ranked if budget.bytes is None or one.bytes <= budget.bytes]
    if not within:
        least = min(ranked, key=lambda one: one.bytes)
        raise ShapeError(
            f"No student takes {megabytes(budget.bytes or 0)} or less: the smallest student of this teacher with this vocabulary, {least.shape}, "
            f"takes {megabytes(least.bytes)}, of which the vocabulary takes {megabytes(least.vocabulary_bytes)}."
        )
    if budget.speed is None:
        return Choice(within[0], None, (_told(within[0], None, len(within)), *_too_big(ranked, within[0], budget)))
    measured = _first_look(ranked, race)
    while True:
        speed = estimate(measured, ranked[0].shape)
        quick = [one for one in within if measured.get(one.shape, speed(one.shape)) >= budget.speed]
        if not quick:
            raise ShapeError(_too_slow(within, measured, speed, budget))
        chosen = quick[0]
        if chosen.shape in measured:
            break
        near = _around(within, quick, measured, speed)
        measured |= dict(zip(near, race(near), strict=True))
    roomy = [one for one in ranked if one in within or speed(one.shape) >= budget.speed]  # more room would buy these
    reasons = (_told(chosen, measured[chosen.shape], len(quick)), *_too_big(roomy, chosen, budget))
    return Choice(chosen, measured[chosen.shape], (*reasons, *_missed(within, chosen, measured)))


def estimate(measured: Mapping[Shape, float], reference: Shape) -> Callable[[Shape], float]:
    """Speeds of shapes that were not timed: time = a + layers x (b + c width + d width²), fitted to those that were.

    Relative errors count, so that small shapes are not drowned by big ones; a term that the fit would make negative is left out, so that
    a bigger shape is never estimated faster.
    """

    def terms(shape: Shape) -> list[float]:
        width = shape.width / reference.width
        return [1.0, shape.layers, shape.layers * width, shape.layers * width**2]

    rows = np.array([terms(shape) for shape in measured]) * np.array(list(measured.values()))[:, None]  # shapes 4
    kept = list(range(4))
    while True:
        found, *_ = np.linalg.lstsq(rows[:, kept], np.ones(len(rows)), rcond=None)
        if len(kept) == 1 or found.min() >= 0:
            break
        kept.pop(int(found.argmin()))
    factors = dict(zip(kept, found.tolist(), strict=True))
    return lambda shape: 1 / max(sum(factor * terms(shape)[term] for term, factor in factors.items()), 1e-9)


def _first_look(ranked: Sequence[Candidate], race: Race) -> dict[Shape, float]:
    """Speeds of at most six shapes: of one layer and of half of the most layers, the narrowest, a middle and the widest."""
    most = max(one.shape.layers for one in ranked)
    grid: list[Shape] = []
    for layers in sorted({1, (most + 1) // 2}):
        widths = sorted((one.shape for one in ranked if one.shape.layers == layers), key=lambda shape: shape.width)
        grid += [widths[place] for place in sorted({0, len(widths) // 2, len(widths) - 1})] if widths else []
    return dict(zip(grid, race(grid), strict=True))


def _around(
    within: Sequence[Candidate],
    quick: Sequence[Candidate],
    measured: Mapping[Shape, float],
    speed: Callable[[Shape], float],
) -> list[Shape]:
    """The shapes to be timed next: the largest that should be quick enough, the next smaller, and the two larger that miss by the least."""
    larger = [one.shape for one in within[: within.index(quick[0])] if one.shape not in measured]
    larger = sorted(larger, key=speed, reverse=True)[:2]
    return [*larger, *(one.shape for one in quick[:2] if one.shape not in measured)]


def _told(chosen: Candidate, speed: float | None, fit: int) -> str:
    figures = f"{megabytes(chosen.bytes)}{'' if speed is None else f', {speed:.3g}x'}"
    return f"{chosen.shape} ({figures}): {'the only shape' if fit == 1 else f'the largest of {fit} shapes'} within the budget"


def _too_big(ranked: Sequence[Candidate], chosen: Candidate, budget: Budget) -> list[str]:
    """The two larger shapes that miss the size by the least."""
    larger = [one for one in ranked[: ranked.index(chosen)] if budget.bytes is not None and one.bytes > budget.bytes]
    return [
        f"{one.shape} would be {megabytes(one.bytes)}"
        for one in sorted(larger, key=lambda one: (one.bytes, -one.parameters))[:2]
    ]


def _missed(within: Sequence[Candidate], chosen: Candidate, measured: Mapping[Shape, float]) -> list[str]:
    """The two larger shapes that were timed and miss the speed by the least."""
    larger = [one for one in within[: within.index(chosen)] if one.shape in measured]
    nearest = sorted(larger, key=lambda one: measured[one.shape], reverse=True)[:2]
    return [f"{one.shape} ({megabytes(one.bytes)}) would be {measured[one.shape]:.3g}x as fast" for one in nearest]


def _too_slow(
    within: Sequence[Candidate], measured: Mapping[Shape, float], speed: Callable[[Shape], float], budget: Budget
) -> str:
    best = max(within, key=lambda one: measured.get(one.shape, speed(one.shape)))
    figure = measured.get(best.shape, speed(best.shape))
    room = "" if budget.bytes is None else f" in {megabytes(budget.bytes)}"
    return (
        f"No student of this teacher is {budget.speed:g}x as fast{room}: the fastest, {best.shape}, is about {figure:.1f}x as fast on this machine "
        "(one text at a time, one thread)."
    )
