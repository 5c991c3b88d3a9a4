"""HTML built from values, so that no text can become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable

from todo_manager.render.plain import visible


class Markup(str):
    """Text that is HTML already; only what is made here and in `prose.py` is."""


Child = str | Markup | Iterable["Child"] | None
"""What may stand in an element: texts are escaped, lists are strung together, None is nothing."""

_VOID = frozenset(("meta", "link", "br"))


def el(tag: str, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """One element. `class_` is written `class`, other `_` in a name as `-`; None leaves one out."""
    head = tag + "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{head}>")
    return Markup(f"<{head}>{join(children)}</{tag}>")


def join(children: Child) -> Markup:
    """The HTML of anything that may stand in an element."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return Markup(html.escape(visible(children)))
    return Markup("".join(map(join, children)))


def _attribute(name: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{html.escape(visible(str(value)))}"'
