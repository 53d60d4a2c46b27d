"""Places for boxes and the lines between them: columns from left to right, and in each a slot for every box, label and passing line, so that nothing lies on anything else.

After Sugiyama, Tagawa and Toda (1981): each line is cut at the columns that it crosses, slots are ordered by where their neighbours are, and then moved towards them as far as the order allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

GAP = 14.0  # between the slots of a column
_SWEEPS = 8


@dataclass(eq=False)
class Slot:
    """A box, a label, or nothing but a line that passes. ``x`` and ``y`` are its middle."""

    width: float
    height: float
    column: int
    near: list[Slot] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0


def place(columns: Sequence[list[Slot]], *, fixed: int, bend: float) -> None:
    """Orders each column but the one that is ``fixed``, and gives all slots their middle. Columns are ``bend`` apart: room for lines to come from one height to another."""
    for sweep in range(_SWEEPS):
        rank = {slot: place for column in columns for place, slot in enumerate(column)}
        for column in columns if sweep % 2 == 0 else reversed(columns):
            if column and column[0].column != fixed:
                column.sort(
                    key=lambda slot: _mean([_relative(rank[other], columns[other.column]) for other in slot.near])
                )
                rank.update({slot: place for place, slot in enumerate(column)})
    for column in columns:
        _settle(column, [_stacked(column, place) for place in range(len(column))])
    for sweep in range(2 * _SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _settle(column, [_mean([other.y for other in slot.near], slot.y) for slot in column])
    _across(columns, bend)
    top = min((slot.y - slot.height / 2 for column in columns for slot in column), default=0.0)
    for slot in (slot for column in columns for slot in column):
        slot.y = round(slot.y - top, 1)


def _mean(numbers: Sequence[float], otherwise: float = 0.5) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _relative(rank: int, column: Sequence[Slot]) -> float:
    """A place in a column as a share of its length: columns of different lengths are compared."""
    return round((rank + 0.5) / len(column), 9)


def _stacked(column: Sequence[Slot], place: int) -> float:
    whole = sum(slot.height + GAP for slot in column)
    return sum(slot.height + GAP for slot in column[:place]) + column[place].height / 2 - whole / 2


def _settle(column: Sequence[Slot], wanted: Sequence[float]) -> None:
    """The heights nearest to the wanted ones (least squares) that keep order and distance: slots in each other's way become a block that moves as one."""
    blocks: list[
        tuple[float, int]
    ] = []  # mean of what its slots want, less their distance from the first slot; how many
    offset, offsets = 0.0, []
    for place, (slot, height) in enumerate(zip(column, wanted, strict=True)):
        if place:
            offset += (column[place - 1].height + slot.height) / 2 + GAP
        offsets.append(offset)
        mean, count = height - offset, 1
        while blocks and blocks[-1][0] >= mean:
            before, many = blocks.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        blocks.append((mean, count))
    levels = [mean for mean, count in blocks for _ in range(count)]
    for slot, level, distance in zip(column, levels, offsets, strict=True):
        slot.y = level + distance


def _across(columns: Sequence[list[Slot]], bend: float) -> None:
    left = 0.0
    for column in columns:
        widest = max((slot.width for slot in column), default=0.0)
        for slot in column:
            slot.x = round(left + widest / 2, 1)
        left += widest + bend
