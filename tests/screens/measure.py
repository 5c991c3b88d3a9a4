"""What can be measured of a screen: its widest line, its hues, its lowest contrast, words cut short."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from textual.command import CommandPalette
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.widgets.bar import Bar, Note
from tui.widgets.rows import Rows
from tui.widgets.table import Table

CONTRAST, HUES = 4.5, 4
"""The least contrast of a text, and the most hues of a screen."""
_CHROMA = 48
"""What a colour's largest and smallest part differ by at least to be a hue and not a grey."""
_EDGES = " …▁▂▃▄▅▆▇█▏▕│╮╯"


class Measured(NamedTuple):
    """What was measured of one screen."""

    widest: int
    hues: int
    contrast: float
    problems: list[str]


def measure(pilot: Pilot[None]) -> Measured:
    """Measure what is on the screen now; of what stands over a screen, that alone."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()
    inside = _region(screen)
    hues: set[int] = set()
    lowest, worst = 21.0, ""
    for y, strip in enumerate(strips):
        if not inside.y <= y < inside.bottom:
            continue
        for segment in strip.crop(inside.x, inside.right):
            colours = _colours(segment)
            hues |= {hue for colour in colours if (hue := _hue(colour)) is not None}
            if segment.text.strip() and len(colours) == 2 and not _only_lines(segment.text):
                contrast = ratio(*_dimmed(segment, colours))
                if contrast < lowest:
                    lowest, worst = contrast, segment.text.strip()
    problems = [*_clipped(screen, strips), *_outside(screen)]
    problems += [f"{each} scrolls sideways" for each in _sideways(screen)]
    if lowest < CONTRAST:
        problems.append(f"contrast {lowest:.1f} of {worst!r}")
    if len(hues) > HUES:
        problems.append(f"{len(hues)} hues: {sorted(hues)}")
    return Measured(
        max(cell_len(strip.text.rstrip()) for strip in strips), len(hues), lowest, problems
    )


def _region(screen: Any) -> Region:
    if isinstance(screen, CommandPalette):
        # What holds the two is never seen itself, and so is nowhere.
        return Region.from_union(
            [each.region for each in screen.query("CommandInput, CommandList")]
        )
    if isinstance(screen, ModalScreen):
        return screen.query("Vertical").first(Widget).region
    return screen.region


def _only_lines(text: str) -> bool:
    return not any(char.isalnum() for char in text)


def _colours(segment: Segment) -> list[tuple[int, int, int]]:
    style = segment.style
    found = [style.color, style.bgcolor] if style else []
    return [_triplet(colour) for colour in found if colour is not None and not colour.is_default]


def _dimmed(
    segment: Segment, colours: list[tuple[int, int, int]]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The two colours as they are seen: a dim text is half of its ground."""
    text, ground = colours
    if segment.style is not None and segment.style.dim:
        text = tuple((one + other) // 2 for one, other in zip(text, ground))  # type: ignore[assignment]
    return text, ground


def _triplet(colour: Color) -> tuple[int, int, int]:
    return tuple(colour.get_truecolor())  # type: ignore[return-value]


def _hue(colour: tuple[int, int, int]) -> int | None:
    """The hue of a colour in steps of 30 degrees; None for a grey."""
    if max(colour) - min(colour) < _CHROMA:
        return None
    return round(colorsys.rgb_to_hsv(*(part / 255 for part in colour))[0] * 12) % 12


def ratio(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The contrast of two colours as WCAG has it, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _clipped(screen: Any, strips: list[Any]) -> Iterator[str]:
    """Lines whose text goes up to the edge of its widget: whatever was longer was cut without a word."""
    for widget in screen.query("*"):
        if not isinstance(widget, (Bar, Note, Rows, Table)) or not widget.display:
            continue
        region = widget.region
        for y in range(max(0, region.y), min(region.bottom, len(strips))):
            text = strips[y].crop(region.x, region.right).text
            if text and text[-1] not in _EDGES and region.width > 3:
                yield f"cut: {text.strip()[-30:]!r}"


def _outside(screen: Any) -> Iterator[str]:
    """What stands over a screen and has no room there."""
    if isinstance(screen, ModalScreen) and not isinstance(screen, CommandPalette):
        inside = _region(screen)
        for widget in screen.query(Bar):
            if widget.display and not inside.contains_region(widget.region):
                yield f"{widget.id} is outside: {widget.text!r}"


def _sideways(screen: Any) -> list[str]:
    return [
        str(widget.id)
        for widget in (screen, *screen.query("*"))
        if widget.display and widget.max_scroll_x and not isinstance(screen, CommandPalette)
    ]
