"""What a report tells of the whole plan besides its states: what is weak in it, what happened."""

from __future__ import annotations

from typing import Any

from todo_manager.render.report.markup import Child, Markup, el
from todo_manager.render.report.parts import section, when, who
from todo_manager.shellword import word


def doubts(data: dict[str, Any]) -> Markup:
    """Checks that prove less than they seem to, and waivers, none where there are none."""
    return section(
        "doubts",
        _listed(
            "Never seen failing",
            "Nobody knows whether these checks can fail.",
            "Every check that ran has been seen failing.",
            [[_place(row), el("code", f"{row['kind']} {row['subject']}")] for row in data["never_failed"]],
        ),
        _listed(
            "Flaky",
            "These passed only after attempts that did not.",
            "No check passed only after attempts that did not.",
            [[_place(row), f"{row['attempts']} attempts, ", when(row["at"])] for row in data["flaky"]],
        ),
        _listed(
            "Waivers",
            "What is used was not verified: one person asked, another one let it pass.",
            "None: no check of this plan is waived.",
            [[_place(row), row["message"]] for row in data["waivers"]],
        ),
    )  # fmt: skip


def _place(row: dict[str, Any]) -> Child:
    return [el("a", f"phase {row['phase']}, {row['check']}", href=f"#p{row['phase']}"), ": "]


def _listed(name: str, told: str, nothing: str, rows: list[Child]) -> list[Child]:
    found = el("ul", [el("li", row) for row in rows]) if rows else None
    return [el("h3", name), el("p", told if rows else nothing, class_="soft"), found]


def history(data: dict[str, Any]) -> Markup:
    """The events that a report tells, the newest first."""
    rows = [el("li", _when_and_who(row), _what(row)) for row in reversed(data["events"])]
    earlier = None
    if data["earlier"]:
        log = f"todo_manager log {word(data['plan']['id'])} --last {data['earlier'] + len(rows)}"
        earlier = el("p", f"{data['earlier']} earlier events: ", el("code", log), class_="soft")
    return section("history", el("ol", rows, class_="timeline", reversed=True), earlier)


def _when_and_who(row: dict[str, Any]) -> Markup:
    return el("div", el("p", when(row["at"])), el("p", who(row), class_="soft small"))


def _what(row: dict[str, Any]) -> Markup:
    where = f"phase {row['phase']} ({row['key']})" if row["phase"] is not None else row["key"]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in row["counts"].items())
    took = f"{counts}, {row['check_s']:.1f} s of checking" if counts else ""
    return el(
        "div",
        el("p", el("strong", row["event"]), f" {where}", f" · event {row['seq']}"),
        el("p", took, class_="soft small") if took else None,
        el("p", row["said"], class_="small") if row["said"] else None,
    )
