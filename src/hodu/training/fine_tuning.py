"""Fine-tuning: a teacher, or any model on labels alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import set_seed

from hodu.data import Columns, Data, load, match_labels, split, strings_of, varied
from hodu.errors import LabelError, RecipeError
from hodu.models import shape_of
from hodu.models.discriminator import load_discriminator
from hodu.models.facts import read_facts
from hodu.models.licence import licence_of
from hodu.models.load import Loaded, labels_of, load_for_training, load_masked_lm, parts_of
from hodu.models.scratch import GENERATOR, is_shape, new_bert, new_discriminator, new_gpt2
from hodu.models.shares import start_at_shares
from hodu.objectives import Labels
from hodu.recipes import Stage, Term, labels_alone
from hodu.training.distillation import Distillation, Teachers
from hodu.training.graph_facts import Graph, how_read, strings_of_graph, told
from hodu.training.output import publish, working_folder
from hodu.training.pre_training import TERMS, Pair, partner_of
from hodu.training.prepare import check_generator, longest, prepare
from hodu.training.record import described, save_student
from hodu.training.sentence_rows import to_fit
from hodu.training.stages import Run, pick_device, run_stage
from hodu.types import CLASSES, LANGUAGE, TOKENS, FactSettings, Pairing, Task

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
    dropout=0.0,
    sources={
        "epochs": "ours: 3 passes over some MB of text",
        "dropout": "Geiping and Goldstein 2022, §4.3: none in short pre-training, which hardly sees a text twice; steps are faster too",
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
    dropout: float | None = None,
    max_length: int | None = None,
    vocabulary: int = 8000,
    whole_word: bool = False,
    generator: str | Path | None = None,
    graph: str | Path | None = None,
    facts: FactSettings | Mapping[str, Any] | None = None,
    fact_dropout: float = 0.1,
    redraw: int = 0,
    distractors: int = 0,
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
            ``causal-lm`` a GPT-2, for ``replaced-token`` an ELECTRA discriminator, which takes the generator's vocabulary if there is one). A model that was
            made for something else keeps its embeddings and layers and gets a new head.
        data: a file, a folder with ``train.*``, ``dev.*``, ``test.*``, a hub id, or what :func:`hodu.data.load` returned.
        out: the folder to make; it appears when everything is done, with the checkpoint that was best on dev.
        task: what the labels are, where that is not to be inferred; or ``masked-lm``, ``causal-lm``, ``replaced-token``: a language model learns from the texts alone; or
            ``sentence-embedding``: an encoder learns scores of pairs of sentences, as the cosines of their vectors; or ``multiple-choice``: questions with choices.
        label_names: class names in id order, where the data has numbers; None takes the data's.
        epochs, learning_rate, batch_size: None takes those of BERT's fine-tuning, for a new model a higher rate.
        dropout: of all layers while it trains; None leaves what the model's configuration says (0.1 as a rule), and none where a language model is trained. 0 makes steps faster, and
            where rows differ each time, as with ``redraw``, nothing is lost.
        vocabulary: pieces of a vocabulary made from scratch.
        whole_word: hide whole words of a masked language model's text, not single pieces.
        generator: of ``replaced-token``: the masked language model (hub id or folder, the model's tokenizer) whose samples replace pieces. None, or a shape such as ``"4x64"``, trains
            a new one together with the model and leaves it in ``out/generator``; a model loaded without such a folder gets pieces drawn by their frequency instead of None.
        graph: a knowledge graph (:func:`hodu.knowledge.opening.open_compiled`) whose facts stand beside the texts.
        facts: how the model reads them; of a dict only what it names is changed. The rest is as the model was trained to, or :class:`~hodu.types.FactSettings`'s default.
        fact_dropout: share of the training rows that get no facts, so that the model does not lean on them where there are none.
        redraw: read the training questions so many times more, each time with the facts between them and their choices dealt anew (:func:`hodu.data.redrawn`), so that facts must be read.
        distractors: put up to so many facts about anything else among those of each training row, so that the model learns which matter.
        accumulate: micro-batches per optimizer step, where memory is short.

    Raises:
        DataError, LabelError: the data cannot be read, or has no labels.
        ModelError: the model cannot be loaded.
        RecipeError: ``facts``, ``redraw`` or ``distractors`` without a graph.
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
    if (facts or redraw or distractors) and not graph:
        raise RecipeError("how facts are read was given, but no graph to read them from; name it (--graph)")
    check_generator(generator, source.task, new=True)
    stage = _stage(source.task, new=is_shape(str(model)))
    stage = replace(stage, **_given(epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, dropout=dropout))
    settings = {
        "model": str(model),
        "data": source.source,
        "seed": seed,
        "accumulate": accumulate,
        "vocabulary": vocabulary,
        "max_length": max_length,
        "whole_word": whole_word,
        "generator": str(generator) if generator else None,
    }
    if graph:
        settings |= {
            "graph": str(graph),
            "facts": asdict(facts) if isinstance(facts, FactSettings) else dict(facts or {}) or None,
            "fact_dropout": fact_dropout,
            "redraw": redraw,
            "distractors": distractors,
        }
    settings |= {"epochs": stage.epochs, "learning_rate": stage.learning_rate, "batch_size": stage.batch_size}
    settings |= {"dropout": stage.dropout}
    task, source = source.task, split(source)
    for note in source.notes:
        logger.info("%s", note)
    with working_folder(out, settings, overwrite=overwrite, restart=restart) as work:
        set_seed(seed)
        loaded, source = _model_and_labels(model, source, vocabulary, max_length, generator, graph)
        if graph:
            how = how_read(loaded.model.config, facts, new=is_shape(str(model)))
            read_facts(loaded.model, how)
            source = told(source, task, Graph(str(graph), redraw, distractors, seed), loaded.tokenizer, how)
        length = longest(loaded, max_length)
        if task in LANGUAGE:
            loaded.tokenizer.model_max_length = (
                length  # places behind these stay untrained: who measures or distils it should not use them
            )
        partner = partner_of(model, loaded, generator) if task == "replaced-token" else None
        options: dict[str, Any] = {"seed": seed, "whole_word": whole_word, "together": partner is not None}
        options["generator"] = None if partner else generator
        sets = prepare(source, loaded.tokenizer, task, max_length=length, **options)
        if graph:
            sets = replace(sets, collate=varied(sets.collate, fact_dropout))
        module, terms = _module(loaded, partner, task)
        run = Run(work, seed, accumulate, progress, Path(tensorboard) if tensorboard else None)
        if partner:
            # dev text is corrupted in another way than the text that a pair learns from: no ground to choose by
            stage = replace(stage, keep_best=False)
        with module.to(pick_device()).tapped():
            figures = run_stage(module, stage, sets, run, terms=tuple(term.objective.__name__ for term in terms))
        objectives = [[described(term) for term in terms]]
        licence = None if is_shape(str(model)) else licence_of([model])
        settings |= {"facts": asdict(how)} if graph else {}
        record = {"role": "teacher", "task": task, **settings, "licence": licence, "objectives": objectives, **figures}
        publish(out, work, lambda folder: _save(folder, loaded, partner, record), overwrite=overwrite)
    return out


def _module(loaded: Loaded, partner: Loaded | None, task: Task) -> tuple[Distillation, tuple[Term, ...]]:
    """What is trained, and the terms of its loss."""
    if partner is not None:
        return Pair(loaded.model, partner.model, loaded.tokenizer.all_special_ids), TERMS
    shape, term = shape_of(loaded.model.config), labels_alone(task, "plain training")
    learns = term.build(Pairing(shape, shape, task))
    return Distillation(loaded.model, Teachers(()), [learns], [1.0], task), (term,)


def _save(folder: Path, loaded: Loaded, partner: Loaded | None, record: dict[str, Any]) -> None:
    save_student(folder, loaded.model, loaded.tokenizer, record)
    if partner is not None:
        theirs = {**record, "role": "generator", "task": "masked-lm"}
        save_student(folder / GENERATOR, partner.model, loaded.tokenizer, theirs)


def _stage(task: Task, *, new: bool) -> Stage:
    if task in LANGUAGE:
        return PRE_TRAINING
    return FROM_SCRATCH if new else FINE_TUNING


def _model_and_labels(
    model: str | Path,
    data: Data,
    vocabulary: int,
    max_length: int | None,
    generator: str | Path | None,
    graph: str | Path | None,
) -> tuple[Loaded, Data]:
    """The model with a head for these labels, and the data in the head's order of classes."""
    assert data.task is not None
    if is_shape(str(model)):
        loaded = _new(str(model), data, vocabulary, max_length, generator, graph)
    elif data.task == "replaced-token":
        loaded = load_discriminator(model)
    else:
        loaded = load_for_training(model, task=data.task, labels=data.labels)
    if loaded.untrained:
        logger.info("%s", _what_is_new(loaded))
    if data.task == "sentence-embedding":
        return loaded, to_fit(data)
    if data.task in CLASSES and not is_shape(str(model)):
        data, notes = match_labels(data, labels_of(loaded.model.config))
        for note in notes:
            logger.info("%s", note)
    if data.task == "multilabel" and (is_shape(str(model)) or loaded.untrained):
        start_at_shares(loaded.model, np.asarray(data.splits["train"]["label"][:]).mean(0))
    return loaded, data


