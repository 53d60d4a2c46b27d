"""Reading files: what a user's file says arrives unchanged, and a bad file is named with its row."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hodu.data import load
from hodu.errors import DataError, OutputError

ROWS = [("영화가 정말 좋았다, 다시 볼래", "긍정"), ('it said "no", flatly', "부정"), ("NA", "부정"), ("null", "긍정")]


def as_csv() -> bytes:
    """The rows in CSV, every text quoted."""
    lines = ["text,label"] + ['"{}",{}'.format(text.replace('"', '""'), label) for text, label in ROWS]
    return "\n".join(lines).encode() + b"\n"


def as_tsv() -> bytes:
    """The rows in TSV."""
    return "\n".join(["text\tlabel", *(f"{text}\t{label}" for text, label in ROWS)]).encode()


def as_jsonl() -> bytes:
    """The rows in JSON lines."""
    return "\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS).encode()


def as_parquet() -> bytes:
    """The rows in Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}), sink)
    return bytes(sink.getvalue())


FORMATS = {"csv": as_csv, "tsv": as_tsv, "jsonl": as_jsonl, "parquet": as_parquet}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("kind", FORMATS)
def test_formats_agree(tmp_path: Path, kind: str, packed: bool) -> None:
    """Reviews saved in another format would become other texts or labels ("NA" and "null" lost first)."""
    content = FORMATS[kind]()
    path = tmp_path / f"reviews.{kind}{'.gz' * packed}"
    path.write_bytes(gzip.compress(content) if packed else content)
    data = load(path)
    assert data.splits["train"]["text"][:] == [text for text, _ in ROWS]
    assert data.labels == ("긍정", "부정")
    assert data.splits["train"]["label"][:] == [0, 1, 1, 0]
    assert (data.task, data.whole, data.source) == ("classification", True, str(path))


def test_text_lines_are_unlabelled(tmp_path: Path) -> None:
    """A plain list of sentences could not be distilled, or its blank lines would become texts."""
    path = tmp_path / "lines.txt"
    path.write_text("첫 문장\n\nsecond sentence \n", encoding="utf-8")
    data = load(path)
    assert data.splits["train"]["text"][:] == ["첫 문장", "second sentence"]
    assert (data.task, data.labels) == (None, ())
    assert "label" not in data.splits["train"].column_names
    assert any("no labels" in note for note in data.notes)


