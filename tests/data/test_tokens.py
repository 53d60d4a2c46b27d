"""Words with tags and questions with answers, read from the files that people have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hodu.data import load, split
from hodu.errors import DataError, LabelError

CONLL = """-DOCSTART- -X- O O

EU NNP B-NP B-ORG
rejects VBZ B-VP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER
# SYM B-NP O
"""
KLUE = """## klue-ner-v1_train_00000-nsmc\t<서울:LC>에 산다
서\tB-LC
울\tI-LC
에\tO
 \tO
산\tO
다\tO

## klue-ner-v1_train_00001-nsmc\t<민수:PS>
민\tB-PS
수\tI-PS
"""


def test_conll_files(tmp_path: Path) -> None:
    """CoNLL 2003's own files are not read, or a comment becomes a word, or a word a comment."""
    file = tmp_path / "ner.conll"
    file.write_text(CONLL, encoding="utf-8")
    data = load(file)
    assert data.task == "token-classification" and data.labels == ("O", "B-ORG", "B-PER", "I-PER")
    train = data.splits["train"]
    assert train["words"][:] == [["EU", "rejects"], ["Peter", "Blackburn", "#"]]
    assert train["label"][:] == [[1, 0], [2, 3, 0]]


def test_klue_files(tmp_path: Path) -> None:
    """KLUE-NER, whose words are single characters and whose files are called .tsv, is taken for a table."""
    file = tmp_path / "klue-ner-v1.1_train.tsv"
    file.write_text(KLUE, encoding="utf-8")
    data = load(file, task="token-classification")
    assert data.splits["train"]["words"][:] == [["서", "울", "에", " ", "산", "다"], ["민", "수"]]
    assert data.labels == ("O", "B-LC", "B-PS", "I-LC", "I-PS")


def test_words_alone(tmp_path: Path) -> None:
    """Words without tags, one on each line, are not enough to distil."""
    file = tmp_path / "words.txt"
    file.write_text("Anna\nlives\n\n서울\n", encoding="utf-8")
    data = load(file, task="token-classification")
    assert data.task is None and data.splits["train"]["words"][:] == [["Anna", "lives"], ["서울"]]


def test_a_line_without_its_tag_is_named(tmp_path: Path) -> None:
    """Somewhere in a million lines a tag is missing, and nothing says where; or the tags of a sentence slip."""
    file = tmp_path / "ner.conll"
    file.write_text("EU B-ORG\nrejects O\n\nPeter\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 4: 1 fields \('Peter'\), expected 2"):
        load(file)


def squad(*paragraphs: dict[str, Any]) -> dict[str, Any]:
    return {"version": "1.1", "data": [{"title": "x", "paragraphs": list(paragraphs)}]}


NORMANS = {
    "context": "The Normans gave their name to Normandy, in France.",
    "qas": [
        {"id": "1", "question": "Where is Normandy?", "answers": [{"text": "France", "answer_start": 44}]},
        {"id": "2", "question": "Who?", "answers": [{"text": t, "answer_start": 0} for t in ("The Normans", "The")]},
    ],
}
SEOUL = {
    "context": "서울은 대한민국의 수도이다. 서울에는 한강이 있다.",
    "qas": [{"id": "3", "question": "수도는?", "answers": [{"text": "서울", "answer_start": 16}]}],
}


@pytest.mark.parametrize("indent", [None, 1])
def test_squad_files(indent: int | None, tmp_path: Path) -> None:
    """SQuAD's and KorQuAD's own files, on one line or on many, are not read."""
    file = tmp_path / "KorQuAD_v1.0_train.json"
    file.write_text(json.dumps(squad(NORMANS, SEOUL), ensure_ascii=False, indent=indent), encoding="utf-8")
    data = load(file)
    train = data.splits["train"]
    assert data.task == "question-answering"
    assert train["text"][:] == ["Where is Normandy?", "Who?", "수도는?"] and train["pair"][0] == NORMANS["context"]
    assert train["label"][:] == [["France"], ["The Normans", "The"], ["서울"]]
    assert train["starts"][:] == [[44], [0, 0], [16]]


def test_flat_rows(tmp_path: Path) -> None:
    """Questions in JSON lines, as the hub has SQuAD, or in a CSV are not read; an answer off by some letters teaches other words."""
    qas: list[Any] = NORMANS["qas"]  # type: ignore[assignment]
    rows = [{"question": one["question"], "context": NORMANS["context"], "answers": one["answers"]} for one in qas]
    hub = {"text": ["France"], "answer_start": [40]}  # four letters off
    rows.append({"question": "Which country?", "context": NORMANS["context"], "answers": hub})
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    data = load(tmp_path / "q.jsonl")
    assert data.splits["train"]["label"][:] == [["France"], ["The Normans", "The"], ["France"]]
    assert data.splits["train"]["starts"][:] == [[44], [0, 0], [44]]
    assert any(note.startswith("1 answers do not stand where the data says") for note in data.notes)
    lines = "question,context,answer,answer_start\n수도는?,서울은 수도이다,서울,0\n강은?,한강이 있다,한강,0\n"
    (tmp_path / "q.csv").write_text(lines, encoding="utf-8")
    table = load(tmp_path / "q.csv")
    assert table.task == "question-answering" and table.splits["train"]["label"][:] == [["서울"], ["한강"]]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([], "this question has no answer"),
        ([{"text": "Spain", "answer_start": 0}], "'Spain' does not stand in the context"),
        ([{"text": "", "answer_start": 0}], "is empty or no text"),
        ([{"text": "France", "answer_start": None}], "answer_start is None"),
        ({"text": ["France"], "answer_start": []}, "both as long"),
        ("France", "str 'France', expected"),
    ],
)
def test_a_bad_answer_is_named(answers: Any, message: str, tmp_path: Path) -> None:
    """One answer that is not in its context stops the run, and nothing says which."""
    context = NORMANS["context"]
    good = {"question": "Who?", "context": context, "answers": [{"text": "The Normans", "answer_start": 0}]}
    rows = [good, {"question": "Where?", "context": context, "answers": answers}]
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(LabelError, match=f"row 2, column 'answers': .*{message}"):
        load(tmp_path / "q.jsonl")


def test_a_file_that_is_not_squads_is_refused(tmp_path: Path) -> None:
    """A JSON file of another layout ends in a KeyError."""
    (tmp_path / "q.json").write_text(json.dumps(squad({"context": "x", "questions": []})), encoding="utf-8")
    with pytest.raises(DataError, match='article 1 under "data" is not as in SQuAD'):
        load(tmp_path / "q.json")


def test_questions_about_one_context_stay_together(tmp_path: Path) -> None:
    """A model is examined on contexts that it was trained on, and its figures flatter it."""
    rows = [
        {
            "question": f"question {number} of {place}?",
            "context": f"context {place} 문맥",
            "answers": {"text": ["context"], "answer_start": [0]},
        }
        for place in range(30)
        for number in range(4)
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    data = split(load(tmp_path / "q.jsonl"))
    contexts = [set(data.splits[name]["pair"][:]) for name in ("train", "dev", "test")]
    assert not contexts[0] & contexts[1] and not contexts[0] & contexts[2] and not contexts[1] & contexts[2]
    assert [len(data.splits[name]) for name in ("train", "dev", "test")] == [96, 12, 12]
    assert not any("also stand in train" in note for note in data.notes)
