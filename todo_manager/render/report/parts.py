"""Pieces that recur in a report: sections, badges, times, lists of descriptions."""

from __future__ import annotations

from typing import Any

from todo_manager.render.plain import GLYPHS
from todo_manager.render.report.markup import Child, Markup, el

SECTIONS = (
    ("states", "Where it stands"),
    ("ground", "What this rests on"),
    ("evidence", "Evidence"),
    ("doubts", "Worth a second look"),
    ("history", "What happened"),
)
"""Id and heading of every section, in order."""


def section(id_: str, *children: Child, class_: str = "card") -> Markup:
    """One of SECTIONS, with its heading."""
    name = dict(SECTIONS)[id_]
    heading = el("h2", name, id=f"{id_}-name")
    return el("section", heading, children, id=id_, class_=class_, aria_labelledby=f"{id_}-name")


def state_badge(state: str) -> Markup:
    """A state as word, glyph and colour."""
    return el("span", f"{GLYPHS.get(state, '○')} {state}", class_=f"badge s-{state}")


def verdict_badge(verdict: str) -> Markup:
    """A verdict of a check or of an attempt, in the same way."""
    colour = verdict if verdict in ("passed", "failed", "error", "waived") else "none"
    return el("span", f"{GLYPHS.get(verdict, '·')} {verdict}", class_=f"badge v-{colour}")


def when(at: str) -> Markup:
    """A time of the ledger, to the second, UTC."""
    return el("time", f"{at[:10]} {at[11:19]}Z", datetime=at)


def who(row: dict[str, Any]) -> str:
    """An actor, and whether the event is signed by them or only says so."""
    return f"{row['actor']} ({row['how']})"


def described(pairs: list[tuple[str, Child]], class_: str | None = None) -> Markup | None:
    """Names and what belongs to them, as a list of descriptions; None where there are none."""
    if not pairs:
        return None
    rows = [el("div", el("dt", name), el("dd", value)) for name, value in pairs]
    plain = [part for name, value in pairs for part in (el("dt", name), el("dd", value))]
    return el("dl", rows if class_ else plain, class_=class_)
