"""The reason for an answer, as a tree, a picture and a page."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from rich.tree import Tree

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.drawing import Edge, Node, draw
from hodu.knowledge.explain import reason_page, reason_svg, reason_tree
from hodu.knowledge.link import Candidate, Mention, link
from hodu.knowledge.plain import plain, shortened, width
from hodu.knowledge.routes import evidence, routes
from hodu.knowledge.select import Fact
from tests.knowledge.small_graph import SmallGraph

KOREAN, ENGLISH = "꽃을 심으려고 땅을 팠다. 무슨 도구로?", "To plant flowers he dug the ground. With what?"
Reason = tuple[CompiledGraph, list[Mention], str, list[Fact], int, str]


def reason(graph: CompiledGraph, text: str, language: str) -> Reason:
    mentions = link(graph, text)
    first = routes(graph, mentions)[0]
    answer = int(first.answers[0])
    return graph, mentions, text, evidence(graph, first, answer), answer, language


def printed(tree: Tree) -> list[str]:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(tree)
    return capture.get().splitlines()


def test_tree(world: CompiledGraph) -> None:
    """In the terminal the user cannot see which words led to the answer, or which facts."""
    assert printed(reason_tree(*reason(world, KOREAN, "ko"))) == [
        "꽃을 심으려고 땅을 팠다. 무슨 도구로?",
        "├── 꽃을 심으려고 → 꽃을 심다",
        "│   └── 모종삽은 꽃을 심다 일에 쓰인다",
        "├── 땅을 팠다 → 땅을 파다",
        "│   └── 모종삽은 땅을 파다 일에 쓰인다",
        "└── 답: 모종삽",
    ]
    assert printed(reason_tree(*reason(world, ENGLISH, "en"))) == [
        "To plant flowers he dug the ground. With what?",
        "├── plant flowers",
        "│   └── trowel is used to plant flowers",
        "├── dug the ground → dig the ground",
        "│   └── trowel is used to dig the ground",
        "└── Answer: trowel",
    ]


def test_no_answer(world: CompiledGraph) -> None:
    """When nothing is known an empty answer is shown, as if the program had failed."""
    assert "모르겠습니다" in printed(reason_tree(world, [], "바다?", [], None, "ko"))[-1]
    assert "I don't know" in printed(reason_tree(world, [], "The sea?", [], None, "en"))[-1]
    page = reason_page(world, [], "바다?", [], None, "ko")
    assert "모르겠습니다" in page and "<svg" not in page and "<figure>" not in page and "이유" not in page
    ElementTree.fromstring(reason_svg(world, [], "바다?", [], None, "ko"))


def test_a_long_way_stands_under_its_mention(tmp_path: Path) -> None:
    """The second fact of a way stands apart from the first, under a word that it has nothing to do with; a fact that two arms share is said twice."""
    graph = SmallGraph()
    for subject, object in (("ann", "film"), ("film", "bob"), ("dan", "bob"), ("lone", "some")):
        graph.add(subject, "to", object)
    films = compile_graph(graph, tmp_path / "films.hodu", progress=False)
    ids = {name: films.id_of(name) for name in ("ann", "film", "bob", "dan", "lone", "some")}
    pairs = [("film", "bob"), ("ann", "film"), ("dan", "bob"), ("lone", "some"), ("ann", "film")]
    facts = [Fact(ids[subject], 0, ids[object], 1.0, "") for subject, object in pairs]
    mentions = [Mention(*place, name, (Candidate(ids[name], 1.0, ""),)) for name, place in (("ann", (0, 3)), ("dan", (8, 11)))]  # fmt: skip
    assert printed(reason_tree(films, mentions, "ann and dan", facts, ids["bob"], "en")) == [
        "ann and dan",
        "├── ann",
        "│   ├── film to bob",
        "│   └── ann to film",
        "├── dan",
        "│   └── dan to bob",
        "├── lone to some",
        "└── Answer: bob",
    ]


class Boxes:
    """The rectangles of a picture by class, and its texts."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        space = "{http://www.w3.org/2000/svg}"
        self.found: list[tuple[str, tuple[float, float, float, float], float]] = []
        for group in self.root.iter(f"{space}g"):
            for box in group.findall(f"{space}rect"):
                x, y, wide, high = (float(box.get(name, "nan")) for name in ("x", "y", "width", "height"))
                kind = group.get("class") or box.get("class") or ""
                self.found.append((kind, (x, y, x + wide, y + high), float(box.get("rx", 0))))
        self.texts = [one.text for one in self.root.iter(f"{space}text")]
        self.paths = [one.get("d", "") for one in self.root.iter(f"{space}path")]
        self.size = float(self.root.get("width", 0)), float(self.root.get("height", 0))

    def kinds(self, kind: str) -> list[tuple[float, float, float, float]]:
        return [box for found, box, _ in self.found if found == kind]


@pytest.mark.parametrize(("text", "language"), [(KOREAN, "ko"), (ENGLISH, "en")])
def test_picture_of_the_founding_question(world: CompiledGraph, text: str, language: str) -> None:
    """The answer is not on the right, or told from the rest by its colour alone."""
    svg = reason_svg(*reason(world, text, language))
    boxes = Boxes(svg)
    [answer], mentions = boxes.kinds("answer"), boxes.kinds("mention")
    assert len(mentions) == 2 and len(boxes.kinds("under")) == 2
    assert all(mention[2] < label[0] < label[2] < answer[0] for mention in mentions for label in boxes.kinds("under"))
    corners = {kind: corner for kind, _, corner in boxes.found}
    assert corners["answer"] == pytest.approx((answer[3] - answer[1]) / 2) and corners["mention"] < 5
    assert {"모종삽", "쓰임", "“땅을 팠다”"} <= set(boxes.texts) or {"trowel", "used for"} <= set(boxes.texts)
    assert "prefers-color-scheme:dark" in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", ""), "it loads something"
    assert svg == reason_svg(*reason(world, text, language))


def test_arrows_point_at_objects() -> None:
    """"The trowel is for digging" is drawn as "digging is for the trowel"."""  # fmt: skip
    nodes = [Node("dig", "", "mention"), Node("trowel", "", "answer")]
    for subject, object in ((0, 1), (1, 0)):
        boxes = Boxes(draw(nodes, [Edge(subject, object, "is for")], "why"))
        [tip] = [path for path in boxes.paths if path.endswith("Z")]
        x, y = map(float, re.findall(r"[-\d.]+", tip)[:2])
        left, top, right, bottom = boxes.kinds(nodes[object].role)[0]
        assert top < y < bottom
        assert x == pytest.approx(right if object == 0 else left, abs=0.2)


NAMES = ("물", "땅을 파다", "a rather long name of some thing", "대한민국 서울특별시 종로구 세종대로", "x", "MMMM WWWW")


@pytest.mark.parametrize("seed", range(12))
def test_nothing_lies_on_anything(seed: int) -> None:
    """A name or a relation cannot be read because another lies on it, or is beyond the edge of the picture."""
    dice = random.Random(seed)
    many, mentioned = dice.randint(1, 12), dice.randint(0, 4)
    roles = ["mention"] * min(mentioned, many - 1) + ["other"] * max(many - 1 - mentioned, 0) + ["answer"]
    nodes = [Node(dice.choice(NAMES), dice.choice(("", "“팠다”")), role) for role in roles]  # type: ignore[arg-type]
    edges = [
        Edge(dice.randrange(many), dice.randrange(many), dice.choice(("쓰이는 동작", "is", "used for the purpose")))
        for _ in range(dice.randint(0, 16))
    ]
    boxes = Boxes(draw(nodes, edges, "random"))
    shown = [box for kind, box, _ in boxes.found]
    assert len(shown) == len(nodes) + len(edges)
    for one, other in combinations(shown, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1], (one, other)
    for left, top, right, bottom in shown:
        assert left >= 0 and top >= 0 and right <= boxes.size[0] - 18 and bottom <= boxes.size[1] - 18
    for path in boxes.paths:
        numbers = list(map(float, re.findall(r"-?[\d.]+", path)))
        assert min(numbers) >= -1 and max(numbers[::2]) <= boxes.size[0] and max(numbers[1::2]) <= boxes.size[1]


def test_lines_go_round_boxes() -> None:
    """The line of a direct fact runs across the boxes between its ends, and looks like theirs."""
    nodes = [Node("a", "", "mention"), *(Node(f"b{n}", "", "other") for n in range(3)), Node("c", "", "answer")]
    edges = [Edge(0, n, "to") for n in (1, 2, 3)] + [Edge(n, 4, "to") for n in (1, 2, 3)] + [Edge(0, 4, "straight to")]
    boxes = Boxes(draw(nodes, edges, "why"))
    [middle] = {(box[0], box[2]) for box in boxes.kinds("other")}
    levels = [
        float(y)
        for path in boxes.paths[12:13]
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)
        if middle[0] - 1 <= float(x) <= middle[1] + 1
    ]
    assert levels, "the long line's places beside the boxes were not looked at"
    for _, top, _, bottom in boxes.kinds("other"):
        assert all(level < top or level > bottom for level in levels)


