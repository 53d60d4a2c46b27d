"""Facts in a data set: as sentences beside each text, then as tokens behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest
import torch
from datasets import Dataset

from hodu.data import Budget, beside, check_task, collate, redrawn, tokenise, tokenise_groups, varied
from hodu.errors import RecipeError
from hodu.models.wordpiece import train_wordpiece
from hodu.types import IGNORED, FactSettings, Task

SENTENCES = [
    "dig with the trowel",
    "땅을 모종삽 으로 판다",
    "one fact",
    "another longer fact with many words in it",
    "사실",
]
TOKENIZER = train_wordpiece(SENTENCES * 3, vocabulary=150, max_length=64)


@dataclass
class Said:
    texts: tuple[str, ...]
    facts: tuple[str, ...]
    anchors: tuple[tuple[int, int, int] | None, ...]
    others: tuple[str, ...] = ()


class Three:
    """Three facts beside what mentions a trowel, none beside other texts; numbers mentions."""

    def __call__(self, texts: Sequence[str], choice: str | None = None) -> Said:
        texts = texts if choice is None else (*texts, choice)
        place = next(
            ((i, t.index("trowel"), t.index("trowel") + 6) for i, t in enumerate(texts) if "trowel" in t), None
        )
        if place is None:
            return Said(tuple(texts), (), ())
        marked = tuple(text.replace("trowel", "1 trowel") for text in texts)
        return Said(marked, ("one fact", "another longer fact with many words in it", "사실"), (place, None, place))

    def redrawn(self, texts: Sequence[str], choices: Sequence[str], rng: Random) -> tuple[list[Said], list[int]]:
        order = rng.sample(range(len(choices)), len(choices))
        return [self(texts, choices[source]) for source in order], order


def words(text: str) -> int:
    return len(text.split())


def test_facts_stand_behind_the_text() -> None:
    """The sentence is cut for its facts, they run into one another, or rows without facts change."""
    rows = Dataset.from_dict({"text": ["dig with the trowel", "dig"], "label": [1, 0]})
    told = beside(rows, Three(), Budget(100, words))
    assert told["text"][:] == ["dig with the 1 trowel", "dig"]
    encoded, _ = tokenise(told, TOKENIZER, max_length=64)
    plain, _ = tokenise(told.select_columns(["text", "label"]), TOKENIZER, max_length=64)
    first, second = encoded[0], encoded[1]
    length = plain[0]["length"]
    assert first["input_ids"][:length] == plain[0]["input_ids"] and first["fact_ids"][:length] == [0] * length
    assert first["length"] == len(first["input_ids"]) == len(first["attention_mask"])
    behind = [i for i, fact in zip(first["input_ids"], first["fact_ids"], strict=True) if fact == 1]
    assert TOKENIZER.decode(behind) == "one fact [SEP]"
    assert sorted(set(first["fact_ids"])) == [0, 1, 2, 3]
    assert second["input_ids"] == plain[1]["input_ids"] and not any(second["fact_ids"])
    batch = collate(TOKENIZER)([first, second])
    assert batch["fact_ids"].shape == batch["input_ids"].shape and batch["labels"].tolist() == [1, 0]


def test_the_budget() -> None:
    """More facts than were asked for stand beside a text, or one that is too long keeps out those behind it."""
    rows = Dataset.from_dict({"text": ["a trowel"], "pair": ["dig"]})
    told = beside(rows, Three(), Budget(4, words))
    assert told["facts"][:] == [["one fact", "사실"]]
    full = beside(rows, Three(), Budget(100, words))
    tight, _ = tokenise(
        full, TOKENIZER, max_length=tokenise(full, TOKENIZER, max_length=64)[0][0]["fact_ids"].count(0) + 3
    )
    assert set(tight[0]["fact_ids"]) <= {0, 1, 3} and 2 not in tight[0]["fact_ids"]


def test_distractors_come_on_top() -> None:
    """With --distractors a fact that matters is left out for one that does not, or a stray one hangs on a mention."""
    rows = Dataset.from_dict({"text": ["a trowel"]})

    class Distracted(Three):
        def __call__(self, texts: Sequence[str]) -> Said:
            return replace(super().__call__(texts), others=("a stray fact",))

    assert beside(rows, Distracted(), Budget(4, words))["facts"][:] == [["one fact", "사실", "a stray fact"]]
    assert beside(rows, Distracted(), Budget(4, words, anchored=True))["facts"][:] == [["one fact", "사실"]]


def test_each_choice_has_its_own() -> None:
    """A choice is read with another's facts."""
    rows = Dataset.from_dict({"text": ["dig with"], "choices": [["the trowel", "one fact"]], "label": [0]})
    told = beside(rows, Three(), Budget(100, words))
    assert [len(some) for some in told["facts"][0]] == [3, 0] and told["choices"][0] == ["the 1 trowel", "one fact"]
    groups, texts, _ = tokenise_groups(told, TOKENIZER, max_length=64)
    assert [max(some) for some in groups[0]["fact_ids"]] == [3, 0]
    assert texts[0]["fact_ids"] == groups[0]["fact_ids"][0]


def test_tags_of_words_stay_with_their_words() -> None:
    """A tagger is trained, or scored, on the words of facts."""
    rows = Dataset.from_dict({"text": ["the trowel"], "words": [["the", "trowel"]], "label": [[0, 1]]})
    told = beside(rows, Three(), Budget(100, words))
    assert told["words"][0] == ["the", "trowel"]
    encoded, _ = tokenise(told, TOKENIZER, max_length=64)
    row = encoded[0]
    assert len(row["tags"]) == len(row["input_ids"])
    assert {tag for tag, fact in zip(row["tags"], row["fact_ids"], strict=True) if fact} == {IGNORED}


