"""From what the user typed to :class:`Data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hodu.data.answers import with_places
from hodu.data.choices import with_answers
from hodu.data.columns import Found, listed
from hodu.data.hub import NAME, SPLIT_NAMES, read_hub
from hodu.data.labels import Meaning, meaning_of, with_labels
from hodu.data.parts import Part
from hodu.data.reading import read_part
from hodu.data.rows import KINDS, kind_of
from hodu.data.sentences import with_scores_only
from hodu.data.tagged import tags_of, with_tags
from hodu.data.types import SPLITS, Columns, Data
from hodu.errors import DataError, LabelError
from hodu.types import LANGUAGE, OWN_CLASS, Task

USUAL = Columns()
_WHOLE = "whole"


def load(
    source: str | Path,
    *,
    columns: Columns = USUAL,
    task: Task | None = None,
    label_names: Sequence[str] | None = None,
) -> Data:
    """Read texts and labels; what is missing of train, dev and test is for :func:`hodu.data.split` to make.

    Labels become class ids, numbers or one 0/1 per class. Whole numbers are classes, called by their number; numbers
    with a fraction, or in a column called ``score``, are regression; lists are multi-label (and with
    ``task="multilabel"`` so are "a|b" and "a,b"). A split without labels has no column ``label``.

    Args:
        source: a file (CSV, TSV, JSON lines, Parquet, text with one text a line, CoNLL's words and tags, SQuAD's JSON;
            each also ``.gz``), a folder with ``train.*``, ``dev.*``, ``test.*`` of these formats, or a hub set:
            ``owner/name``, ``owner/name/config``, ``name/config``.
        columns: the names of columns that do not have their usual ones.
        task: what the labels are, where that is not to be inferred; for a language task only the texts are read, for
            ``sentence-embedding`` texts and scores of pairs, for ``multiple-choice`` questions with their choices.
        label_names: the classes; number ``i`` in the file is the ``i``-th of them.

    Raises:
        DataError: nothing there, unreadable, empty, a column or a text missing; names file and row.
        LabelError: labels that are empty, do not fit the task, are only in dev or test, or a single class in train.
        OutputError: no room for temporary data.
    """
    files = _files(source)
    notes: tuple[str, ...] = ()
    if files is None:
        parts, notes = read_hub(str(source), columns, task)
    else:
        parts = {split: read_part(path, columns, task) for split, path in files.items()}
    if task in LANGUAGE:
        parts = {split: _running_text(part) for split, part in parts.items()}
    if task == "sentence-embedding":
        parts, more = with_scores_only(parts)
        notes = (*notes, *more)
    whole = _WHOLE in parts
    parts = {"train": parts[_WHOLE]} if whole else parts
    mixed = len({"pair" in part.dataset.column_names for part in parts.values()}) > 1
    if mixed and task != "sentence-embedding":  # which learns from single sentences and is scored by pairs
        raise DataError(
            f"some splits of {source} have pairs and some have not ({_columns_note(parts)}); name the columns with "
            "--pair-column"
        )
    kinds = {part.found.task for part in parts.values()}
    if kinds - {None}:
        return _of_own_kind(parts, kinds, label_names, str(source), notes, whole)
    meaning = _meaning(parts, task, label_names)
    splits = {
        split: part.dataset if part.labels is None or meaning is None else with_labels(part, meaning)
        for split, part in parts.items()
    }
    return Data(
        splits,
        task if task in OWN_CLASS else meaning.task if meaning else None,
        meaning.names if meaning else (),
        str(source),
        (*notes, f"columns: {_columns_note(parts)}", *([] if task in LANGUAGE else _label_notes(parts, meaning))),
        whole,
    )


def _meaning(parts: Mapping[str, Part], task: Task | None, label_names: Sequence[str] | None) -> Meaning | None:
    if task in LANGUAGE:
        return None
    if task == "sentence-embedding":
        scored = any(part.labels is not None for part in parts.values())
        return meaning_of(parts, "regression", None) if scored else None
    return meaning_of(parts, task, label_names)


def _of_own_kind(
    parts: Mapping[str, Part],
    kinds: set[Task | None],
    label_names: Sequence[str] | None,
    source: str,
    notes: tuple[str, ...],
    whole: bool,
) -> Data:
    """Words and their tags, questions and their answers, or questions with choices: one kind in all splits."""
    kind, *others = kinds
    if kind is None or others:
        raise DataError(
            f"the splits hold different things ({_columns_note(parts)}); name the columns, or give --task", file=source
        )
    names: tuple[str, ...] = ()
    if kind == "token-classification":
        tagged = any(part.labels is not None for part in parts.values())
        meaning = tags_of(parts, label_names) if tagged else None
        names = meaning.names if meaning else ()
        splits = {split: with_tags(part, meaning) for split, part in parts.items()}
        more = _label_notes(parts, meaning)
    elif label_names:
        raise LabelError(
            f"label names ({', '.join(label_names)}) do not go with {kind}, whose rows have no classes in common",
            file=source,
        )
    else:
        splits, more = with_answers(parts) if kind == "multiple-choice" else with_places(parts)
    labelled = any("label" in dataset.column_names for dataset in splits.values())
    notes = (*notes, f"columns: {_columns_note(parts)}", *more)
    return Data(splits, kind if labelled else None, names, source, notes, whole)


def _running_text(part: Part) -> Part:
    """The texts alone: to a language model its own pieces are the labels."""
    return replace(
        part, dataset=part.dataset.select_columns(["text"]), labels=None, found=Found(part.found.text, None, None)
    )


def _files(source: str | Path) -> dict[str, Path] | None:
    """The file of each split, or of ``whole``; None when the source can only be a hub set."""
    path = Path(source).expanduser()
    if not str(source).strip():
        raise DataError("the data source is empty; expected a file, a folder or a hub set")
    if path.is_dir():
        return _files_of_folder(path)
    if path.exists():
        if not kind_of(path):
            raise DataError(
                f"the format is not known by its name; expected {', '.join(KINDS)}, each also with .gz", file=path
            )
        return {SPLIT_NAMES.get(_stem(path), _WHOLE): path}
    if isinstance(source, Path) or kind_of(path) or not NAME.fullmatch(source):
        raise DataError("there is no such file or folder", file=path)
    return None


def _files_of_folder(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    try:
        names = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise DataError(f"cannot be read: {error}", file=folder) from error
    for path in names:
        split = SPLIT_NAMES.get(_stem(path))
        if split is None or not kind_of(path):
            continue
        if split in found:
            raise DataError(f"{found[split].name} and {path.name} are both {split}; keep one of them", file=folder)
        found[split] = path
    if not found:
        seen = listed([path.name for path in names]) or "no files"
        raise DataError(
            f"expected train.*, dev.* or test.* (as {', '.join(KINDS)}, each also with .gz), found {seen}", file=folder
        )
    return {split: found[split] for split in SPLITS if split in found}


def _stem(path: Path) -> str:
    return path.name.lower().split(".")[0]


def _columns_note(parts: Mapping[str, Part]) -> str:
    if len({str(part.found) for part in parts.values()}) == 1:
        return str(next(iter(parts.values())).found)
    return "; ".join(f"{split}: {part.found}" for split, part in parts.items())


def _label_notes(parts: Mapping[str, Part], meaning: Meaning | None) -> list[str]:
    hidden = [split for split, part in parts.items() if part.found.label and part.labels is None]
    notes = [f"labels of {split} are all -1 (hidden): taken as unlabelled" for split in hidden]
    if meaning is None:
        return [*notes, "no labels: they are not needed to distil, but nothing can be scored"]
    if meaning.task == "regression":
        return [*notes, "labels: numbers to predict (regression)"]
    names = ", ".join(f"{index} = {name}" for index, name in enumerate(meaning.names[:30]))
    return [
        *notes,
        f"labels ({meaning.task}, {len(meaning.names)} classes): {names}{', …' * (len(meaning.names) > 30)}",
    ]
