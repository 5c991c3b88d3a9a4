"""Markdown of a plan as HTML that cannot do harm.

Markup in it stays text, an image is its description, and a link is its words with the address written
out behind them: a page that proves something must not lead anybody astray.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from todo_manager.render.plain import visible
from todo_manager.render.report.markup import Markup, el

_LONGEST = 20_000
"""Characters from which on a text is shown as it is: nobody wrote it to be laid out."""


def prose(text: str) -> Markup:
    """A Markdown text as HTML, in an element of its own; nothing of an empty one."""
    text = text.strip("\n")
    if not text.strip():
        return Markup("")
    if len(text) > _LONGEST:
        return el("pre", text, class_="prose", tabindex=0)
    return el("div", Markup(_reader().render(visible(text))), class_="prose")


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    return reader.enable(["table", "strikethrough"])


class _Renderer(RendererHTML):
    """Writes what could act or disturb the outline of the page in another way."""

    def heading_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return "<p><strong>"

    def heading_close(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return "</strong></p>\n"

    def link_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return '<span class="link">'

    def link_close(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return f"</span>{_address(_opening(tokens, index))}"

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        words = self.renderInlineAsText(tokens[index].children or [], options, env)
        return str(el("span", words, class_="link")) + _address(tokens[index], "src")

    def table_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return '<div class="wide" tabindex="0"><table>\n'

    def th_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return '<th scope="col">'

    def td_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return "<td>"  # the alignment would be a style, which the page's policy forbids

    def table_close(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return "</table></div>\n"


def _opening(tokens: Sequence[Token], index: int) -> Token:
    """The token that opens the link which this one closes; links do not lie in links."""
    while tokens[index].type != "link_open":
        index -= 1
    return tokens[index]


def _address(token: Token, name: str = "href") -> str:
    return " " + el("code", str(token.attrGet(name) or ""), class_="address")
