"""hodu (호두, walnut): a language model in a nutshell.

The public names load on first use, so that ``import hodu`` is quick and needs no torch::

    student = hodu.distill("my-bert", "reviews.csv", "small/", student="3x192")
    print(hodu.measure(["my-bert", "small/"], "reviews.csv"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hodu.asking import ask
    from hodu.data import load
    from hodu.errors import HoduError
    from hodu.exporting.export import export
    from hodu.knowledge import KnowledgeGraph
    from hodu.measuring import measure
    from hodu.recipes import RECIPES, Recipe
    from hodu.training import baseline, distill, train

_HOMES = {
    "HoduError": "hodu.errors",
    "KnowledgeGraph": "hodu.knowledge",
    "RECIPES": "hodu.recipes",
    "Recipe": "hodu.recipes",
    "ask": "hodu.asking",
    "baseline": "hodu.training",
    "distill": "hodu.training",
    "export": "hodu.exporting.export",
    "load": "hodu.data",
    "measure": "hodu.measuring",
    "train": "hodu.training",
}

__all__ = [
    "RECIPES",
    "HoduError",
    "KnowledgeGraph",
    "Recipe",
    "__version__",
    "ask",
    "baseline",
    "distill",
    "export",
    "load",
    "measure",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hodu' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
