"""Collects everything wrong with a document, so that its author sees all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from todo_manager.errors import InvalidDocument
from todo_manager.shellword import word


class Problems:
    """Problems (they refuse the document) and warnings (they are shown) of one file.

    Each is one line `file:line: path: what is wrong`; without a known line `file: path: …`.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, line: int, path: str, message: str) -> None:
        self.errors.append(self._text(line, path, message))

    def warn(self, line: int, path: str, message: str) -> None:
        self.warnings.append(self._text(line, path, message))

    def raise_if_any(self) -> None:
        """Raise InvalidDocument with every problem found so far, in the order of their lines."""
        if self.errors:
            raise InvalidDocument(
                sorted(self.errors, key=self._line),
                hint=f"correct {self.source}, then: todo_manager lint {word(self.source)}",
            )

    def _line(self, text: str) -> int:
        line = text.removeprefix(f"{self.source}:").partition(":")[0]
        return int(line) if line.isdecimal() else 0

    def _text(self, line: int, path: str, message: str) -> str:
        place = f"{self.source}:{line}" if line else self.source
        return f"{place}: {path}: {message}" if path else f"{place}: {message}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing when no known word is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
