"""Corrupted text for discriminators: what is replaced, by what, and what the labels say of it."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from hodu.data import Frequency, corrupted, pack
from hodu.errors import ModelError
from hodu.models import prune_vocabulary
from hodu.models.generator import Generator, load_generator
from hodu.models.load import Loaded
from hodu.models.wordpiece import train_wordpiece
from hodu.types import IGNORED
from tests.tiny import tiny

TEXTS = [
    "People dig the ground with a trowel to plant flowers, and with an excavator to build a house. " * 8,
    "꽃을 심으려고 모종삽으로 땅을 팠다. 집을 지으려고 굴착기로 땅을 팠다. " * 8,
]
WORDPIECE = train_wordpiece(TEXTS, vocabulary=110, max_length=64)
PACKED = pack(Dataset.from_dict({"text": TEXTS}), WORDPIECE, max_length=32)[0]
ROWS = [PACKED[i] for i in range(len(PACKED))]
SPECIAL = torch.tensor(WORDPIECE.all_special_ids)


def generator(family: str = "electra", tokenizer: PreTrainedTokenizerFast = WORDPIECE) -> Loaded:
    """A random masked language model; ELECTRA's has embeddings narrower than its layers."""
    model = tiny(family, "masked-lm", layers=1, vocab_size=len(WORDPIECE) + 3, pad_token_id=WORDPIECE.pad_token_id)
    return Loaded("gen", model, tokenizer, {})


def original() -> Tensor:
    pad = WORDPIECE.pad_token_id
    return torch.tensor([row["input_ids"] + [pad] * (32 - len(row["input_ids"])) for row in ROWS])


@pytest.mark.parametrize("by", ["frequency", "generator"])
def test_labels_say_what_was_replaced(by: str) -> None:
    """The discriminator learns that an original piece is a replaced one, or to judge padding."""
    fill = Frequency(PACKED, WORDPIECE) if by == "frequency" else Generator(generator(), WORDPIECE)
    batch = corrupted(WORDPIECE, fill, seed=0)(ROWS)
    real, before = batch["attention_mask"].bool(), original()
    assert torch.equal(batch["labels"] == 1, batch["input_ids"] != before)
    assert torch.equal(batch["labels"] == IGNORED, ~real)
    free = ~torch.isin(before, SPECIAL) & real
    assert not ((batch["labels"] == 1) & ~free).any(), "a special piece was replaced"
    assert not torch.isin(batch["input_ids"][free], SPECIAL).any(), "a special piece was put somewhere"
    hidden = (free.sum(1) * 0.15).round().clamp(min=1)
    replaced = (batch["labels"] == 1).sum(1)
    assert (replaced <= hidden).all() and replaced.sum() > 0.7 * hidden.sum()


def test_a_piece_put_where_it_stood_is_original() -> None:
    """A generator that guesses right is punished: the discriminator is taught to call right pieces wrong (§2)."""
    before = original()
    batch = corrupted(WORDPIECE, lambda asked, hidden, dice: before[hidden], seed=0)(ROWS)
    assert torch.equal(batch["input_ids"], before) and not (batch["labels"] == 1).any()


def test_the_generator_sees_masks_and_nothing_else() -> None:
    """The generator reads what it shall guess, so that hardly anything is ever replaced."""
    seen: list[tuple[Tensor, Tensor]] = []

    def look(asked: dict[str, Tensor], hidden: Tensor, dice: torch.Generator) -> Tensor:
        seen.append((asked["input_ids"], hidden))
        return original()[hidden]

    corrupted(WORDPIECE, look, seed=0)(ROWS)
    ((ids, hidden),) = seen
    assert (ids[hidden] == WORDPIECE.mask_token_id).all() and hidden.any()
    assert torch.equal(ids[~hidden], original()[~hidden])


