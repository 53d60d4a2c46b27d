"""A graph in train, distil and measure: who reads the facts, and what becomes of who does not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, TrainerCallback

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

import hodu
from hodu.errors import GraphError, RecipeError
from hodu.knowledge.compile import compile_graph
from hodu.models.facts import facts_of
from hodu.models.load import load_model
from hodu.training import baseline
from hodu.training.graph_facts import hidden_from, how_read, rows_without
from hodu.types import QUIET_BIAS, FactSettings
from tests.knowledge.conftest import small_world
from tests.training.conftest import looked_on_by, write_jsonl

TASK: dict[str, Any] = {"task": "multiple-choice"}
QUICK: dict[str, Any] = {"epochs": 1.0, "learning_rate": 3e-3, "batch_size": 8, "progress": False}
TOOLS = {
    "ko": {"꽃을 심으려고": "모종삽", "집을 지으려고": "굴착기"},
    "en": {"plant flowers": "trowel", "build a house": "excavator"},
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("graph") / "world.hodu"
    compile_graph(small_world(), file, progress=False)
    return file


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was dug with, to plant flowers or to build a house, in both languages."""
    rows = []
    for day in range(24):
        for language, tools in TOOLS.items():
            for purpose, tool in tools.items():
                asked = f"{purpose} 땅을 팠다 {day}" if language == "ko" else f"{day} they dug the ground to {purpose}"
                choices = list(tools.values())[:: 1 if day % 2 else -1]
                rows.append({"question": asked, "choices": choices, "answer": choices.index(tool)})
    return write_jsonl(tmp_path_factory.mktemp("questions") / "questions.jsonl", rows)


