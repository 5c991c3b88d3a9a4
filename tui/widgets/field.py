"""A line to type into above a list: what is typed is looked for as it is typed."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui.widgets.bar import Bar


class Field(Bar):
    """Takes keys from the application while it is open; it never has Textual's focus.

    Focus moves after the key that asked for it, so that letters typed right behind it would be taken for
    keys of actions.
    """

    DEFAULT_CSS = "Field { display: none; }"

    class Changed(Message):
        """What is typed is another text now."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, hint: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hint = hint
        self.value = ""
        self.open = False
        """Whether keys are letters for it."""

    def begin(self) -> None:
        """Take letters from now on."""
        self.open = self.display = True
        self._show()

    def end(self, *, keep: bool) -> None:
        """Take no more letters; what was typed stays, or is forgotten."""
        self.open = False
        if not keep and self.value:
            self._set("")
        self.display = bool(self.value)
        self._show()

    def add(self, text: str) -> None:
        """Put a text behind what was typed."""
        self._set(self.value + text)

    def take(self, event: events.Key) -> bool:
        """Take a key; whether it was one for a field."""
        if event.key == "enter":
            self.end(keep=True)
        elif event.key == "escape":
            self.end(keep=False)
        elif event.key in ("backspace", "ctrl+h"):
            self._set(self.value[:-1])
        elif event.key == "ctrl+w":
            self._set(self.value.rstrip().rpartition(" ")[0])
        elif event.key == "ctrl+u":
            self._set("")
        elif event.is_printable and event.character:
            self.add(event.character)
        else:
            return False
        return True

    def _set(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(value))
        self._show()

    def _show(self) -> None:
        cursor = ("▏", "strong") if self.open else ("", "")
        hint = (self._hint, "muted") if not self.value else ("", "")
        self.put([("/ ", "key"), (self.value, "strong"), cursor, hint])
