"""Finding the columns: the usual names work without a flag, and a wrong name is answered with the right ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hodu.data import Columns, load
from hodu.data.columns import Found, find_columns
from hodu.errors import DataError


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("sentence,label", Found("sentence", None, "label")),
        ("id,document,label", Found("document", None, "label")),
        ("Review,Category", Found("Review", None, "Category")),
        ("guid,premise,hypothesis,label,source", Found("premise", "hypothesis", "label")),
        ("sentence1,sentence2,score", Found("sentence1", "sentence2", "score")),
        ("text_a,text_b,labels", Found("text_a", "text_b", "labels")),
        ("question,sentence,label", Found("question", "sentence", "label")),
        ("question,id", Found("question", None, None)),
        ("text,score,label", Found("text", None, "label")),
        ("댓글,라벨", Found("댓글", None, "라벨")),
        (",text,label", Found("text", None, "label")),
    ],
)
def test_usual_names(header: str, found: Found) -> None:
    """The user of a common set would have to name its columns by hand, or one sentence of a pair would be dropped."""
    assert find_columns(Columns(), header.split(","), "f.csv") == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Columns(text="sentence2"), Found("sentence2", None, "label")),
        (Columns(text="note", pair="sentence1"), Found("note", "sentence1", "label")),
        (Columns(label="note"), Found("sentence1", "sentence2", "note")),
        (Columns(text="label"), Found("label", None, None)),
    ],
)
def test_named_columns_win(wanted: Columns, found: Found) -> None:
    """A flag would be overruled, or a text that the user names be paired with a column they did not ask for."""
    assert find_columns(wanted, ["sentence1", "sentence2", "note", "label"], "f.csv") == found


@pytest.mark.parametrize("flag", ["text", "pair", "label"])
def test_missing_column_names_flag_and_columns(flag: str) -> None:
    """Somebody who mistypes a column would not see which names the file has, nor which flag was wrong."""
    with pytest.raises(DataError, match=rf"'kommentar' \(--{flag}-column\).*'본문', 'text', 'id'") as caught:
        find_columns(Columns(**{flag: "kommentar"}), ["본문", "text", "id"], "f.csv")
    assert caught.value.file == "f.csv"


def test_one_column_twice() -> None:
    """The label would be read as the text, and a perfect score reported."""
    with pytest.raises(DataError, match="must differ"):
        find_columns(Columns(text="a", label="a"), ["a", "b"], "f.csv")


def test_no_header(tmp_path: Path) -> None:
    """The first review of a file without header would be taken for column names, and nobody told why."""
    (tmp_path / "a.tsv").write_text("정말 좋은 영화\t1\n별로\t0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'정말 좋은 영화', '1'.*--text-column.*add a header"):
        load(tmp_path / "a.tsv")


def test_notes_show_what_was_found(tmp_path: Path) -> None:
    """A user would not notice that the wrong column became the label."""
    (tmp_path / "train.tsv").write_text("premise\thypothesis\tlabel\na\tb\tyes\nc\td\tno\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("premise\thypothesis\na\tb\n", encoding="utf-8")
    notes = load(tmp_path).notes
    assert (
        "columns: train: text 'premise', pair 'hypothesis', label 'label'; "
        "dev: text 'premise', pair 'hypothesis', no label column"
    ) in notes


def test_pairs_in_one_split_only(tmp_path: Path) -> None:
    """A model trained on pairs would be measured on single sentences."""
    (tmp_path / "train.tsv").write_text("premise\thypothesis\na\tb\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("text\na\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"some splits .* have pairs and some have not"):
        load(tmp_path)
