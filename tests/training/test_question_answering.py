"""Question answerers trained, distilled and measured on questions whose answers stand in a context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForQuestionAnswering, EvalPrediction

import hodu
from hodu.data import collate, load, split
from hodu.data.windows import overlap_of, windows
from hodu.errors import DataError, LabelError, ModelError, ObjectiveError, RecipeError
from hodu.measuring.answered import LONGEST, best_spans, count_answers, predict_answers, texts_of_spans
from hodu.measuring.speed import latency, sample_rows, throughput
from hodu.models.load import load_model
from hodu.objectives import Labels, SoftTargets
from hodu.objectives.ensemble import combine
from hodu.training import baseline
from hodu.training.prepare import prepare
from hodu.training.stored import stored
from hodu.types import BEGIN, END, IGNORED, Capture
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


def rows() -> list[dict[str, Any]]:
    """A hundred questions, each in the language of its sentence."""
    made = []
    for number, pattern in enumerate(PATTERNS):
        for person in PEOPLE:
            for place in PLACES:
                context = pattern.format(person=person, place=place)
                question, answer = ("where is it ?", place) if number < 2 else ("누구 ?", person)
                answers = {"text": [answer], "answer_start": [context.index(answer)]}
                made.append({"question": question, "context": context, "answers": answers})
    return made


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("data") / "questions.jsonl", rows())


@pytest.fixture(scope="module")
def reader(asked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 2 x 32, trained from nothing."""
    settings = {**QUICK, "epochs": 20.0}
    return hodu.train("2x32", asked, tmp_path_factory.mktemp("reader") / "teacher", vocabulary=300, **settings)


@pytest.fixture(scope="module")
def long(reader: Path) -> tuple[Any, Dataset]:
    """A tokenizer, and a question whose context takes several windows of 32 tokens, with its answer in the middle."""
    context = "Anna lives in Busan now " * 8 + "김지우 는 어제 서울 에 갔다 " + "In New York nobody knows Minsu " * 8
    place = context.index("김지우")
    answers = {"label": [["김지우"]], "starts": [[place]]}
    return load_model(reader).tokenizer, Dataset.from_dict({"text": ["누구 ?"], "pair": [context], **answers})


@pytest.mark.parametrize("recipe", ["hodu", "hinton", "tinybert"])
def test_distilled_and_measured(recipe: str, reader: Path, asked: Path, tmp_path: Path) -> None:
    """The README's commands for question answering do not end in a folder that transformers loads and hodu measures."""
    out = hodu.distill(reader, asked, tmp_path / "small", student="1x32", recipe=recipe, **QUICK)
    model = AutoModelForQuestionAnswering.from_pretrained(out)
    assert model.config.num_hidden_layers == 1 and model.config.num_labels == 2
    teacher, student = hodu.measure([reader, out], asked, speed=False)
    assert student.task == "question-answering" and teacher.metrics["f1"] > 0.8
    assert student.metrics["f1"] > 0.5 and student.metrics["agreement"] > 0.3
    assert list(student.metrics)[:2] == ["f1", "exact_match"]
    low, high = student.intervals["exact_match"]
    assert low <= student.metrics["exact_match"] <= high
    card = json.loads((out / "hodu.json").read_text())
    assert card["f1"] > 0.5  # of the dev set, by which the best checkpoint was chosen


def test_the_baseline_and_its_speed(reader: Path, asked: Path, tmp_path: Path) -> None:
    """The table has no baseline, or stops where models are timed."""
    hodu.distill(reader, asked, tmp_path / "small", student="1x32", recipe="hinton", **QUICK)
    made = load_model(baseline(tmp_path / "small", progress=False))
    assert hodu.measure([made.path], asked, speed=False)[0].metrics["f1"] > 0.4
    few = load(asked).splits["train"].select(range(4))
    (times,) = latency([made], sample_rows(few, 4))
    assert times.p50_ms > 0 and throughput([made], few)[0] > 0


