"""The words of states and verdicts with their glyph and colour; standard library only.

The word says it all; glyph and colour help the eye. What failed and what could not be looked at share
neither, for they ask for different work.
"""

from __future__ import annotations

from todo_manager.render.plain import GLYPHS

Piece = tuple[str, str]
"""A text and its style; the style is rich's word for it, empty for none."""

ASCII = {
    "✔": "+",
    "✗": "x",
    "▶": ">",
    "↺": "<",
    "·": ".",
    "○": "o",
    "━": "=",
    "─": "-",
    "│": "|",
    "▌": "|",
    "•": "*",
}
"""Our marks where the encoding has no others; they stay as different from each other."""

STYLES = {
    "done": "green",
    "passed": "green",
    "attested": "cyan",
    "running": "blue",
    "regressed": "yellow",
    "stale": "yellow",
    "waived": "yellow",
    "withdrawn": "yellow",
    "failed": "bold red",
    "errored": "bold magenta",
    "error": "bold magenta",
    "ready": "bold",
    "open": "bold",
    "blocked": "dim",
    "archived": "dim",
    "no checks": "dim",
}

DIM = "dim"
STRONG = "bold"
WARNING = "yellow"
COMMAND = "cyan"
REFUSED = "bold red"

STATE = max(len(word) for word in GLYPHS) + 3
"""Columns of the longest state with its glyph and the gap after it."""
VERDICT = len("passed") + 4
"""Columns of a verdict with its glyph and the gap after it."""
