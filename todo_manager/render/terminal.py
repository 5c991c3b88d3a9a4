"""What the terminal can show: how wide it is, whether it takes colours, which glyphs; standard library.

Reads come here only when standard output is a terminal, and before anything heavy is imported: the
head line of an answer is on the screen while the rest is still being drawn.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from todo_manager.render.output import Output

FALLBACK = (80, 24)
"""Columns and rows of a terminal that does not say how large it is."""


def size(stream: TextIO | None = None) -> tuple[int, int]:
    """Columns and rows of the terminal a stream leads to; standard output's when none is given."""
    try:
        columns, rows = os.get_terminal_size((stream or sys.stdout).fileno())
    except (OSError, ValueError):
        return FALLBACK
    return columns or FALLBACK[0], rows or FALLBACK[1]


def text_columns() -> int:
    """Columns for running text, like that of a help: those of the terminal, at most 80."""
    return max(24, min(FALLBACK[0], size()[0]))


def can_move() -> bool:
    """Whether it understands escape sequences: TERM names a terminal, and not a dumb one."""
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def has_colours() -> bool:
    """Whether colours are wanted there (https://no-color.org); bold and dim are no colours."""
    return can_move() and not os.environ.get("NO_COLOR")


def ascii_only() -> bool:
    """Whether marks and rules must be ASCII: by the stream's encoding, or because somebody says so."""
    if os.environ.get("TODO_MANAGER_ASCII", "") not in ("", "0"):
        return True
    return encoding().replace("-", "").lower() != "utf8"


def encoding() -> str:
    """The encoding of standard output."""
    return getattr(sys.stdout, "encoding", None) or "ascii"


def at_once(text: str, output: Output) -> bool:
    """Show a head line without waiting for what draws the rest; False leaves it to that.

    Only what needs no measuring: printable ASCII that fits on one line.
    """
    if not (text.isascii() and text.isprintable()) or len(text) >= size()[0]:
        return False
    output.put(f"\x1b[1m{text}\x1b[0m\n" if can_move() else f"{text}\n")
    output.flush()
    return True
