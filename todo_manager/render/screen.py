"""Lines for a terminal of any width: wrapped at words, never wider than it, nothing lost.

Texts of plans and programs arrive as they are. They are made visible and encodable here and become
`rich.text.Text`, never markup: what a plan says can neither draw nor move anything.

rich is imported when the first line is drawn, not with this module: most runs draw nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from todo_manager.render import terminal
from todo_manager.render.palette import ASCII, STRONG, STYLES, WARNING
from todo_manager.render.plain import GLYPHS, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from todo_manager.render.output import Output
    from todo_manager.render.palette import Piece

PROSE = 100
"""Columns after which running text is wrapped however wide the terminal is."""
NARROW = 60
"""Below so many columns things stand under each other instead of side by side."""
LEAST = 16
"""Columns that a text beside a label gets at least; else it stands below the label."""
LONGEST = 4000
"""Characters of one line of a plan or program that are shown; the cut is shown too."""

_DOTS = "..."
_MARKS = str.maketrans(ASCII)


class Screen:
    """Draws to standard output, or to standard error, through the Output that owns the streams."""

    def __init__(self, output: Output, stream: TextIO | None = None) -> None:
        self._output = output
        self._stream = stream or sys.stdout
        self.width = terminal.size(self._stream)[0]
        self.narrow = self.width < NARROW
        self.ascii = terminal.ascii_only()
        self._encoding = getattr(self._stream, "encoding", None) or "ascii"
        self._drawing: Console | None = None
        self._apart = False

    @property
    def _console(self) -> Console:
        """rich's console as we want it, whatever the environment tells it to guess."""
        if self._drawing is None:
            from rich.console import Console
            from rich.theme import Theme

            self._drawing = Console(
                file=sys.stderr,  # nothing is printed: what it draws is captured
                force_terminal=True,
                color_system="standard" if terminal.can_move() else None,
                no_color=not terminal.has_colours(),
                legacy_windows=False,
                width=self.width,
                height=25,
                highlight=False,
                markup=False,
                emoji=False,
                theme=Theme(_THEME),
            )
        return self._drawing

    def ours(self, text: str) -> str:
        """A text of ours with the marks this terminal can show."""
        return text.translate(_MARKS) if self.ascii else text

    def shown(self, text: str) -> str:
        """A text of anybody's: no control characters, nothing the encoding lacks."""
        safe = visible(text)
        return safe.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def state(self, word: str) -> Piece:
        """A state or verdict: the word, its glyph, its colour."""
        return self.ours(f"{word} {GLYPHS.get(word, '')}".rstrip()), STYLES.get(word, "")

    def verdict(self, word: str) -> Piece:
        """A verdict, padded so that its glyph stands below those of the lines above."""
        return self.ours(f"{word:6} {GLYPHS.get(word, '')}"), STYLES.get(word, "")

    def single(self, text: str) -> str:
        """A text on one line, of a length that still fits a screen."""
        line = " ".join(text.split())
        return line if len(line) <= LONGEST else line[: LONGEST - len(_DOTS)] + _DOTS

    def line(self, *pieces: Piece, label: Piece = ("", ""), indent: int = 0, hang: int = 0) -> None:
        """One line of the answer, or as many rows as it takes; see `rows`."""
        self.put(self.rows(*pieces, label=label, indent=indent, hang=hang))

    def rows(
        self,
        *pieces: Piece,
        label: Piece = ("", ""),
        indent: int = 0,
        hang: int = 0,
        width: int = 0,
    ) -> list[str]:
        """Rows that hold a label at column `indent` and the pieces from column `hang` on.

        Without a label the first row begins at `indent`. A label that is too long for its place, or a
        place that leaves too little beside it, puts the pieces below it. `width` is the last column
        used, the terminal's where it is 0.
        """
        width = min(width or self.width, self.width)
        hang = max(hang, indent)
        head = self._text([label])
        if width - hang < LEAST:
            hang = min(indent + 2, max(width - LEAST, 0))
        indent = min(indent, hang)
        above = head.cell_len >= hang - indent
        body = [self._drawn(row) for row in self._wrapped(self._text(pieces), width - hang)]
        found = [" " * hang + row for row in body]
        if head and above:
            rows = self._wrapped(head, width - indent)
            found[:0] = [" " * indent + self._drawn(row) for row in rows]
        else:
            gap = " " * (hang - indent - head.cell_len) if head else ""
            found[0] = " " * indent + (self._drawn(head) if head else "") + gap + body[0]
        return [row.rstrip(" ") for row in found]

    def fitted(
        self, *pieces: Piece, label: Piece = ("", ""), indent: int = 0, hang: int = 0
    ) -> str:
        """One row that says as much as fits, a column short of the edge; dots where it was cut."""
        head, body = self._text([label]), self._text(pieces)
        if head:
            head.append(" " * max(hang - indent - head.cell_len, 1))
        head.append_text(body)
        room = max(self.width - 1 - indent, 1)
        if head.cell_len > room:
            head.truncate(max(room - len(_DOTS), 0))
            head.append(_DOTS[:room])
        return " " * min(indent, self.width - 1) + self._drawn(head)

    def put(self, rows: Sequence[str]) -> None:
        """Write rows that were drawn here."""
        self._output.put("".join(f"{row}\n" for row in rows))
        self._apart = bool(rows) and not rows[-1]

    def blank(self) -> None:
        """A blank line, unless there is one above already."""
        if not self._apart:
            self.put([""])

    def barred(self, line: str, *, indent: int) -> None:
        """A line of a program as it stands, behind a bar in every row it takes."""
        bar = self.ours("│ ")
        for row in self.rows((line, ""), width=self.width - indent - len(bar)):
            self.put([f"{' ' * indent}{bar}{row}"])

    def prose(self, text: str, *, indent: int) -> None:
        """A body as its author meant it: Markdown where it has any, else its lines as they stand."""
        from todo_manager.render import markdown

        text = self.shown(text).strip("\n")
        width = min(self.width, PROSE) - indent
        rows = markdown.rows(text, width, self._console, self.ours) if width >= LEAST else None
        if rows is not None:
            for row in rows:
                self.put([" " * indent + row]) if row else self.blank()
            return
        for line in text.split("\n"):
            self.verbatim(line, indent=indent)

    def verbatim(self, line: str, *, indent: int, style: str = "") -> None:
        """A line as it stands; where it must be wrapped, the rest keeps its indentation."""
        stripped = line.lstrip(" ")
        own = indent + min(len(line) - len(stripped), max(self.width - indent - LEAST, 0))
        self.line((stripped, style), indent=own, hang=own)

    def note(self, text: str, *, indent: int) -> None:
        """The IMPORTANT NOTE, between rules."""
        wide = max(min(self.width, PROSE) - indent, LEAST)
        title = " IMPORTANT NOTE "
        rule = f"━━{title}".ljust(wide, "━")[: max(wide, len(title) + 2)]
        self.line((self.ours(rule), f"{STRONG} {WARNING}"), indent=indent)
        self.prose(text, indent=indent)
        self.line((self.ours("━" * wide), WARNING), indent=indent)

    def _text(self, pieces: Sequence[Piece]) -> Text:
        from rich.text import Text

        text = Text()
        for words, style in pieces:
            text.append(self.shown(words), style)
        return text

    def _wrapped(self, text: Text, width: int) -> list[Text]:
        """Rows of a text; where a word was too long for one, the next does not begin with a blank."""
        found = list(text.wrap(self._console, max(width, 1), overflow="fold")) or [text]
        found[1:] = [row[len(row.plain) - len(row.plain.lstrip(" ")) :] for row in found[1:]]
        for row in found:
            row.rstrip()
        return found

    def _drawn(self, text: Text) -> str:
        """A row as the terminal takes it; a tenth of what it costs to print it and capture that."""
        from rich.color import ColorSystem
        from rich.segment import Segment

        system = ColorSystem.STANDARD if terminal.can_move() else None
        parts = text.render(self._console)
        if not terminal.has_colours():
            parts = Segment.remove_color(parts)
        return "".join(
            style.render(words, color_system=system) if style else words
            for words, style, _ in parts
        )


_THEME: dict[str, Any] = {
    "markdown.h1": "bold underline",
    "markdown.h2": "bold underline",
    "markdown.h3": "bold",
    "markdown.h4": "bold",
    "markdown.h5": "bold",
    "markdown.h6": "bold",
    "markdown.code": "cyan",
    "markdown.code_block": "cyan",
    "markdown.item.bullet": "dim",
    "markdown.item.number": "dim",
    "markdown.block_quote": "dim",
    "markdown.hr": "dim",
    "markdown.link": "underline",
    "markdown.link_url": "cyan",
    "markdown.table.border": "dim",
    "markdown.table.header": "bold",
    "markdown.em": "italic",
    "markdown.strong": "bold",
}
