"""What labels mean: the task, the ids, and the teacher's order of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hodu.data import Columns, Data, load, match_labels, split
from hodu.errors import LabelError


def write(path: Path, labels: list[Any], *, column: str = "label") -> Path:
    """A JSONL file with these labels."""
    rows = ({"text": f"글 {i}", column: label} for i, label in enumerate(labels))
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def labels_of(data: Data, name: str = "train") -> list[Any]:
    """The labels of a split as a list."""
    return list(data.splits[name]["label"][:])


@pytest.mark.parametrize(
    ("labels", "column", "task", "names", "ids"),
    [
        (["좋음", "나쁨", "좋음"], "label", "classification", ("나쁨", "좋음"), [1, 0, 1]),
        ([10, 9, 10], "label", "classification", ("9", "10"), [1, 0, 1]),
        (["1", "-1", "1.0"], "label", "classification", ("-1", "1"), [1, 0, 1]),
        ([1.0, 0.0, 1.0], "label", "classification", ("0", "1"), [1, 0, 1]),
        ([True, False], "label", "classification", ("false", "true"), [1, 0]),
        ([" a", "b ", "a"], "label", "classification", ("a", "b"), [0, 1, 0]),
        (["\uc88b", "\u110c\u1169\u11c2", "b"], "label", "classification", ("b", "\uc88b"), [1, 1, 0]),
        (["nan", "good"], "label", "classification", ("good", "nan"), [1, 0]),
        (["1_0", "2"], "label", "classification", ("1_0", "2"), [0, 1]),
        ([1, 2.5], "label", "regression", (), [1.0, 2.5]),
        (["1", "3.800"], "label", "regression", (), [1.0, np.float32(3.8)]),
        ([1, 2], "score", "regression", (), [1.0, 2.0]),
        (["good", "bad"], "score", "classification", ("bad", "good"), [1, 0]),
        ([["b", "a"], [], ["c"]], "labels", "multilabel", ("a", "b", "c"), [[1, 1, 0], [0, 0, 0], [0, 0, 1]]),
        ([[2], [10, 2]], "labels", "multilabel", ("2", "10"), [[1, 0], [1, 1]]),
    ],
)
def test_labels_are_understood(
    tmp_path: Path, labels: list[Any], column: str, task: str, names: tuple[str, ...], ids: list[Any]
) -> None:
    """Ratings would be sorted as texts (10 before 9), "1" and 1.0 be two classes, or a similarity be a class."""
    data = load(write(tmp_path / "a.jsonl", labels, column=column))
    assert (data.task, data.labels) == (task, names)
    assert labels_of(data) == ids


@pytest.mark.parametrize(
    ("labels", "names", "hot"),
    [
        (["4,27", "4", ""], ("4", "27"), [[1, 1], [1, 0], [0, 0]]),
        (["기쁨|슬픔", "슬픔"], ("기쁨", "슬픔"), [[1, 1], [0, 1]]),
        (["a, b|c", "a, b"], ("a, b", "c"), [[1, 1], [1, 0]]),
    ],
)
def test_multilabel_texts(tmp_path: Path, labels: list[str], names: tuple[str, ...], hot: list[list[int]]) -> None:
    """Each combination of emotions would become a class of its own, or a name with a comma would be cut in two."""
    data = load(write(tmp_path / "a.jsonl", labels), task="multilabel")
    assert (data.task, data.labels) == ("multilabel", names)
    assert labels_of(data) == hot


def test_task_that_is_given_wins(tmp_path: Path) -> None:
    """Somebody who wants to predict the number of stars as a number could not."""
    path = write(tmp_path / "a.jsonl", [1, 5, 3])
    assert labels_of(load(path, task="regression")) == [1.0, 5.0, 3.0]
    assert load(path, task="multilabel").labels == ("1", "3", "5")
    score = write(tmp_path / "b.jsonl", [1, 5, 3], column="score")
    assert load(score, task="classification").labels == ("1", "3", "5")


def test_label_names_name_the_numbers(tmp_path: Path) -> None:
    """The student would call its classes "0" and "1", or --label-names would be put on them in another order."""
    path = write(tmp_path / "a.jsonl", [1, 0, 1])
    data = load(path, label_names=["부정", "긍정"])
    assert data.labels == ("부정", "긍정")
    assert labels_of(data) == [1, 0, 1]
    named = load(write(tmp_path / "b.jsonl", ["긍정", "부정"]), label_names=["부정", "긍정"])
    assert labels_of(named) == [1, 0]
    stars = load(write(tmp_path / "c.jsonl", [1, 2]), label_names=["2", "1"])  # a name is a name before it is a place
    assert labels_of(stars) == [1, 0]


@pytest.mark.parametrize(
    ("labels", "kwargs", "row", "message"),
    [
        (["a", "b", ""], {}, 3, "empty"),
        (["a", "b", "  "], {}, 3, "empty"),
        (["a", None, "b"], {}, 2, "empty"),
        ([1, float("nan"), 0], {}, 2, "NaN"),
        ([1.5, float("nan")], {}, 2, "NaN"),
        (["1.5", "nan"], {}, 2, "not a finite number"),
        (["1.5", "inf"], {}, 2, "not a finite number"),
        (["1.5", "oft"], {"task": "regression"}, 2, "not a finite number"),
        ([["a"], None], {}, 2, "empty"),
        ([["a"], [None]], {}, 2, "empty"),
        ([["a"], ["b"]], {"task": "classification"}, 1, "is a list"),
        ([{"a": 1}, {"b": 2}], {}, 1, "not a text"),
        ([0, 1, 2], {"label_names": ["a", "b"]}, 3, "'2' is none of 'a', 'b'"),
        ([0, 1, -1], {"label_names": ["a", "b"]}, 3, "'-1' is none of"),
        (["x", "a"], {"label_names": ["a", "b"]}, 1, "'x' is none of"),
        ([0, 1], {"label_names": ["a", "a"]}, None, "must differ"),
        ([0.5, 1], {"task": "regression", "label_names": ["a", "b"]}, None, "regression"),
        (["a", "a"], {}, None, "all rows have the label 'a'"),
        ([1, 1], {"label_names": ["a", "b"]}, None, "all rows have the label '1'"),
    ],
)
def test_bad_labels(tmp_path: Path, labels: list[Any], kwargs: dict[str, Any], row: int | None, message: str) -> None:
    """A missing label would be learned as a class called "None", or training would end in NaN an hour later."""
    path = write(tmp_path / "train.jsonl", labels)
    with pytest.raises(LabelError, match=message) as caught:
        load(path, **kwargs)
    assert caught.value.row == row
    if row:
        assert (caught.value.file, caught.value.column) == (str(path), "label")


def test_missing_number_in_parquet(tmp_path: Path) -> None:
    """pandas writes a missing whole number as NaN among floats: it would become a class or a NaN loss."""
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": [0.0, 1.0, float("nan")]}), tmp_path / "a.parquet")
    with pytest.raises(LabelError, match="NaN") as caught:
        load(tmp_path / "a.parquet")
    assert caught.value.row == 3


@pytest.mark.parametrize("name", ["dev", "test"])
def test_label_that_train_lacks(tmp_path: Path, name: str) -> None:
    """A misspelt label in dev would count as wrong for ever, or make a class that nothing trains."""
    write(tmp_path / "train.jsonl", ["긍정", "부정"])
    path = write(tmp_path / f"{name}.jsonl", ["긍정", "긍정", "중립"])
    with pytest.raises(
        LabelError, match=f"'중립' is only in {name}, never in train, which has '긍정', '부정'"
    ) as caught:
        load(tmp_path)
    assert (caught.value.file, caught.value.row) == (str(path), 3)
    assert load(tmp_path, label_names=["부정", "중립", "긍정"]).labels == ("부정", "중립", "긍정")


def test_combinations_point_to_multilabel(tmp_path: Path) -> None:
    """Somebody with labels such as "4,27" would not learn that there is a task for them."""
    write(tmp_path / "train.jsonl", ["1", "2", "1,2"])
    write(tmp_path / "dev.jsonl", ["2,1"])
    with pytest.raises(LabelError, match="--task multilabel"):
        load(tmp_path)


def test_unlabelled_train_with_labelled_dev(tmp_path: Path) -> None:
    """Plain text could not be distilled with a small labelled set to watch the score on."""
    (tmp_path / "train.txt").write_text("하나\n둘\n", encoding="utf-8")
    write(tmp_path / "dev.jsonl", ["yes", "no"])
    data = load(tmp_path)
    assert (data.task, data.labels) == ("classification", ("no", "yes"))
    assert data.splits["train"].column_names == ["text"]
    assert labels_of(data, "dev") == [1, 0]
    matched, _ = match_labels(data, {0: "yes", 1: "no"})
    assert labels_of(matched, "dev") == [0, 1]


def test_task_without_labels(tmp_path: Path) -> None:
    """A forgotten --label-column would silently turn a labelled set into an unlabelled one."""
    path = write(tmp_path / "a.jsonl", ["a", "b"], column="verdict")
    with pytest.raises(LabelError, match="--label-column"):
        load(path, task="classification")
    assert load(path, columns=Columns(label="verdict")).labels == ("a", "b")


def test_notes_show_the_ids(tmp_path: Path) -> None:
    """A user would not see which class is 0 before an hour of training."""
    data = load(write(tmp_path / "a.jsonl", ["좋음", "나쁨"]))
    assert "labels (classification, 2 classes): 0 = 나쁨, 1 = 좋음" in data.notes


@pytest.mark.parametrize(
    ("labels", "teacher", "ids", "names", "note"),
    [
        (["neg", "pos"], ["neg", "pos"], [0, 1], ("neg", "pos"), None),
        (["neg", "pos"], ["pos", "neg"], [1, 0], ("pos", "neg"), "neg → 1 neg, pos → 0 pos"),
        (["neg", "pos"], ["NEG", "POS"], [0, 1], ("NEG", "POS"), None),
        (["not_equal", "equal"], ["Not Equal", "EQUAL"], [0, 1], ("Not Equal", "EQUAL"), "equal → 1 EQUAL"),
        (["neg", "pos"], ["neg", "neutral", "pos"], [0, 2], ("neg", "neutral", "pos"), "pos → 2 pos"),
        ([0, 1], ["neg", "pos"], [0, 1], ("neg", "pos"), "0 → 0 neg, 1 → 1 pos"),
        ([0, 2], ["neg", "neutral", "pos"], [0, 2], ("neg", "neutral", "pos"), "2 → 2 pos"),
        ([0, 1], ["LABEL_0", "LABEL_1"], [0, 1], ("0", "1"), None),
        ([0, 1], ["0", "1"], [0, 1], ("0", "1"), None),
        (["부정", "긍정"], ["LABEL_0", "LABEL_1"], [1, 0], ("긍정", "부정"), "긍정 → 0 LABEL_0, 부정 → 1 LABEL_1"),
        ([0, 2], ["LABEL_0", "LABEL_1", "LABEL_2"], [0, 2], ("LABEL_0", "LABEL_1", "LABEL_2"), "2 → 2 LABEL_2"),
        (["LABEL_1", "LABEL_0"], ["no", "yes"], None, (), ""),
        (["neg", "pos"], ["bad", "good"], None, (), ""),
        (["neg", "pos"], ["neg", "good"], None, (), ""),
        ([1, 2], ["neg", "pos"], None, (), ""),
        (["a", "b", "c"], ["LABEL_0", "LABEL_1"], None, (), ""),
        (["a", "b"], ["LABEL_0"], None, (), ""),
    ],
)
def test_match_labels(
    tmp_path: Path,
    labels: list[Any],
    teacher: list[str],
    ids: list[int] | None,
    names: tuple[str, ...],
    note: str | None,
) -> None:
    """The student would be taught that good is bad: 50 % of nothing, and no error anywhere."""
    data = load(write(tmp_path / "a.jsonl", labels))
    id2label = dict(enumerate(teacher))
    if ids is None:
        with pytest.raises(LabelError, match=r"are not those of the teacher .*--label-names"):
            match_labels(data, id2label)
        return
    matched, notes = match_labels(data, id2label)
    assert labels_of(matched) == ids
    assert matched.labels == names
    assert matched.splits["train"]["text"][:] == data.splits["train"]["text"][:]
    if note is None:
        assert notes == ()
    else:
        assert len(notes) == 1
        assert note in notes[0]


def test_match_multilabel(tmp_path: Path) -> None:
    """The columns of a multi-label set would stand in another order than the teacher's outputs."""
    data = load(write(tmp_path / "a.jsonl", [["joy", "fear"], ["joy"], []]))
    matched, notes = match_labels(data, {0: "joy", 1: "anger", 2: "fear"})
    assert labels_of(matched) == [[1, 0, 1], [1, 0, 0], [0, 0, 0]]
    assert notes


def test_match_after_split(tmp_path: Path) -> None:
    """Matching after splitting would give a row the label of another."""
    path = write(tmp_path / "a.jsonl", ["neg", "pos", "pos"] * 40)
    first = split(match_labels(load(path), {0: "pos", 1: "neg"})[0])
    last = match_labels(split(load(path)), {0: "pos", 1: "neg"})[0]
    for name, dataset in first.splits.items():
        assert dataset[:] == last.splits[name][:]


def test_match_regression_and_unlabelled(tmp_path: Path) -> None:
    """A similarity score would be distilled from a classifier; unlabelled text would be refused."""
    scores = load(write(tmp_path / "a.jsonl", [0.5, 1.5]))
    assert match_labels(scores, {0: "LABEL_0"}) == (scores, ())
    with pytest.raises(LabelError, match="regression"):
        match_labels(scores, {0: "neg", 1: "pos"})
    (tmp_path / "b.txt").write_text("글\n", encoding="utf-8")
    texts = load(tmp_path / "b.txt")
    assert match_labels(texts, {0: "neg", 1: "pos"}) == (texts, ())
