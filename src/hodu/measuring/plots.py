"""Plots of the report: inline SVG that takes its colours from the page, so that one drawing serves light and dark."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

from hodu.errors import OutputError
from hodu.measuring.measured import Measured, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Drawn in stand-in colours, each of which becomes a variable of the page's style sheet.
_INK, _QUIET, _GRID = "#010101", "#020202", "#030303"
_ROLES = {"teacher": "#040401", "student": "#040402", "baseline": "#040403", "model": "#040404"}
_VARIABLES = {
    _INK: "--ink",
    _QUIET: "--quiet",
    _GRID: "--grid",
    **{color: f"--{role}" for role, color in _ROLES.items()},
}
_MARKERS = {"teacher": "o", "student": "D", "baseline": "s", "model": "^"}

_LOG_FROM = 20  # a wider range of x than this is drawn on a logarithmic axis
_SCALES = {"bytes": 1e6, "fraction": 0.01}


def scatter(measured: Sequence[Measured], x: str, y: str, *, x_title: str, y_title: str) -> str:
    """An ``<svg>`` with one point a system, its 95 % interval in y, and its name beside it.

    Args:
        x, y: metrics; systems that lack one are left out. Bytes are drawn in millions, fractions in percent.

    Raises:
        OutputError: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OutputError("the report's plots need matplotlib: pip install 'hodu[report]'") from error
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": f"{x}-{y}",
        "font.size": 10,
        "axes.unicode_minus": False,
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # Names in Korean: the browser has the font that matplotlib lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(5.6, 3.8), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, [one for one in measured if x in one.metrics and y in one.metrics], x, y)
        axes.set_xlabel(x_title, color=_QUIET)
        axes.set_ylabel(y_title, color=_QUIET)
        drawn = StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return _for_page(drawn.getvalue(), prefix=f"{x}-{y}-", title=f"{y_title} against {x_title}")


def _draw(axes: Axes, systems: Sequence[Measured], x: str, y: str) -> None:
    xs = [one.metrics[x] / _SCALES.get(unit_of(x, one.task), 1) for one in systems]
    scales = [_SCALES.get(unit_of(y, one.task), 1) for one in systems]
    ys = [one.metrics[y] / scale for one, scale in zip(systems, scales, strict=True)]
    for one, right, up, scale in zip(systems, xs, ys, scales, strict=True):
        low, high = (end / scale for end in one.intervals.get(y, (up * scale, up * scale)))
        role = one.role if one.role in _ROLES else "model"
        axes.plot([right, right], [low, high], color=_ROLES[role], linewidth=1.6, alpha=0.55, solid_capstyle="round")
        axes.plot([right], [up], color=_ROLES[role], marker=_MARKERS[role], markersize=8, linestyle="none")
    _frame(axes, xs)
    _name(axes, systems, xs, ys)


def _frame(axes: Axes, xs: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if min(xs) > 0 and max(xs) / min(xs) > _LOG_FROM:
        axes.set_xscale("log")
        axes.set_xlim(min(xs) / 1.6, max(xs) * 2.5)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        axes.set_xlim(0, max(xs) * 1.22)  # room for the name of the last point
    axes.margins(y=0.12)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=_QUIET, length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_GRID)


def _name(axes: Axes, systems: Sequence[Measured], xs: Sequence[float], ys: Sequence[float]) -> None:
    """Names to the right of the points, pushed up where they would lie on one another."""
    line, reach = 14.0, 90.0  # points; a name is about that wide
    to_points = 72 / axes.figure.dpi
    placed: list[tuple[float, float]] = []
    for one, right, up in sorted(zip(systems, xs, ys, strict=True), key=lambda each: each[2]):
        across, height = axes.transData.transform((right, up)) * to_points
        wanted = height
        while any(abs(wanted - other) < line and abs(across - there) < reach for there, other in placed):
            wanted += 1.0
        placed.append((across, wanted))
        axes.annotate(
            one.system,
            (right, up),
            xytext=(9, wanted - height),
            textcoords="offset points",
            verticalalignment="center",
            color=_INK,
            parse_math=False,
        )


def _for_page(svg: str, *, prefix: str, title: str) -> str:
    """Only the ``<svg>``, as wide as its place, in the page's colours and font, with ids that no other plot has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', rf'\1 role="img" aria-label="{title}"', svg, count=1)
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    svg = re.sub(r'font-family: [^;"]*;? ?', "", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    return svg
