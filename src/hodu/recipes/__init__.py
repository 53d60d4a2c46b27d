"""Recipes: values that say how to distil. They know objectives, not training."""

from hodu.errors import RecipeError
from hodu.recipes.distilbert import DISTILBERT, DISTILBERT_MASKED
from hodu.recipes.distilgpt import DISTILGPT
from hodu.recipes.electra import ELECTRA
from hodu.recipes.hinton import HINTON
from hodu.recipes.hodu import HODU
from hodu.recipes.minilm import MINILM, MINILM_V1
from hodu.recipes.recipe import Recipe, Stage, Term, labels_alone
from hodu.recipes.tinybert import TINYBERT, TINYBERT_GENERAL
from hodu.recipes.vectors import for_vectors
from hodu.types import Task

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        HODU,
        HINTON,
        TINYBERT,
        TINYBERT_GENERAL,
        DISTILBERT,
        DISTILBERT_MASKED,
        MINILM,
        MINILM_V1,
        DISTILGPT,
        ELECTRA,
    )
}

USUAL: dict[Task, str] = {"masked-lm": "distilbert", "causal-lm": "distilgpt", "replaced-token": "electra"}
"""The recipe for teachers of a task where none is named; ``hodu`` for all others."""


def find_recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        RecipeError: there is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)} (hodu recipes shows them)")
    return RECIPES[name]


__all__ = ["RECIPES", "USUAL", "Recipe", "Stage", "Term", "find_recipe", "for_vectors", "labels_alone"]