def test_folder_and_split_names(tmp_path: Path) -> None:
    """The dev file of a user who calls it "validation" would be ignored and part of train taken instead."""
    for name in ("train.csv", "validation.csv", "test.csv"):
        (tmp_path / name).write_text(f"text,label\n{name} a,0\n{name} b,1\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("not data", encoding="utf-8")
    data = load(str(tmp_path))
    assert list(data.splits) == ["train", "dev", "test"]
    assert data.splits["dev"]["text"][0] == "validation.csv a"
    assert not data.whole


def test_single_file_named_as_a_split_is_that_split(tmp_path: Path) -> None:
    """`hodu measure --data test.tsv` would score a tenth of the test set."""
    (tmp_path / "test.tsv").write_text("text\tlabel\na\t0\nb\t1\n", encoding="utf-8")
    data = load(tmp_path / "test.tsv")
    assert list(data.splits) == ["test"]
    assert not data.whole


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    """Somebody who corrects a label and runs again would train on the old file, even with the same size and time."""
    for content in ("data.csv", "data.parquet"):
        path = tmp_path / content
        for texts in (["aa", "bb"], ["cc", "dd"]):
            if path.suffix == ".csv":
                path.write_text("text\n" + "\n".join(texts), encoding="utf-8")
            else:
                pq.write_table(pa.table({"text": texts}), path)
            os.utime(path, (1, 1))
            assert load(path).splits["train"]["text"][:] == texts


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    """A CSV saved by Excel ("CSV UTF-8") would miss its first column, or keep a carriage return in each label."""
    path = tmp_path / "excel.csv"
    path.write_bytes("\ufefftext,label\r\n좋다,긍정\r\n나쁘다,부정\r\n".encode())
    data = load(path)
    assert data.splits["train"]["text"][:] == ["좋다", "나쁘다"]
    assert data.labels == ("긍정", "부정")


def test_quotes_mean_nothing_in_tsv(tmp_path: Path) -> None:
    """A review that opens a quote and never closes it would swallow the reviews after it."""
    path = tmp_path / "reviews.tsv"
    path.write_text('text\tlabel\n"unfinished\t0\nnext " one\t1\n', encoding="utf-8")
    assert load(path).splits["train"]["text"][:] == ['"unfinished', 'next " one']


def broken(name: str, content: bytes, row: int | None, *words: str) -> object:
    """A file, the row that is wrong in it, and words that the error must say."""
    return pytest.param(name, content, row, words, id="-".join((name, words[0].replace(" ", "_"))))


@pytest.mark.parametrize(
    ("name", "content", "row", "words"),
    [
        broken("a.csv", b"", None, "no rows"),
        broken("a.csv", b"text,label\n", None, "no rows"),
        broken("a.csv", b"text,label\nx,1\ny\n", 3, "1 fields", "expected 2", "text, label"),
        broken("a.csv", b"text,label\nx,1\n\n\ny,0,z\n", 5, "3 fields"),
        broken("a.csv", b'text,label\n"two\nlines",1\n"never closed,0\nz,1\n', 4, "quote"),
        broken("a.csv", b'text,label\n"two\nlines",1\nx\n', 4, "1 fields"),
        broken("a.tsv", b"text\tlabel\nx\t1\ny\t2\t3\n", 3, "3 fields", "tabs"),
        broken("a.csv", b"text,text\nx,1\n", 1, "twice"),
        broken("a.csv", b"text,label\nx,1\n \xec\x9d\xb4\xff,0\n", 3, "0xff at offset 19", "expected UTF-8"),
        broken("a.csv", "text,label\n좋다,1\n".encode("cp949"), 2, "offset 11", "CP949"),
        broken("a.txt", "글\n".encode() + b"\xff\n", 2, "offset 4"),
        broken("a.csv", b"text,label\nx,1\n  ,0\n", 3, "text is empty"),
        broken("a.jsonl", b'{"text": "x"}\n{"text": \n', 2, "not JSON"),
        broken("a.jsonl", b'{"text": "x"}\n\n{"other": 1}\n', 3, "no 'text'", "'other'"),
        broken("a.jsonl", b'{"text": "x"}\n{"text": 7}\n', 2, "int '7'", "expected a text"),
        broken("a.jsonl", b'{"text": "\\ud83d"}\n', 1, "not JSON"),
        broken("a.json", b'[{"text": "x"}]', 1, "a JSON list", "one object a line"),
        broken("a.parquet", b"PAR1 not really", None, "Parquet"),
        broken("a.csv.gz", gzip.compress(b"text\nx\n" * 9)[:-9], None, "cannot be read"),
        broken("a.csv.gz", b"text\nx\n", None, "cannot be read"),
        broken("a.xlsx", b"PK", None, ".csv", ".parquet"),
    ],
)
def test_bad_file_is_named_with_its_row(
    tmp_path: Path, name: str, content: bytes, row: int | None, words: tuple[str, ...]
) -> None:
    """The owner of a million rows would have to look for the bad one by hand, or it would be dropped in silence."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(path)
    assert (caught.value.file, caught.value.row) in ((path, row), (str(path), row))
    for word in words:
        assert word in str(caught.value)


def test_parquet_rows_count_from_one(tmp_path: Path) -> None:
    """An empty text in a Parquet file would be reported at another row than the tool that made it shows."""
    pq.write_table(pa.table({"text": ["fine"] * 1_500 + [None, "fine"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="expected a text") as caught:
        load(tmp_path / "a.parquet")
    assert caught.value.row == 1_501


def test_parquet_keeps_the_class_names_it_declares(tmp_path: Path) -> None:
    """A set saved by `datasets` would forget that 0 is "negative", and the teacher's names could not be matched."""
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["2", "1"])})
    datasets.Dataset.from_dict({"text": ["a", "나"], "label": [0, 1]}, features=features).to_parquet(
        tmp_path / "a.parquet"
    )
    data = load(tmp_path / "a.parquet")
    assert data.labels == ("2", "1")
    assert data.splits["train"]["label"][:] == [0, 1]


@pytest.mark.parametrize("files", [["train.csv", "train.tsv"], ["train.csv", "train.csv.gz"], ["dev.csv", "valid.csv"]])
def test_two_files_for_one_split(tmp_path: Path, files: list[str]) -> None:
    """One of two train files would be left out without a word."""
    for name in files:
        (tmp_path / name).write_text("text\nx\n", encoding="utf-8")
    with pytest.raises(DataError, match="are both"):
        load(tmp_path)


