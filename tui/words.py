"""Texts from anywhere, made fit for a screen: cut or wrapped to cells, and the tone of a word.

Everything shown of a plan came from anywhere. It is put on the screen as plain pieces with their
control characters written out; no text is ever read as markup.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from todo_manager.render.palette import ASCII
from todo_manager.render.plain import GLYPHS, one_line, visible

Piece = tuple[str, str]
"""A text and its tone: one of TONES, empty for the ordinary one."""
Line = Sequence[Piece]

TONES = (
    "muted", "strong", "key", "done", "attested", "failed", "errored", "warn", "running",
)  # fmt: skip
"""What a text can be beside ordinary; `themes.py` gives each its colour, `widgets/` its style."""

_TONE_OF = {
    "done": "done",
    "passed": "done",
    "renewed": "done",
    "ok": "done",
    "attested": "attested",
    "running": "running",
    "regressed": "warn",
    "stale": "warn",
    "waived": "warn",
    "withdrawn": "warn",
    "moved": "warn",
    "warning": "warn",
    "failed": "failed",
    "refused": "failed",
    "problem": "failed",
    "errored": "errored",
    "error": "errored",
    "ready": "strong",
    "open": "strong",
    "blocked": "muted",
    "archived": "muted",
    "no checks": "muted",
    "waiting": "muted",
    "cancelled": "muted",
}
_MORE_GLYPHS = {
    "renewed": "✔",
    "refused": "✗",
    "ok": "✔",
    "warning": "~",
    "problem": "✗",
    "waiting": "·",
    "cancelled": "-",
}
_ASCII = str.maketrans(ASCII | {"▸": ">", "›": ">", "…": "~", "┊": "|", "▰": "#", "▱": "."})
BRIEF = 48
"""Cells of a subject that are shown where its verdict is what counts."""
STATE = max(len(word) for word in GLYPHS) + 2
"""Cells of the longest state with its glyph."""


def tone_of(word: str) -> str:
    """The tone of a state or verdict; the ordinary one for a word nobody knows here."""
    return _TONE_OF.get(word.partition(",")[0], "")


def state_text(word: str, width: int = 0) -> str:
    """A state as its word, padded to `width`, and then its glyph."""
    known = word.partition(",")[0]
    glyph = GLYPHS.get(known, _MORE_GLYPHS.get(known, ""))
    return ours(f"{word:{width}} {glyph}".rstrip()) if width else ours(f"{word} {glyph}".rstrip())


@functools.cache
def plain_signs() -> bool:
    """Whether signs and lines are to be ASCII."""
    return bool(os.environ.get("TODO_MANAGER_ASCII"))


def ours(text: str) -> str:
    """A text of ours with the marks this terminal can show."""
    return text.translate(_ASCII) if plain_signs() else text


def single(text: str) -> str:
    """A text from anywhere on one line, nothing hidden."""
    return visible(one_line(text))


def fit(text: str, width: int) -> str:
    """A text from anywhere as exactly `width` cells: one line, nothing hidden, cut with an ellipsis."""
    line = single(text)
    if cell_len(line) > width:
        line = set_cell_size(line, max(0, width - 1)) + "…"
    return set_cell_size(line, width)


def brief(text: str, room: int = 0) -> str:
    """The beginning of a text from anywhere, where what comes after it must be seen, too."""
    return fit(text, max(BRIEF, room)).rstrip()


def wrap(line: Line, width: int, hang: int = 0) -> list[Line]:
    """A line of pieces as rows of at most `width` cells, broken between words where that can be.

    Rows after the first are indented by `hang`. Control characters are written out, tabs are spaces.
    """
    pieces = [(visible(text.expandtabs(4)).replace("\n", " "), tone) for text, tone in line]
    whole = "".join(text for text, _ in pieces)
    if len(whole) <= width and whole.isascii():
        return [pieces]
    hang = min(hang, max(0, width - 8))
    return _broken(pieces, max(1, width), hang)


_WORDS = re.compile(r" +|[^ ]+")


def _broken(pieces: Iterable[Piece], width: int, hang: int) -> list[Line]:
    rows: list[list[Piece]] = [[]]
    used = 0
    for text, tone in pieces:
        for word in _WORDS.findall(text):
            used = _place(rows, used, word, tone, width, hang)
    return list(rows)


def _place(rows: list[list[Piece]], used: int, word: str, tone: str, width: int, hang: int) -> int:
    """Put one word or run of spaces at the end; how many cells the last row then takes."""
    size = cell_len(word)
    if used + size > width and word.isspace() and (used > hang or len(rows) > 1):
        rows.append([(" " * hang, "")])
        return hang
    if used + size > width and size <= width - hang and used > hang:
        rows.append([(" " * hang, "")])
        used = hang
    while used + size > width:
        room = width - used
        head, word = _split(word, room)
        rows[-1].append((head, tone))
        rows.append([(" " * hang, "")])
        used, size = hang, cell_len(word)
    rows[-1].append((word, tone))
    return used + size


def _split(word: str, room: int) -> tuple[str, str]:
    """The characters of a word that fit into `room` cells (one at the least), and the rest."""
    used = 0
    for place, char in enumerate(word):
        used += cell_len(char)
        if used > room and place:
            return word[:place], word[place:]
    return word[:1], word[1:]


def seconds(value: float) -> str:
    """A duration in at most six cells: `0.04s`, `12.3s`, `4m05s`, `2h10m`."""
    if value < 10:
        return f"{value:.2f}s"
    if value < 60:
        return f"{value:.1f}s"
    if value < 3600:
        return f"{int(value) // 60}m{int(value) % 60:02}s"
    return f"{int(value) // 3600}h{int(value) % 3600 // 60:02}m"


def clock() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


def age(at: str) -> str:
    """How long ago a stored time was, in at most four cells: `now`, `5m`, `3h`, `12d`, `2y`."""
    try:
        then = datetime.fromisoformat(at.replace("Z", "+00:00"))
    except ValueError:
        return ""
    passed = (clock() - then).total_seconds()
    if passed < 60:
        return "now"
    for size, unit in ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m")):
        if passed >= size:
            return f"{int(passed // size)}{unit}"
    return ""


def size(number: int) -> str:
    """A number of bytes as people write it: `0 B`, `12.4 kB`."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return ""


def short(path: str) -> str:
    """A folder as people write it, with ~ for their home."""
    home = os.path.expanduser("~")
    inside = path == home or path.startswith(home.rstrip("/") + "/")
    return visible("~" + path[len(home) :] if inside and home != "/" else path)


def short_digest(digest: str) -> str:
    """The beginning of a digest, with its algorithm left out."""
    return digest.removeprefix("sha256:")[:12]
