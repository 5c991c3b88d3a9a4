"""What stands over a screen for a moment: questions with answers, a field, the keys, the commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.widgets.bar import Bar
from tui.widgets.rows import EDGE, SCROLLBAR, Rows, Text, text
from tui.words import Piece, wrap

T = TypeVar("T")
_AROUND, _CLOSELY = 9, 4
"""Rows that a dialog needs beside its text: frame, title, keys, and the space between them; none of
that space on a small screen."""
_SMALL, _NARROW = 25, 60
"""Rows and columns below which a screen is small, and narrow."""


class Dialog(ModalScreen[T]):
    """A frame with a title and a text that scrolls where there is no room for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
    ]

    MORE: ClassVar[int] = 0
    """Rows that stand below the text beside the keys."""

    def __init__(self, title: str, lines: Sequence[Text]) -> None:
        super().__init__()
        self._title = title
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Bar(id="title")
            yield Rows(id="said")
            yield from self.below()

    def below(self) -> ComposeResult:
        """What stands below the text."""
        yield Bar(yields=True, id="keys")

    def on_mount(self) -> None:
        self.query_one("#title", Bar).put([(self._title, "strong")])
        self.query_one("#said", Rows).show(self._lines)
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        """Make the text as high as it is, or as there is room."""
        narrow = self.app.size.width < _NARROW
        wide = self.app.size.width * (10 if narrow else 9) // 10
        width = max(20, min(104, wide) - 4 - EDGE - SCROLLBAR - 1)
        rows = sum(len(wrap(line.pieces, width, line.hang)) for line in self._lines)
        said = self.query_one("#said", Rows)
        high = self.app.size.height
        small = high < _SMALL
        room = (high - _CLOSELY if small else high * 92 // 100 - _AROUND) - self.MORE
        self.set_class(small, "-small")
        self.set_class(narrow, "-narrow")
        said.styles.height = max(1, min(rows, room))
        said.display = bool(self._lines)
        self.fitted(whole=rows <= room)

    def fitted(self, *, whole: bool) -> None:
        """Called when the text has got its room; `whole` when it need not be scrolled."""

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        self.query_one("#said", Rows).move(by)

    def action_page(self, direction: int) -> None:
        self.query_one("#said", Rows).page(direction)


class Ask(Dialog[str]):
    """A question with answers side by side. The first one changes nothing, and is the default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right,l", "choose(1)", show=False, priority=True),
        Binding("shift+tab,left,h", "choose(-1)", show=False, priority=True),
        Binding("enter", "answer", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Text], answers: Sequence[str]) -> None:
        super().__init__(title, lines)
        self.answers = tuple(answers)
        self.chosen = 0

    def on_mount(self) -> None:
        self._show_answers()

    def _show_answers(self) -> None:
        pieces: list[Piece] = []
        for place, answer in enumerate(self.answers):
            here = place == self.chosen
            marks = ("▸ ", " ") if here else ("  ", " ")
            pieces += [
                (f"{marks[0]}{answer}{marks[1]}", "strong" if here else "muted"),
                ("   ", ""),
            ]
        self.query_one("#keys", Bar).put(
            pieces,
            [("tab", "key"), (" chooses  ", "muted"), ("enter", "key"), (" answers", "muted")],
        )

    def action_choose(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self.answers)
        self._show_answers()

    def action_answer(self) -> None:
        self.dismiss(self.answers[self.chosen] if self.chosen else None)


class Prompt(Dialog[str], inherit_bindings=False):
    """A field for one line; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    MORE = 3

    def __init__(self, title: str, lines: Sequence[Text], value: str = "", hint: str = "") -> None:
        super().__init__(title, lines)
        self._value = value
        self._hint = hint

    def below(self) -> ComposeResult:
        yield Input(self._value, placeholder=self._hint, id="value", select_on_focus=False)
        yield Bar(id="keys")

    def on_mount(self) -> None:
        self.query_one("#keys", Bar).put(
            [("enter", "key"), (" goes on  ", "muted"), ("esc", "key"), (" leaves it", "muted")]
        )
        self.query_one("#value", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())


class Shown(Dialog[None]):
    """Something to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,enter", "leave", show=False),
        Binding("g,home", "ends(0)", show=False),
        Binding("G,end", "ends(1)", show=False),
    ]

    def fitted(self, *, whole: bool) -> None:
        closes: list[Piece] = [("esc", "key"), (" closes  ", "muted")]
        if not whole:
            closes += [("space", "key"), (" a page", "muted")]
        lines: list[Piece] = [("j k", "key"), (" a line", "muted")]
        self.query_one("#keys", Bar).put(closes, () if whole else lines)

    def action_ends(self, end: int) -> None:
        said = self.query_one("#said", Rows)
        (said.last if end else said.first)()


class Commands(Dialog[str]):
    """The commands of a place, each behind the key that does it; the chosen one is copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "take", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(self, found: Sequence[tuple[str, str, str]]) -> None:
        """`found` holds keys as Textual names them, as people write them, and the command."""
        super().__init__("copy a command", [])
        self._found = list(found)
        self.cursor = 0

    def on_mount(self) -> None:
        self.query_one("#keys", Bar).put(
            [("y", "key"), (" copies the marked one  ", "muted"), ("a key", "key"),
             (" its own", "muted")]
        )  # fmt: skip
        self._show()

    def _show(self) -> None:
        self._lines = [
            text((f"{'▸' if place == self.cursor else ' '} ", ""), (f"{shown:5} ", "key"),
                 (command, "strong" if place == self.cursor else ""), hang=8)
            for place, (_, shown, command) in enumerate(self._found)
        ]  # fmt: skip
        self.query_one("#said", Rows).show(self._lines, stay=True)
        self._fit()

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, len(self._found) - 1))
        self._show()

    def action_take(self) -> None:
        self.dismiss(self._found[self.cursor][2])

    def on_key(self, event: events.Key) -> None:
        for keys, _, command in self._found:
            if event.key in keys.split(",") or event.character in keys.split(","):
                event.stop()
                self.dismiss(command)
                return
