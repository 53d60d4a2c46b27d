"""A knowledge graph in a run: facts beside the texts, and models that take them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from hodu.data import Budget, Data, Reader, beside, check_task, redrawn, with_facts
from hodu.models.beside import budget_of, reader_of
from hodu.models.facts import FACT_INPUTS, facts_of, forget_facts, quiet_at_first, read_facts
from hodu.types import FactSettings, StudentFacts, Task

logger = logging.getLogger("hodu")

_MOST_STRINGS = 200_000
MIXED = 0.3
"""Share of the rows in which a mixed student sees no facts. Ours: enough to learn what to say without them."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that a run reads, how often its training rows are redrawn (0: they stay as they are), and how many facts about anything else stand among theirs at most."""

    source: str
    redraw: int = 0
    distractors: int = 0
    seed: int = 0


def told(
    data: Data, task: Task | None, graph: Graph, tokenizer: PreTrainedTokenizerBase, settings: FactSettings
) -> Data:
    """The data with facts beside its texts; says how many there are.

    Raises:
        RecipeError: facts cannot stand beside the texts of this task.
    """
    check_task(task, settings)
    reader: Reader = reader_of(graph.source, settings)
    budget = budget_of(tokenizer, settings)
    rest = {name: rows for name, rows in data.splits.items() if name != "train"}
    whole = with_facts(replace(data, splits=rest), reader, budget)
    if "train" in data.splits:
        train = _told_training(data.splits["train"], graph, budget, settings)
        whole = replace(whole, splits={"train": train, **whole.splits})
    for name, rows in whole.splits.items():
        logger.info("%s: %s", name, _how_many(rows["facts"]))
    return whole


def _told_training(rows: Dataset, graph: Graph, budget: Budget, settings: FactSettings) -> Dataset:
    """The true rows, and the redrawn ones: without the true ones, what is true would look wrong."""
    reader = reader_of(graph.source, settings, distractors=graph.distractors)
    told = beside(rows, reader, budget)
    if not graph.redraw:
        return told
    return concatenate_datasets([told, redrawn(rows, reader, budget, graph.redraw, graph.seed)])


def _how_many(facts: Any) -> str:
    each = [len(one) for row in facts for one in ([row] if not row or isinstance(row[0], str) else row)]
    share = sum(count > 0 for count in each) / max(1, len(each))
    return f"facts beside {share:.0%} of {len(each):,} texts, {sum(each) / max(1, len(each)):.1f} a text"


def strings_of_graph(graph: str | Path) -> Iterator[str]:
    """What a graph may say, for a vocabulary that must serve it: facts in each of its languages."""
    from hodu.knowledge.opening import open_compiled

    opened = open_compiled(graph)
    said = (
        opened.verbalise(subject, int(relation), int(other), language)
        for subject in range(len(opened))
        for relation, other, _ in zip(*opened.outgoing(subject), strict=True)
        for language in opened.languages
    )
    yield from islice(said, _MOST_STRINGS)


def how_read(config: PretrainedConfig, asked: FactSettings | Mapping[str, Any] | None, *, new: bool) -> FactSettings:
    """How a model is to read facts: as asked, and where nothing was asked as it was trained to; with the bias that it has, or that fits one that has read texts alone."""
    before = facts_of(config)
    how = (
        asked
        if isinstance(asked, FactSettings)
        else replace(before or FactSettings(), **{"bias": None, **(asked or {})})
    )
    if how.bias is not None or how.layout == "text":
        return how
    if before:
        return replace(how, bias=before.bias)
    return how if new else quiet_at_first(how)


def all_read(models: tuple[PreTrainedModel, ...]) -> FactSettings:
    """Let all these models take facts: as the first was trained to, or in the usual way where none was."""
    first = facts_of(models[0].config)
    if first is None:
        logger.info("the teacher was trained without facts: it reads them as more text of the kind that it knows")
    settings = first or quiet_at_first(FactSettings())
    for model in models:
        read_facts(model, facts_of(model.config) or settings)
    return settings


def let_read(student: PreTrainedModel, teacher: PreTrainedModel, facts: StudentFacts) -> None:
    """Let a student take facts as its teacher does, or, where it shall do without them, forget that it could."""
    if facts == "absorbed":
        forget_facts(student)
    elif settings := facts_of(teacher.config):
        read_facts(student, settings)


def hidden_from(inputs: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """A batch without the facts of the rows (``B`` bool) in which they are hidden, and without the columns that nobody sees then.

    A text's own tokens keep their places: facts stand behind them.
    """
    if "fact_ids" not in inputs:
        return inputs
    seen = inputs["attention_mask"].bool() & ~(rows[:, None] & (inputs["fact_ids"] > 0))  # B L
    length = int(seen.any(0).nonzero().max()) + 1  # padding may stand on either side
    whole = {**inputs, "attention_mask": seen.to(inputs["attention_mask"].dtype)}
    whole |= {name: whole[name] * seen for name in FACT_INPUTS if name in whole}
    return {name: value[:, :length] for name, value in whole.items()}  # B L


def rows_without(facts: StudentFacts, batch: Tensor) -> Tensor:
    """The rows of a training batch (``B L``) whose facts the student does not see, ``B`` bool."""
    if facts == "mixed":
        return torch.rand(len(batch), device=batch.device) < MIXED  # B
    return torch.full((len(batch),), facts == "absorbed", device=batch.device)  # B
