"""Quality: how well logits fit the labels, how sure that figure is, and how often a student answers as its teacher.

Every metric is a function of *weighted* rows. With all weights 1 it is the figure itself; with the counts of a resample
as weights it is that resample's figure, so that a thousand bootstrap rounds are a few matrix products.

Axes: ``N`` rows, ``C`` classes, ``T`` bootstrap rounds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hodu.errors import DataError, LabelError, ModelError
from hodu.types import NUMBERS, Task

Array = NDArray[Any]

METRICS: dict[Task, tuple[str, ...]] = {
    "classification": ("accuracy", "f1"),
    "multilabel": ("f1", "f1_micro", "accuracy"),
    "regression": ("pearson", "spearman"),
    "token-classification": ("f1", "precision", "recall", "accuracy"),
    "question-answering": ("f1", "exact_match"),
    "masked-lm": ("perplexity", "accuracy"),
    "causal-lm": ("perplexity", "accuracy"),
    "replaced-token": ("f1", "accuracy", "cross_entropy"),
    "sentence-embedding": ("spearman", "pearson"),
    "multiple-choice": ("accuracy",),
}
"""The metrics of each task, headline first. ``f1`` is the macro average; a multi-label row is right as a whole set. ``perplexity`` is e to the mean surprise at
the pieces to guess (masked ones: at 15 % of them, the same for all models of one vocabulary), lower is better. Of a discriminator of replaced pieces ``f1`` is that of "replaced" and ``cross_entropy`` nats a token, lower
is better. Sentence encoders are scored by the cosines that they find for pairs of sentences. Of token classification ``f1``, ``precision`` and
``recall`` are those of whole entities (micro average, as seqeval counts), ``accuracy`` is that of words; question answering has SQuAD's ``f1`` and ``exact_match``."""

LOWER_IS_BETTER = frozenset({"perplexity", "cross_entropy"})

DECIDES: dict[Task, str] = {"replaced-token": "cross_entropy"}
"""What the best checkpoint is chosen by where it is not the headline: a discriminator's F1 is 0 until it calls the first piece replaced, and a tie would keep the worst."""

ALIKE: dict[Task, str] = {
    "classification": "accuracy",
    "multilabel": "accuracy",
    "regression": "pearson",
    "token-classification": "accuracy",
    "question-answering": "exact_match",
    "multiple-choice": "accuracy",
    "sentence-embedding": "pearson",
    "replaced-token": "accuracy",
}
"""The metric that, with the teacher's answers as the right ones, is agreement."""


def answers(task: Task, logits: Array) -> Array:
    """What the model says.

    Args:
        logits: ``N C`` (``N 1`` for regression and pairs of sentences; for language tasks ``N 2``: nats of surprise, pieces guessed right;
            for replaced-token ``N 5``: see :func:`hodu.objectives.replaced.detected`; for tasks about tokens what :mod:`hodu.measuring.tagged` and
            :mod:`hodu.measuring.answered` count).

    Returns:
        ``N`` class ids; for multi-label ``N C`` of 0 and 1 (1 where the sigmoid is above one half); for regression
        ``N`` numbers; for language tasks and those about tokens what came.

    Raises:
        ModelError: for logits that are not ``N C``, not finite, or not one number a row in regression.
    """
    logits = np.asarray(logits)
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ModelError(f"logits must be rows x classes, these have the shape {logits.shape}")
    broken = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(broken):
        raise ModelError(
            f"the model gives NaN or infinity for {len(broken)} of {len(logits)} rows, first for row {broken[0]}"
        )
    if task in _COUNTED:
        return logits.astype(np.float64)  # N 2, or as many counts as the task has
    if task in ("classification", "multiple-choice"):
        return np.asarray(logits.argmax(axis=1))  # N
    if task == "multilabel":
        return (logits > 0).astype(np.int64)  # N C
    if logits.shape[1] != 1:
        raise ModelError(
            f"a regression model gives one number a row, this one gives {logits.shape[1]}: is it a classifier?"
        )
    return logits[:, 0].astype(np.float64)  # N


def score(task: Task, logits: Array, labels: ArrayLike) -> dict[str, float]:
    """All metrics of the task, as fractions (correlations between -1 and 1), the headline first.

    ``f1`` leaves out classes that neither the labels nor the answers have, as scikit-learn does. A correlation with a
    constant is undefined: NaN, and a warning.

    Args:
        logits: ``N C``.
        labels: ``N`` class ids, ``N C`` of 0 and 1 (multi-label), ``N`` numbers (regression) or how many pieces there were to guess, words to
            tag or questions to answer (the other tasks, ``N``); classes in the model's order.

    Raises:
        LabelError: labels that do not fit the logits.
        ModelError: logits that are no answers, see :func:`answers`.
    """
    given, gold = answers(task, logits), _gold(task, logits, labels)
    once = np.ones((1, len(given)))  # 1 N
    return {metric: _warned(metric, float(_metric(task, metric)(once, given, gold)[0])) for metric in METRICS[task]}


