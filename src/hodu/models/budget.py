"""What a student may cost, read from text, and the shapes that it could have, each with its exact size.

The size is that of the file that will be saved; nothing about it is estimated: the weights are counted in students built without memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from transformers import PreTrainedModel

from hodu.errors import ShapeError
from hodu.models.build import count_parameters, sketch
from hodu.models.shapes import parse_shape, shape_of
from hodu.types import Shape

_UNITS = {"kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}
_STEP = 16  # widths are multiples of it: finer steps change little, and processors take numbers in eights and sixteens
_CONTENTS = 80  # bytes that a tensor takes in the file's table of contents beside its name, at most


@dataclass(frozen=True, slots=True)
class Budget:
    """The most bytes that a student's weights may take, and how many times as fast as its teacher it must be.

    ``int8`` counts one byte for a weight of a matrix (see :class:`Plan`); else all weights are fp32.
    """

    bytes: int | None = None
    int8: bool = False
    speed: float | None = None

    @property
    def size_text(self) -> str | None:
        """The size as it is recorded: the same however it was typed."""
        return None if self.bytes is None else f"{self.bytes / 1e6:g} MB{' int8' if self.int8 else ''}"

    @property
    def speed_text(self) -> str | None:
        """The speed as it is recorded."""
        return None if self.speed is None else f"{self.speed:g}x"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shape that the student could have.

    Attributes:
        bytes: of its weights file, in the budget's counting (fp32 or int8).
        parameters: outside embedding tables.
        vocabulary_bytes: what the pieces' embeddings take of ``bytes``.
    """

    shape: Shape
    bytes: int
    parameters: int
    vocabulary_bytes: int


def parse_budget(size: str | None, speed: str | float | None, *, student: str | None = None) -> Budget | None:
    """Read ``"3MB"``, ``"500 KB"`` or ``"3MB int8"``, and ``"10x"``; None when neither is given.

    Args:
        student: a shape that was asked for too; a budget chooses it, so there must be none.

    Raises:
        ShapeError: not a size, not a speed, a speed of the teacher's or below, or a shape and a budget together.
    """
    if size is None and speed is None:
        return None
    if student is not None:
        raise ShapeError(
            f"--student {student} names the shape, and --size and --speed have it chosen: give the one or the other."
        )
    found, int8 = (None, False) if size is None else _parse_size(size)
    return Budget(found, int8, None if speed is None else _parse_speed(str(speed)))


def candidates(
    teacher: PreTrainedModel,
    *,
    vocabulary: int,
    int8: bool = False,
    heads: int | None = None,
    feed_forward: int | None = None,
) -> list[Candidate]:
    """All shapes that a student of this teacher could have, the largest first: by parameters outside embeddings, then by layers.

    Layers from 1 to the teacher's; widths in steps of 16 (of the teacher's head width where that is smaller) that divide into heads at least as wide
    as a step; and width per layer between half and twice the teacher's, so that no budget makes a thread of twelve narrow layers or a single wide one.

    Args:
        vocabulary: pieces of the student's tokenizer.
        heads, feed_forward: the same for all; None derives them from the teacher.

    Raises:
        ShapeError: no shape has these heads and this feed-forward width.
    """
    config, full = teacher.config, shape_of(teacher.config)
    found: list[Candidate] = []
    step = min(_STEP, full.width // full.heads)
    for width in sorted({*range(step, full.width, step), full.width}):
        try:
            shape = parse_shape(f"1x{width}", config, heads=heads, feed_forward=feed_forward)
        except ShapeError:
            continue  # this width does not divide into heads
        if heads is not None or width >= step * shape.heads:
            found += _sized(teacher, shape, vocabulary, int8)
    if not found:
        parse_shape(f"{full.layers}x{full.width}", config, heads=heads, feed_forward=feed_forward)  # says why
    return sorted(found, key=lambda one: (one.parameters, one.shape.layers), reverse=True)


def megabytes(size: float) -> str:
    """Bytes as people read them: "5.1 MB", "480 KB"."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"


def _parse_size(text: str) -> tuple[int, bool]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]b)\s*(int8)?\s*", text, re.IGNORECASE)
    if match is None:
        raise ShapeError(f'{text!r} is not a size: give one such as 3MB or 500KB (fp32), or "3MB int8".')
    return int(float(match[1]) * _UNITS[match[2].lower()]), match[3] is not None


def _parse_speed(text: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[x×]?\s*", text, re.IGNORECASE)
    if match is None:
        raise ShapeError(f"{text!r} is not a speed: give how many times as fast as the teacher, for example 10x.")
    if float(match[1]) <= 1:
        raise ShapeError(f"A speed of {match[1]}x is not faster than the teacher: give more than 1x, for example 10x.")
    return float(match[1])


def _sized(teacher: PreTrainedModel, one: Shape, vocabulary: int, int8: bool) -> Iterator[Candidate]:
    """This width with 1 ... N layers. All layers after the first have the same weights, so counting the first two counts all."""
    full = shape_of(teacher.config)
    first = _counted(teacher, one, vocabulary, int8)
    second = _counted(teacher, replace(one, layers=2), vocabulary, int8) if full.layers > 1 else first
    for layers in range(1, full.layers + 1):
        if full.width * layers <= 2 * one.width * full.layers and one.width * full.layers <= 2 * full.width * layers:
            yield Candidate(
                replace(one, layers=layers),
                first.bytes + (layers - 1) * (second.bytes - first.bytes),
                first.parameters + (layers - 1) * (second.parameters - first.parameters),
                first.vocabulary_bytes,
            )


def _counted(teacher: PreTrainedModel, shape: Shape, vocabulary: int, int8: bool) -> Candidate:
    student = sketch(teacher, shape, vocabulary=vocabulary)
    each = 1 if int8 else 4
    weights = sum(weight.numel() * (each if weight.dim() > 1 else 4) for weight in student.parameters())
    contents = _CONTENTS + sum(len(name) + _CONTENTS for name, _ in student.named_parameters())
    pieces = sum(weight.numel() for weight in student.get_input_embeddings().parameters())
    return Candidate(shape, weights + contents, count_parameters(student)[1], each * pieces)
