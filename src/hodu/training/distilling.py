"""Distillation: teacher or teachers, a recipe and text in; a small student folder out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from hodu.data import Columns, Data, Frequency, as_read, collate, corrupted, load, max_length_of, split, tokenise
from hodu.data.augment import COPIES
from hodu.errors import ModelError, RecipeError
from hodu.models import build_student, parse_budget, plan, prune_vocabulary, shape_of
from hodu.models.given import given_student, is_given, shape_to_be
from hodu.models.licence import licence_of
from hodu.models.load import evident_task, read_card
from hodu.objectives.ensemble import Mean
from hodu.recipes import USUAL, Recipe, Stage, find_recipe, for_vectors
from hodu.training.augmenting import augmented
from hodu.training.choosing import chosen_student
from hodu.training.distillation import Teachers
from hodu.training.graph_facts import Graph, all_read, let_read, strings_of_graph, told
from hodu.training.output import RECORD, publish, working_folder
from hodu.training.outputs import ask_those_apart
from hodu.training.pre_training import generator_beside
from hodu.training.prepare import check_generator, longest, prepare, texts_to_serve
from hodu.training.quantising import check_quantised
from hodu.training.record import described, numbers_of, save_student, totals
from hodu.training.sentence_rows import to_distil, to_fit, with_equal_steps
from hodu.training.settings import Choices, Options, Vocabulary
from hodu.training.stages import Run
from hodu.training.teacher_cache import cache_home
from hodu.training.teachers import Panel, load_panel, question
from hodu.training.teaching import LOOKED_AT, some_rows, teach
from hodu.types import LANGUAGE, TOKENS, Pairing, Quantised, Shape, Start, StudentFacts, Task

logger = logging.getLogger("hodu")


def distill(
    teacher: str | Path | Sequence[str | Path],
    data: str | Path | Data,
    out: str | Path,
    *,
    student: str | None = None,
    size: str | None = None,
    speed: str | float | None = None,
    recipe: str | Recipe | None = None,
    start: Start | None = None,
    vocabulary: Vocabulary | None = None,
    heads: int | None = None,
    feed_forward: int | None = None,
    teacher_layer: int | None = None,
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
    whole_word: bool = False,
    generator: str | Path | None = None,
    augment: str | Path | None = None,
    augment_copies: int = COPIES,
    glove: str | Path | None = None,
    graph: str | Path | None = None,
    student_facts: StudentFacts = "reader",
    redraw: int = 0,
    distractors: int = 0,
    quantise: Quantised | None = None,
    overwrite: bool = False,
    restart: bool = False,
    progress: bool = True,
    tensorboard: str | Path | None = None,
) -> Path:
    """Distil one teacher, or an ensemble, into a small student.

    Args:
        teacher: hub ids or folders of fine-tuned classifiers or regressors, or of a language model; the first lends the student its tokenizer and layers. Of several,
            whatever their architectures and tokenizers, outputs are averaged, and layers are compared with the first.
        data: a file, a folder with ``train.*``, ``dev.*``, ``test.*``, a hub id, or what :func:`hodu.data.load` returned; unlabelled text is enough.
        out: the folder to make; it appears when everything is done, with the checkpoint that was best on dev.
        student: layers x width, such as ``"3x192"``; None takes half of each. Or a model (folder, hub id) with the teacher's vocabulary or a part of it, which goes on from its own weights.
        size, speed: instead of ``student``: the most that its weights may take (``"3MB"``, ``"500KB"``, ``"3MB int8"``), how many times the teacher's speed it must have (``"10x"``); the largest such shape is chosen.
        recipe: a name (``hodu recipes``) or a :class:`Recipe`; None takes ``hodu``, for language models ``distilbert``, ``distilgpt`` or ``electra``.
        start: ``random | layers | slice | rotate``; None takes the recipe's, or ``layers`` when the widths are equal.
        vocabulary: ``"pruned"`` keeps the pieces that the training and dev texts use, single characters and special pieces; ``"full"`` keeps all; None prunes, but not
            language models, which are for any text.
        heads, feed_forward: of the student; None derives them from the teacher.
        teacher_layer: the layer that the student's last one learns from, in recipes that compare only the last; None takes the last.
        weights: one per teacher; None weighs them equally.
        mean: of an ensemble: ``"arithmetic"`` (of probabilities) or ``"geometric"`` (of logits).
        epochs, learning_rate, batch_size: instead of the recipe's (its first stage's).
        task: what the labels are; or ``masked-lm``, ``causal-lm``, ``replaced-token``: the teacher is a language model (an ELECTRA discriminator) and the data is running text; or
            ``sentence-embedding``: the teacher is a sentence encoder, and its vectors are learnt from any sentences; or ``multiple-choice``. None takes the recipe's, or what the teacher's files say it does.
        label_names: class names in id order, where the data has numbers; None takes the data's.
        max_length: tokens; None takes what teacher and tokenizer can.
        accumulate: micro-batches per optimizer step, where memory is short.
        whole_word: hide whole words of a masked language model's text, not single pieces.
        generator: of ``replaced-token``: the masked language model (hub id or folder, the teacher's tokenizer) whose samples replace pieces; None takes the folder ``generator`` of the
            teacher's, which :func:`train` leaves there, or draws them by their frequency.
        cache: keep what the teacher says on disk (``$HODU_CACHE`` or ``~/.cache/hodu``) and read it in later epochs, stages, seeds and students; None where that saves time in this run.
        augment: a masked language model (hub id or folder) that replaces words in copies of the training rows (:mod:`hodu.data.augment`).
        augment_copies, glove: copies of each text; GloVe or fastText vectors for words of several pieces, None takes the masked model's own embeddings.
        graph: a knowledge graph (:func:`hodu.knowledge.opening.open_compiled`) whose facts stand beside the texts, in the way that the teacher was trained to read them.
        student_facts: ``reader``: the student reads them too, so that an edit to the graph changes its answers; ``absorbed``: only the teacher does, and what it knew goes into the student's weights;
            ``mixed``: the student does in seven rows of ten.
        redraw: read the training questions so many times more, each time with the facts between them and their choices dealt anew (:func:`hodu.data.redrawn`).
        distractors: put up to so many facts about anything else among those of each training row.
        quantise: ``"int8"`` or ``"int4"``: one stage more, with the weights as :func:`hodu.export` stores them in that precision; of a student that goes on, this stage alone.

    Returns:
        ``out``.

    Raises:
        DataError, LabelError, ModelError, ShapeError, RecipeError, ObjectiveError: what was asked for cannot be.
        OutputError: ``out`` exists, or the disk is full.
        KeyboardInterrupt: stopped by Ctrl-C; the same call goes on from its checkpoint.
    """
    names = [teacher] if isinstance(teacher, str | Path) else list(teacher)
    named = find_recipe(recipe) if isinstance(recipe, str) else recipe
    task = task or (named.task if named else None) or evident_task(names[0])
    chosen = (named or find_recipe(USUAL.get(task, "hodu") if task else "hodu")).with_changes(
        epochs=epochs, learning_rate=learning_rate, batch_size=batch_size
    )
    if chosen.task and task != chosen.task:
        raise RecipeError(f"recipe {chosen.name} is for {chosen.task} teachers, and --task says {task}")
    if weights is not None and (len(weights) != len(names) or not all(weight > 0 for weight in weights)):
        raise RecipeError(f"{len(names)} teachers need as many positive weights, got {list(weights)}")
    if augment is not None and task in LANGUAGE | TOKENS | {"multiple-choice"}:
        raise RecipeError(
            f"--augment replaces words in labelled or unlabelled sentences; a student that does {task} learns from the text as it is"
        )
    check_generator(generator, task)
    if task == "replaced-token" and generator is None:
        generator = generator_beside(names[0])
    if glove is not None and augment is None:
        raise RecipeError(
            f"{glove} gives words for augmentation (--glove), and there is none; name a masked language model with --augment"
        )
    if graph is None and (student_facts != "reader" or redraw or distractors):
        raise RecipeError(
            f"--student-facts {student_facts}, --redraw and --distractors are about the facts of a graph, and there is none; name one with --graph"
        )
    if graph is not None and augment is not None:
        raise RecipeError("--augment replaces words that facts are about; leave out --augment or --graph")
    if quantise is not None:
        check_quantised(quantise, task)
    budget = parse_budget(size, speed, student=student)
    panel = load_panel(names, task, heads=chosen.compares_outputs)
    if panel.task == "sentence-embedding":
        chosen = for_vectors(chosen)
    full = shape_of(panel.first.model.config)
    goes_on = student is not None and is_given(student)
    if goes_on:
        _check_nothing_more(start=start, vocabulary=vocabulary, heads=heads, feed_forward=feed_forward)
    elif heads is None and chosen.equal_heads:
        heads = full.heads
    vocabulary = vocabulary or ("full" if task in LANGUAGE else "pruned")
    columns = columns or Columns()
    source = data if isinstance(data, Data) else load(data, columns=columns, task=task, label_names=label_names)
    if budget:
        given: dict[str, Any] = {"vocabulary": vocabulary, "heads": heads, "feed_forward": feed_forward}
        student = chosen_student(budget, panel, source, Path(out), **given, max_length=max_length, restart=restart)
    student = student or f"{max(1, full.layers // 2)}x{full.width // 2}"
    shape = shape_to_be(student, panel.first.model.config, heads=heads, feed_forward=feed_forward)
    if teacher_layer is not None:
        chosen = chosen.at_layer(shape.layers, teacher_layer, of=full.layers)
    if quantise is not None:
        chosen = chosen.then_quantised(quantise)
        if goes_on:  # it is distilled already: what is left is this stage, and the numbers asked for are its own
            chosen = replace(chosen, stages=chosen.stages[-1:]).with_changes(
                epochs=epochs, learning_rate=learning_rate, batch_size=batch_size
            )
    choices = Choices(
        teachers=tuple(str(name) for name in names),
        data=data.source if isinstance(data, Data) else str(data),
        student=student,
        recipe=chosen.name,
        start=None if goes_on else start or ("layers" if shape.width == full.width else chosen.start),
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
        whole_word=whole_word,
        generator=str(generator) if generator else None,
        size=budget.size_text if budget else None,
        speed=budget.speed_text if budget else None,
        augment=str(augment) if augment else None,
        augment_copies=augment_copies,
        glove=str(glove) if glove else None,
        graph=str(graph) if graph else None,
        student_facts=student_facts,
        redraw=redraw,
        distractors=distractors,
        quantise=quantise,
    )
    options = Options(Path(out), overwrite, restart, progress, Path(tensorboard) if tensorboard else None)
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
    panel = load_panel(choices.teachers, choices.task, heads=False)
    repeated = Recipe(name=choices.recipe, paper="", summary="", stages=tuple(numbers)).baseline(panel.task)
    shape = shape_to_be(
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
    if choices.graph:
        graph = Graph(choices.graph, choices.redraw, choices.distractors, choices.seed)
        data = told(data, panel.task, graph, panel.tokenizer, all_read(panel.models))
    if data.task is None:
        recipe = recipe.without_labels()
    if panel.task != "sentence-embedding":
        data = question(panel, data, choices.weights)
    elif role == "student":
        data = to_distil(panel.first, data)
    else:
        recipe, data = with_equal_steps(recipe, data), to_fit(data)
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
        if choices.graph:
            let_read(student, panel.first.model, choices.student_facts)
        length = min(length, max_length_of(tokenizer, student.config))  # a given student may take less than its teacher
        if panel.task in LANGUAGE:
            tokenizer.model_max_length = length  # as in train
        sets = prepare(
            data,
            tokenizer,
            panel.task,
            max_length=length,
            metric="agreement" if data.task is None else None,
            seed=choices.seed,
            whole_word=choices.whole_word,
            generator=choices.generator,
        )
        pairing = Pairing(shape, shape_of(panel.first.model.config), panel.task)
        run = Run(work, choices.seed, choices.accumulate, options.progress, options.tensorboard)
        if recipe.teacher_needs(pairing).logits:
            store = choices.cache is not False
            outputs = ask_those_apart(panel, data, epochs=recipe.epochs, store=store, progress=run.progress)
            teachers = replace(teachers, outputs=outputs)
        figures = [
            teach(
                student,
                teachers,
                recipe,
                stage,
                pairing,
                sets,
                run,
                cache=choices.cache,
                facts=choices.student_facts,
            )
            for stage in recipe.stages
        ]
        learnt_from = [*choices.teachers, *([choices.student] if choices.start is None else [])]
        record = {**settings, "licence": licence_of(learnt_from), "shape": asdict(shape), **totals(figures)}
        publish(
            options.out,
            work,
            lambda folder: save_student(folder, student, tokenizer, record),
            overwrite=options.overwrite,
        )
    return options.out


def _check_nothing_more(**asked: str | int | None) -> None:
    given = [f"--{name.replace('_', '-')} {value}" for name, value in asked.items() if value is not None]
    if given:
        raise RecipeError(
            f"{' and '.join(given)} would make a new student, and --student names one that goes on as it is; leave out one of them"
        )


def _start(
    choices: Choices, panel: Panel, shape: Shape, data: Data, max_length: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Teachers]:
    """The student before training, its tokenizer, and its teachers ready to be asked in its piece ids."""
    if choices.start is None:
        given, kept = given_student(choices.student, panel.first, panel.task)
        longest(given, choices.max_length)
        logger.info("the student goes on from %s: %s, teacher %s", given.path, shape, panel.first.path)
        return given.model, given.tokenizer, Teachers(panel.models, choices.weights, choices.mean, kept)
    tokenizer, kept = panel.tokenizer, None
    if choices.vocabulary == "pruned":
        more = strings_of_graph(choices.graph) if choices.graph and choices.student_facts != "absorbed" else ()
        pruned = prune_vocabulary(tokenizer, chain(texts_to_serve(data), more))
        tokenizer, kept = pruned.tokenizer, pruned.kept
    size = len(panel.tokenizer) if kept is None else len(kept)
    logger.info("%s", plan(panel.first.model, shape, choices.start, vocabulary=size))
    batches = _calibration(data, panel, max_length, choices.seed)
    student = build_student(panel.first.model, shape, choices.start, batches=batches, kept=kept, seed=choices.seed)
    return student, tokenizer, Teachers(panel.models, choices.weights, choices.mean, kept)


def _calibration(data: Data, panel: Panel, max_length: int, seed: int) -> list[dict[str, Tensor]]:
    read = as_read(some_rows(data.splits["train"], seed), panel.task)
    encoded, _ = tokenise(read.select(range(min(LOOKED_AT, len(read)))), panel.tokenizer, max_length=max_length)
    rows = collate(panel.tokenizer)
    if panel.task == "replaced-token":  # a discriminator's head has little to say of a text that is as it was
        rows = corrupted(panel.tokenizer, Frequency(encoded, panel.tokenizer), seed=seed)
    batches = DataLoader(encoded, 32, collate_fn=rows)
    return [{name: value for name, value in batch.items() if name != "labels"} for batch in batches]
