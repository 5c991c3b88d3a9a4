"""The needs of a plan as a drawing (SVG) that stands inside the page and takes its colours from it."""

from __future__ import annotations

from typing import Any, NamedTuple

from todo_manager import needs
from todo_manager.render.cells import cut
from todo_manager.render.plain import GLYPHS, one_line, visible
from todo_manager.render.report.layers import Layout, Line, layout
from todo_manager.render.report.markup import Markup, el

WIDTH, HEIGHT = 192, 46
"""Of a box, in pixels."""
_ACROSS, _DOWN = WIDTH + 20, HEIGHT + 26
_CELLS = 22
"""How much of a title fits into a box: nobody measures letters here."""
_MARGIN = 10


class Picture(NamedTuple):
    """A drawing, and how wide it is in pixels."""

    svg: Markup
    width: int


def picture(phases: list[dict[str, Any]]) -> Picture:
    """The phases of a plan as `show` has them, each below all it needs."""
    found = layout(needs.of(phases))
    across = round(found.columns * _ACROSS + 2 * _MARGIN)
    height = (found.layers - 1) * _DOWN + HEIGHT + 2 * _MARGIN
    svg = el(
        "svg",
        _arrow(),
        [_line(line) for line in found.lines],
        [_box(phase, *_corner(found, n)) for n, phase in enumerate(phases)],
        class_="picture",
        role="img",
        aria_label=f"{len(phases)} phases and what each of them needs; the table says the same",
        width=across,
        height=height,
        viewBox=f"0 0 {across} {height}",
    )
    return Picture(svg, across)


def _arrow() -> Markup:
    tip = el("path", d="M0,0 L8,4 L0,8 z", class_="tip")
    marker = el(
        "marker", tip, id="tip", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=7, markerHeight=7,
        orient="auto",
    )  # fmt: skip
    return el("defs", marker)


def _corner(found: Layout, index: int) -> tuple[float, float]:
    column, layer = found.places[index]
    return _x(column) - WIDTH / 2, _y(layer)


def _x(middle: float) -> float:
    return middle * _ACROSS + _MARGIN


def _y(layer: int) -> float:
    """The upper edge of a layer."""
    return layer * _DOWN + _MARGIN


def _box(phase: dict[str, Any], x: float, y: float) -> Markup:
    title = f"{phase['index']}. {one_line(visible(phase['title']))}"
    state = phase["state"]
    return el(
        "g",
        el("title", f"{title}: {state}"),
        el("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=WIDTH, height=HEIGHT, rx=9),
        el("text", cut(title, _CELLS), x=f"{x + 12:.1f}", y=f"{y + 19:.1f}", class_="name"),
        el("text", f"{GLYPHS[state]} {state}", x=f"{x + 12:.1f}", y=f"{y + 36:.1f}"),
        class_=f"box s-{state}",
    )


def _line(line: Line) -> Markup:
    """From the lower edge of a box, straight past others, to the upper edge of another."""
    (column, layer), *rest = line.points
    path = f"M{_x(column):.1f},{_y(layer) + HEIGHT:.1f}"
    here, height = _x(column), _y(layer) + HEIGHT
    for column, layer in rest:
        x, y = _x(column), _y(layer)
        middle = (height + y) / 2
        path += f" C{here:.1f},{middle:.1f} {x:.1f},{middle:.1f} {x:.1f},{y:.1f}"
        here, height = x, y
        if (column, layer) != rest[-1]:
            height += HEIGHT
            path += f" V{height:.1f}"
    return el("path", d=path, class_="line", marker_end="url(#tip)")
