"""The demo's tokenizer, and the teacher's shape that fits it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, PreTrainedTokenizerFast

from hodu.demo.teacher import teacher_config
from hodu.demo.tokenizer import train_tokenizer
from hodu.demo.world import LABELS, make_world


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [sentence.text for sentence in make_world().train]


@pytest.fixture(scope="module")
def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    return train_tokenizer(texts)


def test_vocabulary_is_the_same_every_time(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> None:
    """Two runs of the demo number the pieces differently, so a saved teacher and a new tokenizer do not fit."""
    assert train_tokenizer(texts).get_vocab() == tokenizer.get_vocab()


def test_vocabulary_covers_the_text(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> None:
    """Sentences of the demo are full of [UNK], and the teacher guesses."""
    assert len(tokenizer) <= 2000
    for text in texts[:300]:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids, text
        assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == text.lower().replace(" ", "")


def test_hangul_stays_in_syllables(tokenizer: PreTrainedTokenizerFast) -> None:
    """Korean is taken apart into letters (NFD), three times as many pieces, and user text in NFD is read differently."""
    assert "의자" in tokenizer.get_vocab()
    assert tokenizer("의자는").input_ids == tokenizer("\u110b\u1174\u110c\u1161\u1102\u1173\u11ab").input_ids


def test_pairs_are_marked(tokenizer: PreTrainedTokenizerFast) -> None:
    """A pair reaches the model as one sentence, without [SEP] between or token types."""
    coded = tokenizer("the chair", "the fan")
    pieces = tokenizer.convert_ids_to_tokens(coded["input_ids"])
    assert pieces == ["[CLS]", "the", "chair", "[SEP]", "the", "fan", "[SEP]"]
    assert coded["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1]


def test_saved_tokenizer_is_the_same(tokenizer: PreTrainedTokenizerFast, texts: list[str], tmp_path: Path) -> None:
    """The demo's teacher folder loads with another tokenizer than it was trained with."""
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded(texts[:50])["input_ids"] == tokenizer(texts[:50])["input_ids"]
    assert (loaded.pad_token_id, loaded.mask_token, loaded.model_max_length) == (tokenizer.pad_token_id, "[MASK]", 128)


def test_teacher_config_fits(tokenizer: PreTrainedTokenizerFast) -> None:
    """The demo's teacher cannot take the demo's tokens, or answers LABEL_0 where it should say negative."""
    torch.set_num_threads(1)
    config = teacher_config(tokenizer)
    model = BertForSequenceClassification(config)
    logits = model(**tokenizer(["의자가 좋아요."], return_tensors="pt")).logits
    assert logits.shape == (1, len(LABELS))
    assert [config.id2label[index] for index in range(2)] == ["negative", "positive"]
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (4, 128, 4)
    assert sum(weight.numel() for weight in model.parameters()) < 1_200_000
