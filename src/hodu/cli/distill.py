"""``hodu distill`` and ``hodu baseline``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hodu.cli import options as o


class StartName(StrEnum):
    """How a student starts."""

    random = "random"
    layers = "layers"
    slice = "slice"
    rotate = "rotate"


class VocabularyName(StrEnum):
    """What happens to the teacher's vocabulary."""

    pruned = "pruned"
    full = "full"


class MeanName(StrEnum):
    """How an ensemble's outputs are averaged."""

    arithmetic = "arithmetic"
    geometric = "geometric"


class StudentFactsName(StrEnum):
    """Who reads the facts of a graph."""

    reader = "reader"
    absorbed = "absorbed"
    mixed = "mixed"


class QuantisedName(StrEnum):
    """How an export will store the weights."""

    int8 = "int8"
    int4 = "int4"


def distill(
    teacher: Annotated[
        list[str],
        typer.Argument(help="Fine-tuned teachers, or language models: hub ids or folders. Several are an ensemble."),
    ],
    data: o.DataSource,
    out: o.Out,
    student: Annotated[
        str | None,
        typer.Option(
            "--student", help="Layers x width, such as 3x192 (default: half of each); or a model that goes on."
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--size", help='Choose the largest student whose weights fit: 3MB, 500KB (fp32), or "3MB int8".'),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option("--speed", help="Choose the largest student that is so many times as fast on this machine: 10x."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            help="How to distil; hodu recipes lists them. Default: hodu; for language models distilbert, distilgpt, electra.",
        ),
    ] = None,
    start: Annotated[
        StartName | None, typer.Option("--start", help="How the student starts. Default: the recipe's.")
    ] = None,
    vocabulary: Annotated[
        VocabularyName | None,
        typer.Option(
            "--vocabulary",
            help="Keep the pieces that your texts use, or all. Default: pruned; full for language models.",
        ),
    ] = None,
    heads: Annotated[int | None, typer.Option("--heads", help="Attention heads of the student.")] = None,
    feed_forward: Annotated[
        int | None, typer.Option("--feed-forward", help="Feed-forward width of the student.")
    ] = None,
    teacher_layer: Annotated[
        int | None,
        typer.Option(
            "--teacher-layer",
            help="Teacher layer that the student's last one learns from, in recipes that compare only the last. Default: the last.",
        ),
    ] = None,
    weight: Annotated[
        list[float] | None, typer.Option("--weight", help="Weight of each teacher, in their order; repeat the flag.")
    ] = None,
    mean: Annotated[
        MeanName, typer.Option("--mean", help="Average an ensemble's probabilities, or its logits.")
    ] = MeanName.arithmetic,
    text_column: o.TextColumn = None,
    pair_column: o.PairColumn = None,
    label_column: o.LabelColumn = None,
    task: o.Task = None,
    label_names: o.LabelNames = None,
    epochs: o.Epochs = None,
    learning_rate: o.LearningRate = None,
    batch_size: o.BatchSize = None,
    max_length: o.MaxLength = None,
    seed: o.Seed = 0,
    accumulate: o.Accumulate = 1,
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Keep what the teacher says on disk for later epochs, seeds and students. Default: if it saves time in this run.",
        ),
    ] = None,
    whole_word: o.WholeWord = False,
    generator: o.Generator = None,
    augment: Annotated[
        str | None,
        typer.Option(
            "--augment",
            help="A masked language model (hub id or folder) that replaces words in copies of the training texts.",
        ),
    ] = None,
    augment_copies: Annotated[int, typer.Option("--augment-copies", min=1, help="Such copies of each text.")] = 20,
    glove: Annotated[
        Path | None,
        typer.Option(
            "--glove",
            help="GloVe or fastText vectors for --augment's words of several pieces. Default: the masked model's own.",
        ),
    ] = None,
    graph: o.Graph = None,
    student_facts: Annotated[
        StudentFactsName,
        typer.Option(
            "--student-facts",
            help="With --graph, who reads the facts: reader (teacher and student), absorbed (only the teacher; the student needs no graph), mixed (the student in a part of the rows).",
        ),
    ] = StudentFactsName.reader,
    redraw: o.Redraw = 0,
    distractors: o.Distractors = 0,
    quantise: Annotated[
        QuantisedName | None,
        typer.Option(
            "--quantise",
            help="A last stage with the weights as hodu export --precision int8 or int4 stores them, so that little is lost; with --student FOLDER this stage alone.",
        ),
    ] = None,
    overwrite: o.Overwrite = False,
    restart: o.Restart = False,
    tensorboard: o.TensorBoard = None,
) -> None:
    """Distil one teacher, or an ensemble, into a small student."""
    from hodu.training import distill as run

    made = run(
        teacher,
        data,
        out,
        student=student,
        size=size,
        speed=speed,
        recipe=recipe,
        start=start.value if start else None,
        vocabulary=vocabulary.value if vocabulary else None,
        heads=heads,
        feed_forward=feed_forward,
        teacher_layer=teacher_layer,
        weights=weight,
        mean=mean.value,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        columns=o.columns(text_column, pair_column, label_column),
        task=o.task_of(task),
        label_names=o.label_names(label_names),
        max_length=max_length,
        seed=seed,
        accumulate=accumulate,
        cache=cache,
        whole_word=whole_word,
        generator=generator,
        augment=augment,
        augment_copies=augment_copies,
        glove=glove,
        graph=graph,
        student_facts=student_facts.value,
        redraw=redraw,
        distractors=distractors,
        quantise=quantise.value if quantise else None,
        overwrite=overwrite,
        restart=restart,
        tensorboard=tensorboard,
    )
    typer.echo(
        f"{made} is ready: hodu measure {teacher[0]} {made} --data {data}{o.with_generator(made)}{f' --graph {graph}' if graph else ''}"
    )


def baseline(
    student: Annotated[Path, typer.Argument(help="A student folder that hodu distill made.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Default: the student's folder name with -baseline.")
    ] = None,
    data: Annotated[str | None, typer.Option("--data", help="Default: the student's.")] = None,
    overwrite: o.Overwrite = False,
    restart: o.Restart = False,
) -> None:
    """Train a student's undistilled baseline: same shape, start and steps, labels only."""
    from hodu.training import baseline as run

    typer.echo(f"{run(student, out, data=data, overwrite=overwrite, restart=restart)} is ready")
