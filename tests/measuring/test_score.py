from __future__ import annotations

import logging
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from hodu.errors import DataError, LabelError, ModelError
from hodu.measuring import METRICS, agreement, agreement_interval, answers, bootstrap, score
from hodu.measuring.score import _METRIC
from hodu.types import Task

RANDOM = np.random.default_rng(0)
TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


def case(task: Task, rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels that agree in part; labels of a class (3) that nobody names; ties in regression."""
    random = np.random.default_rng(seed)
    if task == "regression":
        gold = np.round(random.normal(size=rows), 1)
        return (gold + random.normal(size=rows)).round(1)[:, None], gold
    logits = random.normal(size=(rows, 5))
    logits[:, 3] = -9
    if task == "multilabel":
        noise = random.normal(size=(rows, 5))
        noise[:, 3] = -9
        return logits, (logits + noise > 0).astype(int)
    gold = np.where(random.random(rows) < 0.7, logits.argmax(axis=1), random.choice([0, 1, 2, 4], rows))
    return logits, gold


def test_accuracy_and_f1_are_scikit_learns() -> None:
    """A user would report another F1 than everybody else's."""
    logits, gold = case("classification")
    said = logits.argmax(axis=1)
    expected = {"accuracy": oracle.accuracy_score(gold, said), "f1": oracle.f1_score(gold, said, average="macro")}
    assert score("classification", logits, gold) == pytest.approx(expected, abs=1e-12)


def test_multilabel_scores_are_scikit_learns() -> None:
    """Sentences with several emotions would be scored by another rule, or absent classes pull the mean down."""
    logits, gold = case("multilabel")
    said = (logits > 0).astype(int)
    expected = {
        "f1": oracle.f1_score(gold[:, [0, 1, 2, 4]], said[:, [0, 1, 2, 4]], average="macro"),
        "f1_micro": oracle.f1_score(gold, said, average="micro"),
        "accuracy": oracle.accuracy_score(gold, said),
    }
    assert score("multilabel", logits, gold) == pytest.approx(expected, abs=1e-12)


def test_correlations_are_scipys() -> None:
    """Similarity scores would be off where values are tied."""
    logits, gold = case("regression")
    expected = {"pearson": stats.pearsonr(logits[:, 0], gold)[0], "spearman": stats.spearmanr(logits[:, 0], gold)[0]}
    assert score("regression", logits, gold) == pytest.approx(expected, abs=1e-9)


def test_correlation_survives_numbers_far_from_zero() -> None:
    """Years or prices as labels would give a correlation of rounding errors."""
    logits, gold = case("regression")
    near = score("regression", logits, gold)
    assert score("regression", logits + 1e7, gold + 1e7) == pytest.approx(near, abs=1e-6)  # 1e7 itself costs 8 digits


@pytest.mark.parametrize("task", TASKS)
def test_headline_comes_first(task: Task) -> None:
    """The best checkpoint would be chosen by another metric than the one in the table's first column."""
    logits, gold = case(task)
    assert tuple(score(task, logits, gold)) == METRICS[task]


@pytest.mark.parametrize(("task", "metric"), [(task, metric) for task in TASKS for metric in METRICS[task]])
def test_weights_stand_for_repeated_rows(task: Task, metric: str) -> None:
    """The interval would be that of another statistic than the figure beside it: ranks and F1 are no plain means."""
    logits, gold = case(task, rows=40)
    weights = np.random.default_rng(1).integers(0, 4, size=40)
    weighted = _METRIC[metric](weights[None].astype(float), answers(task, logits), gold)
    repeated = score(task, np.repeat(logits, weights, axis=0), np.repeat(gold, weights, axis=0))
    assert weighted == pytest.approx([repeated[metric]], abs=1e-9)


def test_interval_of_accuracy_is_the_binomials() -> None:
    """The interval would be too narrow or too wide, and a lucky student would pass for a better one."""
    gold = np.zeros(2000, dtype=int)
    logits = np.where(np.arange(2000)[:, None] < 1600, [1.0, 0.0], [0.0, 1.0])  # 80 % right
    low, high = bootstrap("classification", logits, gold, "accuracy", rounds=4000)
    exact = stats.binom.ppf([0.025, 0.975], 2000, 0.8) / 2000
    assert (low, high) == pytest.approx(tuple(exact), abs=0.002)  # the noise of a 97.5 % quantile of 4,000 rounds


@pytest.mark.parametrize(("task", "metric"), [(task, metric) for task in TASKS for metric in METRICS[task]])
def test_interval_is_deterministic_and_holds_the_figure(task: Task, metric: str) -> None:
    """Two runs of `hodu measure` would print different intervals, or one that the figure is not in."""
    logits, gold = case(task)
    interval = bootstrap(task, logits, gold, metric, rounds=300)
    assert interval == bootstrap(task, logits, gold, metric, rounds=300)
    assert interval[0] < score(task, logits, gold)[metric] < interval[1]


def test_interval_shrinks_with_more_rows() -> None:
    """A big test set would look as uncertain as a small one."""
    widths = []
    for rows in (100, 400, 1600):
        low, high = bootstrap("classification", *case("classification", rows=rows), "accuracy")
        widths.append(high - low)
    assert all(1.6 < wide / narrow < 2.5 for wide, narrow in pairwise(widths))  # 2 = sqrt(4), give or take one sample


def test_agreement_needs_no_labels() -> None:
    """On unlabelled text nobody could see how far the student follows its teacher."""
    teacher = np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0], [0.0, 5.0]])
    student = np.array([[9.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.1]])
    assert agreement("classification", student, teacher) == 0.75
    assert agreement("multilabel", student, teacher) == 0.75  # all but row 3, where only the teacher has both labels
    numbers = RANDOM.normal(size=(50, 1))
    assert agreement("regression", 3 * numbers + 1, numbers) == pytest.approx(1.0)
    low, high = agreement_interval("classification", np.repeat(student, 50, 0), np.repeat(teacher, 50, 0))
    assert 0.68 < low < 0.75 < high < 0.82


