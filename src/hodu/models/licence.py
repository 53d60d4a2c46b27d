"""Under which licence a model stands: what its model card says, or what ``hodu.json`` carried on from its teacher's."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import ModelCard

from hodu.models.load import read_card

CARD = "README.md"


def licence_of(models: Iterable[str | Path]) -> str | None:
    """The licences of models whose weights or answers a model comes from; None where one is not known, since the others alone would promise too much."""
    found = [_licence(str(model)) for model in models]
    known = dict.fromkeys(one for one in found if one)
    return ", ".join(known) if found and all(found) else None


def _licence(model: str) -> str | None:
    """The model card's, which its owner wrote, before the one that was carried on."""
    folder = Path(model)
    if not folder.is_dir():
        return _of_card(model)
    card = _of_card(folder / CARD) if (folder / CARD).is_file() else None
    carried = read_card(folder).get("licence")
    return card or (carried if isinstance(carried, str) else None)


def _of_card(source: str | Path) -> str | None:
    """``license`` of a card's front matter (the name, of one that is none of the hub's)."""
    try:
        with _quietly():
            said = ModelCard.load(source, ignore_metadata_errors=True).data.to_dict()
    except Exception:  # no network, no card, no text, or YAML gone wrong in one of many ways: none is worth a training
        return None
    given = said.get("license")
    if given == "other":
        given = said.get("license_name") or given
    names = given if isinstance(given, list) else [given]
    return ", ".join(one for one in names if isinstance(one, str) and one) or None


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the hub's warning of a card that has no front matter."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
