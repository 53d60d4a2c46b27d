"""Token classifiers (NER) trained, distilled and measured on words and their tags."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerFast

import hodu
from hodu.data import Columns, collate, load, tokenise
from hodu.data.reading import part_of
from hodu.data.tagged import tags_of, with_tags
from hodu.errors import DataError, LabelError, ModelError, RecipeError
from hodu.measuring.speed import latency, sample_rows, throughput
from hodu.measuring.tagged import UNSEEN, count_tags, predict_tags, tags_of_logits
from hodu.models.load import load_model
from hodu.objectives.ensemble import combine
from hodu.training import baseline
from hodu.training.stored import stored
from hodu.types import IGNORED, Capture
from tests.training.conftest import write_jsonl

PEOPLE = ("Minsu", "Jiwoo Kim", "Anna", "민수", "김지우")
PLACES = ("Seoul", "New York", "Busan", "서울", "부산")
PATTERNS = (
    "{person} lives in {place} now",
    "In {place} nobody knows {person}",
    "{person} 는 어제 {place} 에 갔다",
    "{place} 에서 {person} 를 만났다",
)
QUICK: dict[str, Any] = {"epochs": 2.0, "learning_rate": 3e-3, "batch_size": 8, "progress": False}
NAMES = ("O", "B-loc", "B-per", "I-loc", "I-per")


def rows() -> list[dict[str, list[str]]]:
    """A hundred sentences whose tags follow from the words."""
    made = []
    for pattern in PATTERNS:
        for person in PEOPLE:
            for place in PLACES:
                words, tags = [], []
                for part in pattern.split():
                    kind = {"{person}": "per", "{place}": "loc"}.get(part)
                    own = {"per": person, "loc": place}[kind].split() if kind else [part]
                    words += own
                    tags += [f"{'I' if at else 'B'}-{kind}" if kind else "O" for at in range(len(own))]
                made.append({"tokens": words, "tags": tags})
    return made


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("data") / "sentences.jsonl", rows())


@pytest.fixture(scope="module")
def ner(tagged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 2 x 32, trained from nothing."""
    settings = {**QUICK, "epochs": 12.0}
    return hodu.train("2x32", tagged, tmp_path_factory.mktemp("ner") / "teacher", vocabulary=300, **settings)


def test_words_and_tags_are_found(tagged: Path) -> None:
    """hodu train --data ner.jsonl takes the file for something else than words and their tags."""
    data = load(tagged)
    assert (data.task, data.labels) == ("token-classification", NAMES)
    first = data.splits["train"][0]
    assert first["words"] == rows()[0]["tokens"] and first["text"] == "Minsu lives in Seoul now"
    assert [data.labels[tag] for tag in first["label"]] == rows()[0]["tags"]


@pytest.mark.parametrize("names", [("words", "labels"), ("tokens", "ner_tags"), ("Tokens", "NER_Tags")])
def test_the_usual_names_of_columns(names: tuple[str, str], tmp_path: Path) -> None:
    """CoNLL 2003 or KLUE-NER under their own column names are not recognised."""
    made = [{"id": "1", "sentence": "…", names[0]: row["tokens"], names[1]: row["tags"]} for row in rows()[:6]]
    assert load(write_jsonl(tmp_path / "one.jsonl", made)).labels[0] == "O"
    renamed = [{"w": row["tokens"], "t": row["tags"]} for row in rows()[:6]]
    chosen = load(write_jsonl(tmp_path / "two.jsonl", renamed), columns=Columns("w", None, "t"))
    assert chosen.task == "token-classification"


