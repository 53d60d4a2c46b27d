"""hodu ask: the founding question, and what nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

import hodu
from hodu.asking import SURE, Candidate, _is_sure, ask
from hodu.cli.app import app
from hodu.errors import DataError, GraphError, ModelError, OutputError
from hodu.knowledge.compile import compile_graph
from hodu.models.facts import read_facts
from hodu.models.scratch import new_bert
from hodu.types import FactSettings
from tests.knowledge.conftest import small_world

TURTLE = """
@prefix : <urn:hodu:entity:> .
@prefix rel: <urn:hodu:relation:> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:dig skos:prefLabel "dig"@en, "파다"@ko . :plant skos:prefLabel "plant flowers"@en, "꽃을 심다"@ko . :build skos:prefLabel "build a house"@en, "집을 짓다"@ko .
:trowel skos:prefLabel "trowel"@en, "모종삽"@ko . :excavator skos:prefLabel "excavator"@en, "굴착기"@ko .
:trowel rel:usedFor :dig, :plant . :excavator rel:usedFor :dig, :build .
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("graph") / "world.hodu"
    compile_graph(small_world(), file, progress=False)
    return file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of multiple choice that knows nothing: it finds all answers about as likely."""
    torch.manual_seed(0)
    texts = ["dig the ground to plant flowers with a trowel", "땅을 파다 꽃을 심다 모종삽 굴착기"] * 4
    made = new_bert("1x16", texts, vocabulary=120, task="multiple-choice", max_length=128)
    read_facts(made.model, FactSettings(tokens=60, slots=True))
    folder = tmp_path_factory.mktemp("models") / "reader"
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def likes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the model like some answers, and no others."""

    def like(*names: str) -> None:
        def chances(loaded: Any, settings: Any, reader: Any, question: str, texts: Sequence[str]) -> Any:
            odds = np.array([9.0 if text in names else 1.0 for text in texts])
            return odds / odds.sum() if len(texts) else odds

        monkeypatch.setattr("hodu.asking._chances", chances)

    return like


@pytest.mark.parametrize(
    ("question", "tool"),
    [
        ("꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?", "모종삽"),
        ("집을 지으려고 땅을 팠다. 무슨 도구로 팠을까?", "굴착기"),
        ("She dug the ground to plant flowers. What with?", "trowel"),
        ("They dug the ground to build a house. What with?", "excavator"),
    ],
)
def test_the_founding_question(question: str, tool: str, model: Path, world: Path, likes: Callable[..., None]) -> None:
    """To plant flowers one digs with an excavator, or hodu cannot say why not."""
    likes(tool)
    answer = ask(model, world, question)
    assert answer.answer == tool and answer.candidates[0].support == 2
    assert len(answer.reasons) == 2 and all(tool in reason for reason in answer.reasons)
    assert answer.entity is not None and answer.graph.label(answer.entity, answer.language) == tool
    assert tool in answer.svg() and all(reason in answer.page() for reason in answer.reasons)
    assert set(answer.seconds) == {"link", "routes", "model"}


def test_an_edit_changes_the_answer(model: Path, tmp_path: Path, likes: Callable[..., None]) -> None:
    """Somebody corrects the graph and gets the old answer: it was learnt, or an older compiled file is read."""
    file = tmp_path / "tools.ttl"
    file.write_text(TURTLE, encoding="utf-8")
    question = "꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?"
    likes("모종삽")
    assert ask(model, file, question).answer == "모종삽"
    likes("모종삽", "굴착기")
    run = CliRunner()
    assert run.invoke(app, ["graph", "remove", str(file), "모종삽", "usedFor", "꽃을 심다"]).exit_code == 0
    assert ask(model, file, question, choices=["모종삽", "굴착기"]).answer is None  # nothing tells them apart
    assert run.invoke(app, ["graph", "add", str(file), "굴착기", "usedFor", "꽃을 심다"]).exit_code == 0
    likes("굴착기")
    assert ask(model, file, question).answer == "굴착기"


def test_what_nobody_knows(model: Path, world: Path) -> None:
    """An answer is made up that nothing in the graph supports."""
    for question in ("What is the capital of France?", "어제 무엇을 먹었을까?"):
        answer = ask(model, world, question)
        assert answer.answer is None and answer.facts == () and answer.entity is None
    strange = ask(model, world, "She dug the ground to plant flowers. What with?", choices=["a spoon", "a violin"])
    assert strange.answer is None and not any(one.support for one in strange.candidates)
    unsure = ask(model, world, "She dug the ground. What with?", choices=["trowel", "excavator", "house"])
    others = [one.chance for one in unsure.candidates[1:]]
    assert unsure.answer is None or unsure.candidates[0].chance >= SURE * np.mean(others)
    assert sum(one.chance for one in unsure.candidates) == pytest.approx(1)


def test_the_model_has_a_say(model: Path, world: Path, likes: Callable[..., None]) -> None:
    """What the most paths lead to is answered although the model finds something else likelier, or nothing more likely than another."""
    question = "She dug the ground to plant flowers. What with?"
    likes("excavator")
    other = ask(model, world, question)
    assert other.candidates[0].text == "excavator" and other.answer is None
    likes()
    assert ask(model, world, question).answer is None
    likes("trowel", "excavator")
    both = ask(model, world, "She dug the ground. What with?", choices=["trowel", "excavator", "house", "flower"])
    assert both.answer in ("trowel", "excavator")


