from __future__ import annotations

import json
import os
import re
import sys
import warnings
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hodu.errors import OutputError
from hodu.measuring import rows, write_report
from tests.measuring.figures import STUDENT, TEACHER, measured, teacher_and_student

VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Finds tags that are not closed, what the page loads from elsewhere, and ids that are used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            self.ids += [value or ""] if name == "id" else []
            outside = name in ("src", "href", "xlink:href", "srcset", "data") and not (value or "").startswith("#")
            self.loads += [f"{tag} {value}"] if outside or tag in ("link", "script", "iframe") else []

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(page: str) -> Checker:
    """The page, read to its end."""
    checker = Checker()
    checker.feed(page)
    checker.close()
    return checker


def test_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    """Sent by mail or opened without a network, the page would miss its plots or its style."""
    path = write_report(teacher_and_student(), tmp_path / "report")
    assert path == tmp_path / "report" / "index.html"
    page = path.read_text(encoding="utf-8")
    checker = check(page)
    assert checker.open == []
    assert checker.loads == []
    assert len(checker.ids) == len(set(checker.ids))
    assert "@import" not in page
    assert "url(http" not in page
    assert "$" not in page


def test_figures_environment_and_notes_are_on_the_page(tmp_path: Path) -> None:
    """A reader could not see what was measured, on what, or how."""
    pair = [measured("teacher", TEACHER), measured("student", STUDENT, notes=("labels mapped",))]
    page = write_report(pair, tmp_path / "report").read_text(encoding="utf-8")
    for text in (
        "89.9%",
        "88.6\N{EN DASH}91.1",
        "98.9% kept",
        "8.0x fewer parameters outside the embeddings",
        "6.2x faster at batch 1",
    ):
        assert text in page
    for text in (
        "films.tsv, test split, 1,821 rows",
        "student: labels mapped",
        "<dt>hardware</dt>",
        "<dt>torch</dt>",
        "out/student",
    ):
        assert text in page


def test_plots_put_each_system_at_its_figures(tmp_path: Path) -> None:
    """The student would be drawn in the teacher's place: slower, or larger."""
    page = write_report(teacher_and_student(), tmp_path / "report").read_text(encoding="utf-8")
    plots = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert ["size on disk" in plots[0], "latency" in plots[1], len(plots)] == [True, True, 2]
    for plot in plots:
        points = {}
        for role in ("teacher", "student"):
            [use] = re.findall(rf'<use [^>]*x="([\d.]+)" y="([\d.]+)" style="fill: var\(--{role}\)', plot)
            points[role] = tuple(map(float, use))
        assert points["student"][0] < points["teacher"][0]  # quicker, smaller: to the left
        assert points["student"][1] > points["teacher"][1]  # less accurate: below (SVG counts downwards)
        assert ">teacher<" in plot
        assert ">student<" in plot


def test_plots_follow_light_and_dark(tmp_path: Path) -> None:
    """In dark mode the plots would be black on black."""
    page = write_report(teacher_and_student(), tmp_path / "report").read_text(encoding="utf-8")
    for plot in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(plot)
        assert not re.search(r"(fill|stroke): #", plot)
        for variable in set(re.findall(r"var\((--\w+)\)", plot)):
            assert page.count(f"{variable}: #") == 2  # once for light, once for dark


def test_crowded_and_odd_names_are_drawn(tmp_path: Path) -> None:
    """Names with markup would run in the page, Korean ones warn, formulas be set; equal points hide their names."""
    odd = ["<script>alert(1)</script>", "학생 모델", "$x_1$", "a & b"]
    systems = [measured(name, STUDENT, role="model") for name in odd]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = write_report([measured("teacher", TEACHER), *systems], tmp_path / "report").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "학생 모델" in page
    plot = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)[0]
    texts = {node.text: node for node in ElementTree.fromstring(plot).iter() if node.tag.endswith("text")}
    heights = sorted(float(texts[name].attrib["y"]) for name in odd)
    assert all(lower - upper >= 13 for upper, lower in pairwise(heights))  # points; the font has 10


def test_json_beside_the_page_holds_the_figures(tmp_path: Path) -> None:
    """Nobody could use the figures without reading them off the page."""
    pair = [measured("teacher", TEACHER), measured("student", {"pearson": float("nan")}, task="regression")]
    write_report(pair, tmp_path / "report")
    figures = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert figures["measured"][0]["metrics"]["accuracy"] == 0.909
    assert figures["measured"][0]["intervals"]["accuracy"] == pytest.approx([0.896, 0.921])
    assert figures["measured"][1]["metrics"] == {"pearson": None}
    assert set(figures["environment"]) >= {"hardware", "python", "torch", "transformers", "hodu", "date"}


def test_without_quality_or_speed_there_is_still_a_page(tmp_path: Path) -> None:
    """Unlabelled data, or a measurement without speed, would end in an error after all the work."""
    page = write_report(
        [measured("teacher", {"size_bytes": 10.0}), measured("student", {"size_bytes": 5.0})], tmp_path / "a"
    )
    assert "<svg" not in page.read_text(encoding="utf-8")
    page = write_report([measured("student", {"agreement": 0.9, "size_bytes": 5e6})], tmp_path / "b")
    assert page.read_text(encoding="utf-8").count("<svg") == 1


def test_missing_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user would see a traceback, or be left with an empty folder."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError, match=r"pip install 'hodu\[report\]'"):
        write_report(teacher_and_student(), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_other_folders_are_not_touched(tmp_path: Path) -> None:
    """`--report .` would spread files over the user's work."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="no earlier report"):
        write_report(teacher_and_student(), tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]
    with pytest.raises(OutputError, match="no earlier report"):
        write_report(teacher_and_student(), tmp_path / "thesis.tex")
    for _ in range(2):  # an earlier report is replaced
        write_report(teacher_and_student(), tmp_path / "report")


def test_full_disk_is_one_sentence_and_no_half_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a page would look like a report."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rows.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_report(teacher_and_student(), tmp_path / "report")
    assert os.listdir(tmp_path / "report") == []