def test_ids_of_a_hub_set_keep_its_names() -> None:
    """conll2003's tags 0, 1, 2 ... lose the names that the hub declares, so no entity is ever found in them."""
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-PER", "I-PER"]))})
    dataset = Dataset.from_dict({"tokens": [["Anna", "Kim", "sings"]], "ner_tags": [[1, 2, 0]]}, features=features)
    part = part_of(dataset, Columns(), "conll2003 train")
    meaning = tags_of({"train": part}, None)
    assert meaning.names == ("O", "B-PER", "I-PER")
    assert with_tags(part, meaning)["label"][0] == [1, 2, 0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": ["a", "b"], "tags": ["O"]}, "row 2, column 'tags': 2 words and 1 tags"),
        ({"tokens": [], "tags": []}, "row 2, column 'tokens': the list of words is empty"),
        ({"tokens": ["a"], "tags": [None]}, "row 2, column 'tags': the tag of word 1 \\('a'\\) is None"),
        ({"tokens": ["a", 3], "tags": ["O", "O"]}, "row 2, column 'tokens': word 2 is int 3"),
        ({"tokens": "a b", "tags": ["O", "O"]}, "row 2, column 'tokens': str 'a b', expected a list of words"),
        ({"tokens": ["a"], "tags": "O"}, "row 2, column 'tags': str 'O', expected a list of tags"),
    ],
)
def test_a_bad_row_is_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    """One bad row among a million stops the run, and nothing says which."""
    with pytest.raises(DataError, match=message):
        load(write_jsonl(tmp_path / "bad.jsonl", [{"tokens": ["x", "y"], "tags": ["O", "B-a"]}, row]))


def test_a_tag_that_training_lacks_is_refused(tmp_path: Path) -> None:
    """A typo in the dev file becomes a class of its own that nothing is ever trained on."""
    write_jsonl(tmp_path / "train.jsonl", rows()[:10])
    write_jsonl(tmp_path / "dev.jsonl", [{"tokens": ["Anna"], "tags": ["B-pre"]}])
    with pytest.raises(LabelError, match="'B-pre' is only in dev"):
        load(tmp_path)
    with pytest.raises(DataError, match="token-classification wants columns"):
        load(write_jsonl(tmp_path / "text.jsonl", [{"text": "a", "label": "b"}]), task="token-classification")


def test_tags_stand_at_first_pieces(ner: Path) -> None:
    """Continuation pieces are trained as words of their own, or a tag slips to its neighbour."""
    tokenizer = load_model(ner).tokenizer
    made = Dataset.from_dict({"words": [["Jiwoooooo", " ", "lives"], ["서울"] * 30], "label": [[2, 0, 0], [1] * 30]})
    encoded, truncation = tokenise(made, tokenizer, max_length=16)
    row = encoded[0]
    pieces = tokenizer.convert_ids_to_tokens(row["input_ids"])
    kept = [(piece, tag) for piece, tag in zip(pieces, row["tags"], strict=True) if tag != IGNORED]
    assert [tag for _, tag in kept] == [2, 0] and not kept[0][0].startswith("##") and row["firsts"][1] == -1
    assert (truncation.vanished, truncation.count, truncation.words) == (1, 1, 33)
    assert truncation.cut == encoded[1]["firsts"].count(-1) > 0
    labels = collate(tokenizer)([encoded[0], encoded[1]])["labels"]
    assert labels.shape == (2, 16) and bool((labels[0, len(pieces) :] == IGNORED).all())


def test_a_byte_level_tokenizer_reads_words(tmp_path: Path) -> None:
    """RoBERTa stops: its tokenizer takes lists of words only when told that a space stands before each."""
    from hodu.models.scratch import new_gpt2

    made = new_gpt2("1x16", [" ".join(row["tokens"]) for row in rows()], vocabulary=300)
    made.model.save_pretrained(tmp_path / "gpt")
    made.tokenizer.save_pretrained(tmp_path / "gpt")
    loaded = load_model(tmp_path / "gpt", "token-classification")
    encoded = loaded.encode({"words": ["Anna", "lives", "서울"]})
    running = made.tokenizer(" Anna lives 서울", add_special_tokens=False).input_ids
    assert encoded["input_ids"][0].tolist() == running


