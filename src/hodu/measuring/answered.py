"""What a question answerer says: the best span over the windows of a context; and how far that is right, as SQuAD and KorQuAD count."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hodu.data import max_length_of
from hodu.data.windows import windows
from hodu.measuring.predict import sorted_batches
from hodu.taps import logits_from
from hodu.types import IGNORED

LONGEST = 30
"""The most tokens of an answer (BERT's SQuAD code)."""

Array = NDArray[Any]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = frozenset(string.punctuation)
_HANGUL = re.compile("[가-힣]")
_KOREAN_QUOTES = str.maketrans(
    dict.fromkeys("'\"《》<>〈〉()‘’", " ")
)  # those that KorQuAD's evaluation takes for spaces


def predict_answers(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: Dataset, *, batch_size: int = 64
) -> list[str]:
    """For each question ("text") the part of its context ("pair") that the model thinks likeliest to be the answer."""
    made, _ = windows(dataset, tokenizer, max_length=max_length_of(tokenizer, model.config), answering=True)
    was_training = model.training
    model.train(False)
    spans = np.zeros((len(made), 3))  # windows 3
    try:
        with torch.inference_mode():
            for indices, batch in sorted_batches(made, tokenizer, batch_size, tags=True):
                labels = batch.pop("labels")
                said = logits_from(model(**{name: values.to(model.device) for name, values in batch.items()}))
                assert said is not None  # a question answerer's head
                spans[indices] = best_spans(said.float().cpu(), labels, batch["attention_mask"]).numpy()
    finally:
        model.train(was_training)
    return texts_of_spans(made, dataset["pair"][:], spans)


def best_spans(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """The span of at most :data:`LONGEST` tokens with the highest sum of logits: score, first token, last token, counted without padding: ``B 3``.

    Args:
        logits: ``B L 2``.
        labels: ``B L``, :data:`IGNORED` at tokens that are not in the context.
        mask: ``B L``, of real tokens.
    """
    low = torch.finfo(torch.float32).min / 4
    begins, ends = (logits[..., side].float().masked_fill(labels == IGNORED, low) for side in (0, 1))  # B L
    length = begins.shape[1]
    best = begins.new_full((len(begins),), 4 * low)
    first, last = (torch.zeros(len(begins), dtype=torch.long, device=begins.device) for _ in range(2))
    for extra in range(min(LONGEST, length)):
        score, place = (begins[:, : length - extra] + ends[:, extra:]).max(dim=1)  # B
        better = score > best
        best = score.where(better, best)
        first, last = place.where(better, first), (place + extra).where(better, last)
    padding = mask.long().argmax(dim=1)  # B, on the left
    return torch.stack((best.double(), (first - padding).double(), (last - padding).double()), dim=1)  # B 3


def texts_of_spans(made: Dataset, contexts: Sequence[str], spans: Array) -> list[str]:
    """The answer to each question: of its windows the one with the highest score.

    Args:
        made: of :func:`hodu.data.windows.windows`, made for answering.
        contexts: one a question.
        spans: of :func:`best_spans`, one a window.
    """
    best: dict[int, int] = {}
    for window, question in enumerate(made["question"][:]):
        if question not in best or spans[window, 0] > spans[best[question], 0]:
            best[question] = window
    places = made.select_columns(["begins", "ends"])
    texts = []
    for question, context in enumerate(contexts):
        row = places[best[question]]
        first, last = (int(place) for place in spans[best[question], 1:])
        begin, end = row["begins"][first], row["ends"][last]
        texts.append(context[begin:end] if 0 <= begin < end else "")
    return texts


def count_answers(given: Sequence[str], gold: Sequence[Sequence[str]], questions: Sequence[str]) -> tuple[Array, Array]:
    """F1 and exact match of each answer, with the right answer that it is nearest to: ``N 2``; and ``N`` ones.

    Answers to questions with Hangul in them are compared as KorQuAD's evaluation does (Lim et al. 2019: F1 over characters), others as SQuAD's (Rajpurkar et
    al. 2016, §6.1: F1 over words).
    """
    counts = []
    for said, right, question in zip(given, gold, questions, strict=True):
        korean = bool(_HANGUL.search(unicodedata.normalize("NFC", question)))
        ours, theirs = normalised(said, korean=korean), [normalised(one, korean=korean) for one in right]
        counts.append((max(_f1(ours, one, korean=korean) for one in theirs), float(ours in theirs)))
    return np.asarray(counts, np.float64).reshape(-1, 2), np.ones(len(counts))


def normalised(text: str, *, korean: bool) -> str:
    """As answers are compared: lower case, single spaces, without punctuation; and without articles (SQuAD) or quotation marks and brackets (KorQuAD)."""
    text = unicodedata.normalize("NFC", text).lower()  # composed Hangul: ours
    if korean:
        text = text.translate(_KOREAN_QUOTES)
    text = "".join(letter for letter in text if letter not in _PUNCTUATION)
    return " ".join((text if korean else _ARTICLES.sub(" ", text)).split())


def _f1(ours: str, theirs: str, *, korean: bool) -> float:
    given, gold = (list(text.replace(" ", "")) if korean else text.split() for text in (ours, theirs))
    if not given or not gold:
        return float(given == gold)
    return 2 * sum((Counter(given) & Counter(gold)).values()) / (len(given) + len(gold))
