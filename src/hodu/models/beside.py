"""A graph as a certain model reads it: opened, its facts cut to what the model takes, beside the texts of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from hodu.data import Budget, beside, check_task
from hodu.models.facts import facts_of
from hodu.models.load import Loaded, task_of
from hodu.types import FactSettings

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.reader import GraphReader


def reader_of(graph: str | Path | CompiledGraph, settings: FactSettings, *, distractors: int = 0) -> GraphReader:
    """Opens a graph, if it is not, for a model with these settings; for training with up to so many distractors.

    Raises:
        GraphError, DataError: there is no such graph, or it is broken.
    """
    from hodu.knowledge.opening import open_compiled
    from hodu.knowledge.reader import GraphReader

    opened = open_compiled(graph) if isinstance(graph, str | Path) else graph
    return GraphReader(opened, slots=settings.slots, distractors=distractors)


def budget_of(tokenizer: PreTrainedTokenizerBase, settings: FactSettings) -> Budget:
    """Counts facts as this tokenizer cuts them, each with its separator."""
    return Budget(settings.tokens, lambda fact: 1 + len(tokenizer.tokenize(fact)), anchored=settings.layout == "tree")


def rows_beside(loaded: Loaded, rows: Dataset, graph: str | Path) -> Dataset:
    """The rows with facts beside them as this model was trained to read them; a model that never was gets the rows as they are.

    Raises:
        GraphError, DataError: there is no such graph, or it is broken.
        RecipeError: facts cannot stand beside the texts of the model's task.
    """
    settings = facts_of(loaded.model.config)
    if settings is None:
        return rows
    check_task(task_of(loaded.model.config), settings)
    return beside(rows, reader_of(graph, settings), budget_of(loaded.tokenizer, settings))
