"""The phases of a plan in a report: what each says, what was checked, what was seen."""

from __future__ import annotations

import json
from typing import Any

from todo_manager.render.report.markup import Child, Markup, el
from todo_manager.render.report.parts import described, state_badge, verdict_badge, when, who
from todo_manager.render.report.prose import prose
from todo_manager.states import SATISFIED

_ENTRIES = 12
"""Facts of a check that are told; `log --run` has all."""
_FACT = 300


def phase(row: dict[str, Any], attempts: list[dict[str, Any]]) -> Markup:
    """One phase with its evidence; folded while there is nothing left to do about it."""
    summary = el(
        "summary",
        el("h3", el("span", f"{row['index']}. ", class_="soft"), el("bdi", row["title"])),
        state_badge(row["state"]),
    )
    inside = el(
        "div",
        el("p", row["reason"], class_="soft") if row["reason"] else None,
        prose(row["explain"]),
        _note(row["note"]),
        [_part(part) for part in row["parts"]],
        _about(row),
        [_attempt(attempt) for attempt in attempts] or _never(row),
        class_="inside",
    )
    folded = row["state"] in (*SATISFIED, "blocked", "archived")
    return el(
        "article",
        el("details", summary, inside, open=not folded),
        class_="phase",
        id=f"p{row['index']}",
    )


def _note(text: str) -> Markup | None:
    if not text.strip():
        return None
    return el("div", el("strong", "Important note"), prose(text), class_="note", role="note")


def _part(part: dict[str, Any]) -> list[Child]:
    title = el("h4", f"Part {part['index']}: ", el("bdi", part["title"]))
    return [title, prose(part["explain"]), _note(part["note"])]


def _about(row: dict[str, Any]) -> Markup | None:
    pairs: list[tuple[str, Child]] = [("Key", el("code", row["key"]))]
    if row["needs"]:
        pairs.append(("Needs", ", ".join(row["needs"])))
    if row["tags"]:
        pairs.append(("Tags", ", ".join(row["tags"])))
    if row["claim"]:
        pairs.append(("Claimed by", f"{row['claim']['actor']}, until {row['claim']['until']}"))
    pairs.append(("Gate digest", el("code", row["digest"])))
    return described(pairs)


def _never(row: dict[str, Any]) -> list[Child]:
    if not row["checks"]:
        return [el("p", "It has no checks.", class_="soft")]
    names = [f"{check['id']}: {check['kind']} {check['subject']}" for check in row["checks"]]
    told = el("p", "Nothing was tried yet. What will be checked:", class_="soft")
    return [told, el("ul", [el("li", el("code", name)) for name in names])]


def _attempt(found: dict[str, Any]) -> list[Child]:
    head = el(
        "h4",
        f"{found['event']}: ".capitalize() if found["verdict"] else found["event"].capitalize(),
        verdict_badge(found["verdict"]) if found["verdict"] else None,
    )
    about = [f"Event {found['seq']}, ", when(found["at"]), f", by {who(found)}"]
    if found["checks"]:
        about.append(f", {found['check_s']:.1f} s of checking")
    said = [el("p", found["said"])] if found["said"] else []
    if not found["current"]:
        said.append(el("p", f"Under another definition: {found['digest']}", class_="soft"))
    inputs: list[tuple[str, Child]] = [
        (name, el("code", value)) for name, value in sorted(found["inputs"].items())
    ]
    checks = [_check(each) for each in found["checks"]]
    return [head, el("p", about, class_="soft small"), said, described(inputs), checks]


def _check(check: dict[str, Any]) -> Markup:
    marks = [name for name in ("flaky",) if check["flaky"]]
    marks += ["withdrawn since"] if check["withdrawn"] else []
    marks += [] if check["required"] else ["not required"]
    if check["attempts"] > 1:
        marks.append(f"{check['attempts']} attempts")
    if check["never_failed"]:
        marks.append("never seen failing")
    title = el(
        "p",
        verdict_badge(check["verdict"]),
        el("strong", check["id"]),
        el("code", f"{check['kind']} {check['subject']}"),
        el("span", ", ".join([*marks, f"{check['duration_s']:.1f} s"]), class_="soft small"),
    )
    pairs: list[tuple[str, Child]] = [("Expected", check["expected"])]
    if seen := check["actual"] or check["message"]:
        pairs.append(("Seen", seen))
    facts = list(check["facts"].items())
    pairs += [(name, el("code", _fact(value))) for name, value in facts[:_ENTRIES]]
    if len(facts) > _ENTRIES:
        pairs.append(("more", f"{len(facts) - _ENTRIES} facts in the ledger"))
    return el(
        "div", title, described(pairs), [_output(o) for o in check["outputs"]], class_="check"
    )


def _fact(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _FACT else text[:_FACT] + "…"


def _output(found: dict[str, Any]) -> Markup:
    size = f"{found['stream']}: {found['size']} bytes"
    shown = "" if len(found["head"].encode()) >= found["size"] else ", its beginning"
    return el(
        "details",
        el("summary", size + shown, class_="small"),
        el("p", "sha256 ", el("code", found["sha256"]), class_="soft small"),
        el("pre", found["head"], class_="output", tabindex=0),
    )