def test_a_cached_reader_teaches_what_a_live_one_does(reader: Path, asked: Path, tmp_path: Path) -> None:
    """--cache makes another student: the logits of a window are read back for another one."""
    made = {}
    for name, cache in (("live", False), ("cached", True)):
        settings = {**QUICK, "epochs": 1.0}
        made[name] = hodu.distill(reader, asked, tmp_path / name, student="1x32", cache=cache, **settings)
    live, cached = (load_model(folder).model.state_dict() for folder in made.values())
    for name, weight in live.items():
        torch.testing.assert_close(cached[name], weight, rtol=2e-2, atol=5e-3)
    (kept,) = stored()
    assert kept.asked.startswith("outputs")


def test_questions_without_answers_are_enough(reader: Path, tmp_path: Path) -> None:
    """Questions that nobody answered, of which there are plenty, cannot be distilled on."""
    data = write_jsonl(tmp_path / "q.jsonl", [{name: row[name] for name in ("question", "context")} for row in rows()])
    out = hodu.distill(reader, data, tmp_path / "small", student="1x32", **QUICK)
    assert json.loads((out / "hodu.json").read_text())["agreement"] > 0.5
    measured = hodu.measure([reader, out], data, speed=False)
    assert measured[1].metrics["agreement"] > 0.5 and "f1" not in measured[1].metrics


def test_an_ensemble_of_readers(reader: Path, asked: Path, tmp_path: Path) -> None:
    """Two question answerers are averaged over their two outputs instead of over places; or one of another tokenizer is believed at wrong places."""
    mask = torch.tensor([[True, True, True], [True, True, False]])
    generator = torch.Generator().manual_seed(0)
    one, two = (torch.randn(2, 3, 2, generator=generator) for _ in range(2))
    mixed = combine([Capture(mask, one), Capture(mask, two)], [3.0, 1.0], "question-answering", temperature=2.0)
    assert mixed.logits is not None
    for row, length in ((0, 3), (1, 2)):
        parts = [(logits[row, :length] / 2).softmax(0) for logits in (one, two, mixed.logits)]
        torch.testing.assert_close(parts[2], 0.75 * parts[0] + 0.25 * parts[1])
    other = hodu.train("1x16", asked, tmp_path / "other", vocabulary=80, **{**QUICK, "epochs": 1.0})
    with pytest.raises(ModelError, match="another tokenizer"):
        hodu.distill([reader, other], asked, tmp_path / "a", recipe="hinton", **QUICK)
    twin = tmp_path / "twin"
    loaded = load_model(reader)
    loaded.model.config.id2label = {0: "LABEL_0", 1: "LABEL_1"}  # as foreign ones call start and end
    loaded.model.save_pretrained(twin)
    loaded.tokenizer.save_pretrained(twin)
    out = hodu.distill([reader, twin], asked, tmp_path / "b", student="1x32", recipe="hinton", **QUICK)
    assert hodu.measure([out], asked, speed=False)[0].metrics["f1"] > 0.5


def test_what_cannot_be_is_refused(reader: Path, teacher: Path, asked: Path, data: Path, tmp_path: Path) -> None:
    """Hours later it turns out that a reader was taught on sentences, or a classifier on questions."""
    with pytest.raises(RecipeError, match="does question-answering learns from the text as it is"):
        hodu.distill(reader, asked, tmp_path / "a", augment=reader, **QUICK)
    with pytest.raises(DataError, match="question-answering wants columns"):
        hodu.distill(reader, data, tmp_path / "b", **QUICK)
    with pytest.raises(LabelError, match="for question-answering, but"):
        hodu.distill(teacher, asked, tmp_path / "c", **QUICK)
    with pytest.raises(DataError, match="the data is for question-answering"):
        hodu.measure([teacher], asked, speed=False)
    with pytest.raises(RecipeError, match="masked-lm"):
        hodu.distill(reader, asked, tmp_path / "d", task="question-answering", recipe="distilbert", **QUICK)


