"""Ids and paths as they stand in a command to type; standard library only."""

from __future__ import annotations

_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=@,+%")


def word(text: str) -> str:
    """A text as one word of a shell. Imported ids hold blanks, quotes, even whole commands."""
    if text and _HARMLESS.issuperset(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
