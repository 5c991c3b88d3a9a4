"""The two streams of a verb: data on standard output, talk on standard error; standard library only.

Text mode prints lines as they come; where standard output is a terminal, what draws there (`Screen`)
writes through here too. JSON mode prints exactly one document at the end, whatever happened:
`{"schema", "command", "ok", "exit", "data"?, "error"?}`. With --events, lines about the run come before
it, and it says `"event": "result"` itself.

Writing never raises. A reader that left (`| head -1`), a full disk or a terminal that is gone must
neither stop a run half way nor change what its exit code says.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from todo_manager.errors import TodoError

SCHEMA = "todo_manager/1"


class Output:
    """Where a verb puts what it found; `data` is for programs, `say` for people."""

    def __init__(self, *, json: bool, events: bool = False) -> None:
        self.json = json or events
        """Whether the answer is for a program."""
        self.events = events
        """Whether a program wants to hear of every step."""
        self.quiet = False
        """Whether the answer is a document in a format of its own, which the verb gives to `put`."""
        self.data: Any = None
        self.lost: OSError | None = None
        """Why a part of the answer could not be written; None also when its reader left early."""

    def say(self, text: str = "") -> None:
        """A line of the answer, in text mode."""
        if not self.json and not self.quiet:
            self._answer(_line(text))

    def talk(self, text: str) -> None:
        """A line about the work, never part of the answer; in order with the lines before it."""
        self._answer("")
        _write("stderr", _line(text))

    @property
    def screen(self) -> bool:
        """Whether the answer goes to a terminal, for a person to read."""
        return not self.json and not self.quiet and sys.stdout.isatty()

    @property
    def live(self) -> bool:
        """Whether talk goes to a terminal as well."""
        return self.screen and sys.stderr.isatty()

    def put(self, text: str) -> None:
        """A part of the answer as it is; it must come from what draws, not from a plan."""
        self._answer(text)

    def draw(self, text: str) -> None:
        """Talk as it is, sent at once; it must come from what draws, not from a plan."""
        _write("stderr", text)
        _write("stderr", "")

    def tell(self, event: dict[str, Any]) -> None:
        """A line about the run, for a program that asked for events; sent at once."""
        from todo_manager import jsontext

        self._answer(jsontext.dumps({"schema": SCHEMA} | event) + "\n")
        self._answer("")

    def flush(self) -> None:
        """Hand everything written so far to the system."""
        self._answer("")
        _write("stderr", "")

    def _answer(self, text: str) -> None:
        self.lost = _write("stdout", text) or self.lost

    def end(self, command: str, code: int, error: TodoError | None) -> None:
        """Print the error for people, or the whole document for programs."""
        if self.json:
            self._document(command, code, error)
        elif error is not None and self.live:
            from todo_manager.render import refusal_screen

            refusal_screen.tell(command, error, self)
        elif error is not None:
            self.talk(f"{' '.join(['todo_manager', command]).strip()}: {error.message}")
            if error.hint:
                self.talk(f"  next: {error.hint}")

    def _document(self, command: str, code: int, error: TodoError | None) -> None:
        from todo_manager import jsontext

        data = self.data if self.data is not None else (error.data if error else None)
        document: dict[str, Any] = {
            "schema": SCHEMA,
            **({"event": "result"} if self.events else {}),
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
        self._answer(jsontext.dumps(document) + "\n")


def _line(text: str) -> str:
    from todo_manager.render.plain import visible  # most runs in JSON mode say nothing

    return visible(text) + "\n"


def _write(name: str, text: str) -> OSError | None:
    """Write to a standard stream, or flush it when there is no text; what went wrong, if it matters.

    After a failure the stream leads nowhere: what is still buffered must not fail a second time.
    """
    stream = getattr(sys, name)
    try:
        if text:
            _encoded(stream, text)
        else:
            stream.flush()
    except OSError as problem:
        setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - lives as long as the process
        return None if isinstance(problem, BrokenPipeError) else problem
    return None


def _encoded(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
