"""Augmentation: the candidates a slow reading of the paper's code would find, in every language, and nothing else changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from hodu.data.augment import augment, copies_of, texts_to_augment
from hodu.data.candidates import Candidates, CandidateWriter
from hodu.data.masked_words import MaskedWords
from hodu.data.neighbours import VectorFile, VocabularyNeighbours
from hodu.data.words import is_word, replaceable_words
from hodu.errors import DataError
from hodu.models.wordpiece import SPECIAL, _bert_like
from tests.tiny import tiny

TEXTS = [
    "The film is good, but the food was awful!",
    "good film",
    "영화는 훌륭하다. 음식도 좋다",
    "a dull film; 책 is not 나쁘다",
    "42 ...",
    "unheard zebra films",
]
MOST = 5


WHOLE = ["the", "film", "is", "good", "but", "food", "was", "awful", "dull", "영화는", "좋다", "책", "나쁘다", "음식도"]


def made_tokenizer(*, types: bool = True) -> PreTrainedTokenizerFast:
    """Some words are one piece, the others come in letters."""
    letters = sorted({letter for text in TEXTS for letter in text.lower() if not letter.isspace()})
    pieces = dict.fromkeys([*SPECIAL.values(), *WHOLE, *letters, *(f"##{letter}" for letter in letters)])
    return PreTrainedTokenizerFast(
        tokenizer_object=_bert_like({piece: number for number, piece in enumerate(pieces)}),
        model_input_names=["input_ids", *["token_type_ids"] * types, "attention_mask"],
        model_max_length=60,
        **SPECIAL,
    )


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return made_tokenizer()


def masked_lm(family: str, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    return tiny(family, head="masked-lm", layers=2, vocab_size=len(tokenizer))


def asker(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> MaskedWords:
    neighbours = VocabularyNeighbours(model.get_input_embeddings().weight, tokenizer, MOST)
    return MaskedWords(model, tokenizer, neighbours, most=MOST)


def one_at_a_time(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, text: str) -> list[tuple[str, ...]]:
    """The same by the plainest means: one word, one forward pass, all logits, a full sort."""
    pieces, found = tokenizer.convert_ids_to_tokens(range(len(tokenizer))), []
    table = model.get_input_embeddings().weight.detach()
    for word in replaceable_words(text):
        ids = tokenizer(word.text, add_special_tokens=False)["input_ids"]
        if len(ids) == 1:
            before = len(tokenizer(text[: word.begin], add_special_tokens=False)["input_ids"])
            encoded = tokenizer(text, text, return_tensors="pt")
            encoded["input_ids"][0, 1 + before] = tokenizer.mask_token_id
            with torch.no_grad():
                scores = model(**encoded).logits[0, 1 + before]
            best = [pieces[i] for i in scores.argsort(descending=True)[:MOST]]
            found.append(tuple(piece for piece in best if is_word(piece)))
        else:
            mean = table[ids].mean(0)
            words = [i for i, piece in enumerate(pieces) if is_word(piece)]
            cosines = {pieces[i]: float(torch.cosine_similarity(mean, table[i], dim=0)) for i in words}
            found.append(tuple(sorted(cosines, key=lambda piece: -cosines[piece])[:MOST]))
    return found


@pytest.mark.parametrize("family", ["bert", "electra", "distilbert", "roberta"])
def test_candidates_are_those_of_one_word_at_a_time(family: str) -> None:
    """Batching, padding or the gathered head gives other words than the model offers; Korean, or a family, has none at all."""
    tokenizer = made_tokenizer(types=family in ("bert", "electra"))
    model = masked_lm(family, tokenizer)
    fast = dict(asker(model, tokenizer).ask(TEXTS))
    for text in TEXTS:
        assert fast[text] == one_at_a_time(model, tokenizer, text), text
    assert any(fast[TEXTS[2]]), "no words for Korean"
    pieces = [len(tokenizer(word.text, add_special_tokens=False)["input_ids"]) for word in replaceable_words(TEXTS[2])]
    assert min(pieces) == 1 < max(pieces), "the Korean text shall have words of one and of several pieces"


def test_words_are_letters_of_any_script() -> None:
    """Numbers, "don't" or "the" are replaced; or a Korean, accented or Hindi word never is."""
    text = 'The "Émigré" didn\'t see 3rd-rate (영화는) हिन्दी, 42 and e-mail.'
    words = replaceable_words(text)
    assert [word.text for word in words] == ["Émigré", "see", "영화는", "हिन्दी"]
    assert all(text[word.begin : word.end] == word.text for word in words)


def test_copies_keep_everything_but_the_words() -> None:
    """Punctuation, spacing or capitals are lost, the original comes twice, or two copies are equal."""
    text = "Good  film, 좋다!"
    found = [("fine", "poor"), ("song",), ("나쁘다",)]
    made = copies_of(text, found, 200, 0.5, 0)
    assert len(set(made)) == len(made) and text not in made
    first, second, third = ("Good", "Fine", "Poor"), ("film", "song"), ("좋다", "나쁘다")
    assert set(made) == {f"{a}  {b}, {c}!" for a in first for b in second for c in third} - {text}
    assert made == copies_of(text, found, 200, 0.5, 0) != copies_of(text, found, 200, 0.5, 1)


def test_a_copy_depends_on_its_text_alone() -> None:
    """Ten new rows change all the others, so that nothing of the teacher's cache is found again."""
    found: dict[str, Any] = {"good film": [("fine", "bad"), ("song", "book")], "bad food": [("good",), ("film",)]}
    one = augment(Dataset.from_dict({"text": ["good film"], "label": [1]}), found, copies=3)
    two = augment(Dataset.from_dict({"text": ["bad food", "good film"], "label": [0, 1]}), found, copies=3)
    assert list(one["text"]) == list(two["text"])[-len(one) :]
    assert list(one["label"]) == [1] * len(one) and one["text"][0] == "good film"