def _new(
    shape: str,
    data: Data,
    vocabulary: int,
    max_length: int | None,
    generator: str | Path | None,
    graph: str | Path | None,
) -> Loaded:
    """A model of this shape for this data, with random weights."""
    assert data.task is not None
    texts = list(strings_of(data.splits["train"]))
    length = (max_length if data.task in LANGUAGE | TOKENS else None) or (256 if graph else 128)
    texts += strings_of_graph(graph) if graph else []
    if data.task == "replaced-token":
        given = generator is not None and not is_shape(str(generator))
        pair = load_masked_lm(generator) if given and generator is not None else None
        return new_discriminator(shape, texts, vocabulary, length, generator=pair)
    if data.task == "causal-lm":
        return new_gpt2(shape, texts, vocabulary=vocabulary, max_length=length)
    return new_bert(shape, texts, vocabulary=vocabulary, task=data.task, labels=data.labels, max_length=length)


def _what_is_new(loaded: Loaded) -> str:
    """A sentence on what a checkpoint gives to a model with another head."""
    was = loaded.made_for
    left = f", what it said as a model for {was} is left behind" if was in LANGUAGE else ""
    return (
        f"{loaded.path}: its embeddings and {shape_of(loaded.model.config).layers} layers are kept{left}; "
        f"new, with random weights: {', '.join(parts_of(loaded.model, loaded.untrained))}"
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
