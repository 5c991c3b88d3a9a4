"""Markdown bodies of plans as rows of a terminal, drawn with rich; what rich would drop, stays.

Markdown can hide text: comments, HTML, link definitions and titles are not shown by a renderer. Here
they are, and entities stay as written, for `&#x202e;` is a direction mark. Where a body does not come
out with every letter and digit it has, it is not rendered at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import Console, ConsoleOptions, RenderResult

_MARKED = re.compile(r"[*_`#>~|\[]|^\s*(?:[-+*]|\d+[.)])\s", re.MULTILINE)
"""What Markdown may make something of."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
"""What rich writes to change a style; texts hold none, they have been made visible."""
_PADDING = re.compile(r"(?:\x1b\[[0-9;]*m| )+$")
"""Blanks up to the edge, which would be copied with the text."""
_UNREAD = ("html_block", "html_inline", "entity", "reference", "image")
"""Rules of the parser that take text away; without them it stays as written."""

_JOINTS = "/\\=_$"
"""Signs that belong to the word they touch."""

LARGEST = 50_000
"""Characters of a body up to which it is rendered; a longer one is shown as it stands."""
WRAPPED = 56
"""Characters after which a line that ends was probably wrapped by an editor, and may be joined."""


def rows(text: str, width: int, console: Console, ours: Callable[[str], str]) -> list[str] | None:
    """The rows of a body; None where it is to be shown line by line, as it stands.

    `text` has been made visible; `ours` turns our marks into those the terminal can show.
    """
    if len(text) > LARGEST:
        return None
    if not _MARKED.search(text):
        return _plain(text, width, console)
    try:
        drawn = _drawn(text, width, console, ours)
    except (ValueError, RuntimeError, IndexError, AssertionError):
        return None  # rich and its parser have limits: columns, nesting
    found = [_ESCAPES.sub("", row) for row in drawn]
    whole = not _letters(text) - _letters("".join(found))
    return drawn if whole and _fit(found, width) else None


def _letters(text: str) -> Counter[str]:
    return Counter(char for char in text if char.isalnum())


def _fit(found: list[str], width: int) -> bool:
    from rich.cells import cell_len

    return all(cell_len(row) <= width for row in found)


def _plain(text: str, width: int, console: Console) -> list[str]:
    from rich.text import Text

    lines = [""]
    for line in text.split("\n"):
        if joins(lines[-1], line):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    wrapped = [Text(line).wrap(console, width, overflow="fold") for line in lines[1:]]
    return [row.plain for found in wrapped for row in found or [Text()]]


def joins(before: str, after: str) -> bool:
    """Whether a line goes on in the next one, as in prose that an editor wrapped.

    Lines of plans are mostly meant as lines, so only a long one that is followed by a word is joined.
    """
    return len(before) >= WRAPPED and after[:1].isalnum()


def _drawn(text: str, width: int, console: Console, ours: Callable[[str], str]) -> list[str]:
    with console.capture() as captured:
        console.print(_renderer()(text, hyperlinks=False), width=width)
    rows = [ours(_PADDING.sub(_closed, row)) for row in captured.get().split("\n")]
    blank = [not _ESCAPES.sub("", row).strip() for row in rows]
    kept = [
        row for row, empty, before in zip(rows, blank, [True, *blank]) if not (empty and before)
    ]
    return kept[:-1] if blank[-1] else kept


def _closed(padding: re.Match[str]) -> str:
    return "\x1b[0m" if "\x1b" in padding[0] else ""


@cache
def _renderer() -> type[Any]:
    """rich's Markdown, without what hides text, boxes and colours of its own."""
    from rich import markdown
    from rich.segment import Segment
    from rich.text import Text

    class Heading(markdown.Heading):
        LEVEL_ALIGN: ClassVar[dict[str, Any]] = {}

    class Code(markdown.TextElement):
        """A block of code behind a bar; its language is a word of the author's too."""

        style_name = "markdown.code_block"

        def __init__(self, info: str) -> None:
            self.info = info

        @classmethod
        def create(cls, body: markdown.Markdown, token: Token) -> Code:
            return cls(token.info)

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            bar = Segment("│ ", console.get_style("markdown.item.bullet"))
            told = Text(f"{self.info}\n" if self.info else "", "dim").append_text(self.text)
            told.rstrip()
            for row in told.wrap(console, options.max_width - 2, overflow="fold"):
                yield bar
                yield from row.render(console, end="\n")

    class Body(markdown.Markdown):
        elements: ClassVar[dict[str, Any]] = {
            **markdown.Markdown.elements,
            "heading_open": Heading,
            "fence": Code,
            "code_block": Code,
        }

        def __init__(self, text: str, **options: Any) -> None:
            super().__init__("", **options)
            self.parsed = _parsed(text)

    return Body


def _parsed(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt().enable(["strikethrough", "table"]).disable(list(_UNREAD))
    found = parser.parse(text)
    for token in found:
        if token.children:
            token.children = list(_children(_emphases(token.children)))
    return found


def _emphases(tokens: list[Token]) -> list[Token]:
    """The parts of a line; marks within a word or path (`2*3*4`, `src/*.py`) stand for themselves."""
    found = list(tokens)
    open_: list[int] = []
    for place, token in enumerate(tokens):
        if token.tag not in ("em", "strong", "s"):
            continue
        if token.nesting == 1:
            open_.append(place)
        elif token.nesting == -1 and open_:
            first = open_.pop()
            if _in_a_word(tokens, first, place):
                found[first], found[place] = _words(tokens[first].markup), _words(token.markup)
    return found


def _in_a_word(tokens: list[Token], first: int, last: int) -> bool:
    """Whether what opens or closes an emphasis touches a word, or is a pattern of file names."""
    before = tokens[first - 1].content[-1:] if first else ""
    after = tokens[last + 1].content[:1] if last + 1 < len(tokens) else ""
    joined = any(char.isalnum() or char in _JOINTS for char in (before, after) if char)
    return joined or tokens[first + 1].content[:1] == "." or tokens[last - 1].content[-1:] == "/"


def _children(tokens: list[Token]) -> Iterator[Token]:
    """The parts of a line of Markdown: breaks where the author broke it, titles of links in words."""
    line, title = "", ""
    for token, following in zip(tokens, [*tokens[1:], None]):
        if token.type == "softbreak" and not joins(line, following.content if following else ""):
            token.type = "hardbreak"
        line = "" if token.type in ("softbreak", "hardbreak") else line + token.content
        yield token
        if token.type == "link_open":
            title = str(token.attrs.get("title", ""))
        elif token.type == "link_close" and title:
            yield _words(f' "{title}"')


def _words(text: str) -> Token:
    from markdown_it.token import Token

    return Token("text", "", 0, content=text)
