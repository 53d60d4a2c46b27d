"""``hodu train``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from hodu.cli import options as o


class LayoutName(StrEnum):
    """How facts stand beside a text."""

    star = "star"
    text = "text"
    tree = "tree"


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
    dropout: Annotated[
        float | None,
        typer.Option(
            "--dropout", min=0, max=0.9, help="Of all layers while training; the model's own if not given; 0 is faster."
        ),
    ] = None,
    max_length: o.MaxLength = None,
    vocabulary: Annotated[int, typer.Option("--vocabulary", help="Pieces of a vocabulary made from scratch.")] = 8000,
    whole_word: o.WholeWord = False,
    generator: o.Generator = None,
    graph: o.Graph = None,
    fact_layout: Annotated[
        LayoutName | None,
        typer.Option(
            "--fact-layout",
            help="How facts stand beside a text: star (no fact disturbs another; the default), text (more text; for any model), tree (K-BERT's).",
        ),
    ] = None,
    fact_tokens: Annotated[
        int | None,
        typer.Option(
            "--fact-tokens", min=1, help="Most tokens of facts; the text is never cut for them. Default: 128."
        ),
    ] = None,
    entity_slots: Annotated[
        bool | None,
        typer.Option(
            "--entity-slots/--no-entity-slots", help="Number what is mentioned, in the text and in the facts."
        ),
    ] = None,
    fact_bias: Annotated[
        float | None,
        typer.Option(
            "--fact-bias",
            max=0,
            help="Added to the attention of the text to its facts: below 0 they are quiet at first. Default: a reader's own; -3 for a trained model that begins to read; none for a new one, and for the layout text.",
        ),
    ] = None,
    fact_dropout: Annotated[
        float, typer.Option("--fact-dropout", min=0, max=1, help="Share of the training rows that get no facts.")
    ] = 0.1,
    redraw: o.Redraw = 0,
    distractors: o.Distractors = 0,
    seed: o.Seed = 0,
    accumulate: o.Accumulate = 1,
    overwrite: o.Overwrite = False,
    restart: o.Restart = False,
    tensorboard: o.TensorBoard = None,
) -> None:
    """Fine-tune a model on labelled text, or (--task masked-lm, causal-lm, replaced-token) a language model on running text: a teacher."""
    from hodu.training import train as run

    asked = {
        "layout": fact_layout and fact_layout.value,
        "tokens": fact_tokens,
        "slots": entity_slots,
        "bias": fact_bias,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
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
        dropout=dropout,
        max_length=max_length,
        vocabulary=vocabulary,
        whole_word=whole_word,
        generator=generator,
        graph=graph,
        facts=given or None,
        fact_dropout=fact_dropout,
        redraw=redraw,
        distractors=distractors,
        seed=seed,
        accumulate=accumulate,
        overwrite=overwrite,
        restart=restart,
        tensorboard=tensorboard,
    )
    beside = f" --graph {graph}" if graph else ""
    typer.echo(f"{made} is ready: hodu measure {made} --data {data}{o.with_generator(made)}{beside}")
