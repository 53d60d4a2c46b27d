"""Augmentation in a run: candidates from the cache, or asked of a masked language model by all processes together; then the rows."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from rich.console import Console
from rich.progress import track
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from hodu.data import Data
from hodu.data.augment import CANDIDATES, augment, texts_to_augment
from hodu.data.candidates import Candidates, CandidateWriter
from hodu.data.masked_words import MaskedWords
from hodu.data.neighbours import Neighbours, VectorFile, VocabularyNeighbours
from hodu.models.load import load_masked_lm
from hodu.objectives import Labels
from hodu.recipes import Recipe
from hodu.training.precision import bf16_pays
from hodu.training.processes import processes
from hodu.training.stages import pick_device
from hodu.training.teacher_cache import META, weights_key

logger = logging.getLogger("hodu")

_FORMAT = 1  # of what is stored: changes with the words that are replaced and the way they are asked about


def augmented(
    data: Data, recipe: Recipe, model: str, copies: int, glove: str | None, home: Path, *, progress: bool
) -> Data:
    """The data with copies of the training rows in which words are replaced; dev and test stay as they are.

    The copies are the same for each seed of a run, as the reference code makes one file for all runs: so seeds share them, and what the teacher says to them.

    Args:
        model: a masked language model: a hub id or a folder.
        glove: a file of word vectors for words of several pieces; None takes the model's own embeddings.
        home: the folder of candidates that are kept.

    Raises:
        ModelError: the model cannot be loaded, or is no masked language model.
        DataError: the vectors cannot be read.
        OutputError: no room for candidates or rows.
    """
    _warn_of_labels(recipe)
    loaded = load_masked_lm(model)
    table = cast(nn.Embedding, loaded.model.get_input_embeddings()).weight
    neighbours = (
        VectorFile(Path(glove), CANDIDATES) if glove else VocabularyNeighbours(table, loaded.tokenizer, CANDIDATES)
    )
    folder = home / _key(loaded.model, loaded.tokenizer, neighbours)
    _describe(folder, model, glove)
    train = data.splits["train"]
    texts = texts_to_augment(train)
    known = Candidates(folder, texts)
    missing = [text for text in texts if text not in known]
    processes().wait_for_everyone()  # all have seen the same ones missing before the first writes
    if missing:
        loaded.model.to(pick_device())  # type: ignore[arg-type]  # transformers' types know no plain device
        asked = MaskedWords(loaded.model, loaded.tokenizer, neighbours, most=CANDIDATES)
        _fill(asked, folder, missing, progress=progress)
        processes().wait_for_everyone()
        known = Candidates(folder, texts)
    os.utime(folder)  # when it was last used, for hodu cache
    more = augment(train, known, copies=copies)
    logger.info(
        "augmented by %s: %s training rows from %s; words for %s of %s texts were asked for, the others were known in %s",
        *(model, f"{len(more):,}", f"{len(train):,}", f"{len(missing):,}", f"{len(texts):,}", folder),
    )
    return replace(data, splits={**data.splits, "train": more})


def _warn_of_labels(recipe: Recipe) -> None:
    """Say it where a recipe learns from labels: a sentence with other words may mean something else."""
    for stage in recipe.stages:
        if any(term.objective is Labels for term in stage.terms):
            logger.warning(
                "stage %s of %s learns from labels, and an augmented sentence keeps the label of its original, right or wrong "
                "(TinyBERT's task stages learn from the teacher's answers alone)",
                stage.name,
                recipe.name,
            )


def _fill(asked: MaskedWords, folder: Path, missing: list[str], *, progress: bool) -> None:
    """Ask about the missing texts, this process its share of them, and store the answers."""
    team = processes()
    texts = sorted(missing, key=len)[team.process_index :: team.num_processes]
    writer = CandidateWriter(folder)
    console = Console(stderr=True, quiet=not (progress and team.is_main_process))
    with torch.autocast(pick_device().type, torch.bfloat16, enabled=bf16_pays()):
        for text, found in track(asked.ask(texts), "augment", total=len(texts), console=console):
            writer.add(text, found)
    writer.close()


def _key(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, neighbours: Neighbours) -> str:
    """Changes with everything that candidates depend on beside the text."""
    parts = (_FORMAT, CANDIDATES, weights_key(model), tokenizer.backend_tokenizer.to_str(), neighbours.digest)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _describe(folder: Path, model: str, glove: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{META}.{os.getpid()}"
    partial.write_text(json.dumps({"model": model, "glove": glove}, indent=2), encoding="utf-8")
    partial.replace(folder / META)
