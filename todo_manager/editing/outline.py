"""Where the parts of a plan stand in the text of its file.

Made with libyaml's own marks, for texts that our loader has read. Marks count characters, so places are
indexes into the text. What a list item "is" includes the comment lines right above it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Node = Any
"""A node of PyYAML: `id`, `value`, `flow_style`, `start_mark`, `end_mark`."""


class Item(NamedTuple):
    """One item of a list that stands in lines of its own."""

    start: int
    """Where the first line of it begins: of the comments right above, else that of its dash."""
    end: int
    """Where the line after its last one begins."""
    node: Node


class List(NamedTuple):
    """A list written in lines with dashes."""

    items: tuple[Item, ...]
    column: int
    """Blanks before each dash."""


def root(text: str) -> Node:
    """The node of the whole document, which is a mapping."""
    return yaml.compose(text, Loader=_Loader)


def phases(text: str) -> Node:
    """The node of a plan's phases, which are a list."""
    found = entry(root(text), "phases")
    assert found is not None
    return found


def entry(mapping: Node, key: str) -> Node | None:
    """What stands under a key of a mapping."""
    return next((value for name, value in mapping.value if name.value == key), None)


def listed(text: str, node: Node) -> List | None:
    """The places of a list's items; None for one in brackets."""
    if node.flow_style:
        return None
    column = node.start_mark.column
    dashes = [_dash(text, item.start_mark.index, column) for item in node.value]
    ends = [_with_inner_comments(text, content_end(text, item), column) for item in node.value]
    floors = [_under_key(text, dashes[0]), *ends] if dashes else []
    starts = [_with_comments(text, dash, floor, column) for dash, floor in zip(dashes, floors)]
    return List(tuple(map(Item, starts, ends, node.value)), column)


def content_end(text: str, node: Node) -> int:
    """The index behind the last character that belongs to a node."""
    if node.id == "scalar":
        return _scalar_end(text, node)
    if node.flow_style:
        return int(node.end_mark.index)
    children = node.value if node.id == "sequence" else [n for pair in node.value for n in pair]
    return max(content_end(text, child) for child in children)


def _scalar_end(text: str, node: Node) -> int:
    """Of a block of text the blank lines behind it are its own only where `+` keeps them."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style not in ("|", ">"):
        return int(end)
    head = text[start:end].split("\n", 1)[0].split("#")[0]
    return int(end) if "+" in head else start + len(text[start:end].rstrip())


def line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def after(text: str, index: int) -> int:
    """The beginning of the next line, or the end of the text; of a line that begins here, here."""
    if index and text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _dash(text: str, index: int, column: int) -> int:
    """The beginning of the line in which the dash of an item stands, going up from its content."""
    start = line_start(text, index)
    while start and not _is_dash(text, start, column):
        start = line_start(text, start - 1)
    return start


def _is_dash(text: str, start: int, column: int) -> bool:
    return text[start + column : start + column + 1] == "-" and not text[
        start : start + column
    ].strip(" ")


def _under_key(text: str, start: int) -> int:
    """The line under the key of a list whose first dash stands in the line that begins at `start`."""
    while start and _is_comment(text[line_start(text, start - 1) : start]):
        start = line_start(text, start - 1)
    return start


def _with_comments(text: str, start: int, floor: int, column: int) -> int:
    """The beginning of the comment lines right above a dash, not above `floor`."""
    while start > floor:
        above = line_start(text, start - 1)
        if (
            above < floor
            or not _is_comment(text[above:start])
            or _depth(text[above:start]) > column
        ):
            break
        start = above
    return start


def _with_inner_comments(text: str, end: int, column: int) -> int:
    """The end of an item's lines, with comments right below them that stand as deep as they do."""
    end = after(text, end)
    while end < len(text):
        below = after(text, end + 1)
        if not _is_comment(text[end:below]) or _depth(text[end:below]) <= column:
            break
        end = below
    return end


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