def test_width_of_korean() -> None:
    """Korean names stick out of their boxes, which were measured for Latin letters."""
    assert width("물조리개") == 4.0 > width("mmmm") > width("hand") > width("till")
    assert width("é") == width("e\u0301")
    boxes = Boxes(draw([Node("물조리개" * 3, "", "other")], [], "why"))
    [(left, _, right, _)] = boxes.kinds("other")
    assert right - left >= 12 * 15
    cut = shortened("가" * 50, 16)
    assert cut == "가" * 15 + "…"
    assert shortened("짧은 이름", 16) == "짧은 이름"


NASTY = {
    "markup": '<script>alert("1")</script>&amp; </title></svg>',
    "long": "긴" * 10_000,
    "control": "a\x00b\x1b[31mc\u202ed\u2028e\ufffe",
    "brackets": "[bold]굵게[/bold] [/]",
    "blank": "\n\t ",
}


class Tags(HTMLParser):
    """All elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


@pytest.mark.parametrize("kind", NASTY)
def test_nasty_labels(kind: str, tmp_path: Path) -> None:
    """A label from somebody's table runs a script in the reader's browser, breaks the page, or fills the screen."""
    nasty, graph = NASTY[kind], SmallGraph()
    graph.add_label("thing", nasty, "ko")
    graph.add_relation("to", labels={"ko": nasty}, templates={"ko": "{subject}은(는) " + nasty.replace("{", "")})
    graph.add("thing", "to", "dig")
    compiled = compile_graph(graph, tmp_path / "nasty.hodu", progress=False)
    dig, thing = compiled.id_of("dig"), compiled.id_of("thing")
    mentions = [Mention(0, len(nasty), nasty, (Candidate(dig, 1.0, ""),))]
    given = (compiled, mentions, f"{nasty} \ud800 땅을 팠다", [Fact(thing, 0, dig, 1.0, "")], thing, "ko")
    svg, page, lines = reason_svg(*given), reason_page(*given), printed(reason_tree(*given))
    for made in (svg, page, "\n".join(lines)):
        made.encode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ufffe]", made)
    ElementTree.fromstring(svg)
    assert "script" not in Tags(page).seen and Tags(page).seen.count("svg") == 1
    assert len(svg) < 12_000 and len(page) < 30_000
    assert len(lines) < 60
    if kind == "brackets":
        assert "답: [bold]굵게[/bold] [/]" in lines[-1]
    if kind == "markup":
        assert "&lt;script&gt;" in page and NASTY["markup"][:40] in lines[0]


def test_page(world: CompiledGraph) -> None:
    """The page that a user passes on lacks the sentence, the answer or a fact, or says it in the wrong language."""
    page = reason_page(*reason(world, KOREAN, "ko"))
    assert '<html lang="ko">' in page and "<h2>이유</h2>" in page
    assert "<mark>꽃을 심으려고</mark> <mark>땅을 팠다</mark>. 무슨 도구로?" in page
    assert "답: <strong>모종삽</strong>" in page
    assert "<li>모종삽은 꽃을 심다 일에 쓰인다</li>\n<li>모종삽은 땅을 파다 일에 쓰인다</li>" in page
    english = reason_page(*reason(world, ENGLISH, "en"))
    assert "Answer: <strong>trowel</strong>" in english and "<li>trowel is used to plant flowers</li>" in english


def test_plain() -> None:
    """A name is changed where it need not be, or what looks like its whole is its beginning."""
    assert plain("대한 민국  (ROK) 👩‍🚀 é") == "대한 민국 (ROK) 👩‍🚀 é"
    assert plain("abcdef", 4) == "abc…"
    assert plain(" " * 10_000 + "x", 4) == "…"