@pytest.mark.parametrize(
    ("task", "labels", "says"),
    [
        ("classification", [0, 1, 2], "from 0 to 1"),
        ("classification", [0, -1, 1], "from 0 to 1"),
        ("classification", [[0], [1], [1]], "shape"),
        ("classification", [0.5, 1, 0], "whole"),
        ("multilabel", [0, 1, 1], "shape"),
        ("multilabel", [[0, 2], [1, 1], [0, 0]], "from 0 to 1"),
        ("classification", [0, 1, float("nan")], "NaN"),
    ],
)
def test_labels_that_do_not_fit_are_refused(task: Task, labels: list[object], says: str) -> None:
    """Wrong labels would broadcast or wrap around to a figure that looks real (GLUE's test sets are all -1)."""
    with pytest.raises(LabelError, match=says):
        score(task, np.ones((3, 2)), labels)


def test_logits_that_are_no_answers_are_refused() -> None:
    """A model that broke in training (NaN) would pass for one that always says the first class."""
    with pytest.raises(ModelError, match="row 1"):
        score("classification", np.array([[0.0, 1.0], [np.nan, 0.0]]), [0, 1])
    with pytest.raises(ModelError, match="classifier"):
        score("regression", np.ones((2, 2)), [0.0, 1.0])
    with pytest.raises(DataError, match="no rows"):
        score("classification", np.ones((0, 2)), [])
    with pytest.raises(DataError, match="pearson, spearman"):
        bootstrap("regression", np.ones((2, 1)), [0.0, 1.0], "accuracy")
    with pytest.raises(LabelError, match="same classes"):
        agreement("classification", np.ones((2, 2)), np.ones((2, 3)))


def test_constant_model_has_no_correlation(caplog: pytest.LogCaptureFixture) -> None:
    """A student that says the same for every pair would get a correlation made of rounding dust."""
    with caplog.at_level(logging.WARNING, logger="hodu"):
        result = score("regression", np.full((5, 1), 0.1), np.arange(5.0))
    assert np.isnan(result["pearson"])
    assert np.isnan(result["spearman"])
    assert "pearson is undefined" in caplog.text
    assert np.isnan(bootstrap("regression", np.full((5, 1), 0.1), np.arange(5.0), "pearson", rounds=20)).all()
