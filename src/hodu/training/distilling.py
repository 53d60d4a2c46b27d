"""Distillation: teacher or teachers, a recipe and text in; a small student folder out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from hodu.data import Columns, Data, collate, load, split, tokenise
from hodu.data.augment import COPIES
from hodu.errors import ModelError, RecipeError
from hodu.models import build_student, parse_shape, plan, prune_vocabulary, shape_of
from hodu.models.load import read_card
from hodu.objectives.ensemble import Mean
from hodu.recipes import Recipe, Stage, find_recipe
from hodu.training.augmenting import augmented
from hodu.training.distillation import Distillation, Teachers
from hodu.training.output import RECORD, publish, working_folder
from hodu.training.prepare import longest, prepare
from hodu.training.record import described, numbers_of, save_student, totals
from hodu.training.stages import Run, Sets, pick_device, run_stage
from hodu.training.teacher_cache import Question, TeacherCache, cache_home, open_cache
from hodu.training.teachers import Panel, load_panel, question
from hodu.types import Needs, Pairing, Shape, Start, Task

logger = logging.getLogger("hodu")

_CALIBRATION = 512  # training texts that warm start and projections look at: some thousand tokens


@dataclass(frozen=True)
class Choices:
    """What was chosen for a distillation: recorded in ``hodu.json``, compared when a run is resumed, repeated for the baseline."""

    teachers: tuple[str, ...]
    data: str
    student: str
    recipe: str
    start: Start
    vocabulary: Literal["pruned", "full"] = "pruned"
    heads: int | None = None
    feed_forward: int | None = None
    weights: tuple[float, ...] = (1.0,)
    mean: Mean = "arithmetic"
    text_column: str | None = None
    pair_column: str | None = None
    label_column: str | None = None
    task: Task | None = None
    label_names: tuple[str, ...] | None = None
    max_length: int | None = None
    seed: int = 0
    accumulate: int = 1
    cache: bool | None = None
    augment: str | None = None
    augment_copies: int = COPIES
    glove: str | None = None


@dataclass(frozen=True)
class Options:
    """What changes nothing in the result: where to, and who looks on."""

    out: Path
    overwrite: bool = False
    restart: bool = False
    progress: bool = True
    tensorboard: Path | None = None


def distill(
    teacher: str | Path | Sequence[str | Path],
    data: str | Path | Data,
    out: str | Path,
    *,
    student: str | None = None,
    recipe: str | Recipe = "hodu",
    start: Start | None = None,
    vocabulary: Literal["pruned", "full"] = "pruned",
    heads: int | None = None,
    feed_forward: int | None = None,
    weights: Sequence[float] | None = None,
    mean: Mean = "arithmetic",
    epochs: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    columns: Columns | None = None,
    task: Task | None = None,
    label_names: Sequence[str] | None = None,
    max_length: int | None = None,
    seed: int = 0,
    accumulate: int = 1,
    cache: bool | None = None,
    augment: str | Path | None = None,
    augment_copies: int = COPIES,
    glove: str | Path | None = None,
    overwrite: bool = False,
    restart: bool = False,
    progress: bool = True,
    tensorboard: str | Path | None = None,
) -> Path:
    """Distil one teacher, or an ensemble, into a small student.

    Args:
        teacher: hub ids or folders of fine-tuned classifiers or regressors; of several, outputs are averaged and layers are compared with the first.
        data: a file, a folder with ``train.*``, ``dev.*``, ``test.*``, a hub id, or what :func:`hodu.data.load` returned; unlabelled text is enough.
        out: the folder to make; it appears when everything is done, with the checkpoint that was best on dev.
        student: layers x width, such as ``"3x192"``; None takes half of each.
        recipe: a name (``hodu recipes``) or a :class:`Recipe`.
        start: ``random | layers | slice | rotate``; None takes the recipe's, or ``layers`` when the widths are equal.
        vocabulary: ``"pruned"`` keeps the pieces that the training and dev texts use, single characters and special pieces; ``"full"`` keeps all.
        heads, feed_forward: of the student; None derives them from the teacher.
        weights: one per teacher; None weighs them equally.
        mean: of an ensemble: ``"arithmetic"`` (of probabilities) or ``"geometric"`` (of logits).
        epochs, learning_rate, batch_size: instead of the recipe's (its first stage's).
        label_names: class names in id order, where the data has numbers; None takes the data's.
        max_length: tokens; None takes what teacher and tokenizer can.
        accumulate: micro-batches per optimizer step, where memory is short.
        cache: keep what the teacher says on disk (``$HODU_CACHE`` or ``~/.cache/hodu``) and read it in later epochs, stages, seeds and students; None where that saves time in this run.
        augment: a masked language model (hub id or folder) that replaces words in copies of the training rows (:mod:`hodu.data.augment`).
        augment_copies, glove: copies of each text; GloVe or fastText vectors for words of several pieces, None takes the masked model's own embeddings.

    Returns:
        ``out``.

    Raises:
        DataError, LabelError, ModelError, ShapeError, RecipeError, ObjectiveError: what was asked for cannot be.
        OutputError: ``out`` exists, or the disk is full.
        KeyboardInterrupt: stopped by Ctrl-C; the same call goes on from its checkpoint.
    """
    names = [teacher] if isinstance(teacher, str | Path) else list(teacher)
    chosen = (find_recipe(recipe) if isinstance(recipe, str) else recipe).with_changes(
        epochs=epochs, learning_rate=learning_rate, batch_size=batch_size
    )
    if weights is not None and (len(weights) != len(names) or not all(weight > 0 for weight in weights)):
        raise RecipeError(f"{len(names)} teachers need as many positive weights, got {list(weights)}")
    if glove is not None and augment is None:
        raise RecipeError(
            f"{glove} gives words for augmentation (--glove), and there is none; name a masked language model with --augment"
        )
    panel = load_panel(names)
    full = shape_of(panel.first.model.config)
    student = student or f"{max(1, full.layers // 2)}x{full.width // 2}"
    if heads is None and chosen.equal_heads:
        heads = full.heads
    shape = parse_shape(student, panel.first.model.config, heads=heads, feed_forward=feed_forward)
    columns = columns or Columns()
    choices = Choices(
        teachers=tuple(str(name) for name in names),
        data=data.source if isinstance(data, Data) else str(data),
        student=student,
        recipe=chosen.name,
        start=start or ("layers" if shape.width == full.width else chosen.start),
        vocabulary=vocabulary,
        heads=heads,
        feed_forward=feed_forward,
        weights=tuple(weights or [1.0] * len(names)),
        mean=mean,
        text_column=columns.text,
        pair_column=columns.pair,
        label_column=columns.label,
        task=task,
        label_names=tuple(label_names) if label_names else None,
        max_length=max_length,
        seed=seed,
        accumulate=accumulate,
        cache=cache,
        augment=str(augment) if augment else None,
        augment_copies=augment_copies,
        glove=str(glove) if glove else None,
    )
    options = Options(Path(out), overwrite, restart, progress, Path(tensorboard) if tensorboard else None)
    source = data if isinstance(data, Data) else load(data, columns=columns, task=task, label_names=label_names)
    return _distil(choices, chosen, panel, shape, source, options, role="student")


def baseline(
    student: str | Path,
    out: str | Path | None = None,
    *,
    data: str | Path | Data | None = None,
    overwrite: bool = False,
    restart: bool = False,
    progress: bool = True,
) -> Path:
    """Train the undistilled baseline of a student: same shape, same start, same steps, labels only.

    Args:
        student: a folder that :func:`distill` made.
        out: None takes the student's folder name with ``-baseline``.
        data: None takes the student's.

    Raises:
        ModelError: the folder has no record of a distillation.
    """
    card = read_card(student)
    if card.get("role") != "student":
        raise ModelError(
            f"{student} has no {RECORD} of a distillation; the baseline repeats one, so name a student folder that hodu distill made"
        )
    known: dict[str, Any] = {field.name: card[field.name] for field in fields(Choices) if field.name in card}
    known |= {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    choices = Choices(**known)
    numbers = [Stage(terms=(), sources={}, **stage) for stage in card["stages"]]
    repeated = Recipe(name=choices.recipe, paper="", summary="", stages=tuple(numbers)).baseline()
    panel = load_panel(choices.teachers)
    shape = parse_shape(
        choices.student, panel.first.model.config, heads=choices.heads, feed_forward=choices.feed_forward
    )
    columns = Columns(choices.text_column, choices.pair_column, choices.label_column)
    source = (
        data
        if isinstance(data, Data)
        else load(data or choices.data, columns=columns, task=choices.task, label_names=choices.label_names)
    )
    path = Path(student)
    options = Options(Path(out) if out else path.with_name(f"{path.name}-baseline"), overwrite, restart, progress)
    return _distil(choices, repeated, panel, shape, source, options, role="baseline")


def _distil(
    choices: Choices, recipe: Recipe, panel: Panel, shape: Shape, data: Data, options: Options, *, role: str
) -> Path:
    data = split(data)
    for note in data.notes:
        logger.info("%s", note)
    if data.task is None:
        recipe = recipe.without_labels()
    data = question(panel, data, choices.weights)
    settings = {"role": role, **asdict(choices), "stages": [numbers_of(stage) for stage in recipe.stages]}
    settings["objectives"] = [[described(term) for term in stage.terms] for stage in recipe.stages]
    with working_folder(options.out, settings, overwrite=options.overwrite, restart=options.restart) as work:
        if choices.augment:
            asked = choices.augment, choices.augment_copies, choices.glove
            home = work if choices.cache is False else cache_home()
            data = augmented(data, recipe, *asked, home / "augment", progress=options.progress)
        set_seed(choices.seed)
        length = longest(panel.first, choices.max_length)
        student, tokenizer, teachers = _start(choices, panel, shape, data, length)
        sets = prepare(
            data, tokenizer, panel.task, max_length=length, metric="agreement" if data.task is None else None
        )
        pairing = Pairing(shape, shape_of(panel.first.model.config), panel.task)
        run = Run(work, choices.seed, choices.accumulate, options.progress, options.tensorboard)
        figures = [
            _teach(student, teachers, recipe, stage, pairing, sets, run, cache=choices.cache) for stage in recipe.stages
        ]
        record = {**settings, "shape": asdict(shape), **totals(figures)}
        publish(
            options.out,
            work,
            lambda folder: save_student(folder, student, tokenizer, record),
            overwrite=options.overwrite,
        )
    return options.out


def _start(
    choices: Choices, panel: Panel, shape: Shape, data: Data, max_length: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Teachers]:
    """The untrained student, its tokenizer, and its teachers ready to be asked in its piece ids."""
    tokenizer, kept = panel.tokenizer, None
    if choices.vocabulary == "pruned":
        pruned = prune_vocabulary(tokenizer, _texts(data))
        tokenizer, kept = pruned.tokenizer, pruned.kept
    size = len(panel.tokenizer) if kept is None else len(kept)
    logger.info("%s", plan(panel.first.model, shape, choices.start, vocabulary=size))
    batches = _calibration(data, panel, max_length, choices.seed)
    student = build_student(panel.first.model, shape, choices.start, batches=batches, kept=kept, seed=choices.seed)
    return student, tokenizer, Teachers(panel.models, choices.weights, choices.mean, kept)


def _teach(
    student: PreTrainedModel,
    teachers: Teachers,
    recipe: Recipe,
    stage: Stage,
    pairing: Pairing,
    sets: Sets,
    run: Run,
    *,
    cache: bool | None,
) -> dict[str, float]:
    """Train the student through one stage of the recipe."""
    if stage.dropout is not None:
        for part in student.modules():
            if isinstance(part, nn.Dropout):
                part.p = stage.dropout
    objectives = [term.build(pairing) for term in stage.terms]
    module = Distillation(student, teachers, objectives, [term.weight for term in stage.terms], pairing.task).to(
        pick_device()
    )
    for model in teachers.models[: len(module.teacher_needs)]:
        model.to(pick_device())  # type: ignore[arg-type]  # the Trainer moves only what it trains
    if cache is not False:
        module.hear_from(_caches(module, teachers, recipe, pairing, sets, force=cache is True, progress=run.progress))
    few = sets.train.shuffle(seed=run.seed).select(range(min(_CALIBRATION, len(sets.train))))
    device = pick_device()
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
) -> list[TeacherCache]:
    """A cache for each teacher that this stage asks, or none: then they answer live. All that the recipe's stages ask is asked at once."""
    whole = Needs()
    for term in (term for stage in recipe.stages for term in stage.terms):
        whole |= term.build(pairing).teacher_needs
    epochs = sum(stage.epochs for stage in recipe.stages)
    caches = []
    for place, (model, reads) in enumerate(zip(teachers.models, module.teacher_needs, strict=False)):
        asked = whole if place == 0 else Needs(logits=whole.logits)  # only the first teacher's layers are looked at
        question = Question(model, asked, sets.train, sets.collate, teachers.translate, epochs)
        if (cache := open_cache(question, reads, force=force, progress=progress)) is None:
            return []
        caches.append(cache)
    return caches


def _texts(data: Data) -> Iterator[str]:
    """The texts that the student's vocabulary must serve: never the test split's."""
    for name in ("train", "dev"):
        if name in data.splits:
            for column in ("text", "pair"):
                if column in data.splits[name].column_names:
                    yield from data.splits[name][column]


def _calibration(data: Data, panel: Panel, max_length: int, seed: int) -> list[dict[str, Tensor]]:
    few = data.splits["train"].shuffle(seed=seed).select(range(min(_CALIBRATION, len(data.splits["train"]))))
    encoded, _ = tokenise(few, panel.tokenizer, max_length=max_length)
    batches = DataLoader(encoded, 32, collate_fn=collate(panel.tokenizer))
    return [{name: value for name, value in batch.items() if name != "labels"} for batch in batches]