def test_figures_are_those_of_seqeval() -> None:
    """The F1 in a table cannot be compared with a paper's."""
    generator = np.random.default_rng(0)
    gold, given = ([generator.integers(5, size=9).tolist() for _ in range(40)] for _ in range(2))
    given = [
        [g if generator.random() < 0.6 else s for g, s in zip(*pair, strict=True)]
        for pair in zip(gold, given, strict=True)
    ]
    counts, words = count_tags(given, gold, NAMES)
    figures = hodu.measuring.score("token-classification", counts, words)
    names = [[[NAMES[tag] for tag in row] for row in side] for side in (gold, given)]
    expected = {"f1": f1_score, "precision": precision_score, "recall": recall_score, "accuracy": accuracy_score}
    assert figures == {name: pytest.approx(metric(*names)) for name, metric in expected.items()}


def test_tags_that_are_no_entities_count_word_by_word() -> None:
    """Parts of speech get an F1 of entities that are not there."""
    counts, words = count_tags([[0, 1, 1]], [[0, 1, 2]], ("NOUN", "VERB", "O"))
    assert counts.tolist() == [[2, 3, 2, 2]] and words.tolist() == [3]
    counts, _ = count_tags([[0, 2, UNSEEN]], [[0, 1, 3]], ("B-per", "L-per", "U-loc", "O"))
    assert counts.tolist() == [[0, 2, 1, 2]]


@pytest.mark.parametrize("recipe", ["hodu", "hinton", "tinybert"])
def test_distilled_and_measured(recipe: str, ner: Path, tagged: Path, tmp_path: Path) -> None:
    """The README's commands for NER do not end in a folder that transformers loads and hodu measures."""
    out = hodu.distill(ner, tagged, tmp_path / "small", student="1x32", recipe=recipe, **QUICK)
    model = AutoModelForTokenClassification.from_pretrained(out)
    assert model.config.num_hidden_layers == 1 and tuple(model.config.id2label.values()) == NAMES
    teacher, student = hodu.measure([ner, out], tagged, speed=False)
    assert student.task == "token-classification" and teacher.metrics["f1"] > 0.9
    assert student.metrics["f1"] > 0.5 and student.metrics["agreement"] > 0.8
    low, high = student.intervals["f1"]
    assert low <= student.metrics["f1"] <= high and list(student.metrics)[:4] == [
        "f1",
        "precision",
        "recall",
        "accuracy",
    ]


def test_the_baseline_repeats_it(ner: Path, tagged: Path, tmp_path: Path) -> None:
    """There is nothing to see what distillation of a tagger was worth."""
    hodu.distill(ner, tagged, tmp_path / "small", student="1x32", recipe="hinton", **QUICK)
    made = load_model(baseline(tmp_path / "small", progress=False))
    assert hodu.measure([made.path], tagged, speed=False)[0].metrics["accuracy"] > 0.5
    few = load(tagged).splits["train"].select(range(4))
    (times,) = latency([made], sample_rows(few, 4))
    assert times.p50_ms > 0 and throughput([made], few)[0] > 0


def test_a_cached_tagger_teaches_what_a_live_one_does(ner: Path, tagged: Path, tmp_path: Path) -> None:
    """--cache makes another student: the logits of a token are read back at another one."""
    made = {}
    for name, cache in (("live", False), ("cached", True)):
        made[name] = hodu.distill(ner, tagged, tmp_path / name, student="1x32", cache=cache, **{**QUICK, "epochs": 1.0})
    live, cached = (load_model(folder).model.state_dict() for folder in made.values())
    for name, weight in live.items():
        torch.testing.assert_close(cached[name], weight, rtol=2e-2, atol=5e-3)
    (kept,) = stored()
    assert kept.asked.startswith("outputs")


