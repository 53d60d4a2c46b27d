"""What a masked language model would put in a word's place.

Each word is asked about by itself, in the unmodified sentence, as in TinyBERT's reference code: ``[CLS] sentence with the mask [SEP] sentence [SEP]``, so the
model sees what stood there and offers what is like it. Only the masked position goes through the vocabulary's head: the hook on the encoder hands no other on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from hodu.data.neighbours import Neighbours
from hodu.data.tokenise import max_length_of
from hodu.data.vocabulary import words_of_vocabulary
from hodu.data.words import Word, replaceable_words

Found = list[tuple[str, ...]]
"""For each replaceable word of a text what may take its place."""

_TOKENS = 8192  # of one forward pass, padding included
_CHARACTERS = 2_000_000  # of texts that are looked at together, each squared: a text of n words is read n times


@dataclass(frozen=True, slots=True)
class _Question:
    """A text as the model reads it, and the place of one token of it to mask."""

    ids: list[int]
    types: list[int]
    place: int


class MaskedWords:
    """Asks a masked language model, on its device, and nearest neighbours for words of several pieces (or beyond the model's length).

    Args:
        most: candidates for a word; those that are no words of letters (parts of words, punctuation) are then dropped, so there may be fewer.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, neighbours: Neighbours, *, most: int
    ) -> None:
        self._model, self._tokenizer, self._neighbours, self._most = model, tokenizer, neighbours, most
        self._length = max_length_of(tokenizer, model.config)
        self._words = words_of_vocabulary(tokenizer)

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[str, Found]]:
        """The candidates for the words of each text, the longest text first."""
        group: list[str] = []
        size = 0
        for text in sorted(texts, key=len, reverse=True):
            group.append(text)
            size += len(text) ** 2
            if size >= _CHARACTERS:
                yield from self._answers(group)
                group, size = [], 0
        if group:
            yield from self._answers(group)

    def _answers(self, texts: list[str]) -> Iterator[tuple[str, Found]]:
        words = [replaceable_words(text) for text in texts]
        questions: dict[tuple[int, int], _Question] = {}
        several: dict[tuple[int, int], str] = {}
        encoded = self._tokenizer(texts, texts, truncation=True, max_length=self._length)
        for row, (encoding, ones) in enumerate(zip(encoded.encodings or (), words, strict=True)):
            places = _single_pieces(encoding, ones)
            for number, (word, place) in enumerate(zip(ones, places, strict=True)):
                if place is None:
                    several[row, number] = word.text
                else:
                    questions[row, number] = _Question(encoding.ids, encoding.type_ids, place)
        found = dict(zip(questions, self._masked(list(questions.values())), strict=True))
        found |= dict(zip(several, self._neighbours.of(list(several.values())), strict=True))
        for row, (text, ones) in enumerate(zip(texts, words, strict=True)):
            yield text, [found[row, number] for number in range(len(ones))]

    def _masked(self, questions: list[_Question]) -> list[tuple[str, ...]]:
        """What the model offers for each masked token, the likeliest first."""
        found: dict[int, tuple[str, ...]] = {}
        for numbers in _batches([len(question.ids) for question in questions]):
            for number, pieces in zip(numbers, self._likeliest([questions[i] for i in numbers]), strict=True):
                found[number] = tuple(word for piece in pieces if (word := self._words[piece]) is not None)
        return [found[number] for number in range(len(questions))]

    def _likeliest(self, questions: list[_Question]) -> list[list[int]]:
        """The ids of the likeliest pieces at each masked place."""
        tokenizer, device = self._tokenizer, self._model.device
        rows = torch.arange(len(questions), device=device)
        places = torch.tensor([question.place for question in questions], device=device)
        mask = pad_sequence([torch.ones(len(question.ids), dtype=torch.long) for question in questions], True)  # B L
        ids = pad_sequence([torch.tensor(q.ids) for q in questions], True, tokenizer.pad_token_id or 0)  # B L
        batch = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
        batch["input_ids"][rows, places] = tokenizer.mask_token_id
        if "token_type_ids" in tokenizer.model_input_names:
            batch["token_type_ids"] = pad_sequence([torch.tensor(q.types) for q in questions], True).to(device)  # B L

        def only_masked(encoder: nn.Module, arguments: Any, output: Any) -> Any:
            output.last_hidden_state = output.last_hidden_state[rows, places].unsqueeze(1)  # B 1 D
            return output

        hook = self._model.base_model.register_forward_hook(only_masked)
        try:
            with torch.inference_mode():
                logits: Tensor = self._model(**batch).logits[:, 0]  # B V
        finally:
            hook.remove()
        # the embedding table may be padded beyond the tokenizer's pieces
        likeliest: list[list[int]] = (
            logits[:, : len(self._words)].topk(min(self._most, len(self._words))).indices.tolist()
        )
        return likeliest


def _single_pieces(encoding: Any, words: Sequence[Word]) -> list[int | None]:
    """For each word the place of its one token in the pair's first text; None where it has several, or was cut off."""
    spans = [
        (place, *span)
        for place, (span, sequence) in enumerate(zip(encoding.offsets, encoding.sequence_ids, strict=True))
        if sequence == 0 and span[0] < span[1]
    ]
    places: list[int | None] = []
    at = 0
    for word in words:
        while at < len(spans) and spans[at][2] <= word.begin:
            at += 1
        tokens = []
        while at < len(spans) and spans[at][1] < word.end:
            tokens.append(spans[at])
            at += 1
        whole = len(tokens) == 1 and tokens[0][2] == word.end
        places.append(tokens[0][0] if whole else None)
    return places


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of like lengths together, the longest first, as many as a forward pass takes."""
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    begin = 0
    while begin < len(order):
        size = max(1, _TOKENS // lengths[order[begin]])
        yield order[begin : begin + size]
        begin += size
