"""A vocabulary of one's own, and the new model that fits it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from hodu.demo.world import LABELS, make_world
from hodu.errors import ShapeError
from hodu.models import shape_of
from hodu.models.scratch import new_bert
from hodu.models.wordpiece import train_wordpiece
from hodu.types import Shape


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [sentence.text for sentence in make_world().train]


@pytest.fixture(scope="module")
def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    return train_wordpiece(texts, vocabulary=2000, max_length=128)


def test_vocabulary_is_the_same_every_time(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> None:
    """Two runs of the demo number the pieces differently, so a saved teacher and a new tokenizer do not fit."""
    assert train_wordpiece(texts, vocabulary=2000, max_length=128).get_vocab() == tokenizer.get_vocab()


def test_vocabulary_covers_the_text(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> None:
    """Sentences of the demo are full of [UNK], and the teacher guesses."""
    assert len(tokenizer) <= 2000
    for text in texts[:300]:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids, text
        read_back = str(tokenizer.decode(ids, skip_special_tokens=True))
        assert read_back.replace(" ", "") == text.lower().replace(" ", "")


def test_hangul_stays_in_syllables(tokenizer: PreTrainedTokenizerFast) -> None:
    """Korean is taken apart into letters, three times as many pieces, and decomposed text (NFD) is read differently."""
    assert any(len(piece) > 1 and all("가" <= c <= "힣" for c in piece) for piece in tokenizer.get_vocab())
    assert tokenizer("의자는").input_ids == tokenizer("\u110b\u1174\u110c\u1161\u1102\u1173\u11ab").input_ids


def test_numbers_are_known_even_where_no_text_has_one() -> None:
    """A reader of numbered things sees [UNK] before each of them: it cannot tell which fact is about what."""
    tokenizer = train_wordpiece(["the ground was dug", "땅을 팠다"], vocabulary=60, max_length=32)
    assert tokenizer.tokenize("1 땅 0 땅") == ["1", "땅", "0", "땅"]
    assert tokenizer.tokenize("12 2037") == ["1", "##2", "2", "##0", "##3", "##7"]


def test_pairs_are_marked(tokenizer: PreTrainedTokenizerFast) -> None:
    """A pair reaches the model as one sentence, without [SEP] between or token types."""
    coded = tokenizer("the chair", "the fan")
    pieces = tokenizer.convert_ids_to_tokens(coded["input_ids"])
    assert pieces[0] == "[CLS]" and pieces.count("[SEP]") == 2
    second = pieces.index("[SEP]") + 1
    assert coded["token_type_ids"] == [0] * second + [1] * (len(pieces) - second)


def test_saved_tokenizer_is_the_same(tokenizer: PreTrainedTokenizerFast, texts: list[str], tmp_path: Path) -> None:
    """The demo's teacher folder loads with another tokenizer than it was trained with."""
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded(texts[:50])["input_ids"] == tokenizer(texts[:50])["input_ids"]
    assert (loaded.pad_token_id, loaded.mask_token, loaded.model_max_length) == (tokenizer.pad_token_id, "[MASK]", 128)
    assert "token_type_ids" in loaded("the chair")


def test_a_model_from_nothing_fits_its_tokenizer(texts: list[str]) -> None:
    """hodu train 4x128 makes a model that cannot take its own tokens, or answers LABEL_0 where it should say negative."""
    torch.set_num_threads(1)
    made = new_bert("4x128", texts, vocabulary=2000, task="classification", labels=LABELS)
    logits = made.model(**made.encode({"text": "의자가 좋아요."})).logits
    assert logits.shape == (1, len(LABELS))
    assert made.model.config.id2label == {0: "negative", 1: "positive"}
    assert shape_of(made.model.config) == Shape(layers=4, width=128, heads=2, feed_forward=512)
    with pytest.raises(ShapeError, match="multiple of 16"):
        new_bert("4x100", texts, vocabulary=2000, task="classification", labels=LABELS)
