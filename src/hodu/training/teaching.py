"""One stage of a recipe: a student and its teachers over the training set."""

from __future__ import annotations

from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import PreTrainedModel

from hodu.recipes import Recipe, Stage
from hodu.training.distillation import Distillation, Teachers
from hodu.training.quantising import quantised
from hodu.training.stages import Run, Sets, pick_device, run_stage
from hodu.training.teacher_cache import Question, TeacherCache, open_cache
from hodu.types import Needs, Pairing, StudentFacts

LOOKED_AT = 512
"""Training texts that warm start and projections look at: some thousand tokens."""


def teach(
    student: PreTrainedModel,
    teachers: Teachers,
    recipe: Recipe,
    stage: Stage,
    pairing: Pairing,
    sets: Sets,
    run: Run,
    *,
    cache: bool | None,
    facts: StudentFacts = "reader",
) -> dict[str, float]:
    """Train the student through one stage of the recipe."""
    objectives = [term.build(pairing) for term in stage.terms]
    weights = [term.weight for term in stage.terms]
    module = Distillation(student, teachers, objectives, weights, pairing.task, facts=facts).to(pick_device())
    for place in module.live:
        teachers.models[place].to(pick_device())  # type: ignore[arg-type]  # the Trainer moves only what it trains
    if cache is not False and pairing.task not in (
        "masked-lm",
        "replaced-token",
    ):  # its texts are other ones in each epoch
        module.hear_from(_caches(module, teachers, recipe, pairing, sets, force=cache is True, progress=run.progress))
    few = some_rows(sets.train, run.seed)
    device = pick_device()
    with quantised(student, stage.quantise):
        module.prepare(
            {k: v.to(device) for k, v in batch.items()} for batch in DataLoader(few, 32, collate_fn=sets.collate)
        )
        with module.tapped():
            return run_stage(module, stage, sets, run, terms=tuple(type(o).__name__ for o in objectives))


def _caches(
    module: Distillation,
    teachers: Teachers,
    recipe: Recipe,
    pairing: Pairing,
    sets: Sets,
    *,
    force: bool,
    progress: bool,
) -> dict[int, TeacherCache]:
    """By place, a cache for each teacher that this stage asks and that had better not answer live. All that the recipe's stages ask is asked at once."""
    whole, caches = recipe.teacher_needs(pairing), {}
    for place in module.live:
        asked = whole if place == 0 else Needs(logits=whole.logits)  # only the first teacher's layers are looked at
        texts = sets.train if sets.texts is None else sets.texts
        question = Question(teachers.models[place], asked, texts, sets.collate, teachers.translate, recipe.epochs)
        cache = open_cache(question, module.teacher_needs[place], force=force, progress=progress)
        if cache is not None:
            caches[place] = cache
    return caches


def some_rows(rows: Dataset, seed: int) -> Dataset:
    """At most :data:`LOOKED_AT` of the rows, by chance."""
    return rows.shuffle(seed=seed).select(range(min(LOOKED_AT, len(rows))))
