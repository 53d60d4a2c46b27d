"""Running text for language models: packed into full rows, masked, or shifted."""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset

from hodu.data import masked, pack, successive
from hodu.errors import DataError, ModelError
from hodu.models.byte_pairs import train_byte_pairs
from hodu.models.wordpiece import train_wordpiece
from hodu.types import IGNORED

TEXTS = [
    "People dig the ground with a trowel to plant flowers, and with an excavator to build a house. " * 6,
    "꽃을 심으려고 모종삽으로 땅을 팠다. 집을 지으려고 굴착기로 땅을 팠다. " * 6,
    "A heading",
    "Nobody says with what; a person knows it, because a person knows what the digging is for. " * 3,
]
WORDPIECE = train_wordpiece(TEXTS, vocabulary=90, max_length=64)
BYTES = train_byte_pairs(TEXTS, vocabulary=300, max_length=64)


def rows(length: int = 32, *, words: bool = False) -> Dataset:
    return pack(Dataset.from_dict({"text": TEXTS}), WORDPIECE, max_length=length, words=words)[0]


def test_no_piece_is_lost_or_out_of_order() -> None:
    """A part of every long document never reaches the student."""
    packed, packing = pack(Dataset.from_dict({"text": TEXTS}), WORDPIECE, max_length=32)
    cls, sep = WORDPIECE.cls_token_id, WORDPIECE.sep_token_id
    inside = [piece for row in packed["input_ids"] for piece in row[1:-1]]
    expected: list[int] = []
    for text in (TEXTS[0], TEXTS[1], TEXTS[3]):
        expected += [*WORDPIECE(text, add_special_tokens=False).input_ids, sep]
    assert inside == expected[: len(inside)] and len(expected) - len(inside) < 12
    assert all(row[0] == cls and row[-1] == sep and len(row) == 32 for row in packed["input_ids"][:-1])
    assert packing.dropped == 1 and "1 texts of fewer than 12 tokens were left out" in str(packing)


def test_rows_of_a_decoder_have_no_special_pieces_around_them() -> None:
    """A GPT learns that every 32 tokens a text begins."""
    packed, _ = pack(Dataset.from_dict({"text": TEXTS}), BYTES, max_length=32)
    joined = [piece for row in packed["input_ids"] for piece in row]
    assert joined.count(BYTES.eos_token_id) == 3 or joined.count(BYTES.eos_token_id) == 2
    assert BYTES.decode(packed["input_ids"][0]) == TEXTS[0][: len(BYTES.decode(packed["input_ids"][0]))]


def test_text_that_is_too_short_is_refused() -> None:
    """Training on a list of words ends in a division by zero."""
    with pytest.raises(DataError, match="no text of 12 tokens or more among 2 texts"):
        pack(Dataset.from_dict({"text": ["a word", "another"]}), WORDPIECE, max_length=32)
    with pytest.raises(DataError, match="no room for text; expected 14 or more"):
        pack(Dataset.from_dict({"text": TEXTS}), WORDPIECE, max_length=8)


def test_masks_hide_fifteen_percent_and_no_special_piece() -> None:
    """The student learns to guess padding, or hardly anything."""
    packed = rows()
    batch = masked(WORDPIECE, seed=0)([packed[i] for i in range(len(packed))])
    original = torch.tensor([row + [WORDPIECE.pad_token_id] * (32 - len(row)) for row in packed["input_ids"]])
    hidden = batch["labels"] != IGNORED
    special = torch.isin(original, torch.tensor(WORDPIECE.all_special_ids))
    assert not (hidden & special).any()
    assert torch.equal(batch["labels"][hidden], original[hidden])
    assert torch.equal(batch["input_ids"][~hidden], original[~hidden])
    expected = ((~special).sum(1) * 0.15).round().clamp(min=1)
    assert torch.equal(hidden.sum(1).float(), expected.float())
    share = (batch["input_ids"][hidden] == WORDPIECE.mask_token_id).float().mean()
    assert 0.6 < share < 0.95


def test_masks_change_with_the_company_and_the_seed_but_not_by_chance() -> None:
    """Every epoch hides the same pieces; or a resumed run is another one than an uninterrupted one."""
    packed = rows()
    one, two = [packed[0], packed[1]], [packed[0], packed[2]]
    first = masked(WORDPIECE, seed=0)(one)["labels"]
    assert torch.equal(first, masked(WORDPIECE, seed=0)(one)["labels"])
    assert not torch.equal(first, masked(WORDPIECE, seed=1)(one)["labels"])
    assert not torch.equal(first[0], masked(WORDPIECE, seed=0)(two)["labels"][0])


def test_whole_words_are_hidden_whole() -> None:
    """--whole-word hides the end of a Korean word and leaves its beginning to guess from."""
    packed = rows(words=True)
    some = [packed[i] for i in range(len(packed) - 1)]
    hidden = masked(WORDPIECE, seed=0, whole_word=True)(some)["labels"] != IGNORED
    for row, here in zip(some, hidden.tolist(), strict=True):
        for place in range(1, len(here)):
            if row["continues"][place]:
                assert here[place] == here[place - 1]
    continued = torch.tensor([row["continues"] for row in some]).bool()
    assert (hidden & continued).any()  # words of several pieces were hidden at all


def test_a_decoder_guesses_the_next_piece() -> None:
    """A GPT is trained to repeat the piece it has just read."""
    packed, _ = pack(Dataset.from_dict({"text": TEXTS}), BYTES, max_length=32)
    batch = successive(BYTES)([packed[0], packed[len(packed) - 1]])
    ids, labels = batch["input_ids"], batch["labels"]
    assert torch.equal(labels[0, :-1], ids[0, 1:]) and labels[0, -1] == IGNORED
    length = int(batch["attention_mask"][1].sum())
    assert torch.equal(labels[1, : length - 1], ids[1, 1:length]) and (labels[1, length - 1 :] == IGNORED).all()


def test_a_tokenizer_without_a_mask_is_refused() -> None:
    """--task masked-lm on a GPT-2 masks with None."""
    with pytest.raises(ModelError, match="--task causal-lm for GPT"):
        masked(BYTES, seed=0)
