"""Sets of the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path

import datasets
from datasets import Dataset, DatasetDict
from huggingface_hub import HfApi
from huggingface_hub.errors import OfflineModeIsEnabled

from hodu.data.parts import Part, no_progress_bars
from hodu.data.reading import part_of
from hodu.data.types import SPLITS, Columns
from hodu.errors import DataError
from hodu.types import Task

NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*){0,2}", re.ASCII)
SPLIT_NAMES = {
    "train": "train",
    **dict.fromkeys(("dev", "validation", "valid", "val"), "dev"),
    "test": "test",
}


def read_hub(source: str, columns: Columns, task: Task | None = None) -> tuple[dict[str, Part], tuple[str, ...]]:
    """The splits of ``owner/name``, ``owner/name/config`` or ``name/config``, and notes on splits left out.

    A set whose only validation splits are several (``validation_matched`` …) gives the first one.

    Raises:
        DataError: the set does not exist or cannot be reached, or what :func:`part_of` raises.
    """
    loaded = _load(source)
    chosen: dict[str, tuple[str, Dataset]] = {}
    for name, dataset in sorted(loaded.items()):
        split = SPLIT_NAMES.get(re.split(r"[_.-]", str(name))[0].lower())
        if split and split not in chosen:
            chosen[split] = (str(name), dataset)
    if not chosen:
        raise DataError(f"{source!r} has no split called train, validation or test, only {', '.join(map(str, loaded))}")
    left_out = sorted(set(map(str, loaded)) - {name for name, _ in chosen.values()})
    notes = (f"splits of {source} that are not used: {', '.join(left_out)}",) if left_out else ()
    return {
        split: part_of(chosen[split][1], columns, f"{source} {chosen[split][0]}", task)
        for split in SPLITS
        if split in chosen
    }, notes


def _load(source: str) -> DatasetDict:
    """``a/b`` is the set of that name if the hub has one, otherwise config ``b`` of set ``a``."""
    reasons = []
    for repository, config in _readings(source):
        if Path(repository).exists():  # load_dataset would take the local folder of that name
            continue
        try:
            # Asked first because this answers at once; load_dataset tries an unreachable hub for half a minute.
            if _is_on_hub(repository):
                with no_progress_bars():
                    loaded = datasets.load_dataset(repository, config)
                assert isinstance(loaded, DatasetDict)
                return loaded
            reasons.append(f"the hub has no set {repository!r}")
        except Exception as error:  # what comes depends on the versions of datasets, its hub client and httpx
            reasons.append(f"{repository!r} cannot be loaded from the hub: {str(error) or type(error).__name__}")
    raise DataError(
        f"there is no file or folder {source!r} here, and as a set of the Hugging Face hub it cannot be used "
        f"({'; '.join(reasons)}); check the "
        "path, the name or the connection (a set that was downloaded before is found with HF_HUB_OFFLINE=1)"
    )


def _readings(source: str) -> list[tuple[str, str | None]]:
    parts = source.split("/")
    if len(parts) == 1:
        return [(source, None)]
    if len(parts) == 2:
        return [(source, None), (parts[0], parts[1])]
    return [("/".join(parts[:2]), parts[2])]


def _is_on_hub(repository: str) -> bool:
    try:
        return bool(HfApi().repo_exists(repository, repo_type="dataset"))
    except OfflineModeIsEnabled:
        return True  # then load_dataset looks into its cache, and nowhere else
