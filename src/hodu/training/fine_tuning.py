"""Fine-tuning: a teacher, or any model on labels alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import set_seed

from hodu.data import Columns, Data, load, match_labels, split
from hodu.errors import LabelError
from hodu.models import shape_of
from hodu.models.load import Loaded, labels_of, load_for_training
from hodu.models.scratch import is_shape, new_classifier, new_language_model
from hodu.objectives import Labels
from hodu.recipes import Stage, Term, labels_alone
from hodu.training.distillation import Distillation, Teachers
from hodu.training.output import publish, working_folder
from hodu.training.prepare import longest, prepare
from hodu.training.record import save_student
from hodu.training.stages import Run, pick_device, run_stage
from hodu.types import LANGUAGE, TOKENS, Pairing, Task

logger = logging.getLogger("hodu")

FINE_TUNING = Stage(
    name="train",
    terms=(Term(Labels, 1.0, "plain fine-tuning"),),
    epochs=3,
    learning_rate=5e-5,
    batch_size=32,
    sources={
        "epochs": "Devlin et al. 2019, §A.3: 2, 3 or 4",
        "learning_rate": "Devlin et al. 2019, §A.3: 5e-5, 3e-5 or 2e-5",
        "batch_size": "Devlin et al. 2019, §A.3: 16 or 32",
    },
)

FROM_SCRATCH = replace(
    FINE_TUNING,
    learning_rate=2e-4,
    sources={
        "epochs": "ours: as fine-tuning",
        "learning_rate": "ours: 4 x 256 on NSMC stands still near 81 % at 5e-4 and learns on at 2e-4; fine-tuning's 5e-5 is slow for random weights",
        "batch_size": "ours: as fine-tuning",
    },
)

PRE_TRAINING = replace(
    FINE_TUNING,
    learning_rate=5e-4,
    sources={
        "epochs": "ours: 3 passes over some MB of text",
        "learning_rate": "ours: as distilbert; small models learn best at 3e-4 to 1e-3",
        "batch_size": "ours: 32 rows of full length",
    },
)


def train(
    model: str | Path,
    data: str | Path | Data,
    out: str | Path,
    *,
    columns: Columns | None = None,
    task: Task | None = None,
    label_names: Sequence[str] | None = None,
    epochs: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    max_length: int | None = None,
    vocabulary: int = 8000,
    whole_word: bool = False,
    seed: int = 0,
    accumulate: int = 1,
    overwrite: bool = False,
    restart: bool = False,
    progress: bool = True,
    tensorboard: str | Path | None = None,
) -> Path:
    """Fine-tune a model on labelled text, or a language model on running text: a teacher for :func:`hodu.distill`.

    Args:
        model: a hub id, a folder in Hugging Face format, or a shape such as ``"4x256"``: a new model with a vocabulary of its own, from scratch (a BERT, for
            ``causal-lm`` a GPT-2).
        data: a file, a folder with ``train.*``, ``dev.*``, ``test.*``, a hub id, or what :func:`hodu.data.load` returned.
        out: the folder to make; it appears when everything is done, with the checkpoint that was best on dev.
        task: what the labels are, where that is not to be inferred; or ``masked-lm``, ``causal-lm``: a language model learns from the texts alone.
        label_names: class names in id order, where the data has numbers; None takes the data's.
        epochs, learning_rate, batch_size: None takes those of BERT's fine-tuning, for a new model a higher rate.
        vocabulary: pieces of a vocabulary made from scratch.
        whole_word: hide whole words of a masked language model's text, not single pieces.
        accumulate: micro-batches per optimizer step, where memory is short.

    Raises:
        DataError, LabelError: the data cannot be read, or has no labels.
        ModelError: the model cannot be loaded.
        OutputError: ``out`` exists, or the disk is full.
        KeyboardInterrupt: stopped by Ctrl-C; the same call goes on from its checkpoint.
    """
    out, source = (
        Path(out),
        data
        if isinstance(data, Data)
        else load(data, columns=columns or Columns(), task=task, label_names=label_names),
    )
    if source.task is None:
        raise LabelError(
            "training needs labels, and the data has none; name the label column (--label-column)", file=source.source
        )
    stage = _stage(source.task, new=is_shape(str(model)))
    stage = replace(stage, **_given(epochs=epochs, learning_rate=learning_rate, batch_size=batch_size))
    settings = {
        "model": str(model),
        "data": source.source,
        "seed": seed,
        "accumulate": accumulate,
        "vocabulary": vocabulary,
        "max_length": max_length,
        "whole_word": whole_word,
    }
    settings |= {"epochs": stage.epochs, "learning_rate": stage.learning_rate, "batch_size": stage.batch_size}
    task, source = source.task, split(source)
    for note in source.notes:
        logger.info("%s", note)
    with working_folder(out, settings, overwrite=overwrite, restart=restart) as work:
        set_seed(seed)
        loaded, source = _model_and_labels(model, source, vocabulary, max_length)
        length = longest(loaded, max_length)
        sets = prepare(source, loaded.tokenizer, task, max_length=length, seed=seed, whole_word=whole_word)
        shape = shape_of(loaded.model.config)
        learns = labels_alone(task, "plain training").build(Pairing(shape, shape, task))
        module = Distillation(loaded.model, Teachers(()), [learns], [1.0], task).to(pick_device())
        run = Run(work, seed, accumulate, progress, Path(tensorboard) if tensorboard else None)
        with module.tapped():
            figures = run_stage(module, stage, sets, run, terms=(type(learns).__name__,))
        record = {"role": "teacher", "task": task, **settings, **figures}
        publish(
            out, work, lambda folder: save_student(folder, loaded.model, loaded.tokenizer, record), overwrite=overwrite
        )
    return out


def _stage(task: Task, *, new: bool) -> Stage:
    if task in LANGUAGE:
        return PRE_TRAINING
    return FROM_SCRATCH if new else FINE_TUNING


def _model_and_labels(model: str | Path, data: Data, vocabulary: int, max_length: int | None) -> tuple[Loaded, Data]:
    """The model with a head for these labels, and the data in the head's order of classes."""
    assert data.task is not None
    if is_shape(str(model)):
        texts = [text for row in data.splits["train"] for text in (row["text"], row.get("pair")) if text]
        if data.task in LANGUAGE:
            length = max_length or 128
            made = new_language_model(str(model), texts, task=data.task, vocabulary=vocabulary, max_length=length)
            return made, data
        made = new_classifier(
            str(model),
            texts,
            vocabulary=vocabulary,
            task=data.task,
            labels=data.labels,
            max_length=(max_length if data.task in TOKENS else None) or 128,
        )
        return made, data
    loaded = load_for_training(model, task=data.task, labels=data.labels)
    if data.task in ("regression", "question-answering") or data.task in LANGUAGE:
        return loaded, data
    data, notes = match_labels(data, labels_of(loaded.model.config))
    for note in notes:
        logger.info("%s", note)
    return loaded, data


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
