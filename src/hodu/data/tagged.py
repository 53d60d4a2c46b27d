"""Words and their tags: what the tags of a set are, and the column that a token classifier learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datasets import Dataset, List, Value

from hodu.data.columns import listed
from hodu.data.labels import Meaning, _is_empty, _ordered, _spelling
from hodu.data.parts import Part, no_progress_bars
from hodu.errors import LabelError

OUTSIDE = "O"
"""The tag of words that belong to no entity."""


def tags_of(parts: Mapping[str, Part], label_names: Sequence[str] | None) -> Meaning:
    """The tags, checked against the words.

    Names are ``label_names``, else what the set declares, else the values themselves: :data:`OUTSIDE` first, the others sorted.

    Raises:
        LabelError: words and tags that differ in number, an empty tag, a tag that only dev or test has, or a single tag.
    """
    labelled = {split: part for split, part in parts.items() if part.labels is not None}
    for part in labelled.values():
        _check(part)
    if label_names and len(set(label_names)) < len(label_names):
        raise LabelError(f"label names must differ; these came: {', '.join(label_names)}")
    declared = tuple(label_names or next((part.names for part in labelled.values() if part.names), ()))
    if declared:
        return Meaning("token-classification", declared)
    found = {split: _first_rows(part) for split, part in labelled.items()}
    train = found.get("train")
    for split in found if train else ():
        for tag, index in found[split].items():
            if train is not None and tag not in train:
                message = f"the tag {tag!r} is only in {split}, never in train, which has {listed(sorted(train))}; correct it, or name all tags with --label-names"
                raise _error(labelled[split], index, message)
    names = _ordered({tag for tags in found.values() for tag in tags})
    if len(names) < 2:
        raise LabelError(
            f"all words have the tag {names[0]!r}; expected two or more", file=next(iter(labelled.values())).file
        )
    return Meaning("token-classification", tuple(sorted(names, key=lambda name: name != OUTSIDE)))


def with_tags(part: Part, meaning: Meaning | None) -> Dataset:
    """The part's words with ``text``, these with spaces between, and, where it has tags, ``label``, a class id for each word.

    Raises:
        LabelError: a tag that is not one of the classes; names file and row.
    """
    words = part.dataset["words"][:]
    with no_progress_bars():
        dataset = part.dataset.add_column("text", [" ".join(row) for row in words], feature=Value("string"))
        if part.labels is None or meaning is None:
            return dataset
        known = {_spelling(name): place for place, name in enumerate(meaning.names)}
        tags = [_ids(part, index, known, meaning.names) for index in range(len(part.labels))]
        return dataset.add_column("label", tags, feature=List(Value("int64")))


def _check(part: Part) -> None:
    for index, (words, tags) in enumerate(zip(part.dataset["words"][:], part.labels or (), strict=True)):
        if not isinstance(tags, list):
            raise _error(part, index, f"{type(tags).__name__} {str(tags)[:40]!r}, expected a list of tags")
        if len(tags) != len(words):
            raise _error(part, index, f"{len(words)} words and {len(tags)} tags; expected a tag for each word")
        for place, tag in enumerate(tags, 1):
            if _is_empty(tag) or isinstance(tag, list | dict):
                raise _error(
                    part,
                    index,
                    f"the tag of word {place} ({words[place - 1]!r}) is {tag!r}; expected a name or a number",
                )


def _first_rows(part: Part) -> dict[str, int]:
    """Each tag, and the row where it first stands."""
    first: dict[str, int] = {}
    for index, tags in enumerate(part.labels or ()):
        assert isinstance(tags, list)  # checked
        for tag in tags:
            first.setdefault(_spelling(tag), index)
    return first


def _ids(part: Part, index: int, known: Mapping[str, int], names: Sequence[str]) -> list[int]:
    """Class ids of a row's tags; a number that is no tag's name is an id itself."""
    tags = (part.labels or [])[index]
    assert isinstance(tags, list)  # checked
    ids = []
    for tag in map(_spelling, tags):
        number = int(tag) if tag.isdecimal() and int(tag) < len(known) else None
        if (found := known.get(tag, number)) is None:
            raise _error(part, index, f"the tag {tag!r} is none of {listed(names)}")
        ids.append(found)
    return ids


def _error(part: Part, index: int, message: str) -> LabelError:
    return LabelError(message, file=part.file, row=part.rows[index], column=part.found.label)
