"""Recipes: values that say how to distil. They know objectives, not training."""

from hodu.errors import RecipeError
from hodu.recipes.hinton import HINTON
from hodu.recipes.hodu import HODU
from hodu.recipes.recipe import Recipe, Stage, Term
from hodu.recipes.tinybert import TINYBERT

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (HODU, HINTON, TINYBERT)}


def find_recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        RecipeError: there is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)} (hodu recipes shows them)")
    return RECIPES[name]


__all__ = ["RECIPES", "Recipe", "Stage", "Term", "find_recipe"]