def test_folder_without_splits_lists_what_is_there(tmp_path: Path) -> None:
    """Somebody whose files are called otherwise would not learn what names are expected."""
    (tmp_path / "리뷰.csv").write_text("text\nx\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"expected train.*found '리뷰.csv'"):
        load(tmp_path)


@pytest.mark.parametrize("source", ["reviews.csv", "./missing", "a b", Path("missing"), "missing/train.tsv.gz"])
def test_missing_path(source: str | Path) -> None:
    """A typing error in a path would be looked up on the hub, for half a minute."""
    with pytest.raises(DataError, match="no such file or folder"):
        load(source)


def test_empty_source() -> None:
    """An unset shell variable would load whatever lies in the working folder."""
    with pytest.raises(DataError, match="empty"):
        load("")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, datasets.DatasetDict]], None]:
    """A hub in memory: ``"repository config"`` → the set."""

    def put(sets: dict[str, datasets.DatasetDict]) -> None:
        names = {key.split(" ")[0] for key in sets}
        monkeypatch.setattr("hodu.data.hub.HfApi.repo_exists", lambda self, name, repo_type: name in names)
        monkeypatch.setattr(datasets, "load_dataset", lambda name, config=None: sets[f"{name} {config}"])

    return put


def test_hub_set(hub: Callable[[dict[str, datasets.DatasetDict]], None]) -> None:
    """`--data glue/sst2` would lose its class names or its dev split, or take hidden test labels (-1) for a class."""
    features = datasets.Features(
        {
            "sentence": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["negative", "positive"]),
            "idx": datasets.Value("int32"),
        }
    )

    def made(labels: list[int]) -> datasets.Dataset:
        rows = {"sentence": [f"text {i}" for i in range(len(labels))], "label": labels, "idx": labels}
        return datasets.Dataset.from_dict(rows, features=features)

    splits = {"train": made([1, 0, 1]), "validation_matched": made([1, 0]), "validation_mismatched": made([1, 1])}
    hub({"glue sst2": datasets.DatasetDict(splits | {"test": made([-1, -1])})})
    data = load("glue/sst2")
    assert list(data.splits) == ["train", "dev", "test"]
    assert data.splits["train"].column_names == ["text", "label"]
    assert (data.task, data.labels) == ("classification", ("negative", "positive"))
    assert data.splits["dev"]["label"][:] == [1, 0]
    assert "label" not in data.splits["test"].column_names
    assert any("validation_mismatched" in note for note in data.notes)
    assert any("test are all -1" in note for note in data.notes)


def test_hub_prefers_the_set_of_that_name(hub: Callable[[dict[str, datasets.DatasetDict]], None]) -> None:
    """`owner/name` would be read as config "name" of a set "owner"."""
    mine = datasets.DatasetDict(train=datasets.Dataset.from_dict({"문장": ["하나", "둘"]}))
    hub({"owner/name None": mine, "owner name": datasets.DatasetDict(), "owner/name ko": mine})
    assert load("owner/name").splits["train"]["text"][:] == ["하나", "둘"]
    assert load("owner/name/ko").splits["train"]["text"][:] == ["하나", "둘"]


def test_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network, a user would wait for retries and then read a traceback of an HTTP library."""

    def unreachable(*args: object, **kwargs: object) -> bool:
        raise OSError("Name or service not known")

    monkeypatch.setattr("hodu.data.hub.HfApi.repo_exists", unreachable)
    monkeypatch.setattr(datasets, "load_dataset", lambda *args: pytest.fail("half a minute of retries"))
    with pytest.raises(DataError, match=r"no file or folder 'glue/sst2'.*Name or service not known"):
        load("glue/sst2")


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full temporary disk would end in a traceback that names neither the folder nor the way out."""
    path = tmp_path / "a.csv"
    path.write_text("text\nx\n", encoding="utf-8")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hodu.data.store.pa.ipc.new_stream", full)
    with pytest.raises(OutputError, match=r"No space left.*TMPDIR"):
        load(path)


def test_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Progress bars of a library would run through the tool's own output, or stay switched off for the user's code."""
    (tmp_path / "a.parquet").write_bytes(as_parquet())
    before = datasets.are_progress_bars_disabled()
    load(tmp_path / "a.parquet")
    assert capfd.readouterr() == ("", "")
    assert datasets.are_progress_bars_disabled() == before
