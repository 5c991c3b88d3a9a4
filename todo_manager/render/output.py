"""The two streams of a verb: data on standard output, talk on standard error; standard library only.

Text mode prints lines as they come. JSON mode prints exactly one document at the end, whatever
happened: `{"schema", "command", "ok", "exit", "data"?, "error"?}`.
"""

from __future__ import annotations

import sys

from todo_manager.errors import TodoError
from todo_manager.render.plain import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "todo_manager/1"


class Output:
    """Where a verb puts what it found; `data` is for programs, `say` for people."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.data: Any = None

    def say(self, text: str = "") -> None:
        """A line of the answer, in text mode."""
        if not self.json:
            _write(sys.stdout, visible(text) + "\n")

    def talk(self, text: str) -> None:
        """A line about the work, never part of the answer."""
        _write(sys.stderr, visible(text) + "\n")

    def end(self, command: str, code: int, error: TodoError | None) -> None:
        """Print the error for people, or the whole document for programs."""
        if self.json:
            self._document(command, code, error)
        elif error is not None:
            self.talk(f"todo_manager {command}: {error.message}".replace("  :", ":"))
            if error.hint:
                who = "a person: " if error.person and not error.hint.startswith("a person") else ""
                self.talk(
                    f"  next: {error.hint}"
                    if "a person" in error.hint
                    else f"  next: {who}{error.hint}"
                )

    def _document(self, command: str, code: int, error: TodoError | None) -> None:
        import json

        data = self.data if self.data is not None else (error.data if error else None)
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "command": command,
            "ok": code == 0,
            "exit": code,
        }
        if data is not None:
            document["data"] = data
        if error is not None:
            document["error"] = {
                "kind": str(error.kind),
                "message": error.message,
                "hint": error.hint,
                "person": error.person,
            }
        _write(sys.stdout, json.dumps(document) + "\n")


def _write(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
