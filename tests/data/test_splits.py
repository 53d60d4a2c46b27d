"""Splits that hodu makes: the same in every run, and no text on two sides."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import Dataset

from hodu.data import Data, load, split
from hodu.errors import DataError, LabelError


def data_of(texts: list[str], labels: list[int] | None = None, *, whole: bool = True, **others: list[str]) -> Data:
    """Data with these texts as train, and other splits by name."""
    rows: dict[str, list[object]] = {"text": list(texts), "label": list(labels or [i % 2 for i in range(len(texts))])}
    splits = {"train": Dataset.from_dict(rows)}
    splits |= {name: Dataset.from_dict({"text": other}) for name, other in others.items()}
    return Data(splits, "classification", ("나쁨", "좋음"), "reviews.csv", whole=whole)


def texts_of(data: Data) -> dict[str, list[str]]:
    """The texts of each split."""
    return {name: dataset["text"][:] for name, dataset in data.splits.items()}


TEXTS = [f"문장 {i}: sentence number {i}" for i in range(2_000)]


def test_whole_file_is_split_in_three() -> None:
    """The dev or test part would be missing, far from a tenth, or rows would be lost or doubled."""
    made = texts_of(split(data_of(TEXTS)))
    assert list(made) == ["train", "dev", "test"]
    assert sorted(made["train"] + made["dev"] + made["test"]) == sorted(TEXTS)
    # A binomial of 2,000 at 0.1: mean 200, standard deviation 13.4; four of them on either side.
    assert 146 <= len(made["dev"]) <= 254
    assert 146 <= len(made["test"]) <= 254


PINNED_DEV = ["문장 9", "문장 11", "문장 21", "문장 24", "문장 29"]
PINNED_TEST = ["문장 13", "문장 15", "문장 33", "문장 34", "문장 49"]


def test_pinned_rows() -> None:
    """An update of hodu would move rows from test to train, and old and new figures could not be compared."""
    made = texts_of(split(data_of(TEXTS)))
    assert [text.split(":")[0] for text in made["dev"][:5]] == PINNED_DEV
    assert [text.split(":")[0] for text in made["test"][:5]] == PINNED_TEST


def test_order_and_more_rows_do_not_matter() -> None:
    """A shuffled file, or tomorrow's file with more reviews, would train on rows that were tested before."""
    before = texts_of(split(data_of(TEXTS)))
    grown = [*TEXTS, *(f"새 문장 {i}" for i in range(500))]
    random.Random(0).shuffle(grown)
    after = texts_of(split(data_of(grown)))
    for name, texts in before.items():
        assert set(texts) <= set(after[name])


def test_equal_texts_go_together() -> None:
    """A review that occurs twice would be in train and in test, and the score would flatter."""
    composed = "좋은 영화"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    variants = [composed, decomposed, "Good  Film", "good film ", "GOOD FILM"]
    for seed in range(12):
        texts = [f"{seed} {text}" for text in variants] + TEXTS[:200]
        made = texts_of(split(data_of(texts)))
        for group in (texts[:2], texts[2:5]):
            assert sum(any(text in made[name] for text in group) for name in made) == 1


def test_pairs_are_hashed_as_pairs() -> None:
    """All rows of a set with one and the same question would land in one split."""
    rows = {"text": ["질문?"] * 400, "pair": [f"answer {i}" for i in range(400)], "label": [0, 1] * 200}
    data = replace(data_of(["x"]), splits={"train": Dataset.from_dict(rows)})
    made = split(data)
    assert {name for name, dataset in made.splits.items() if len(dataset) > 10} == {"train", "dev", "test"}


def test_dev_is_taken_from_train_and_test_is_left_alone() -> None:
    """A user's own test set would be changed, and could not be compared with published figures."""
    made = texts_of(split(data_of(TEXTS, whole=False, test=["시험 1", "시험 2"])))
    assert list(made) == ["train", "dev", "test"]
    assert made["test"] == ["시험 1", "시험 2"]
    assert sorted(made["train"] + made["dev"]) == sorted(TEXTS)
    assert 146 <= len(made["dev"]) <= 254


def test_dev_has_at_most_5000_rows() -> None:
    """A million rows would be evaluated on a hundred thousand after every epoch."""
    texts = [f"{i}" for i in range(60_000)]
    assert 4_990 <= len(split(data_of(texts, whole=False)).splits["dev"]) <= 5_000


def test_existing_splits_stay() -> None:
    """The dev set that the user made would be replaced."""
    data = data_of(TEXTS[:50], whole=False, dev=["a", "b"])
    assert texts_of(split(data)) == texts_of(data)
    only_test = Data({"test": Dataset.from_dict({"text": ["a"]})}, None, (), "test.tsv")
    assert split(only_test) == only_test


def test_splitting_again_changes_nothing() -> None:
    """A command that splits data that another already split would cut dev out of train a second time."""
    once = split(data_of(TEXTS))
    assert texts_of(split(once)) == texts_of(once)


@pytest.mark.parametrize("count", [3, 4, 10, 30])
def test_few_texts(count: int) -> None:
    """A first try on ten sentences would fail or leave a split empty, depending on chance."""
    for seed in range(10):
        texts = [f"{seed} 글 {i}" for i in range(count)]
        made = split(data_of(texts * 3, labels=[0] * count + [1] * 2 * count))
        assert all(len(dataset) for dataset in made.splits.values())
        assert len(made.splits["train"]) >= len(made.splits["dev"])


def test_too_few_texts() -> None:
    """Two different sentences would be "split" into empty parts, and training would fail far away."""
    with pytest.raises(DataError, match="too few different texts") as caught:
        split(data_of(["하나", "둘"] * 50))
    assert caught.value.file == "reviews.csv"


def test_class_lost_by_the_split() -> None:
    """A rare class that fell into dev alone would leave one class to train on: a perfect and useless model."""
    dev = split(data_of(TEXTS)).splits["dev"]["text"][:]
    with pytest.raises(LabelError, match="only '나쁨' is left to train on"):
        split(data_of(TEXTS, labels=[int(text in dev[:3]) for text in TEXTS]))


def test_overlap_is_said() -> None:
    """A test set that repeats train's sentences would flatter the student, unnoticed."""
    data = split(data_of(["하나", "둘", "셋"], whole=False, dev=["new"], test=["둘", "넷"]))
    assert any("1 of 2 rows of test also stand in train" in note for note in data.notes)
    assert not any("of dev" in note for note in data.notes)


def test_unlabelled_from_file(tmp_path: Path) -> None:
    """Plain sentences would have no dev part to choose the best checkpoint by."""
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    made = split(load(tmp_path / "lines.txt"))
    assert list(made.splits) == ["train", "dev", "test"]
    assert made.splits["dev"]["text"][:] == texts_of(split(data_of(TEXTS)))["dev"]
    assert any("split by content" in note for note in made.notes)
