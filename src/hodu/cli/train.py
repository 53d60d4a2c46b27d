"""``hodu train``."""

from __future__ import annotations

from typing import Annotated

import typer

from hodu.cli import options as o


def train(
    model: Annotated[
        str,
        typer.Argument(
            help="A hub id, a folder, or a shape such as 4x256: a new model with its own vocabulary, from scratch."
        ),
    ],
    data: o.DataSource,
    out: o.Out,
    text_column: o.TextColumn = None,
    pair_column: o.PairColumn = None,
    label_column: o.LabelColumn = None,
    task: o.Task = None,
    label_names: o.LabelNames = None,
    epochs: o.Epochs = None,
    learning_rate: o.LearningRate = None,
    batch_size: o.BatchSize = None,
    max_length: o.MaxLength = None,
    vocabulary: Annotated[int, typer.Option("--vocabulary", help="Pieces of a vocabulary made from scratch.")] = 8000,
    whole_word: o.WholeWord = False,
    generator: o.Generator = None,
    seed: o.Seed = 0,
    accumulate: o.Accumulate = 1,
    overwrite: o.Overwrite = False,
    restart: o.Restart = False,
    tensorboard: o.TensorBoard = None,
) -> None:
    """Fine-tune a model on labelled text, or (--task masked-lm, causal-lm, replaced-token) a language model on running text: a teacher."""
    from hodu.training import train as run

    made = run(
        model,
        data,
        out,
        columns=o.columns(text_column, pair_column, label_column),
        task=o.task_of(task),
        label_names=o.label_names(label_names),
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        max_length=max_length,
        vocabulary=vocabulary,
        whole_word=whole_word,
        generator=generator,
        seed=seed,
        accumulate=accumulate,
        overwrite=overwrite,
        restart=restart,
        tensorboard=tensorboard,
    )
    typer.echo(f"{made} is ready: hodu measure {made} --data {data}{o.with_generator(made)}")
