"""The commands as a person meets them: exit codes, one clear sentence, no half-written folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from hodu.cli.app import app, main
from hodu.models.scratch import new_bert

ROWS = [(f"the {thing} is {word}", label) for thing in ["film", "food", "tool", "book", "song"] for word, label in
        (("good", "pos"), ("fine", "pos"), ("great", "pos"), ("bad", "neg"), ("poor", "neg"), ("awful", "neg"))]  # fmt: skip


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random tiny classifier, saved."""
    torch.manual_seed(0)
    made = new_bert(
        "2x32", [text for text, _ in ROWS], vocabulary=100, task="classification", labels=("neg", "pos"), max_length=32
    )
    folder = tmp_path_factory.mktemp("models") / "teacher"
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Thirty labelled rows."""
    file = tmp_path / "reviews.csv"
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    return file


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HODU_CACHE", str(tmp_path / "cache"))
    torch.set_num_threads(1)


def fails(*arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the command line, which must exit with 1, and return what it says."""
    monkeypatch.setattr(sys, "argv", ["hodu", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr().err
    assert stop.value.code == 1, said
    return said


def test_distil_and_measure(teacher: Path, data: Path, tmp_path: Path) -> None:
    """The README's commands do not work together."""
    small, figures = tmp_path / "small", tmp_path / "figures.json"
    runner = CliRunner()
    done = runner.invoke(
        app, ["distill", str(teacher), "--data", str(data), "--out", str(small), "--student", "1x16", "--epochs", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "1x16" in done.stderr and "rotate" in done.stderr  # the plan
    command = [
        "measure",
        str(teacher),
        str(small),
        "--baseline",
        "--data",
        str(data),
        "--no-speed",
        "--json",
        str(figures),
    ]
    done = runner.invoke(app, command)
    assert done.exit_code == 0, done.output
    assert [row["system"] for row in json.loads(figures.read_text())] == ["teacher", "student", "baseline"]
    assert "accuracy" in done.stdout and "agreement" in done.stdout


def test_recipes_show_where_each_number_comes_from() -> None:
    """Nobody can tell the paper's numbers from ours."""
    shown = CliRunner().invoke(app, ["recipes", "tinybert"]).stdout
    assert "20" in shown and "§4.2" in shown and "5e-05" in shown
    listed = CliRunner().invoke(app, ["recipes"]).stdout
    assert all(name in listed for name in ("hodu", "hinton", "tinybert"))


BROKEN = {
    "an empty file": ("", "empty"),
    "a missing column": ("words,label\nhello,pos\n", "--text-column"),
    "too few fields": ("text,label\nhello,pos\nhello\n", "row 3"),
    "undecodable bytes": (b"text,label\nhello,pos\n\xff\xfe\xfa,neg\n", "UTF-8"),
    "a single class": ("text,label\n" + "hello,pos\nworld,pos\n" * 9, "class"),
}


# text of one class can still teach a student: its teacher knows the other
TRIALS = [
    (command, case)
    for command in ("train", "distill")
    for case in BROKEN
    if (command, case) != ("distill", "a single class")
]


@pytest.mark.parametrize(("command", "case"), TRIALS)
def test_bad_data_is_one_sentence(
    case: str,
    command: str,
    teacher: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stack trace, or a half-made folder, for a slip in a data file."""
    content, says = BROKEN[case]
    file = tmp_path / "bad.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = fails(
        command,
        str(teacher),
        "--data",
        str(file),
        "--out",
        str(tmp_path / "out"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert says in said and "bad.csv" in said.replace("\n", "") and "Traceback" not in said
    assert not list(tmp_path.glob("out*"))


def test_a_label_that_only_dev_has(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that was never trained is scored as wrong, silently."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.csv").write_text("text,label\na,neg\nb,pos\nc,neg\nd,pos\n")
    (folder / "dev.csv").write_text("text,label\na,neg\nb,odd\n")
    said = fails(
        "train",
        str(teacher),
        "--data",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert "odd" in said and "row 3" in said and "dev.csv" in said.replace("\n", "")


def test_a_model_mistyped_beside_others(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`runs/techer` is looked for on the hub, without network for a minute and a half, and then called a repository."""
    (tmp_path / "runs" / "teacher").mkdir(parents=True)
    (tmp_path / "runs" / "teacher" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    typed = ("distill", "runs/techer", "--data", str(data), "--out", "out")
    said = fails(*typed, capsys=capsys, monkeypatch=monkeypatch)
    assert "no model techer in the folder runs; there are teacher" in said.replace("\n", " ")


def test_wrong_models_are_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error in a folder's name ends in a stack trace of a hub client."""
    said = fails(
        "distill",
        str(tmp_path / "nowhere"),
        "--data",
        str(data),
        "--out",
        str(tmp_path / "out"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert "nowhere is no folder here" in said.replace("\n", " ") and said.startswith("error:")
    said = fails(
        "distill",
        str(data),
        "--data",
        str(data),
        "--out",
        str(tmp_path / "out"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert "is a file" in said


def test_a_student_larger_than_its_teacher(
    teacher: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with an index error deep in a layer map."""
    said = fails(
        "distill",
        str(teacher),
        "--data",
        str(data),
        "--student",
        "6x16",
        "--out",
        str(tmp_path / "out"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )
    assert "6 layers does not fit" in said


def test_long_texts_are_counted(teacher: Path, tmp_path: Path) -> None:
    """Half of each document is cut away and nobody is told."""
    file = tmp_path / "long.csv"
    file.write_text(
        "text,label\n"
        + "".join(
            f"{(text + ' ') * (9 if place % 3 == 0 else 1)},{label}\n" for place, (text, label) in enumerate(ROWS)
        )
    )
    done = CliRunner().invoke(
        app, ["train", str(teacher), "--data", str(file), "--out", str(tmp_path / "out"), "--epochs", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "longer than 32 tokens and were cut" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_exits_with_130(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script around hodu takes an interrupted run for a finished one; it stops without a word; or `docker stop` leaves half a graph in a hidden folder."""
    stopped = typer.Typer()

    @stopped.command()
    def interrupted() -> None:
        signal.raise_signal(number)

    monkeypatch.setattr("hodu.cli.app.app", stopped)
    monkeypatch.setattr(sys, "argv", ["hodu"])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with & ignores Ctrl-C
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert stop.value.code == 130 and "goes on from its last checkpoint" in capsys.readouterr().err


def test_python_m_hodu_works() -> None:
    """accelerate launch -m hodu, the way to several GPUs, fails."""
    done = subprocess.run([sys.executable, "-m", "hodu", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("hodu 0.")


def test_the_cache_is_shown_and_cleared(teacher: Path, data: Path, tmp_path: Path) -> None:
    """Gigabytes fill the home folder, and nobody knows of whom or how to be rid of them."""
    run = CliRunner()
    assert "nothing is kept" in run.invoke(app, ["cache"]).output
    flags = ["--data", str(data), "--student", "1x16", "--epochs", "2", "--out", str(tmp_path / "small")]
    assert run.invoke(app, ["distill", str(teacher), *flags]).exit_code == 0
    shown = " ".join(run.invoke(app, ["cache"], env={"COLUMNS": "200"}).output.split())
    assert str(teacher) in shown and "outputs; hidden states" in shown and "queries, keys, values 2" in shown
    assert "nothing is kept" in run.invoke(app, ["cache", "someone-else"]).output
    assert "removed" in run.invoke(app, ["cache", "--clear"]).output
    assert "nothing is kept" in run.invoke(app, ["cache"]).output
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_compiled_graphs_are_in_the_cache(tmp_path: Path) -> None:
    """Each edit of a graph leaves a compiled file behind that hodu cache does not know: the disk fills."""
    pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")
    from hodu.demo.world import GRAPH_FILE
    from hodu.knowledge.opening import open_compiled

    entities = len(open_compiled(GRAPH_FILE, progress=False))
    (tmp_path / "cache" / "graphs" / "old.hodu").write_bytes(b"cut short")
    shown = CliRunner().invoke(app, ["cache"], env={"COLUMNS": "200"}).output
    assert shown.count("compiled for --graph") == 2 and f" {entities:,} " in shown
    assert "removed" in CliRunner().invoke(app, ["cache", "--clear"]).output
    assert not (tmp_path / "cache" / "graphs").exists()
