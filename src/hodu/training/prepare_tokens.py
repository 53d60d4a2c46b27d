"""The tokenised sets of a run whose model answers about tokens: words to tag, questions to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from datasets import Dataset
from transformers import EvalPrediction, PreTrainedTokenizerBase

from hodu.data import Data, tokenise
from hodu.data.windows import windows
from hodu.measuring.answered import count_answers, texts_of_spans
from hodu.measuring.score import ALIKE, METRICS, score
from hodu.training.stages import Sets
from hodu.training.teacher_cache import Collate
from hodu.types import Task

logger = logging.getLogger("hodu")

Evaluate = Callable[[EvalPrediction], dict[str, float]]


def prepare_tokens(
    data: Data,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    collate: Collate,
    *,
    max_length: int,
    metric: str | None,
) -> Sets:
    """What :func:`hodu.training.prepare.prepare` does, for these tasks. ``agreement`` as ``metric`` is the share of words tagged (questions answered) alike."""
    headline = ALIKE[task] if metric == "agreement" else METRICS[task][0]
    name = metric or headline
    sets: dict[str, Dataset] = {}
    for split in [split for split in ("train", "dev") if split in data.splits]:
        if task == "question-answering":
            sets[split], made = windows(data.splits[split], tokenizer, max_length=max_length, answering=split == "dev")
            logger.info("%s: %s", split, made)
        else:
            sets[split], cut = tokenise(data.splits[split], tokenizer, max_length=max_length)
            logger.info("%s: %s", split, cut)
    numbered = sets if task == "question-answering" else ("train",)  # its dev windows are told apart by number
    sets |= {split: sets[split].add_column("row", list(range(len(sets[split])))) for split in numbered}
    if "dev" not in sets or "label" not in data.splits["dev"].column_names:
        return Sets(train=sets["train"], dev=None, collate=collate)
    if task == "question-answering":
        evaluate = _of_answers(data.splits["dev"], sets["dev"], headline, name)
    else:
        evaluate = _of_tags(headline, name)
    return Sets(train=sets["train"], dev=sets["dev"], collate=collate, metric=name, evaluate=evaluate)


def _of_tags(headline: str, name: str) -> Evaluate:
    def evaluate(prediction: EvalPrediction) -> dict[str, float]:
        counts, words = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        return {name: score("token-classification", counts, words)[headline]}

    return evaluate


def _of_answers(questions: Dataset, made: Dataset, headline: str, name: str) -> Evaluate:
    """The best spans of the windows, in any order with their row numbers, to one answer a question."""
    asked, contexts, right = (questions[column][:] for column in ("text", "pair", "label"))

    def evaluate(prediction: EvalPrediction) -> dict[str, float]:
        spans = np.empty((len(made), 3))  # windows 3
        spans[np.asarray(prediction.label_ids)] = prediction.predictions
        counts, each = count_answers(texts_of_spans(made, contexts, spans), right, asked)
        return {name: score("question-answering", counts, each)[headline]}

    return evaluate