def test_tags_in_the_teachers_order(ner: Path, tagged: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A teacher that calls class 1 what the data calls 3 trains the student on crossed tags."""
    loaded = load_model(ner)
    order = [4, 2, 0, 3, 1]
    with torch.no_grad():
        loaded.model.classifier.weight.copy_(loaded.model.classifier.weight[order])  # type: ignore[union-attr, index, operator]
        loaded.model.classifier.bias.copy_(loaded.model.classifier.bias[order])  # type: ignore[union-attr, index, operator]
    loaded.model.config.id2label = {place: NAMES[old] for place, old in enumerate(order)}
    loaded.model.save_pretrained(tmp_path / "other")
    loaded.tokenizer.save_pretrained(tmp_path / "other")
    same, other = hodu.measure([ner, tmp_path / "other"], tagged, teacher=str(ner), speed=False)
    assert other.metrics["agreement"] == 1 and other.metrics["f1"] == same.metrics["f1"]
    with caplog.at_level(logging.INFO, logger="hodu"):
        hodu.distill([ner, tmp_path / "other"], tagged, tmp_path / "small", student="1x16", recipe="hinton", **QUICK)
    assert "labels put in the order" in caplog.text


def test_untagged_words_are_enough(ner: Path, tmp_path: Path) -> None:
    """Words without tags, of which there are plenty, cannot be distilled on."""
    data = write_jsonl(tmp_path / "words.jsonl", [{"tokens": row["tokens"]} for row in rows()])
    out = hodu.distill(ner, data, tmp_path / "small", student="1x32", **QUICK)
    card = json.loads((out / "hodu.json").read_text())
    assert card["agreement"] > 0.8
    measured = hodu.measure([ner, out], data, speed=False)
    assert measured[1].metrics["agreement"] > 0.8 and "f1" not in measured[1].metrics


def test_words_that_the_model_does_not_see_count_as_untagged(ner: Path) -> None:
    """Entities behind the model's last token vanish from the figures, and long texts flatter the model."""
    loaded = load_model(ner)
    said = tags_of_logits(predict_tags(loaded.model, loaded.tokenizer, Dataset.from_dict({"words": [["Seoul"] * 300]})))
    assert len(said[0]) == 300 and said[0][-1] == UNSEEN
    counts, words = count_tags(said, [[1] * 300], NAMES)
    assert counts[0, 2] == 300 == words[0] and counts[0, 1] < 130


def test_what_cannot_be_is_refused(ner: Path, teacher: Path, tagged: Path, data: Path, tmp_path: Path) -> None:
    """Augmented words keep the tags of others; a tagger and a classifier are averaged; a sentence has no tags."""
    with pytest.raises(RecipeError, match="does token-classification learns from the text as it is"):
        hodu.distill(ner, tagged, tmp_path / "a", augment=ner, **QUICK)
    with pytest.raises(ModelError, match="has no trained head"):
        hodu.distill([ner, teacher], tagged, tmp_path / "b", recipe="hinton", **QUICK)
    with pytest.raises(DataError, match="token-classification wants columns"):
        hodu.distill(ner, data, tmp_path / "c", **QUICK)
    with pytest.raises(DataError, match="the data is for token-classification"):
        hodu.measure([teacher], tagged, speed=False)
    with pytest.raises(LabelError, match="for token-classification, but"):
        hodu.distill(teacher, tagged, tmp_path / "d", **QUICK)


def test_an_ensemble_of_taggers_means_probabilities_of_each_token() -> None:
    """Two taggers are averaged over tokens instead of over teachers."""
    mask = torch.ones(2, 3, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    one, two = (torch.randn(2, 3, 5, generator=generator) for _ in range(2))
    mixed = combine([Capture(mask, one), Capture(mask, two)], [3.0, 1.0], "token-classification", temperature=2.0)
    assert mixed.logits is not None
    expected = 0.75 * (one / 2).softmax(-1) + 0.25 * (two / 2).softmax(-1)
    torch.testing.assert_close((mixed.logits / 2).softmax(-1), expected)


def test_a_pruned_vocabulary_cuts_words_alike(ner: Path, tagged: Path, tmp_path: Path) -> None:
    """The student's tokens are not its teacher's, so their hidden states are compared at other words."""
    out = hodu.distill(ner, tagged, tmp_path / "small", student="1x16", recipe="hinton", **{**QUICK, "epochs": 1.0})
    full: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(ner)
    small = AutoTokenizer.from_pretrained(out)
    for row in rows():
        ids = [one(row["tokens"], is_split_into_words=True).input_ids for one in (full, small)]
        assert full.convert_ids_to_tokens(ids[0]) == small.convert_ids_to_tokens(ids[1])