@pytest.mark.parametrize("by", ["frequency", "generator"])
def test_corruption_changes_with_the_company_and_the_seed_but_not_by_chance(by: str) -> None:
    """Every epoch replaces the same pieces; or a resumed run is another one than an uninterrupted one."""
    fill = Frequency(PACKED, WORDPIECE) if by == "frequency" else Generator(generator(), WORDPIECE)
    first = corrupted(WORDPIECE, fill, seed=0)(ROWS[:2])["input_ids"]
    torch.rand(3)
    assert torch.equal(first, corrupted(WORDPIECE, fill, seed=0)(ROWS[:2])["input_ids"])
    assert not torch.equal(first, corrupted(WORDPIECE, fill, seed=1)(ROWS[:2])["input_ids"])
    assert not torch.equal(first[0], corrupted(WORDPIECE, fill, seed=0)([ROWS[0], ROWS[2]])["input_ids"][0])


@pytest.mark.parametrize("family", ["electra", "bert", "distilbert"])
def test_samples_are_those_of_the_whole_softmax(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gathering rows or working in chunks samples from another distribution than the generator's, or at other places."""
    from hodu.models import generator as module

    loaded = generator(family)
    monkeypatch.setitem(module._CHUNK, "cpu", 3 * len(WORDPIECE))
    monkeypatch.setattr(loaded.tokenizer, "model_input_names", ["input_ids", "attention_mask"])
    hidden = torch.zeros(2, 32, dtype=torch.bool)
    hidden[0, 3:9] = hidden[1, 11] = True
    ids = original()[:2].masked_fill(hidden, WORDPIECE.mask_token_id)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    drawn = Generator(loaded, WORDPIECE)(batch, hidden, torch.Generator().manual_seed(4))
    with torch.no_grad():
        logits = loaded.model(input_ids=ids, attention_mask=batch["attention_mask"]).logits[hidden]
    logits = logits[:, : len(WORDPIECE)].index_fill(1, SPECIAL, -torch.inf)  # N V
    lots = torch.rand(7, 1, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    assert torch.equal(drawn, (logits.double().softmax(-1).cumsum(-1) <= lots).sum(-1))


def test_frequent_pieces_are_drawn_often() -> None:
    """Without a generator the replaced pieces are rare ones, which nobody could fail to tell."""
    counts = Counter(piece for row in ROWS for piece in row["input_ids"] if piece not in SPECIAL)
    hidden = torch.ones(200, 100, dtype=torch.bool)
    drawn = Frequency(PACKED, WORDPIECE)({}, hidden, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=len(WORDPIECE)) / 20_000
    expected = torch.tensor([counts[piece] / counts.total() for piece in range(len(WORDPIECE))])
    torch.testing.assert_close(shares, expected, rtol=0, atol=0.01)


def test_a_pruned_reader_gets_its_own_pieces() -> None:
    """With --vocabulary pruned the generator's piece ids are read as other pieces; or pieces come that the student does not have."""
    pruned = prune_vocabulary(WORDPIECE, TEXTS[1:])
    small = pruned.tokenizer
    assert len(small) < len(WORDPIECE)
    rows = pack(Dataset.from_dict({"text": TEXTS[1:]}), small, max_length=32)[0]
    asked: list[Tensor] = []
    loaded = generator()
    loaded.model.register_forward_pre_hook(
        lambda model, args, kwargs: asked.append(kwargs["input_ids"]), with_kwargs=True
    )
    batch = corrupted(small, Generator(loaded, small), seed=0)([rows[0], rows[1]])
    replaced = batch["labels"] == 1
    assert batch["input_ids"].max() < len(small) and replaced.any()
    theirs = pruned.kept[batch["input_ids"]]  # as Teachers.translate
    untouched = asked[0] != WORDPIECE.mask_token_id
    assert torch.equal(asked[0][untouched], theirs[untouched])


def test_a_generator_that_cannot_serve_is_refused(tmp_path: object) -> None:
    """The replaced pieces are noise, because generator and discriminator number them differently, and nobody is told."""
    other = train_wordpiece(["완전히 다른 글 quick brown foxes jump"], vocabulary=90, max_length=64)
    with pytest.raises(ModelError, match="reads with another vocabulary"):
        Generator(generator(tokenizer=other), WORDPIECE)
    loaded = generator()
    loaded.model.save_pretrained(str(tmp_path))
    loaded.tokenizer.save_pretrained(str(tmp_path))
    with pytest.raises(ModelError, match="takes 64 tokens, and the rows have 65"):
        load_generator(str(tmp_path), WORDPIECE, max_length=65)
