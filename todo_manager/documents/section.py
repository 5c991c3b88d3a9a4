"""One mapping of a plan document: its keys are checked and its plain fields read the same way."""

from __future__ import annotations

from collections.abc import Collection

from todo_manager.canonical import Map, Tree, line_of
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.documents.names import unprintable
from todo_manager.problems import Problems, did_you_mean

LATER_KEYS = frozenset({"valid_for", "policy"})
"""Words of the plan format that this version does not act on, and therefore refuses."""


class Section:
    """A mapping at a path of the document; what is wrong with it goes to `problems`."""

    def __init__(self, tree: Map, path: str, problems: Problems) -> None:
        self.tree = tree
        self.path = path
        self.problems = problems
        self._texts: dict[str, str] = {}

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def line(self, key: str) -> int:
        """The line of a key, or of the mapping when it has no such key."""
        return self.tree.key_lines.get(key, self.tree.line)

    def error(self, key: str, message: str) -> None:
        self.problems.error(self.line(key), self.at(key), message)

    def allow(self, known: Collection[str], required: Collection[str]) -> None:
        """Report keys that are unknown and keys that are missing."""
        for key in self.tree:
            if key in LATER_KEYS:
                self.error(key, "not in this version")
            elif key not in known:
                self.error(key, f"unknown key{did_you_mean(key, known)}")
        for key in required:
            if key not in self.tree:
                self.problems.error(self.tree.line, self.path, f"the key {key} is missing")

    def text(self, key: str, *, filled: bool = False) -> str:
        """A text; empty when the key is absent, or after a problem was reported, once.

        `filled`: where the key is given, it has to say something.
        """
        if key in self.tree and key not in self._texts:
            try:
                self._texts[key] = fields.text(self.tree[key])
                if filled and not self._texts[key].strip():
                    raise Wrong("must not be empty")
            except Wrong as wrong:
                self.error(key, str(wrong))
                self._texts[key] = ""
        return self._texts.get(key, "")

    def tags(self) -> tuple[str, ...]:
        """The words under `tags`; each is one printable word."""
        found: list[str] = []
        for index, item in enumerate(self.items("tags")):
            try:
                word = fields.text(item)
                if not word or unprintable(word) or len(word.split()) != 1:
                    raise Wrong(f"{word!r} is not a tag: one word, like backend")
                found.append(word)
            except Wrong as wrong:
                self.problems.error(line_of(item), f"{self.at('tags')}[{index}]", str(wrong))
        return tuple(dict.fromkeys(found))

    def items(self, key: str) -> list[Tree]:
        """A list; empty when the key is absent, or after a problem was reported."""
        value = self.tree.get(key, [])
        if isinstance(value, list):
            return value
        self.error(key, "expected a list")
        return []
