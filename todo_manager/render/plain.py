"""Plain text that cannot play tricks; standard library only.

Plan texts and program output come from anywhere. Escape sequences could redraw the screen or hide a
line, and direction marks could reorder one, so they are shown instead of sent.
"""

from __future__ import annotations

_HIDDEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}
_HIDDEN |= {
    code: f"\\u{code:04x}"
    for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_HIDDEN |= {code: "\\ufffd" for code in range(0xD800, 0xE000)}

GLYPHS = {
    "done": "✔",
    "attested": "✔",
    "running": "▶",
    "regressed": "↺",
    "stale": "~",
    "blocked": "·",
    "errored": "!",
    "failed": "✗",
    "ready": "○",
    "archived": "-",
    "passed": "✔",
    "error": "!",
    "waived": "w",
    "withdrawn": "<",
}


def visible(text: str) -> str:
    """A text with control characters, escapes and direction marks written out; tabs and lines stay."""
    return text.translate(_HIDDEN)


def one_line(text: str, width: int = 0) -> str:
    """A text on one line, cut to a width where one is given."""
    line = " ".join(text.split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def counted(number: int, noun: str) -> str:
    """A number of things in words: `1 plan`, `3 plans`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def standing(state: str, reason: str) -> str:
    """A state and its reason in words: `done, rests on attested 0`, `blocked: it needs phase 1 …`."""
    joint = ", " if state == "done" else ": "
    return f"{state}{joint}{one_line(reason)}" if reason else state


def indent(text: str, by: str) -> str:
    return "\n".join(by + line if line.strip() else "" for line in text.splitlines())
