"""Flags that several commands share, so that one thing has one name and one help text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hodu.data import Columns
    from hodu.types import Task as TaskValue


class TaskName(StrEnum):
    """The tasks, as a flag takes them."""

    classification = "classification"
    text_classification = "text-classification"
    multilabel = "multilabel"
    regression = "regression"
    token_classification = "token-classification"
    question_answering = "question-answering"
    masked_lm = "masked-lm"
    causal_lm = "causal-lm"
    replaced_token = "replaced-token"
    sentence_embedding = "sentence-embedding"
    multiple_choice = "multiple-choice"


DataSource = Annotated[
    str,
    typer.Option(
        "--data",
        help="A file (CSV, TSV, JSONL, Parquet, text, CoNLL, SQuAD; .gz too), a folder with train.*, dev.*, test.*, or a hub id (glue/sst2).",
    ),
]
Out = Annotated[Path, typer.Option("--out", help="The folder to make; it appears when everything is done.")]
TextColumn = Annotated[
    str | None, typer.Option("--text-column", help="Column of the text; found by its usual names otherwise.")
]
PairColumn = Annotated[str | None, typer.Option("--pair-column", help="Column of the second text of a pair.")]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column of the label.")]
Task = Annotated[
    TaskName | None,
    typer.Option(
        "--task",
        help="What the labels are, found from them and the columns otherwise; or masked-lm, causal-lm, replaced-token (ELECTRA): a language model and running text; sentence-embedding: sentences, scored pairs; multiple-choice: questions with choices.",
    ),
]
LabelNames = Annotated[
    str | None,
    typer.Option("--label-names", help="Class names in id order, where the data has numbers: negative,positive"),
]
Epochs = Annotated[float | None, typer.Option("--epochs", help="Passes over the training data.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", help="Peak learning rate of AdamW.")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Examples per optimizer step.")]
MaxLength = Annotated[
    int | None, typer.Option("--max-length", help="Tokens; longer texts are cut. Default: what the model takes.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Accumulate = Annotated[
    int, typer.Option("--accumulate", min=1, help="Micro-batches per optimizer step, where memory is short.")
]
WholeWord = Annotated[
    bool, typer.Option("--whole-word", help="Hide whole words of a masked language model's text, not single pieces.")
]
Generator = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="For replaced-token: a masked language model with the same tokenizer (hub id or folder) that replaces pieces; in hodu train also a shape. Default: one trained together with a new model, MODEL/generator, or drawn by frequency.",
    ),
]
Graph = Annotated[
    str | None,
    typer.Option(
        "--graph",
        help="A knowledge graph (from hodu graph build or compile) whose facts stand beside each text.",
    ),
]
Redraw = Annotated[
    int,
    typer.Option(
        "--redraw",
        min=0,
        help="Read the training questions so many times more, each time with the facts between them and their choices dealt anew, so that facts must be read.",
    ),
]
Distractors = Annotated[
    int,
    typer.Option(
        "--distractors",
        min=0,
        help="Put up to so many facts about anything else among those of each training row, so that the model learns which matter.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace --out if it exists.")]
Restart = Annotated[bool, typer.Option("--restart", help="Forget the checkpoints of a stopped run.")]
TensorBoard = Annotated[
    Path | None, typer.Option("--tensorboard", help="Folder for TensorBoard logs (needs hodu\\[tensorboard]).")
]


def label_names(given: str | None) -> list[str] | None:
    """The names in a comma-separated flag."""
    return [name.strip() for name in given.split(",")] if given else None


def task_of(given: TaskName | None) -> TaskValue | None:
    """The task as the package calls it; text-classification is transformers' name for classification."""
    if given is None:
        return None
    return "classification" if given is TaskName.text_classification else given.value  # type: ignore[return-value]


def with_generator(made: Path) -> str:
    """The flag with which the model in a folder is measured on text as it learned from, as it stands in a command that is proposed to the user."""
    from hodu.models.load import read_card
    from hodu.models.scratch import GENERATOR

    beside = made / GENERATOR
    named = beside if beside.is_dir() else read_card(made).get("generator")
    return f" --generator {named}" if named else ""


def columns(text: str | None, pair: str | None, label: str | None) -> Columns:
    """The column flags as the data folder takes them."""
    from hodu.data import Columns

    return Columns(text, pair, label)