@pytest.mark.parametrize(
    ("chances", "sure"),
    [
        ([0.25, 0.25, 0.24, 0.23, 0.01, 0.01, 0.01], False),
        ([0.48, 0.47, 0.03, 0.02], True),
        ([0.36, 0.32, 0.32], False),
    ],
)
def test_a_guess_is_no_answer(chances: list[float], sure: bool) -> None:
    """Four tools that are as likely as one another are told apart by a hair, because others are out of the question."""
    assert _is_sure([Candidate(str(place), place, chance, 1) for place, chance in enumerate(chances)]) is sure


def test_choices_that_come_twice(model: Path, world: Path, likes: Callable[..., None]) -> None:
    """A choice that was typed twice, or two names of one thing, are rivals: nobody knows which."""
    question = "She dug the ground to plant flowers. What with?"
    likes("trowel")
    twice = ask(model, world, question, choices=["trowel", "trowel", "excavator"])
    assert twice.answer == "trowel" and len(twice.candidates) == 2
    likes("trowel", "모종삽")
    assert ask(model, world, question, choices=["trowel", "모종삽", "excavator"]).answer in ("trowel", "모종삽")
    assert ask(model, world, question, choices=None).candidates


def test_the_picture_is_written(model: Path, world: Path, tmp_path: Path, likes: Callable[..., None]) -> None:
    """The answer comes, and then a traceback, for the page's folder is not there."""
    likes("trowel")
    asked = ["ask", str(model), "She dug the ground to plant flowers. What with?", "--graph", str(world), "--page"]
    done = CliRunner().invoke(app, [*asked, str(tmp_path / "new" / "why.svg")])
    assert done.exit_code == 0 and (tmp_path / "new" / "why.svg").read_text(encoding="utf-8").startswith("<svg")
    failed = CliRunner().invoke(app, [*asked, str(tmp_path)])
    assert isinstance(failed.exception, OutputError) and "the answer stands above" in str(failed.exception)


def test_a_longer_way_is_no_reason(model: Path, tmp_path: Path, likes: Callable[..., None]) -> None:
    """To build a house one digs with a concrete truck: it is used for foundations, which need digging."""
    file = tmp_path / "tools.ttl"
    truck = """:truck skos:prefLabel "concrete truck"@en . :lay skos:prefLabel "lay foundations"@en .
    :truck rel:usedFor :build, :lay . :lay rel:needs :dig ."""
    file.write_text(TURTLE + truck, encoding="utf-8")
    likes("concrete truck")
    answer = ask(model, file, "They dug the ground to build a house. What with?")
    assert answer.candidates[0].text == "concrete truck" and answer.candidates[0].support == 1
    assert answer.answer is None


def test_two_mentions_that_meet_are_enough(model: Path, tmp_path: Path, likes: Callable[..., None]) -> None:
    """A tool for the doing and the purpose is never the answer, because a third thing in the sentence goes with another tool."""
    file = tmp_path / "tray.ttl"
    plates = ':plate skos:prefLabel "plates"@en . :trowel rel:goesWith :plate .\n'
    file.write_text(TURTLE + plates + ":excavator rel:usedFor :plant .\n", encoding="utf-8")
    question = "To plant flowers they dig beside six plates. What with?"
    likes("excavator")
    assert ask(model, file, question).answer == "excavator"
    likes("trowel")
    found = ask(model, file, question)
    assert found.answer == "trowel" and found.candidates[0].support == 3
    likes("plates")
    assert ask(model, file, question).answer is None


def test_what_cannot_be_asked(model: Path, world: Path, tmp_path: Path) -> None:
    """A wrong call ends in a traceback."""
    with pytest.raises(DataError, match="an empty question"):
        ask(model, world, "  ")
    with pytest.raises(DataError, match="two or more"):
        ask(model, world, "What?", choices=["one"])
    for choices in ("one,two", ["one", " "], [1, 2]):
        with pytest.raises(DataError, match="a list of texts"):
            ask(model, world, "What?", choices=choices)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="half a character"):
        ask(model, world, "What \udcff?")
    with pytest.raises(GraphError, match="there is no graph"):
        ask(model, tmp_path / "none.ttl", "What?")
    made = new_bert("1x16", ["a b"] * 4, vocabulary=60, task="classification", labels=("a", "b"))
    made.model.save_pretrained(tmp_path / "other")
    made.tokenizer.save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match="--task multiple-choice"):
        ask(tmp_path / "other", world, "What?")


def test_the_command(model: Path, world: Path, tmp_path: Path, likes: Callable[..., None]) -> None:
    """The README's hodu ask does not answer, or shows no reason."""
    likes("모종삽")
    asked: list[Any] = [
        "ask",
        str(model),
        "꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?",
        "--graph",
        str(world),
        "--page",
        str(tmp_path / "why.html"),
    ]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "모종삽" in done.output and (tmp_path / "why.html").read_text(encoding="utf-8").startswith("<!")
    assert hodu.ask is ask
