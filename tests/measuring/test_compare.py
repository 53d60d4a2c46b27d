from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset
from transformers import BertForSequenceClassification

from hodu.errors import DataError, LabelError, ModelError
from hodu.measuring import compare, measure, predict
from hodu.models import count_parameters
from tests.measuring.tiny import TEXTS, classifier, data, reordered, save, tokenizer

QUALITY = ["accuracy", "f1"]
SIZE = ["parameters", "non_embedding_parameters", "size_bytes"]
SPEED = ["latency_p50_ms", "latency_p95_ms", "tokens_per_second", "peak_memory_bytes"]


def says(model: BertForSequenceClassification) -> np.ndarray:
    """The model's class for each of the tiny texts."""
    return predict(model, tokenizer(), Dataset.from_dict({"text": TEXTS})).argmax(axis=1)


@pytest.fixture
def teacher() -> BertForSequenceClassification:
    """A classifier that gives both answers."""
    model = classifier(seed=3)
    assert 2 <= says(model).sum() <= 8  # a model that always says the same would pass every test below
    return model


def test_teacher_student_and_baseline_side_by_side(
    tmp_path: Path, teacher: BertForSequenceClassification, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one table that the tool exists for would lack a system or a figure."""
    monkeypatch.setattr(compare, "peak_memory", lambda *_, **__: 123)
    paths = [
        save(classifier(seed=1), tmp_path / "small", card={"role": "student"}),
        save(classifier(seed=2), tmp_path / "plain", card={"role": "baseline"}),
        save(teacher, tmp_path / "big", card={"role": "teacher"}),
    ]
    gold = says(teacher)
    gold[0] = 1 - gold[0]
    results = measure(paths, data(gold.tolist()))
    assert [(one.system, one.role, one.model) for one in results] == [
        ("teacher", "teacher", paths[2]),
        ("student", "student", paths[0]),
        ("baseline", "baseline", paths[1]),
    ]
    assert list(results[0].metrics) == QUALITY + SIZE + SPEED
    assert list(results[1].metrics) == [*QUALITY, "agreement", *SIZE, *SPEED]
    assert results[0].metrics["accuracy"] == 0.9
    assert set(results[1].intervals) == {*QUALITY, "agreement"}
    student = says(classifier(seed=1))
    assert results[1].metrics["accuracy"] == pytest.approx(np.mean(student == gold))
    assert results[1].metrics["agreement"] == pytest.approx(np.mean(student == says(teacher)))
    assert (results[1].metrics["parameters"], results[1].metrics["non_embedding_parameters"]) == count_parameters(
        classifier()
    )
    assert (results[0].data, results[0].split, results[0].rows, results[0].task) == (
        "films.tsv",
        "test",
        10,
        "classification",
    )


def test_labels_of_another_order_are_scored_by_name(tmp_path: Path, teacher: BertForSequenceClassification) -> None:
    """A model with the classes the other way round would score 10 % instead of 90 %, and agree with nobody."""
    gold = says(teacher).tolist()
    first = save(teacher, tmp_path / "a")
    other = save(reordered(teacher, [1, 0]), tmp_path / "b")
    results = measure([first, other], data(gold), teacher=first, speed=False)
    assert [one.metrics["accuracy"] for one in results] == [1.0, 1.0]
    assert results[1].metrics["agreement"] == 1.0
    assert any("pos" in note for note in results[1].notes)  # the mapping is shown


def test_three_classes_in_a_turned_order(tmp_path: Path) -> None:
    """With three classes a permutation and its inverse differ: swapped, two of three classes would be mixed up."""
    model = classifier(("no", "maybe", "yes"), seed=5)
    gold = says(model).tolist()
    assert len(set(gold)) == 3
    turned = save(reordered(model, [2, 0, 1]), tmp_path / "turned")
    plain = save(model, tmp_path / "plain")
    for first, second in ((plain, turned), (turned, plain)):
        results = measure([first, second], data(gold, labels=("no", "maybe", "yes")), teacher=first, speed=False)
        assert [one.metrics["accuracy"] for one in results] == [1.0, 1.0]
        assert results[1].metrics["agreement"] == 1.0


def test_foreign_labels_are_refused(tmp_path: Path, teacher: BertForSequenceClassification) -> None:
    """A sentiment model would be scored on topics by the number of the class."""
    with pytest.raises(LabelError, match="sport"):
        measure([save(teacher, tmp_path / "a")], data([0] * 10, labels=("sport", "politics")))


def test_unlabelled_text_gives_agreement_and_no_quality(tmp_path: Path, teacher: BertForSequenceClassification) -> None:
    """Somebody with sentences only could not compare student and teacher at all."""
    paths = [save(teacher, tmp_path / "a"), save(reordered(teacher, [1, 0]), tmp_path / "b")]
    results = measure(paths, data(None, task=None, labels=()), teacher=paths[0], speed=False)
    assert list(results[0].metrics) == SIZE
    assert list(results[1].metrics) == ["agreement", *SIZE]
    assert results[1].metrics["agreement"] == 1.0


def test_regression_is_correlated(tmp_path: Path) -> None:
    """Similarity models would be scored as classifiers of one class: always right."""
    model = classifier(("score",), problem_type="regression")
    numbers = predict(model, tokenizer(), Dataset.from_dict({"text": TEXTS}))[:, 0]
    paths = [
        save(model, tmp_path / "a"),
        save(classifier(("score",), seed=1, problem_type="regression"), tmp_path / "b"),
    ]
    results = measure(
        paths, data((2 * numbers + 1).tolist(), task="regression", labels=()), teacher=paths[0], speed=False
    )
    assert results[0].metrics["pearson"] == pytest.approx(1.0)
    assert results[1].metrics["agreement"] == pytest.approx(results[1].metrics["pearson"])
    assert abs(results[1].metrics["pearson"]) < 0.99


def test_multilabel_sets_are_scored(tmp_path: Path) -> None:
    """Emotions would be scored by their strongest one only."""
    model = classifier(("joy", "fear", "awe"), problem_type="multi_label_classification")
    gold = (predict(model, tokenizer(), Dataset.from_dict({"text": TEXTS})) > 0).astype(float)
    [result] = measure(
        [save(model, tmp_path / "a")],
        data(gold.tolist(), task="multilabel", labels=("joy", "fear", "awe")),
        speed=False,
    )
    assert (result.metrics["f1"], result.metrics["f1_micro"], result.metrics["accuracy"]) == (1.0, 1.0, 1.0)


def test_teacher_is_found_by_what_the_student_says(tmp_path: Path, teacher: BertForSequenceClassification) -> None:
    """A teacher from the hub, which has no hodu.json, would not be recognised and nothing compared."""
    big = save(teacher, tmp_path / "big")
    small = save(classifier(seed=1), tmp_path / "small", card={"role": "student", "teachers": [big]})
    assert [one.role for one in measure([small, big], data([0, 1] * 5), speed=False)] == ["teacher", "student"]


def test_several_of_one_role_go_by_their_folder(tmp_path: Path) -> None:
    """Two students would stand in the table under the same name."""
    paths = [
        save(classifier(seed=seed), tmp_path / name, card={"role": "student"})
        for seed, name in ((0, "a/small"), (1, "b/small"), (2, "c"))
    ]
    assert [one.system for one in measure(paths, data([0, 1] * 5), speed=False)] == [paths[0], paths[1], "c"]


def test_split_is_chosen_aloud(tmp_path: Path) -> None:
    """Figures from training data would be shown as test figures."""
    path = save(classifier(), tmp_path / "a")
    train = data([0, 1] * 5, split="train")
    [result] = measure([path], train, speed=False)
    assert result.split == "train"
    assert "no test split" in result.notes[0]
    both = replace(train, splits={**train.splits, "test": train.splits["train"].remove_columns("label")})
    [result] = measure([path], both, speed=False)
    assert result.split == "train"
    assert "no labels" in result.notes[0]
    with pytest.raises(DataError, match="no split 'dev'; there are train"):
        measure([path], train, split="dev", speed=False)
    [result] = measure([path], data([0, 1] * 5), speed=False)
    assert result.split == "test"
    assert result.notes == ()


def test_untrained_head_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The figures of a head of random weights would be taken for the model's."""
    from safetensors.torch import load_file, save_file

    path = Path(save(classifier(), tmp_path / "a"))
    weights = load_file(path / "model.safetensors")
    save_file(
        {name: value for name, value in weights.items() if "classifier" not in name},
        path / "model.safetensors",
        {"format": "pt"},
    )
    with caplog.at_level(logging.WARNING, logger="hodu"):
        [result] = measure([str(path)], data([0, 1] * 5), speed=False)
    assert "classifier.weight" in result.notes[0]
    assert "classifier.weight" in caplog.text


def test_data_may_be_a_path(tmp_path: Path) -> None:
    """`hodu.measure(["model"], "films.tsv")`, as the package's own docstring shows it, would fail."""
    file = tmp_path / "test.tsv"
    file.write_text(
        "text\tlabel\n" + "".join(f"{text}\t{('neg', 'pos')[row % 2]}\n" for row, text in enumerate(TEXTS)),
        encoding="utf-8",
    )
    [result] = measure([save(classifier(), tmp_path / "a")], str(file), speed=False)
    assert (result.split, result.rows) == ("test", 10)


def test_models_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    """Ten minutes of measuring would end in a traceback."""
    path = save(classifier(), tmp_path / "a")
    with pytest.raises(ModelError, match="not among the models"):
        measure([path], data([0, 1] * 5), teacher="elsewhere")
    with pytest.raises(ModelError, match="given twice"):
        measure([path, path], data([0, 1] * 5))
    with pytest.raises(ModelError, match="no model"):
        measure([], data([0, 1] * 5))


def test_failing_memory_keeps_the_other_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a child process may not start, all that was measured before it would be lost."""

    def fail(*_: object, **__: object) -> int:
        raise ModelError("no more processes")

    monkeypatch.setattr(compare, "peak_memory", fail)
    [result] = measure([save(classifier(), tmp_path / "a")], data([0, 1] * 5))
    assert "latency_p50_ms" in result.metrics
    assert "peak_memory_bytes" not in result.metrics
    assert "no more processes" in result.notes[0]
