"""Lines for people about waivers; standard library only."""

from __future__ import annotations

from todo_manager.render.plain import one_line
from todo_manager.shellword import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from todo_manager.render.output import Output


def line(row: dict[str, Any]) -> str:
    """One waiver on one line: how it stands, for what, until when, by whom, why."""
    what = ", ".join(row["findings"]) or "all of it"
    about = f" of {one_line(row['subject'], 60)}" if row["subject"] else ""
    why = f" ({one_line(row['why'])})" if row["why"] else ""
    approved = f", approved by {row['approved_by']}" if row["approved_by"] else ""
    return (
        f"{row['state']}{why}  phase {row['phase']} check {row['check']}: {one_line(what, 80)}{about}"
        f" until {row['until']}; asked by {one_line(row['asked_by'], 60)}{one_line(approved, 80)},"
        f" event {row['event']}: {one_line(row['reason'], 100)}"
    )


def tell_one(plan: str, row: dict[str, Any], output: Output) -> None:
    """What became of one waiver, and what to type next."""
    output.say(line(row))
    place = f"{word(plan)} {row['phase']}"
    if row["state"] == "waiting":
        output.say(
            f"  next, another person: todo_manager waive {place} {word(row['check'])} --approve"
        )
    elif row["state"] in ("unused", "withdrawn"):
        output.say(f"  next: todo_manager done {place}")