def test_where_facts_hang() -> None:
    """In the tree a fact hangs on another word than the one that it is about."""
    rows = Dataset.from_dict({"text": ["dig with"], "pair": ["the trowel"]})
    told = beside(rows, Three(), Budget(100, words, anchored=True))
    assert told["facts"][0] == ["one fact", "사실"]  # the one without a mention cannot hang
    told = told.remove_columns("pair").add_column("pair", ["the trowel"])  # as it came: a tree numbers nothing
    encoded, _ = tokenise(told, TOKENIZER, max_length=64)
    row = encoded[0]
    hangs = [
        i
        for i, anchor, fact in zip(row["input_ids"], row["anchors"], row["fact_ids"], strict=True)
        if anchor and not fact
    ]
    assert TOKENIZER.decode(hangs) == "trowel"
    assert all(anchor == 1 for anchor, fact in zip(row["anchors"], row["fact_ids"], strict=True) if fact)


def test_where_facts_hang_on_a_choice() -> None:
    """In the tree the facts of a choice behind a begun sentence hang on nothing: no word sees them."""
    rows = Dataset.from_dict({"text": ["dig"], "pair": ["with the"], "choices": [["trowel", "one"]], "label": [0]})
    told = beside(rows, Three(), Budget(100, words, anchored=True))
    told = told.remove_columns("choices").add_column("choices", [["trowel", "one"]])  # a tree numbers nothing
    row = tokenise_groups(told, TOKENIZER, max_length=64)[0][0]
    hangs = [
        i
        for i, anchor, fact in zip(row["input_ids"][0], row["anchors"][0], row["fact_ids"][0], strict=True)
        if anchor and not fact
    ]
    assert TOKENIZER.decode(hangs) == "trowel" and max(row["fact_ids"][0]) == 2


def test_training_rows_vary() -> None:
    """Facts are learnt by heart: they stand in one order, and always there; or the dev rows change too."""
    rows = Dataset.from_dict({"text": ["a trowel"] * 4})
    encoded, _ = tokenise(beside(rows, Three(), Budget(100, words)), TOKENIZER, max_length=64)
    numbered = [{**encoded[i], "row": i} for i in range(4)]
    torch.manual_seed(0)
    read = varied(collate(TOKENIZER), 0.0)
    seen = {tuple(read(numbered)["input_ids"][0].tolist()) for _ in range(20)}
    assert len(seen) == 6  # orders of three facts
    assert {tuple(sorted(one)) for one in seen} == {tuple(sorted(next(iter(seen))))}
    none = varied(collate(TOKENIZER), 1.0)(numbered)
    assert not none["fact_ids"].any() and none["input_ids"].shape[1] == encoded[0]["fact_ids"].count(0)
    still = varied(collate(TOKENIZER), 1.0)([encoded[0]])
    assert still["input_ids"][0].tolist() == encoded[0]["input_ids"]


def test_redrawn_questions() -> None:
    """Every copy of a question has the same right answer, so a model learns it by heart and reads nothing; or what is right goes another way than its facts."""
    rows = Dataset.from_dict({"text": ["dig"] * 8, "choices": [["trowel", "one", "two"]] * 8, "label": [0] * 8})
    again = redrawn(rows, Three(), Budget(100, words), 3, seed=0)
    assert len(again) == 24 and set(again["label"][:]) == {0, 1, 2}
    for facts, label in zip(again["facts"], again["label"], strict=True):
        assert [bool(some) for some in facts] == [place == label for place in range(3)]
    assert again["label"][:] == redrawn(rows, Three(), Budget(100, words), 3, seed=0)["label"][:]
    with pytest.raises(RecipeError, match="have none"):
        redrawn(rows.remove_columns("choices"), Three(), Budget(9, words), 1, seed=0)


@pytest.mark.parametrize(
    ("task", "settings", "said"),
    [
        ("masked-lm", FactSettings(), "reads others"),
        ("question-answering", FactSettings(slots=True), "--entity-slots writes numbers into the text"),
        ("token-classification", FactSettings("tree"), "take --fact-layout star"),
    ],
)
def test_texts_that_facts_cannot_stand_beside(task: Task, settings: FactSettings, said: str) -> None:
    """--graph with a language model trains without a word on something else; an answer is looked for in a text with numbers in it that nobody wrote."""
    with pytest.raises(RecipeError, match=said):
        check_task(task, settings)


class AboutChoices(Three):
    """Facts beside those choices alone that mention a trowel; the question's mention is numbered where facts are."""

    def __call__(self, texts: Sequence[str], choice: str | None = None) -> Said:
        if "trowel" not in str(choice):
            return Said((*texts, str(choice)), (), ())
        return Said(("1 dig", f"0 {choice}"), ("one fact",), (None,))


@pytest.mark.parametrize("choices", [["rake", "trowel"], ["trowel", "rake"]])
def test_a_question_is_marked_by_any_choice_with_facts(choices: list[str]) -> None:
    """Facts speak of number 1, and no word of the question has it, where the first choice has no facts."""
    rows = Dataset.from_dict({"text": ["dig"], "choices": [choices], "label": [0]})
    told = beside(rows, AboutChoices(), Budget(100, words))
    assert told["text"][:] == ["1 dig"]
    assert set(told["choices"][0]) == {"rake", "0 trowel"}
