"""Lines for people about what `doctor` found: the word of its level, its glyph, what was seen."""

from __future__ import annotations

from todo_manager.doctor.base import Finding, Level
from todo_manager.render.output import Output
from todo_manager.render.palette import COMMAND, DIM, REFUSED, STRONG, STYLES, WARNING
from todo_manager.render.plain import GLYPHS, one_line
from todo_manager.render.screen import Screen

_GLYPHS = {
    Level.OK: GLYPHS["passed"],
    Level.WARNING: GLYPHS["stale"],
    Level.PROBLEM: GLYPHS["failed"],
}
_COLOURS = {Level.OK: STYLES["passed"], Level.WARNING: WARNING, Level.PROBLEM: REFUSED}
_LEVEL = max(map(len, Level)) + 3
"""Columns of a level with its glyph and the gap after it."""


def tell(finding: Finding, output: Output) -> None:
    """One finding, and below it what to type."""
    label = f"{finding.level} {_GLYPHS[finding.level]}"
    if output.screen:
        return _draw(finding, label, Screen(output))
    output.say(f"{label:{_LEVEL}}{finding.name}: {one_line(finding.said)}")
    if finding.hint:
        output.say(f"{'':{_LEVEL}}next: {finding.hint}")


def _draw(finding: Finding, label: str, screen: Screen) -> None:
    level = (screen.ours(label), _COLOURS[finding.level])
    name, said = (f"{finding.name}: ", STRONG), (screen.single(finding.said), "")
    hang = 2 if screen.narrow else _LEVEL
    if screen.narrow:
        screen.line(level, ("  ", ""), name, said, hang=hang)
    else:
        screen.line(name, said, label=level, hang=hang)
    if finding.hint:
        screen.line(("next: ", DIM), (finding.hint, COMMAND), indent=hang, hang=hang + 6)