@pytest.fixture(scope="module")
def reader(graph: Path, questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "reader"
    settings = {"graph": graph, "facts": FactSettings("star", 60, True), "redraw": 2, "distractors": 2}
    return hodu.train("2x32", questions, out, vocabulary=400, **QUICK, **TASK, **settings)


def test_a_model_is_trained_to_read(reader: Path, graph: Path, questions: Path) -> None:
    """hodu train --graph makes a model that does not know that it reads facts, or that measures alike with and without them."""
    assert facts_of(load_model(reader).model.config) == FactSettings("star", 60, True)
    card = json.loads((reader / "hodu.json").read_text())
    assert card["graph"] == str(graph) and card["redraw"] == 2
    (without,) = hodu.measure([reader], questions, speed=False)
    (with_them,) = hodu.measure([reader], questions, graph=graph, speed=False)
    assert any("no graph was given" in note for note in without.notes)
    assert not any("graph" in note for note in with_them.notes)


def test_dev_is_looked_at_with_all_facts(graph: Path, questions: Path, tmp_path: Path) -> None:
    """What training shows of dev is worse than what measure finds, by the rows whose facts were left out, and the best checkpoint is one of luck."""
    seen: dict[bool, set[bool]] = {True: set(), False: set()}

    class Look(TrainerCallback):
        def on_train_begin(self, args, state, control, model=None, **more):  # type: ignore[no-untyped-def]
            def count(_, __, inputs):  # type: ignore[no-untyped-def]
                seen[model.training] |= set((inputs["fact_ids"] > 0).any(1).tolist())

            model.student.register_forward_pre_hook(count, with_kwargs=True, prepend=True)

    with looked_on_by(Look()):
        hodu.train("1x32", questions, tmp_path / "out", graph=graph, fact_dropout=0.5, vocabulary=300, **QUICK, **TASK)
    assert seen == {True: {True, False}, False: {True}}


def test_a_reader_that_learns_on(reader: Path, graph: Path, questions: Path, tmp_path: Path) -> None:
    """hodu train on a reader lets it forget how it reads: facts come in another layout, without numbers."""
    again = hodu.train(reader, questions, tmp_path / "again", **{**QUICK, "epochs": 0.1}, **TASK, graph=graph)
    assert facts_of(load_model(again).model.config) == FactSettings("star", 60, True)


def test_who_begins_quietly(reader: Path, graph: Path, questions: Path, tmp_path: Path) -> None:
    """A good classifier loses points by a graph that it does not need, since facts drown what it learnt; or a new model cannot hear them."""
    quick = {**QUICK, "epochs": 0.1}
    plain = hodu.train("1x32", questions, tmp_path / "plain", vocabulary=300, **quick, **TASK)
    told = hodu.train(plain, questions, tmp_path / "told", graph=graph, **quick, **TASK)
    assert facts_of(load_model(told).model.config) == FactSettings(bias=QUIET_BIAS)
    assert json.loads((told / "hodu.json").read_text())["facts"]["bias"] == QUIET_BIAS
    new = facts_of(load_model(reader).model.config)
    assert new is not None and new.bias is None


@pytest.mark.parametrize(
    ("before", "asked", "how"),
    [
        (None, None, FactSettings(bias=QUIET_BIAS)),
        (None, {"tokens": 60}, FactSettings(tokens=60, bias=QUIET_BIAS)),
        (None, FactSettings("tree"), FactSettings("tree", bias=QUIET_BIAS)),
        (None, {"layout": "text"}, FactSettings("text")),
        (None, {"bias": 0.0}, FactSettings(bias=0.0)),
        (FactSettings("tree", 24), {"bias": -1.0}, FactSettings("tree", 24, bias=-1.0)),
        (FactSettings("tree", 24), None, FactSettings("tree", 24)),
        (FactSettings(bias=-2.0), {"tokens": 60}, FactSettings(tokens=60, bias=-2.0)),
        (FactSettings(bias=-2.0), FactSettings(tokens=60), FactSettings(tokens=60, bias=-2.0)),
        (FactSettings(bias=-2.0), {"layout": "text"}, FactSettings("text")),
        (FactSettings("text"), {"layout": "star"}, FactSettings()),
    ],
)
def test_how_facts_are_read_from_now_on(
    before: FactSettings | None, asked: FactSettings | dict[str, Any] | None, how: FactSettings
) -> None:
    """One flag changes what nobody named (a tree becomes a star), or a reader trained on as text is told to leave out a flag that was not given."""
    config = BertConfig(**({"hodu_facts": asdict(before)} if before else {}))
    assert how_read(config, asked, new=False) == how
    assert how_read(BertConfig(), None, new=True) == FactSettings()


def test_settings_of_facts_without_a_graph(reader: Path, questions: Path, tmp_path: Path) -> None:
    """--fact-tokens, --redraw or --distractors without --graph is silently left out."""
    for asked in ({"facts": FactSettings("star", 60)}, {"redraw": 1}, {"distractors": 1}):
        with pytest.raises(RecipeError, match="--graph"):
            hodu.train(reader, questions, tmp_path / "out", **TASK, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("facts", ["reader", "absorbed", "mixed"])
def test_students_of_a_graph(facts: Any, reader: Path, graph: Path, questions: Path, tmp_path: Path) -> None:
    """--student-facts makes no difference, or a student without a graph fails when there is none."""
    out = hodu.distill(reader, questions, tmp_path / "small", student="1x16", graph=graph, student_facts=facts, **QUICK)
    student = load_model(out)
    reads = facts_of(student.model.config)
    assert (reads is None) == (facts == "absorbed")
    assert json.loads((out / "hodu.json").read_text())["student_facts"] == facts
    measured = hodu.measure([reader, out], questions, graph=graph, speed=False)
    notes = [note for note in measured[1].notes if "not trained to read" in note]
    assert len(notes) == (facts == "absorbed")
    beside = baseline(out, progress=False)
    assert (facts_of(load_model(beside).model.config) is None) == (facts == "absorbed")


@pytest.mark.parametrize("recipe", ["hinton", "tinybert", "minilm"])
def test_a_cached_teacher_of_an_absorbing_student(
    recipe: str, reader: Path, graph: Path, questions: Path, tmp_path: Path
) -> None:
    """Where only the teacher sees the facts, its stored answers are read at other tokens than its live ones."""
    weights = {}
    settings = {"student": "1x32", "recipe": recipe, "graph": graph, "student_facts": "absorbed", **QUICK}
    for name, kind in {
        "start": {"learning_rate": 1e-9, "cache": False},
        "live": {"cache": False},
        "cached": {"cache": True},
    }.items():
        out = hodu.distill(reader, questions, tmp_path / name, **{**settings, **kind})
        weights[name] = torch.cat([weight.flatten() for weight in load_model(out).model.state_dict().values()])
    assert torch.dist(weights["live"], weights["cached"]) < 0.05 * torch.dist(weights["live"], weights["start"])


def test_what_the_student_does_not_see() -> None:
    """An absorbing student sees facts after all, or loses words of its text."""
    batch = {
        "input_ids": torch.tensor([[5, 6, 7, 8, 9], [5, 6, 8, 9, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]),
        "fact_ids": torch.tensor([[0, 0, 0, 1, 1], [0, 0, 1, 1, 0]]),
    }
    hidden = hidden_from(batch, rows_without("absorbed", batch["input_ids"]))
    assert hidden["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]] and not hidden["fact_ids"].any()
    one = hidden_from(batch, torch.tensor([False, True]))
    assert one["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    torch.manual_seed(0)
    assert 0.2 < rows_without("mixed", torch.zeros(2000, 1)).float().mean() < 0.4
    assert not rows_without("reader", torch.zeros(9, 1)).any()


def test_a_text_padded_on_the_left_keeps_its_words() -> None:
    """An absorbing student of a decoder loses the end of its text."""
    batch = {
        "input_ids": torch.tensor([[5, 6, 7, 8, 9], [0, 0, 5, 6, 8]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]),
        "fact_ids": torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1]]),
    }
    hidden = hidden_from(batch, rows_without("absorbed", batch["input_ids"]))
    read = [ids[mask.bool()].tolist() for ids, mask in zip(hidden["input_ids"], hidden["attention_mask"], strict=True)]
    assert read == [[5, 6, 7], [5, 6]]


def test_a_tagger_that_absorbs(graph: Path, tmp_path: Path) -> None:
    """Tags of words no longer stand at their words once the facts behind them are hidden: training stops at the first look at dev."""
    rows = [
        {"tokens": ["they", "dug", "with", tool, str(day)], "tags": ["O", "O", "O", "B-tool", "O"]}
        for day in range(30)
        for tool in ("trowel", "excavator")
    ]
    words = write_jsonl(tmp_path / "words.jsonl", rows)
    teacher = hodu.train("1x16", words, tmp_path / "teacher", vocabulary=200, graph=graph, **QUICK)
    for facts in ("absorbed", "mixed"):
        settings: dict[str, Any] = {"student": "1x16", "graph": graph, "student_facts": facts, **QUICK}
        out = hodu.distill(teacher, words, tmp_path / facts, **settings)
        (measured,) = hodu.measure([out], words, graph=graph, speed=False)
        assert "f1" in measured.metrics


def test_answers_in_a_context(graph: Path, tmp_path: Path) -> None:
    """hodu train --graph on questions whose answers stand in a context is refused, looks for answers among the facts, or stops where a student does without them."""
    rows = []
    for day in range(24):
        for first, second in (("trowel", "excavator"), ("excavator", "trowel")):
            context = f"on day {day} the {first} lay by the {second} "
            answers = {"text": ["trowel"], "answer_start": [context.index("trowel")]}
            rows.append({"question": "what plants flowers ?", "context": context, "answers": answers})
    asked = write_jsonl(tmp_path / "asked.jsonl", rows)
    settings: dict[str, Any] = {"graph": graph, **QUICK}
    teacher = hodu.train("2x32", asked, tmp_path / "teacher", vocabulary=300, **{**settings, "epochs": 12.0})
    (measured,) = hodu.measure([teacher], asked, graph=graph, speed=False)
    assert measured.metrics["f1"] > 0.9
    for facts in ("reader", "absorbed", "mixed"):
        out = hodu.distill(teacher, asked, tmp_path / facts, student="1x16", student_facts=facts, **settings)
        (small,) = hodu.measure([out], asked, graph=graph, speed=False)
        assert "f1" in small.metrics
    with pytest.raises(RecipeError, match="leave it out"):
        hodu.train("1x16", asked, tmp_path / "x", facts=FactSettings(slots=True), vocabulary=300, **settings)


def test_what_cannot_be(reader: Path, graph: Path, questions: Path, tmp_path: Path) -> None:
    """A wrong call is noticed after the training, or never."""
    with pytest.raises(GraphError, match="there is no graph"):
        hodu.train("1x16", questions, tmp_path / "x", graph=tmp_path / "none.ttl", **QUICK, **TASK)
    with pytest.raises(RecipeError, match="name one with --graph"):
        hodu.distill(reader, questions, tmp_path / "x", student_facts="absorbed", **QUICK)
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"땅을 팠다 {day} 번째 날에 꽃을 심으려고" for day in range(60)), encoding="utf-8")
    with pytest.raises(RecipeError, match="reads others"):
        hodu.train("1x16", text, tmp_path / "x", task="masked-lm", vocabulary=100, graph=graph, **QUICK)
