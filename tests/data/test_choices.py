"""Questions with choices, in the forms in which people have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import Dataset
from transformers import PreTrainedTokenizerFast

from hodu.data import Columns, Data, collate_groups, load, split, strings_of, texts_of_rows, tokenise, tokenise_groups
from hodu.data.choices import with_answers
from hodu.data.reading import part_of
from hodu.errors import DataError, LabelError
from hodu.models.wordpiece import train_wordpiece


def read(tmp_path: Path, name: str, content: str, **settings: object) -> Data:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return load(file, task="multiple-choice", **settings)  # type: ignore[arg-type]


def rows_of(data: Data, name: str = "train") -> list[tuple[str, list[str], int]]:
    rows = data.splits[name]
    return list(zip(rows["text"][:], rows["choices"][:], rows["label"][:], strict=True))


FORMS = {
    "a list and a place": (
        "data.jsonl",
        '{"question": "1+1?", "choices": ["1", "two"], "answer": 1}\n{"question": "2+1?", "choices": ["three", "4"], "answer": 0}\n',
    ),
    "OpenBookQA's and ARC's": (
        "data.jsonl",
        '{"question_stem": "1+1?", "choices": {"text": ["1", "two"], "label": ["A", "B"]}, "answerKey": "B"}\n'
        '{"question_stem": "2+1?", "choices": {"text": ["three", "4"], "label": ["1", "2"]}, "answerKey": "1"}\n',
    ),
    "objects": (
        "data.jsonl",
        '{"question": "1+1?", "choices": [{"label": "A", "text": "1"}, {"label": "B", "text": "two"}], "answerKey": "B"}\n'
        '{"question": "2+1?", "choices": [{"label": "A", "text": "three"}, {"label": "B", "text": "4"}], "answerKey": "A"}\n',
    ),
    "columns from 0": ("data.csv", "question,choice0,choice1,answer\n1+1?,1,two,1\n2+1?,three,4,0\n"),
    "columns from 1, answers from 1": ("data.csv", "sentence,option1,option2,answer\n1+1?,1,two,2\n2+1?,three,4,1\n"),
    "columns from 1, answers from 0": ("data.csv", "premise,choice1,choice2,label\n1+1?,1,two,1\n2+1?,three,4,0\n"),
    "letters": ("data.tsv", "question\tA\tB\tanswer\n1+1?\t1\ttwo\tB\n2+1?\tthree\t4\ta\n"),
    "the answer itself": (
        "data.csv",
        "question,option_a,option_b,correct_answer\n1+1?,1,two,two\n2+1?,three,4,three\n",
    ),
    "a list in a cell": (
        "data.csv",
        'question,choices,answer\n1+1?,"[""1"", ""two""]",1\n2+1?,"[""three"", ""4""]",0\n',
    ),
    "Korean names": ("data.csv", "질문,보기1,보기2,정답\n1+1?,1,two,2\n2+1?,three,4,1\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_usual_forms_say_the_same(form: str, tmp_path: Path) -> None:
    """A known benchmark's file is refused, or its answers are read one off and every figure is wrong."""
    data = read(tmp_path, *FORMS[form])
    assert rows_of(data) == [("1+1?", ["1", "two"], 1), ("2+1?", ["three", "4"], 0)]
    assert data.task == "multiple-choice" and data.labels == () and "choices: 2 a question" in data.notes


def test_parquet_and_hub_sets_are_read_as_files_are(tmp_path: Path) -> None:
    """OpenBookQA from the hub is refused although the same rows as JSONL are not."""
    rows = {
        "question_stem": ["1+1?"],
        "choices": [{"text": ["1", "two"], "label": ["A", "B"]}],
        "answerKey": ["B"],
    }
    Dataset.from_dict(rows).to_parquet(tmp_path / "data.parquet")
    data = load(tmp_path / "data.parquet", task="multiple-choice")
    assert rows_of(data) == [("1+1?", ["1", "two"], 1)]
    splits, _ = with_answers({"train": part_of(Dataset.from_dict(rows), Columns(), "hub", "multiple-choice")})
    assert splits["train"]["label"][:] == [1]


def test_numbers_count_alike_in_all_splits(tmp_path: Path) -> None:
    """A small dev file without a 1 among its answers is read one off, and training goes by a wrong figure."""
    (tmp_path / "train.csv").write_text("question,option1,option2,answer\na?,x,y,1\nb?,x,y,2\n")
    (tmp_path / "dev.csv").write_text("question,option1,option2,answer\nc?,x,y,1\n")
    data = load(tmp_path, task="multiple-choice")
    assert rows_of(data, "dev") == [("c?", ["x", "y"], 0)]
    assert "answers are numbers that count from 1" in data.notes


def test_questions_have_unequally_many_choices(tmp_path: Path) -> None:
    """ARC, whose questions have three to five choices, is refused; or an empty cell becomes a choice."""
    data = read(tmp_path, "data.csv", "question,choice0,choice1,choice2,answer\na?,x,y,,1\nb?,x,y,z,2\n")
    assert [choices for _, choices, _ in rows_of(data)] == [["x", "y"], ["x", "y", "z"]]
    assert "choices: 2 to 3 a question" in data.notes


