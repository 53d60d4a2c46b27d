"""Which pieces of a tokenizer are whole words, and which pieces a word has. For any fast tokenizer: WordPiece, byte-level, SentencePiece."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from hodu.data.words import is_word

_BEFORE = "a "  # a word is looked at after another one: at a text's beginning byte-level pieces differ


def words_of_vocabulary(tokenizer: PreTrainedTokenizerFast) -> list[str | None]:
    """By piece id: the word of letters that this piece alone stands for in running text, or None."""
    special = set(tokenizer.all_special_ids)
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    texts: dict[int, str] = {}
    for place, piece in enumerate(pieces):
        # NFC: multilingual uncased models keep Hangul in parts
        text = unicodedata.normalize("NFC", tokenizer.convert_tokens_to_string([piece or ""]).strip())
        if place not in special and is_word(text):
            texts[place] = text
    words: list[str | None] = [None] * len(pieces)
    for (place, text), ids in zip(texts.items(), pieces_in_text(tokenizer, list(texts.values())), strict=True):
        if ids == [place]:
            words[place] = text
    return words


def pieces_in_text(tokenizer: PreTrainedTokenizerFast, words: Sequence[str]) -> list[list[int]]:
    """The piece ids of each word as it stands in running text."""
    if not words:
        return []
    encoded = tokenizer([_BEFORE + word for word in words], add_special_tokens=False, return_offsets_mapping=True)
    return [
        [piece for piece, (_, end) in zip(ids, offsets, strict=True) if end > len(_BEFORE)]
        for ids, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]