def test_windows_overlap_and_have_the_answer(long: tuple[Any, Dataset]) -> None:
    """An answer behind the model's last token is never found, or the model is taught a place where it does not stand."""
    tokenizer, data = long
    made, said = windows(data, tokenizer, max_length=32)
    assert said.windows == len(made) > 3 and said.split == 1 and not said.cut and not said.lost
    whole = 0
    for row in made:
        pieces, tags = tokenizer.convert_ids_to_tokens(row["input_ids"]), row["tags"]
        question = pieces.index("[SEP]")
        assert tags[0] != IGNORED and all(tag == IGNORED for tag in (*tags[1 : question + 1], tags[-1]))
        begin, end = tags.index(max(tags)) if BEGIN + END in tags else tags.index(BEGIN), None
        end = begin if BEGIN + END in tags else tags.index(END)
        if begin:
            whole += 1
            assert tokenizer.convert_tokens_to_string(pieces[begin : end + 1]) == "김지우"
        else:
            assert "김지우" not in tokenizer.convert_tokens_to_string(pieces[question:])
    assert whole >= 1
    ids = [row["input_ids"] for row in made]
    assert ids[0][-1 - overlap_of(32) : -1] == ids[1][question + 1 : question + 1 + overlap_of(32)]


def test_windows_with_facts(long: tuple[Any, Dataset]) -> None:
    """A context loses what its facts take, an answer is found among them, or a question without facts is read otherwise than without a graph."""
    tokenizer, data = long
    two = Dataset.from_list([data[0], data[0]])
    told = two.add_column("facts", [["Anna lives in Busan", "민수 는 서울 에"], []]).add_column(
        "fact_anchors", [[], []]
    )
    for answering in (False, True):
        plain, _ = windows(data, tokenizer, max_length=32, answering=answering)
        made, said = windows(told, tokenizer, max_length=32, answering=answering)
        assert said.questions == 2 and not said.lost
        without = made.select(range(len(made) - len(plain), len(made)))
        for row, same in zip(without, plain, strict=True):
            assert not any(row["fact_ids"]) and all(row[name] == same[name] for name in same if name != "question")
        read = set()
        for row in made.select(range(len(made) - len(plain))):
            facts = [place for place, fact in enumerate(row["fact_ids"]) if fact]
            assert len(row["input_ids"]) <= 32 and max(row["fact_ids"]) == 2 and facts[-1] == len(row["input_ids"]) - 1
            assert all(row["tags"][place] == IGNORED for place in facts)
            if answering:
                assert all(row["begins"][place] == row["ends"][place] == -1 for place in facts) and row["question"] == 0
                read |= {place for place in row["begins"] if place >= 0}
        if answering:
            assert read == {place for row in plain for place in row["begins"] if place >= 0}


def test_the_best_window_answers(long: tuple[Any, Dataset]) -> None:
    """Of a long context only the first window is read, or the answer is cut from another place than the model meant."""
    tokenizer, data = long
    made, _ = windows(data, tokenizer, max_length=32, answering=True)
    batch = collate(tokenizer)([made[row] for row in range(len(made))])
    labels, logits = batch["labels"], torch.zeros(*batch["labels"].shape, 2)
    start = data["starts"][0][0]
    for row in range(len(made)):
        for place, (begin, end) in enumerate(zip(made[row]["begins"], made[row]["ends"], strict=True)):
            logits[row, place, 0] += 5 * (begin == start)
            logits[row, place, 1] += 5 * (end == start + 3)
    logits[:, 0] = 100  # [CLS] and the question cannot be the answer
    logits[:, 1] = 100
    spans = best_spans(logits, labels, batch["attention_mask"])
    assert texts_of_spans(made, data["pair"], spans.numpy()) == ["김지우"]
    left = torch.nn.functional.pad(logits, (0, 0, 3, 0)), torch.nn.functional.pad(labels, (3, 0), value=IGNORED)
    assert torch.equal(best_spans(*left, torch.nn.functional.pad(batch["attention_mask"], (3, 0))), spans)


