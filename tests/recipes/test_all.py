"""That no recipe is left out here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hodu.recipes import RECIPES


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_stage_is_compared_with_its_paper(recipe: str) -> None:
    """A recipe lands under a paper's name, and nobody has looked whether its loss is the paper's."""
    files = [file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    texts = [re.sub(r"tiny\(.*|.*\"family\".*", "", file) for file in files]  # "electra" is a family too
    for name in (recipe, *(stage.name for stage in RECIPES[recipe].stages)):
        assert any(f'"{name}"' in text for text in texts), f"{name!r} is in no test; see test_outputs.py for how"
