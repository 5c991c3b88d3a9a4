"""Two texts as the lines of a unified diff in which nothing can hide from whoever reads it.

Lines end where programs see them end, at `\\n` alone. What shows no ink, moves the cursor or reorders a line
is written out; letters of two alphabets in one word, which may look like one, are named below their line.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator

_NO_END = "(without a line end)"
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols by their category, which are drawn as nothing."""
_MIXED = re.compile(r"(?=\w*[A-Za-z])(?=\w*[\u0370-\u058f\u13a0-\u13ff])\w+")
"""A word of Latin letters and ones that often look the same: Greek, Cyrillic, Armenian, Cherokee."""


def unified(old: str, new: str, name: str) -> tuple[str, ...]:
    """The difference, empty only where the texts are equal; `name` is what both are of."""
    names = f"accepted/{exact(name)}", f"now/{exact(name)}"
    found = difflib.unified_diff(_lines(old), _lines(new), *names, lineterm="")
    return tuple(each for line in found for each in _told(line))


def text_of(data: bytes) -> str:
    """Bytes of a file as text; what is not UTF-8 is written out, so that no two files look the same."""
    return data.decode("utf-8", "backslashreplace")


def exact(text: str) -> str:
    """A text with everything written out that cannot be seen, but blanks and tabs."""
    return "".join(map(_exact, text)) if not text.isascii() or not text.isprintable() else text


def _exact(letter: str) -> str:
    if letter in " \t":
        return letter
    if unicodedata.category(letter) in _UNSEEN or letter in _BLANK_LETTERS:
        code = ord(letter)
        return (
            f"\\x{code:02x}"
            if code < 256
            else f"\\u{code:04x}"
            if code < 65536
            else f"\\U{code:08x}"
        )
    return letter


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, last, _NO_END] if last else lines


def _told(line: str) -> Iterator[str]:
    yield exact(line)
    if line.startswith("+"):
        for word in _MIXED.findall(line):
            others = dict.fromkeys(letter for letter in word if not letter.isascii())
            names = ", ".join(unicodedata.name(letter, f"U+{ord(letter):04X}") for letter in others)
            yield f"? {word} mixes alphabets: {names}"