def test_what_stands_before_each_choice(tmp_path: Path) -> None:
    """SWAG's begun sentence, or the question about an article, is lost."""
    row = {"article": "나무가 자란다.", "question": "무엇이", "options": ["나무가", "돌이"], "answer": "A"}
    data = read(tmp_path, "data.jsonl", json.dumps(row))
    texts, counts = texts_of_rows(data.splits["train"])
    assert texts["text"][:] == ["나무가 자란다."] * 2 and counts == [2]
    assert texts["pair"][:] == ["무엇이 나무가", "무엇이 돌이"]
    assert {"무엇이 나무가", "나무가 자란다."} <= set(strings_of(data.splits["train"]))


def test_answers_that_are_not_known(tmp_path: Path) -> None:
    """A test set that hides its answers cannot be loaded beside its train set; or unlabelled questions cannot be distilled from."""
    (tmp_path / "train.csv").write_text("question,choice0,choice1,label\na?,x,y,1\nb?,x,y,0\n")
    (tmp_path / "test.csv").write_text("question,choice0,choice1,label\nc?,x,y,-1\n")
    data = load(tmp_path, task="multiple-choice")
    assert "label" not in data.splits["test"].column_names and data.task == "multiple-choice"
    assert any("no answers in test" in note for note in data.notes)
    assert read(tmp_path, "data.csv", "question,choice0,choice1\na?,x,y\n").task is None


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            "question,choice0,choice1,answer\na?,x,y,0\nb?,x,y,E\n",
            LabelError,
            r"row 3.*'E' names none of the 2 choices",
        ),
        ("question,choice0,choice1,answer\na?,x,y,0\nb?,x,y,2\n", LabelError, r"row 3.*answer 2 is none of 2 choices"),
        ("question,choice0,choice1,answer\na?,x,y,0\nb?,x,y,\n", LabelError, r"row 3.*there is no answer"),
        ("question,choice0,choice1,answer\na?,x,y,0\nb?,x,,0\n", DataError, r"row 3.*two or more choices"),
        ("question,choice0,choice1,answer\na?,x,y,0\n,x,y,0\n", DataError, r"row 3.*the question is empty"),
        ("question,answer\na?,0\n", DataError, r"no column has the usual name of choices.*ending0"),
        ("frage,choice0,choice1\na?,x,y\n", DataError, r"no column has the usual name of a question"),
    ],
)
def test_mistakes_are_named_with_their_row(content: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    """One wrong row of thousands ends in a traceback, or in a choice that nobody meant."""
    with pytest.raises(error, match=message):
        read(tmp_path, "data.csv", content)


def test_label_names_mean_nothing(tmp_path: Path) -> None:
    """--label-names is taken and silently does nothing."""
    with pytest.raises(LabelError, match="do not go with multiple-choice"):
        read(tmp_path, *FORMS["letters"], label_names=["a", "b"])


def test_equal_questions_with_other_choices_are_other_rows(tmp_path: Path) -> None:
    """'Which of these is alive?' asked a hundred times makes one big group that no dev set can be cut from."""
    lines = [f"어느 것이 살아 있을까?,나무 {i},돌 {i},0" for i in range(30)]
    data = split(read(tmp_path, "data.csv", "\n".join(["question,choice0,choice1,answer", *lines])))
    assert {name: len(rows) for name, rows in data.splits.items()} == {"train": 24, "dev": 3, "test": 3}


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_wordpiece(["나무가 자란다 돌이 what grows a tree stone"], vocabulary=120, max_length=32)


def test_choices_of_a_question_stay_in_one_batch(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """A question's choices are compared with another question's, or stand in another order than its answer counts."""
    rows = [
        {"question": "what grows?", "choices": ["a tree", "a stone", "a"], "answer": 0},
        {"question": "무엇이 자란다?", "choices": ["돌이", "나무가"], "answer": 1},
    ]
    data = read(tmp_path, "data.jsonl", "\n".join(json.dumps(row) for row in rows))
    grouped, texts, truncation = tokenise_groups(data.splits["train"], tokenizer, max_length=32)
    batch = collate_groups(tokenizer, 4)(list(grouped))
    assert batch["choices"].tolist() == [[True, True, True, False], [True, True, False, False]]
    assert batch["labels"].tolist() == [0, 1] and grouped["row"][:] == [[0, 1, 2], [3, 4]] and truncation.total == 5
    expected = [tokenizer(row["question"], choice).input_ids for row in rows for choice in row["choices"]]  # type: ignore[attr-defined]
    assert texts["input_ids"][:] == expected
    for ids, mask, wanted in zip(batch["input_ids"], batch["attention_mask"], expected, strict=True):
        assert ids[mask.bool()].tolist() == wanted
    assert grouped["length"][:] == [max(map(len, expected[:3])), max(map(len, expected[3:]))]


def test_rows_of_single_texts_are_batched_as_ever(tokenizer: PreTrainedTokenizerFast) -> None:
    """Classification loses its labels where rows could be groups but are not."""
    rows, _ = tokenise(Dataset.from_dict({"text": ["a tree", "돌"], "label": [1, 0]}), tokenizer, max_length=16)
    batch = collate_groups(tokenizer, 1)(list(rows))
    assert batch["labels"].tolist() == [1, 0] and "choices" not in batch and batch["input_ids"].shape[0] == 2
