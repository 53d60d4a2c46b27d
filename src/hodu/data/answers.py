"""Questions and their answers, which stand word for word in a context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset, List, Value

from hodu.data.parts import Part, no_progress_bars
from hodu.errors import LabelError


def with_places(parts: Mapping[str, Part]) -> tuple[dict[str, Dataset], list[str]]:
    """The questions (``text``), contexts (``pair``) and, where there are any, answers: ``label``, their texts, and ``starts``, where each begins; and notes.

    An answer that does not stand where it is said to is looked for, and the nearest place is taken (said in the notes).

    Raises:
        LabelError: a question without an answer, or an answer that does not stand in its context; names file and row.
    """
    splits, moved = {}, 0
    for split, part in parts.items():
        splits[split] = part.dataset
        if part.labels is not None:
            splits[split], elsewhere = _with_answers(part)
            moved += elsewhere
    notes = []
    if moved:
        notes.append(f"{moved:,} answers do not stand where the data says; the nearest place of their text was taken")
    if all(part.labels is None for part in parts.values()):
        notes.append("no answers: they are not needed to distil, but nothing can be scored")
    return splits, notes


def _with_answers(part: Part) -> tuple[Dataset, int]:
    """The part with the columns ``label`` and ``starts``, and how many answers stood elsewhere."""
    texts, starts, moved = [], [], 0
    for index, (value, context) in enumerate(zip(part.labels or (), part.dataset["pair"][:], strict=True)):
        pairs = [_place(part, index, context, *one) for one in _listed(part, index, value)]
        texts.append([text for text, _, _ in pairs])
        starts.append([start for _, start, _ in pairs])
        moved += sum(elsewhere for *_, elsewhere in pairs)
    with no_progress_bars():
        dataset = part.dataset.add_column("label", texts, feature=List(Value("string")))
        return dataset.add_column("starts", starts, feature=List(Value("int64"))), moved


def _listed(part: Part, index: int, value: Any) -> list[tuple[Any, Any]]:
    """``{"text": [...], "answer_start": [...]}`` (SQuAD), or a list of ``{"text", "answer_start"}``, as pairs."""
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        value = [value]
    if isinstance(value, Mapping):
        texts, starts = value.get("text"), value.get("answer_start")
        if not isinstance(texts, Sequence) or not isinstance(starts, Sequence) or len(texts) != len(starts):
            raise _error(
                part, index, f'{str(value)[:60]!r}, expected {{"text": [...], "answer_start": [...]}}, both as long'
            )
        pairs = list(zip(texts, starts, strict=True))
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        pairs = [(one.get("text"), one.get("answer_start")) for one in value]
    else:
        raise _error(
            part,
            index,
            f'{type(value).__name__} {str(value)[:40]!r}, expected {{"text": [...], "answer_start": [...]}}',
        )
    if not pairs:
        raise _error(
            part,
            index,
            "this question has no answer; every question needs one that stands in its context: remove the row",
        )
    return pairs


def _place(part: Part, index: int, context: str, text: Any, start: Any) -> tuple[str, int, bool]:
    """The answer, where it begins, and whether that is elsewhere than was said."""
    if not isinstance(text, str) or not text.strip():
        raise _error(part, index, f"the answer {text!r} is empty or no text")
    try:
        start = int(start)
    except (TypeError, ValueError) as error:
        raise _error(part, index, f"answer_start is {start!r}, expected a number of characters") from error
    if start >= 0 and context.startswith(text, start):
        return text, start, False
    places = [place for place in range(len(context)) if context.startswith(text, place)]
    if not places:
        raise _error(
            part,
            index,
            f"the answer {text[:60]!r} does not stand in the context; hodu answers with a part of the context",
        )
    return text, min(places, key=lambda place: abs(place - start)), True


def _error(part: Part, index: int, message: str) -> LabelError:
    return LabelError(message, file=part.file, row=part.rows[index], column=part.found.label)
