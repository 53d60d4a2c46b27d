"""Any recipe of soft targets, for teachers whose answer is a vector."""

from __future__ import annotations

from dataclasses import replace

from hodu.objectives import Embeddings, Similarities, SoftTargets
from hodu.recipes.recipe import Recipe, Stage, Term

_SQUARES = 10.0  # squared errors of cosines are small beside 1 - cos


def for_vectors(recipe: Recipe) -> Recipe:
    """The same recipe for a sentence encoder: where it compares softened classes, it compares each sentence's vector and the cosines among sentences.

    What it compares inside the models stays. Labels are left out: sentences alone have none.

    Raises:
        RecipeError: a stage learns from labels alone.
    """
    stages = (replace(stage, terms=tuple(_terms(stage))) for stage in recipe.stages)
    return replace(recipe, stages=tuple(stages)).without_labels()


def _terms(stage: Stage) -> list[Term]:
    terms: list[Term] = []
    for term in stage.terms:
        if term.objective is not SoftTargets:
            terms.append(term)
            continue
        terms.append(
            Term(
                Embeddings,
                term.weight,
                "Reimers & Gurevych 2020, §2, matches vectors by squared error; ours: by cosine, which is how they are used",
                {"distance": "cosine"},
            )
        )
        terms.append(
            Term(
                Similarities,
                _SQUARES * term.weight,
                "ours: its user gets the student's own cosines, and no projection stands before them; weight not tuned",
            )
        )
    return terms