def bootstrap(
    task: Task, logits: Array, labels: ArrayLike, metric: str, *, seed: int = 0, rounds: int = 1000
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a metric (Efron & Tibshirani 1993, §13.3): rows drawn with replacement.

    It says how far the figure would move with another test set of this size, not how far with another training seed.
    Rounds in which a correlation is undefined are left out; (NaN, NaN) when that is all of them.
    """
    if metric not in METRICS[task]:
        raise DataError(f"no metric {metric!r} for {task}; there are {', '.join(METRICS[task])}")
    given, gold = answers(task, logits), _gold(task, logits, labels)
    drawn = [_metric(task, metric)(weights, given, gold) for weights in _resamples(len(given), seed, rounds)]
    values = np.concatenate(drawn)  # T
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def agreement(task: Task, logits: Array, teacher_logits: Array) -> float:
    """The share of rows that student and teacher answer equally (as a whole set in multi-label). Needs no labels.

    For regression it is the Pearson correlation of the two outputs, for sentence encoders that of their cosines. Both ``N C``, in the same order of classes.
    """
    return float(
        _METRIC[ALIKE[task]](np.ones((1, len(logits))), answers(task, logits), _teacher(task, logits, teacher_logits))[
            0
        ]
    )


def counted_agreement(task: Task, counts: Array, asked: Array) -> float:
    """The same of tasks whose rows come counted: the teacher's answers were taken for the right ones.

    Args:
        counts: row by row, as :func:`score` takes them.
        asked: ``N``, how much there was to say.
    """
    return float(_metric(task, ALIKE[task])(np.ones((1, len(counts))), counts, asked)[0])


def agreement_interval(
    task: Task, logits: Array, teacher_logits: Array, *, seed: int = 0, rounds: int = 1000
) -> tuple[float, float]:
    """The 95 % interval of :func:`agreement`, see :func:`bootstrap`."""
    return bootstrap(task, logits, _teacher(task, logits, teacher_logits), ALIKE[task], seed=seed, rounds=rounds)


def _teacher(task: Task, logits: Array, teacher_logits: Array) -> Array:
    if np.shape(logits) != np.shape(teacher_logits):
        raise LabelError(
            "student and teacher must answer the same rows in the same classes, "
            f"these logits have the shapes {np.shape(logits)} and {np.shape(teacher_logits)}"
        )
    return answers(task, teacher_logits)


def _gold(task: Task, logits: Array, labels: ArrayLike) -> Array:
    """Labels in the shape of the answers; checked, because a wrong shape would broadcast to a wrong figure."""
    gold = np.asarray(labels)
    rows, classes = np.shape(logits)
    expected = (rows, classes) if task == "multilabel" else (rows,)
    if rows == 0:
        raise DataError("no rows to score")
    if gold.shape != expected:
        raise LabelError(
            f"{task} labels for logits of shape {(rows, classes)} must be of shape {expected}, these are {gold.shape}"
        )
    if not np.isfinite(gold.astype(np.float64)).all():
        raise LabelError("there are labels that are NaN or infinite")
    if task in NUMBERS or task in _COUNTED:
        return gold.astype(np.float64)
    allowed = 2 if task == "multilabel" else classes
    if (gold != gold.astype(np.int64)).any() or gold.min() < 0 or gold.max() >= allowed:
        raise LabelError(
            f"{task} labels must be whole numbers from 0 to {allowed - 1}, these go from {gold.min()} to {gold.max()}"
        )
    return gold.astype(np.int64)


def _warned(metric: str, value: float) -> float:
    if np.isnan(value):
        logging.getLogger("hodu").warning("%s is undefined: the model or the labels say the same for every row", metric)
    return value


def _resamples(rows: int, seed: int, rounds: int) -> Iterator[Array]:
    """How often each row is drawn, round by round: ``T N``, in chunks of some 32 MB."""
    generator = np.random.default_rng(seed)
    chunk = max(1, 4_000_000 // rows)
    for start in range(0, rounds, chunk):
        size = min(chunk, rounds - start)
        drawn = generator.integers(rows, size=(size, rows), dtype=np.int32)  # T N
        yield np.stack([np.bincount(row, minlength=rows) for row in drawn]).astype(np.float64)  # T N


def _accuracy(weights: Array, given: Array, gold: Array) -> Array:
    same = given == gold
    right = same.all(axis=1) if same.ndim == 2 else same  # N
    return _ratio(weights @ right.astype(np.float64), weights.sum(axis=1))  # T


def _f1_macro(weights: Array, given: Array, gold: Array) -> Array:
    hits, total = _f1_counts(weights, given, gold)
    each = _ratio(2 * hits, total)  # T C
    present = total > 0  # a class that nobody names has no F1; it must not count as 0
    return _ratio(np.where(present, each, 0.0).sum(axis=1), present.sum(axis=1))  # T


def _f1_micro(weights: Array, given: Array, gold: Array) -> Array:
    hits, total = _f1_counts(weights, given, gold)
    return _ratio(2 * hits.sum(axis=1), total.sum(axis=1))  # T


def _f1_counts(weights: Array, given: Array, gold: Array) -> tuple[Array, Array]:
    """True positives, and answers plus labels, of each class: ``T C`` each; F1 = 2 · the first / the second."""
    if given.ndim == 1:
        classes = np.arange(max(given.max(), gold.max()) + 1)  # C
        given, gold = given[:, None] == classes, gold[:, None] == classes  # N C
    hits = (given & gold).astype(np.float64)
    total = given.astype(np.float64) + gold.astype(np.float64)
    return weights @ hits, weights @ total


def _pearson(weights: Array, given: Array, gold: Array) -> Array:
    # Centred first: the sums below would cancel badly for numbers far from zero.
    x, y = given - given.mean(), gold - gold.mean()
    rows, sum_x, sum_y, sum_xx, sum_yy, sum_xy = (
        weights @ np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    ).T
    return _correlation(rows, sum_x, sum_y, sum_xx, sum_yy, sum_xy)


def _spearman(weights: Array, given: Array, gold: Array) -> Array:
    rows = weights.sum(axis=1)  # T
    x, y = (_ranks(weights, values) - (rows[:, None] + 1) / 2 for values in (given, gold))  # T N, around zero
    sum_xx, sum_yy, sum_xy = (np.einsum("tn,tn,tn->t", weights, one, other) for one, other in ((x, x), (y, y), (x, y)))
    zero = np.zeros_like(rows)
    return _correlation(rows, zero, zero, sum_xx, sum_yy, sum_xy)


def _ranks(weights: Array, values: Array) -> Array:
    """The mean rank of each row within each resample: ``T N``. Values drawn w times share the middle of w places."""
    unique, place = np.unique(values, return_inverse=True)  # U, N
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(unique)))
    drawn = np.add.reduceat(weights[:, order], starts, axis=1)  # T U
    middle = np.cumsum(drawn, axis=1) - drawn + (drawn + 1) / 2
    return middle[:, place]  # T N


def _correlation(rows: Array, sum_x: Array, sum_y: Array, sum_xx: Array, sum_yy: Array, sum_xy: Array) -> Array:
    covariance = sum_xy - sum_x * sum_y / rows
    spread_x, spread_y = sum_xx - sum_x**2 / rows, sum_yy - sum_y**2 / rows
    # A constant leaves rounding dust instead of zero.
    constant = (spread_x <= 1e-12 * np.abs(sum_xx)) | (spread_y <= 1e-12 * np.abs(sum_yy))
    result = _ratio(covariance, np.sqrt(np.abs(spread_x * spread_y)))
    return np.where(constant, np.nan, np.clip(result, -1.0, 1.0))


def _ratio(part: Array, whole: Array) -> Array:
    """``part / whole``, NaN where the whole is zero."""
    result: Array = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, out=result, where=np.asarray(whole) != 0)


def _perplexity(weights: Array, given: Array, gold: Array) -> Array:
    return np.asarray(np.exp(_ratio(weights @ given[:, 0], weights @ gold)))  # T


def _share(
    hits: tuple[int, ...], whole: tuple[int, ...] = (), *, of_nothing: float = np.nan
) -> Callable[[Array, Array, Array], Array]:
    """The sum of some counts of a row over the sum of others, or over the rows' labels."""

    def share(weights: Array, given: Array, gold: Array) -> Array:
        below = weights @ (given[:, whole].sum(axis=1) if whole else gold)  # T
        return np.where(below > 0, _ratio(weights @ given[:, hits].sum(axis=1), below), of_nothing)  # T

    return share


def _metric(task: Task, name: str) -> Callable[[Array, Array, Array], Array]:
    return _COUNTED[task][name] if task in _COUNTED else _METRIC[name]


_METRIC: dict[str, Callable[[Array, Array, Array], Array]] = {
    "accuracy": _accuracy,
    "f1": _f1_macro,
    "f1_micro": _f1_micro,
    "pearson": _pearson,
    "spearman": _spearman,
}

_COUNTED: dict[Task, dict[str, Callable[[Array, Array, Array], Array]]] = {
    "token-classification": {  # counts: entities found rightly, entities named, entities there, words tagged rightly
        "f1": _share((0, 0), (1, 2)),
        "precision": _share((0,), (1,), of_nothing=0.0),  # named nothing: as seqeval
        "recall": _share((0,), (2,)),
        "accuracy": _share((3,)),
    },
    "question-answering": {"f1": _share((0,)), "exact_match": _share((1,))},  # each question's own
    "masked-lm": {"perplexity": _perplexity, "accuracy": _share((1,))},  # nats, pieces guessed right
    "causal-lm": {"perplexity": _perplexity, "accuracy": _share((1,))},
    "replaced-token": {  # counts: as hodu.objectives.replaced.detected gives them
        "f1": _share((0, 0), (1, 2)),
        "accuracy": _share((3,)),
        "cross_entropy": _share((4,)),
    },
}
"""The metrics of the tasks whose rows come counted."""
