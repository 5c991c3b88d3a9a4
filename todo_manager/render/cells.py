"""How wide a text is where every letter takes one cell or two; standard library only."""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """The cells a text takes on one line: wide letters two, combining marks none."""
    return sum(_width(letter) for letter in text)


def cut(text: str, room: int) -> str:
    """A text cut to so many cells, its last one an ellipsis where something is left out."""
    if cells(text) <= room:
        return text
    reach = 0
    for n, letter in enumerate(text):
        reach += _width(letter)
        if reach > room - 1:
            return text[:n].rstrip() + "…"
    return text


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
