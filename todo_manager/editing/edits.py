"""Edits of the text of a plan: each changes the lines it is about and leaves all others as they are.

An edit says the same thing twice: as a change of the text, and as a change of the tree that the text
stands for. What the changed text reads as is compared with the changed tree; if they differ, the edit
is refused, so that no place in a file that we misjudge can turn into another plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from todo_manager.canonical import Map, Scalar, Seq, Tree, encode
from todo_manager.documents import loader
from todo_manager.documents.plan_yaml_writer import block, flow, value
from todo_manager.editing import outline
from todo_manager.editing.outline import List, Node
from todo_manager.errors import InvalidDocument, UsageProblem

Edit = Callable[[str, Map], str]
"""Takes the text of a plan and its tree; changes the tree, returns the changed text."""


def apply(text: str, name: str, edit: Edit) -> str:
    """The text after an edit. ByHand when it cannot be made in this text, InvalidDocument."""
    tree = loader.read_tree(text, name)
    assert isinstance(tree, Map)
    crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
    plain = text.replace("\r\n", "\n") if crlf else text
    plain = plain if plain.endswith("\n") else plain + "\n"
    changed = edit(plain, tree)
    changed = changed.replace("\n", "\r\n") if crlf else changed
    try:
        same = encode(loader.read_tree(changed, name)) == encode(tree)
    except InvalidDocument:
        same = False
    if not same:
        raise ByHand(name, "the way it is written there")
    return changed


class ByHand(UsageProblem):
    """The text is right, and too unlike what we know to change it; a person has to."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} cannot be edited from here because of {why}; nothing was written")


def add_phase(name: str, phase: Map, at: int | None) -> Edit:
    """Put a phase before the one with index `at`, or last."""

    def edit(text: str, tree: Map) -> str:
        node = outline.phases(text)
        place = len(tree["phases"]) if at is None else at
        tree["phases"].insert(place, phase)
        if node.flow_style and not node.value:
            lines = ["", *block(Seq([phase]), 2)]
            return _cut(text, node.start_mark.index, node.end_mark.index, "\n".join(lines))
        found = _lines(text, node, name)
        body = "\n".join(block(Seq([phase]), found.column)) + "\n"
        gap = _gap(text, found)
        if place < len(found.items):
            return _cut(text, found.items[place].start, found.items[place].start, body + gap)
        return _cut(text, found.items[-1].end, found.items[-1].end, gap + body)

    return edit


def move_phase(name: str, index: int, to: int) -> Edit:
    """Take the phase with an index away and put it where it then has the index `to`."""

    def edit(text: str, tree: Map) -> str:
        phases = tree["phases"]
        phases.insert(to, phases.pop(index))
        found = _lines(text, outline.phases(text), name)
        items = found.items
        bodies = [text[item.start : item.end] for item in items]
        gaps = [text[one.end : other.start] for one, other in pairwise(items)]
        bodies.insert(to, bodies.pop(index))
        moved = "".join(body + gap for body, gap in zip(bodies, [*gaps, ""]))
        return _cut(text, items[0].start, items[-1].end, moved)

    return edit


def add_check(index: int, check: Map, part: int | None = None) -> Edit:
    """Put a check last under `verify` of a phase, or of its part with this number from 1."""

    def edit(text: str, tree: Map) -> str:
        whole, phase = tree["phases"][index], outline.phases(text).value[index]
        if part is not None:
            parts = outline.entry(phase, "parts")
            assert parts is not None
            whole, phase = whole["parts"][part - 1], parts.value[part - 1]
        whole.setdefault("verify", Seq()).append(check)
        verify = outline.entry(phase, "verify")
        if verify is None:
            return _add_key(text, phase, "verify", Seq([check]))
        if verify.flow_style:
            return _into_brackets(text, verify, flow(check))
        found = outline.listed(text, verify)
        assert found is not None
        end, lines = found.items[-1].end, block(Seq([check]), found.column)
        return _cut(text, end, end, "\n".join(lines) + "\n")

    return edit


def add_note(index: int, note: str) -> Edit:
    """Give a phase a note, or its note one more paragraph."""

    def edit(text: str, tree: Map) -> str:
        phase = outline.phases(text).value[index]
        known = outline.entry(phase, "note")
        before = tree["phases"][index].get("note")
        added = Scalar(note if before is None else before.rstrip("\n") + "\n\n" + note)
        tree["phases"][index]["note"] = added
        if known is None:
            return _add_key(text, phase, "note", added, behind=("key", "title", "explain"))
        start, end = known.start_mark.index, outline.content_end(text, known)
        if phase.flow_style:
            return _cut(text, start, end, flow(added))
        first, *rest = value("note", added)
        lines = [first.removeprefix("note: "), *_indented(rest, phase.start_mark.column)]
        tail = "\n" if text[end - 1] == "\n" else ""
        return _cut(text, start, end, "\n".join(lines) + tail)

    return edit


def _add_key(
    text: str, phase: Node, key: str, tree: Tree, behind: Sequence[str] | None = None
) -> str:
    """Put a key into a phase: behind the last of the keys named, or at its end."""
    values = [node for name, node in phase.value if behind is None or name.value in behind]
    end = max(outline.content_end(text, node) for node in values)
    if phase.flow_style:
        return _cut(text, end, end, f", {key}: {flow(tree)}")
    end = outline.after(text, end)
    return _cut(
        text, end, end, "\n".join(_indented(value(key, tree), phase.start_mark.column)) + "\n"
    )


def _into_brackets(text: str, node: Node, item: str) -> str:
    """Put an item last into a list that stands in brackets."""
    if node.value:
        end = outline.content_end(text, node.value[-1])
        return _cut(text, end, end, f", {item}")
    return _cut(text, node.start_mark.index, node.end_mark.index, f"[{item}]")


def _lines(text: str, node: Node, name: str) -> List:
    found = outline.listed(text, node)
    if found is None:
        raise ByHand(name, "its phases standing in brackets, not in lines with dashes")
    return found


def _gap(text: str, found: List) -> str:
    """The blank lines that stand between the phases of this text."""
    gaps = [text[one.end : other.start] for one, other in pairwise(found.items)]
    return gaps[0] if gaps and not gaps[0].strip() else ""


def _indented(lines: list[str], column: int) -> list[str]:
    return [line and " " * column + line for line in lines]


def _cut(text: str, start: int, end: int, put: str) -> str:
    return text[:start] + put + text[end:]
