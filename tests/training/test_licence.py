"""A student's licence is its teacher's."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

import hodu
from hodu.models.licence import licence_of

CARDS = [
    ("---\nlanguage: ko\nlicense: apache-2.0\n---\n# 스승", "apache-2.0"),
    ("\ufeff---\r\nlicense: mit\r\n---\r\n", "mit"),
    ("---\nlicense: other\nlicense_name: 호두-1.0\n---\n", "호두-1.0"),
    ("---\nlicense: other\n---\n", "other"),
    ("---\nlicense: [mit, cc-by-4.0]\n---\n", "mit, cc-by-4.0"),
    ("---\nlicense:\n---\n", None),
    ("---\nlicense: {a: 1}\n---\n", None),
    ("---\nlicense: [mit\n---\n", None),
    ("---\n- mit\n---\n", None),
    ("# A model under the MIT licence\n", None),
    (b"\xff\xfe\x00", None),
]


def write(folder: Path, card: str | bytes, carried: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_bytes(card if isinstance(card, bytes) else card.encode())
    if carried:
        (folder / "hodu.json").write_text(json.dumps({"licence": carried}))
    return folder


@pytest.mark.parametrize(("card", "licence"), CARDS)
def test_what_a_model_card_says(
    card: str | bytes, licence: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A licence is made up, or lost; or a card that is none ends a training of hours."""
    with caplog.at_level(logging.DEBUG):
        assert licence_of([write(tmp_path, card)]) == licence
    assert not caplog.records


def test_several_teachers(tmp_path: Path) -> None:
    """A student of two teachers seems free although one of them forbids it."""
    mit, other = (write(tmp_path / name, f"---\nlicense: {name}\n---\n") for name in ("mit", "cc-by-nc-4.0"))
    unknown = write(tmp_path / "unknown", "")
    assert licence_of([mit, mit]) == "mit" and licence_of([mit, other]) == "mit, cc-by-nc-4.0"
    assert licence_of([mit, unknown]) is None and licence_of([]) is None
    assert licence_of([write(tmp_path / "own", "---\nlicense: mit\n---\n", carried="gpl-3.0")]) == "mit"


def test_a_card_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The licence of a model that is named by its hub id is not known; or without a network there is an error."""
    file = write(tmp_path, CARDS[0][0]) / "README.md"
    asked: list[Any] = []
    monkeypatch.setattr("huggingface_hub.repocard.hf_hub_download", lambda *args, **_: asked.append(args) or str(file))
    assert licence_of(["owner/model"]) == "apache-2.0" and asked[0][:2] == ("owner/model", "README.md")
    monkeypatch.undo()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert licence_of(["hodu-test/that-is-not-there"]) is None


def test_it_is_carried_on(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Nobody can say under which licence the model in a phone stands."""
    licensed = shutil.copytree(teacher, tmp_path / "licensed")
    write(licensed, CARDS[0][0])
    quick: dict[str, Any] = {"epochs": 0.2, "batch_size": 16, "progress": False}
    tuned = hodu.train(licensed, data, tmp_path / "tuned", **quick)
    small = hodu.distill(tuned, data, tmp_path / "small", student="1x16", recipe="hinton", **quick)
    alone = hodu.distill(teacher, data, tmp_path / "alone", student="1x16", recipe="hinton", **quick)
    said = [json.loads((folder / "hodu.json").read_text())["licence"] for folder in (tuned, small, alone)]
    assert said == ["apache-2.0", "apache-2.0", None]
    assert licence_of([small, alone]) is None
