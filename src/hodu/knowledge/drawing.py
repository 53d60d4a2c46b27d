"""A small graph as a picture: SVG that stands alone, follows the reader's light or dark scheme, and is the same each time."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Literal, NamedTuple

from hodu.knowledge.placing import Slot, place
from hodu.knowledge.plain import plain, shortened, width

Role = Literal["mention", "answer", "other"]
_SIZE, _SMALL = 15.0, 12.5  # of letters: names; notes and labels of lines
_NAME, _LABEL = 16.0, 15.0  # em, at most
_LINE, _PADDING, _MARGIN, _BEND = 1.35, 14.0, 18.0, 38.0
_TIP, _APART = 10.0, 12.0  # of an arrow; two lines where they meet a box
_STYLE = """
.hodu-reason text{font-family:system-ui,-apple-system,"Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR",sans-serif;text-anchor:middle;fill:#18181b}
.hodu-reason .page,.hodu-reason .under{fill:#fff}
.hodu-reason .line{fill:none;stroke:#71717a;stroke-width:1.5}.hodu-reason .tip{fill:#71717a}
.hodu-reason .name{font-size:15px}.hodu-reason .note,.hodu-reason .said{font-size:12.5px;fill:#52525b}
.hodu-reason .mention rect{fill:#dbeafe;stroke:#1d4ed8;stroke-width:2;stroke-dasharray:6 3}
.hodu-reason .answer rect{fill:#dcfce7;stroke:#15803d;stroke-width:3.5}.hodu-reason .answer .name{font-weight:700}
.hodu-reason .other rect{fill:#f4f4f5;stroke:#a1a1aa;stroke-width:1}
@media (prefers-color-scheme:dark){
.hodu-reason text{fill:#fafafa}.hodu-reason .page,.hodu-reason .under{fill:#18181b}
.hodu-reason .line{stroke:#a1a1aa}.hodu-reason .tip{fill:#a1a1aa}.hodu-reason .note,.hodu-reason .said{fill:#d4d4d8}
.hodu-reason .mention rect{fill:#172554;stroke:#60a5fa}.hodu-reason .answer rect{fill:#052e16;stroke:#4ade80}
.hodu-reason .other rect{fill:#27272a;stroke:#71717a}}
"""


class Node(NamedTuple):
    """A box: its name, what stands small beneath it ("" for nothing), and what it is in the reason."""

    name: str
    note: str
    role: Role


class Edge(NamedTuple):
    """An arrow from one node to another, by their places."""

    subject: int
    object: int
    label: str


class _Drawn(NamedTuple):
    """An edge with the slots that its line goes through; the line begins at its left end, or at its subject where both ends are in one column."""

    slots: list[Slot]
    label: Slot
    edge: Edge


def draw(nodes: Sequence[Node], edges: Sequence[Edge], title: str) -> str:
    """The graph as SVG: mentions on the left, the answer on the right, the others between by their distance from a mention."""
    boxes = [_box(node, column) for node, column in zip(nodes, _columns(nodes, edges), strict=True)]
    last = max((box.column for box in boxes), default=0)
    columns: list[list[Slot]] = [[] for _ in range(last + 2)]
    for box in boxes:
        columns[box.column].append(box)
    drawn = [_line(boxes, edge, columns, last) for edge in edges]
    _heighten(boxes, drawn)
    place(columns, fixed=0, bend=_BEND)
    slots = [slot for column in columns for slot in column]
    wide = max((slot.x + slot.width / 2 for slot in slots), default=0.0) + 2 * _MARGIN
    high = max((slot.y + slot.height / 2 for slot in slots), default=0.0) + 2 * _MARGIN
    sides = [max((slot.width / 2 for slot in column), default=0.0) for column in columns]
    inside = [_path(one, boxes, nodes, ends, sides) for one, ends in zip(drawn, _ports(drawn), strict=True)]
    inside += [_said(one) for one in drawn]
    inside += [_node(node, box) for node, box in zip(nodes, boxes, strict=True)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="hodu-reason" role="img" width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}">',
            f"<title>{escape(plain(title))}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{wide:.0f}" height="{high:.0f}"/>',
            f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
            *inside,
            "</g>\n</svg>\n",
        ]
    )


def _columns(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[int]:
    """The column of each node: even numbers; labels of lines stand in the odd ones between."""
    beside: list[list[int]] = [[] for _ in nodes]
    for edge in edges:
        beside[edge.subject].append(edge.object)
        beside[edge.object].append(edge.subject)
    distance = {number: 0 for number, node in enumerate(nodes) if node.role == "mention"}
    waiting = deque(distance)
    while waiting:
        number = waiting.popleft()
        for other in beside[number]:
            if other not in distance and nodes[other].role == "other":
                distance[other] = distance[number] + 1
                waiting.append(other)
    layers = [distance.get(number, 1) for number in range(len(nodes))]
    furthest = max((layers[number] for number, node in enumerate(nodes) if node.role != "answer"), default=-1)
    layers = [furthest + 1 if node.role == "answer" else layers[number] for number, node in enumerate(nodes)]
    used = sorted(set(layers))
    return [2 * used.index(layer) for layer in layers]


def _box(node: Node, column: int) -> Slot:
    bold = 1.08 if node.role == "answer" else 1.0
    wide = max(bold * _SIZE * width(_name(node)), _SMALL * width(_note(node)))
    high = _LINE * (_SIZE + (_SMALL if node.note else 0.0)) + _PADDING
    round_ends = high / 2 if node.role == "answer" else 0.0
    return Slot(wide + 2 * _PADDING + round_ends, high, column)


def _name(node: Node) -> str:
    return shortened(plain(node.name), _NAME)


def _note(node: Node) -> str:
    return shortened(plain(node.note), _NAME)


def _label(edge: Edge) -> str:
    return shortened(plain(edge.label), _LABEL)


def _line(boxes: Sequence[Slot], edge: Edge, columns: Sequence[list[Slot]], last: int) -> _Drawn:
    """Puts a slot for the label, and one wherever the line passes, into the columns between its ends."""
    one, other = boxes[edge.subject], boxes[edge.object]
    if one.column > other.column:
        one, other = other, one
    if one.column == other.column:
        between = [one.column + 1 if one.column < last or last == 0 else one.column - 1]
    else:
        between = list(range(one.column + 1, other.column))
    emptiest = min((column for column in between if column % 2), key=lambda column: len(columns[column]))
    made = []
    for column in between:
        is_label = column == emptiest
        size = (_SMALL * width(_label(edge)) + 12.0, _SMALL * _LINE + 4.0) if is_label else (0.0, 2.0)
        made.append(Slot(*size, column))
        columns[column].append(made[-1])
    slots = [one, *made, other]
    for left, right in pairwise(slots):
        left.near.append(right)
        right.near.append(left)
    return _Drawn(slots, made[between.index(emptiest)], edge)


def _heighten(boxes: Sequence[Slot], drawn: Sequence[_Drawn]) -> None:
    """Makes boxes high enough for the tips of all lines on a side."""
    lines: Counter[tuple[Slot, bool]] = Counter()
    for one in drawn:
        for box, beside in ((one.slots[0], one.slots[1]), (one.slots[-1], one.slots[-2])):
            lines[box, beside.column > box.column] += 1
    for box in boxes:
        box.height = max(box.height, _APART * max(lines[box, False], lines[box, True]) + _PADDING)


def _ports(drawn: Sequence[_Drawn]) -> list[list[float]]:
    """The heights at which the two ends of each line meet their boxes: lines of one side are spread, in the order of where they go."""
    sides: dict[tuple[Slot, bool], list[tuple[float, int, int]]] = {}
    for number, one in enumerate(drawn):
        for end, (box, beside) in enumerate(((one.slots[0], one.slots[1]), (one.slots[-1], one.slots[-2]))):
            sides.setdefault((box, beside.column > box.column), []).append((beside.y, number, end))
    ports = [[0.0, 0.0] for _ in drawn]
    for (box, _), ends in sides.items():
        for rank, (_, number, end) in enumerate(sorted(ends)):
            ports[number][end] = box.y + _APART * (rank - (len(ends) - 1) / 2)
    return ports


def _path(one: _Drawn, boxes: Sequence[Slot], nodes: Sequence[Node], ends: list[float], sides: Sequence[float]) -> str:
    """The line, level inside columns and bent between them, and its tip at the object."""
    slots, heights = one.slots, [ends[0], *(slot.y for slot in one.slots[1:-1]), ends[1]]
    ways = [1 if after.column > before.column else -1 for before, after in pairwise(slots)]
    tip_first = boxes[one.edge.object] is slots[0] and boxes[one.edge.subject] is not slots[0]
    rims = [
        slot.x + way * _reach(slot, nodes[boxes.index(slot)], height)
        for slot, way, height in ((slots[0], ways[0], ends[0]), (slots[-1], -ways[-1], ends[1]))
    ]
    inset = _TIP - 2.0
    drawn = f"M{rims[0] + (inset * ways[0] if tip_first else 0):.1f} {ends[0]:.1f}"
    for number, way in enumerate(ways):
        before, after = slots[number], slots[number + 1]
        leave, come = before.x + way * sides[before.column], after.x - way * sides[after.column]
        bend, low, high = (leave + come) / 2, heights[number], heights[number + 1]
        drawn += f"L{leave:.1f} {low:.1f}C{bend:.1f} {low:.1f} {bend:.1f} {high:.1f} {come:.1f} {high:.1f}"
        if number + 1 < len(ways):
            drawn += f"L{after.x:.1f} {high:.1f}"
    drawn += f"L{rims[1] - (0 if tip_first else inset * ways[-1]):.1f} {ends[1]:.1f}"
    x, y, way = (rims[0], ends[0], -ways[0]) if tip_first else (rims[1], ends[1], ways[-1])
    back = x - way * _TIP
    tip = f"M{x:.1f} {y:.1f}L{back:.1f} {y - _TIP / 2:.1f}L{back:.1f} {y + _TIP / 2:.1f}Z"
    return f'<path class="line" d="{drawn}"/>\n<path class="tip" d="{tip}"/>'


def _reach(box: Slot, node: Node, height: float) -> float:
    """How far the box's rim is from its middle at a height: an answer has round ends."""
    if node.role != "answer":
        return box.width / 2
    radius = box.height / 2
    return box.width / 2 - radius + math.sqrt(max(radius**2 - (height - box.y) ** 2, 0.0))


def _said(one: _Drawn) -> str:
    slot, label = one.label, _label(one.edge)
    return (
        f'<g><title>{escape(plain(one.edge.label))}</title><rect class="under" {_at(slot)}/>'
        f'<text class="said" x="{slot.x:.1f}" y="{slot.y + 0.35 * _SMALL:.1f}">{escape(label)}</text></g>'
    )


def _node(node: Node, box: Slot) -> str:
    """A mention has nearly square corners and a broken rim, an answer round ends, a thick rim and bold letters: who sees no colours sees the same."""
    corner = {"mention": 4.0, "answer": box.height / 2, "other": 9.0}[node.role]
    first = box.y + 0.35 * _SIZE - (_LINE * _SMALL / 2 if node.note else 0.0)
    note = f'<text class="note" x="{box.x:.1f}" y="{first + _LINE * _SIZE:.1f}">{escape(_note(node))}</text>'
    return (
        f'<g class="{node.role}"><title>{escape(plain(node.name))}</title><rect {_at(box)} rx="{corner:.1f}"/>'
        f'<text class="name" x="{box.x:.1f}" y="{first:.1f}">{escape(_name(node))}</text>{note if node.note else ""}</g>'
    )


def _at(slot: Slot) -> str:
    left, top = slot.x - slot.width / 2, slot.y - slot.height / 2
    return f'x="{left:.1f}" y="{top:.1f}" width="{slot.width:.1f}" height="{slot.height:.1f}"'