def test_pairs_change_one_text_at_a_time() -> None:
    """The second text is compared with a first one that was never asked about (the reference code's bug)."""
    rows = Dataset.from_dict({"text": ["good film"], "pair": ["영화는 좋다"], "label": [0.5]})
    found: dict[str, Any] = {"good film": [("fine",), ("song",)], "영화는 좋다": [("음식도",), ("나쁘다",)]}
    made = augment(rows, found, copies=60)
    assert len(made) == 1 + 3 + 3
    assert (made["text"][0], made["pair"][0]) == ("good film", "영화는 좋다")
    assert all((row["text"] == "good film") != (row["pair"] == "영화는 좋다") for row in list(made)[1:])
    assert made.features == rows.features and set(made["label"]) == {0.5}
    assert texts_to_augment(rows) == ["good film", "영화는 좋다"]


def test_impossible_numbers_are_refused() -> None:
    """Zero copies pass silently as an augmented run."""
    rows = Dataset.from_dict({"text": ["good film"]})
    for numbers in ({"copies": 0}, {"probability": 0.0}, {"probability": 1.5}):
        with pytest.raises(DataError, match="expected 1 or more"):
            augment(rows, {}, **numbers)


def test_candidates_are_found_again_and_damage_is_put_aside(tmp_path: Path) -> None:
    """A file that was cut short is read as what the model said, or stops every later run."""
    writer = CandidateWriter(tmp_path)
    found = [("좋은", "good"), ()]
    writer.add("영화 film", found)
    writer.close()
    (tmp_path / "partial-0").write_bytes(b"half")
    (tmp_path / "shard-0.arrow").write_bytes(b"ARROW1 cut short")
    known = Candidates(tmp_path, ["영화 film", "other"])
    assert known["영화 film"] == found and "other" not in known
    assert not (tmp_path / "shard-0.arrow").exists()


def vectors(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_vectors_of_a_file_are_taken_by_cosine(tmp_path: Path) -> None:
    """--glove gives the most frequent words, the word itself, or punctuation; a fastText file for Korean is refused."""
    lines = ["good 1 0", ", 1 0", "fine 2 0.2", "bad -1 0.1", "좋다 1 1", "훌륭하다 3 2.9"]
    for header in ([], ["6 2"]):
        nearest = VectorFile(vectors(tmp_path / "glove.txt", *header, *lines), 2).of(["Good", "좋다", "unknown"])
        assert nearest == [("fine", "훌륭하다"), ("훌륭하다", "fine"), ()]


@pytest.mark.parametrize("line", ["bad 1", "bad 1 x"])
def test_a_malformed_line_of_vectors_is_named(tmp_path: Path, line: str) -> None:
    """A cut download ends in a stack trace, or is read as vectors of another width."""
    with pytest.raises(DataError, match=r"glove\.txt, row 2"):
        VectorFile(vectors(tmp_path / "glove.txt", "good 1 0", line), 2)


def test_neighbours_are_looked_up_once(tokenizer: PreTrainedTokenizerFast) -> None:
    """A word that comes up in every sentence is searched for in every sentence."""
    table = torch.from_numpy(np.random.default_rng(0).normal(size=(len(tokenizer), 8)).astype(np.float32))
    neighbours = VocabularyNeighbours(table, tokenizer, 3)
    first = neighbours.of(["zebra", "zebra", "훌륭하다"])
    neighbours.vectors_of = None
    assert neighbours.of(["훌륭하다", "zebra"]) == [first[2], first[0]]
