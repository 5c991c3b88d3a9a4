"""Names made out of text, and which ids may be typed and used without care."""

from __future__ import annotations

import re
import unicodedata

ID_PATTERN = r"[a-z0-9][a-z0-9_.-]*"
"""Ids of YAML plans, and of every plan that scripts may be coupled to by folder name."""

LONGEST_ID = 200
"""Letters of an id: it names a folder, and file systems stop at 255 bytes."""
SLUG_LENGTH = 60

_FORBIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


def is_plain_id(text: str) -> bool:
    """Whether an id needs no quotes in a shell and is safe as a file name: `ID_PATTERN`, whole."""
    return len(text) <= LONGEST_ID and re.fullmatch(ID_PATTERN, text) is not None


def unprintable(text: str) -> str:
    """The first character, as `U+XXXX`, that an id may not hold; empty when there is none.

    Refused are control characters, line ends, lone surrogates and invisible format marks (they
    make two ids look alike); the joiners that emoji and some scripts are written with are not.
    """
    for char in text:
        if unicodedata.category(char) in _FORBIDDEN and char not in _JOINERS:
            return f"U+{ord(char):04X}"
    return ""


def slug(text: str, limit: int = SLUG_LENGTH) -> str:
    """A text as `[a-z0-9-]`, words joined by one `-`, at most `limit` long; may come out empty."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in letters if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].rstrip("-")


def unique(name: str, taken: dict[str, int], limit: int = SLUG_LENGTH) -> str:
    """`name`, or with the first free suffix `-2`, `-3`, … when taken; never longer than `limit`.

    `taken` holds the names given so far with the last suffix tried for each, and is brought up to
    date: a thousand equal names cost a thousand steps, not a million.
    """
    found, count = name, taken.get(name, 1)
    while found in taken:
        count += 1
        suffix = f"-{count}"
        found = name[: limit - len(suffix)].rstrip("-") + suffix
    taken[name] = count
    taken.setdefault(found, 1)
    return found
