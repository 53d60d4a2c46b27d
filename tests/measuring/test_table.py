from __future__ import annotations

import math
from io import StringIO

import pytest
from rich.console import Console

from hodu.measuring import METRICS, Measured, render_table, rows_of, to_markdown
from hodu.measuring.table import show
from tests.measuring.figures import STUDENT, TEACHER, measured, teacher_and_student


def printed(measured: list[Measured], width: int = 80) -> list[str]:
    """The table's lines on a terminal of this width."""
    console = Console(width=width, file=StringIO())
    console.print(render_table(measured))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.8994, "fraction", "89.9%"),
        (1.0, "fraction", "100.0%"),
        (0.8994, "correlation", "0.899"),
        (-0.05, "correlation", "-0.050"),
        (1_334_000, "parameters", "1.33 M"),
        (22_713_216, "parameters", "22.7 M"),
        (334_000_000, "parameters", "334 M"),
        (999_999, "parameters", "1.00 M"),
        (7_040_000_000, "parameters", "7.04 G"),
        (950, "parameters", "950"),
        (91_580_259, "bytes", "91.6 MB"),
        (1_340_000_000, "bytes", "1.34 GB"),
        (0, "bytes", "0 bytes"),
        (1.234, "ms", "1.23"),
        (99.96, "ms", "100.0"),
        (123.4, "ms", "123"),
        (12345.6, "tokens/s", "12,346"),
        (math.nan, "fraction", "undefined"),
    ],
)
def test_figures_are_written_as_people_do(value: float, unit: str, text: str) -> None:
    """A figure off by a thousand, or without its unit, would be read wrong."""
    assert show(value, unit) == text


def test_table_fits_80_columns_with_everything_in_it() -> None:
    """On a usual terminal the figures would wrap in the middle."""
    lines = printed(teacher_and_student())
    assert max(map(len, lines)) <= 80
    for text in (
        "films.tsv, test split, 1,821 rows",
        "90.9%",
        "89.6\N{EN DASH}92.1",
        "10.0 / 21.3",
        "98.9% kept",
        "8.0x fewer",
        "3.1x smaller",
    ):
        assert any(text in line for line in lines), text


def test_ratios_say_who_is_better() -> None:
    """A student that needs more memory than its teacher, or runs faster, would be praised or blamed for the reverse."""
    text = "\n".join(printed(teacher_and_student()))
    assert "6.2x faster" in text  # 10.0 ms / 1.6 ms
    assert "5.0x faster" in text  # 6672 tokens/s / 1334.4
    assert "2.0x more" in text  # 206 MB of memory against 103
    assert "slower" not in text


def test_teacher_stands_beside_nothing() -> None:
    """The teacher would be compared with itself, or a table without a teacher would fail."""
    assert "kept" not in "\n".join(printed([measured("teacher", TEACHER)]))
    alone = "\n".join(printed([measured("student", STUDENT)]))
    assert "89.9%" in alone
    assert "faster" not in alone
    assert "kept" not in alone


def test_only_columns_with_figures_are_shown() -> None:
    """Unlabelled text, or a measurement without speed, would print empty columns."""
    lines = to_markdown([measured("student", {"agreement": 0.974, "size_bytes": 3e7})]).splitlines()
    assert lines[2] == "| system | agreement | size on disk |"
    assert lines[4] == "| student | 97.4% (96.1\N{EN DASH}98.6) | 30.0 MB |"


def test_headline_of_the_task_comes_first() -> None:
    """Multi-label models would be compared by the accuracy of whole sets, regression by the wrong correlation."""
    one = measured("student", {"f1": 0.5, "f1_micro": 0.6, "accuracy": 0.3, "agreement": 0.4}, task="multilabel")
    assert to_markdown([one]).splitlines()[2] == "| system | F1 | micro F1 | accuracy | agreement |"


def test_every_metric_has_a_column_and_a_unit() -> None:
    """hodu measure leaves a language model's perplexity out of its table, and --rows stops at it."""
    for task, metrics in METRICS.items():
        one = measured("student", dict.fromkeys(metrics, 0.5), task=task)
        titles = to_markdown([one]).splitlines()[2].strip("| ").split(" | ")
        assert len(titles) == 1 + len(metrics), f"{task}: {titles} for {metrics}"
        assert [row.metric for row in rows_of([one], table="tasks", command="hodu measure")] == list(metrics)


def test_less_perplexity_is_not_kept() -> None:
    """A student with twice its teacher's perplexity is praised: "200 % kept"."""
    pair = [
        measured("teacher", {"perplexity": 21.3, "cross_entropy": 0.21}, task="masked-lm"),
        measured("student", {"perplexity": 1234.5, "cross_entropy": 0.42}, task="masked-lm"),
    ]
    text = to_markdown(pair)
    assert "| student | 1,234 | 0.420 |" in text and "| teacher | 21.30 | 0.210 |" in text
    assert "kept" not in text


def test_agreement_of_regression_is_no_percentage() -> None:
    """A correlation of 0.974 would be read as 97.4 % of equal answers."""
    assert "| 0.974 (0.961\N{EN DASH}0.986) |" in to_markdown(
        [measured("student", {"agreement": 0.974}, task="regression")]
    )


def test_share_of_a_useless_teacher_is_not_shown() -> None:
    """ "-340 % kept" of a teacher that correlates negatively."""
    pair = [
        measured("teacher", {"pearson": -0.1}, task="regression"),
        measured("student", {"pearson": 0.34}, task="regression"),
    ]
    assert "kept" not in to_markdown(pair)
    undefined = [
        measured("teacher", {"pearson": 0.5}, task="regression"),
        measured("student", {"pearson": math.nan}, task="regression"),
    ]
    assert "undefined" in to_markdown(undefined)
    assert "kept" not in to_markdown(undefined)


def test_notes_are_said_once_and_with_their_system() -> None:
    """A mapping of labels would be silent, or repeated for each row."""
    pair = [
        measured("teacher", TEACHER, notes=("no test split",)),
        measured("student", STUDENT, notes=("no test split", "labels mapped")),
    ]
    lines = to_markdown(pair).splitlines()
    assert lines[-2:] == ["- no test split", "- student: labels mapped"]
    assert any("student: labels mapped" in line for line in printed(pair))


@pytest.mark.parametrize(("accuracy", "said"), [(0.899, True), (0.91, True), (0.89, False)])
def test_distillation_that_was_worth_nothing(accuracy: float, said: bool) -> None:
    """The same small model on labels alone is as good, and the table leaves it to the user to see it; or it says so of one that is worse."""
    beside = measured("baseline", {**STUDENT, "accuracy": accuracy}, model="elsewhere/student-baseline")
    lines = to_markdown([measured("teacher", TEACHER), measured("student", STUDENT), beside]).splitlines()
    assert any("student: its undistilled baseline is as good" in line for line in lines) == said
    other = measured("baseline", {**STUDENT, "accuracy": 1.0}, model="out/other-baseline")
    assert "undistilled baseline is" not in to_markdown([measured("student", STUDENT), other])


def test_names_are_not_markup() -> None:
    """A model folder called [red] or a|b would break the table."""
    odd = measured("[red]a|b", STUDENT)
    assert any("[red]a|b" in line for line in printed([odd]))
    assert "| [red]a\\|b |" in to_markdown([odd])