def test_the_best_span_is_the_best_of_all() -> None:
    """The decoder misses better answers, or answers end before they begin, or run over half of the context."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 50, 2, generator=generator)
    labels = torch.where(torch.rand(3, 50, generator=generator) < 0.8, 0, IGNORED)
    for row, (score, first, last) in enumerate(best_spans(logits, labels, torch.ones(3, 50)).tolist()):
        found = {
            (begin, end): float(logits[row, begin, 0] + logits[row, end, 1])
            for begin in range(50)
            for end in range(begin, min(begin + LONGEST, 50))
            if labels[row, begin] == labels[row, end] == 0
        }
        assert max(found, key=lambda span: found[span]) == (first, last) and score == pytest.approx(max(found.values()))


@pytest.mark.parametrize(
    ("given", "gold", "question", "f1", "exact"),
    [
        ("the Norman dynasty", ["Norman dynasty!", "dynasty"], "Who?", 1, 1),
        ("in the 10th century", ["10th century"], "When?", 0.8, 0),
        ("Rollo", ["the Normans", "Rollo the Viking"], "Who?", 2 / 3, 0),
        ("", ["x"], "Who?", 0, 0),
        ("서울특별시", ["서울"], "어디?", 2 * 2 / 7, 0),  # words: 0
        ("‘서울’ 특별시", ["서울 특별시"], "어디?", 1, 1),
        ("서울특별시", ["서울 특별시"], "어디?", 1, 0),  # as KorQuAD's script: spaces count in the exact match only
        ("1982", ["1982년"], "언제?", 2 * 4 / 9, 0),
        ("a", ["the"], "뭐?", 0, 0),  # no articles in Korean
    ],
)
def test_figures_are_those_of_squad_and_korquad(
    given: str, gold: list[str], question: str, f1: float, exact: float
) -> None:
    """The F1 in a table cannot be compared with a paper's."""
    counts, each = count_answers([given], [gold], [question])
    assert counts[0].tolist() == [pytest.approx(f1), exact] and each.tolist() == [1]


def test_dev_scores_are_those_of_measure(reader: Path, asked: Path) -> None:
    """The checkpoint that is kept is not the best one: windows are counted, or in another order than they were made."""
    loaded, data = load_model(reader), split(load(asked))
    sets = prepare(data, loaded.tokenizer, "question-answering", max_length=16)
    assert sets.dev is not None and sets.evaluate is not None
    order = list(range(len(sets.dev)))[::-1]
    batch = sets.collate([sets.dev[row] for row in order])
    labels, numbers = batch.pop("labels"), batch.pop("row")
    with torch.inference_mode():
        said = loaded.model(**batch)
    logits = torch.stack((said.start_logits, said.end_logits), dim=-1)
    spans = best_spans(logits, labels, batch["attention_mask"])
    figures = sets.evaluate(EvalPrediction(spans.numpy(), numbers.numpy()))
    given = predict_answers(loaded.model, loaded.tokenizer, data.splits["dev"])
    counts, _ = count_answers(given, data.splits["dev"]["label"][:], data.splits["dev"]["text"][:])
    assert figures == {"f1": pytest.approx(float(np.mean(counts[:, 0])))}


def test_only_places_for_answers_are_compared() -> None:
    """Student and teacher are compared at the question and at padding, where no answer may stand."""
    labels = torch.tensor([[0, IGNORED, IGNORED, BEGIN, END, IGNORED]])
    mask = torch.tensor([[True] * 5 + [False]])
    generator = torch.Generator().manual_seed(0)
    ours, theirs = (torch.randn(1, 6, 2, generator=generator) for _ in range(2))
    soft, hard = SoftTargets("question-answering", temperature=2.0), Labels("question-answering")
    first = [objective(Capture(mask, ours, labels=labels), Capture(mask, theirs)) for objective in (soft, hard)]
    ours[:, [1, 2, 5]] += 7
    theirs[:, [1, 2, 5]] -= 7
    second = [objective(Capture(mask, ours, labels=labels), Capture(mask, theirs)) for objective in (soft, hard)]
    torch.testing.assert_close(first, second)
    places = ours[0, [0, 3, 4]].log_softmax(0)
    torch.testing.assert_close(second[1], -(places[1, 0] + places[2, 1]) / 2)
    with pytest.raises(ObjectiveError, match="questions without an answer"):
        hard(Capture(mask, ours, labels=labels.clamp(max=0)), Capture(mask))
