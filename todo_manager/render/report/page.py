"""A report as one HTML page: everything in it, nothing from elsewhere, nothing that runs."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from todo_manager.overview import WORST
from todo_manager.render.report.markup import Child, Markup, el, join
from todo_manager.render.report.parts import SECTIONS, described, section, state_badge, when, who
from todo_manager.render.report.phases import phase
from todo_manager.render.report.picture import picture
from todo_manager.render.report.prose import prose
from todo_manager.render.report.record import doubts, history
from todo_manager.shellword import word

FIRST_LINE = "<!doctype html><!-- a report of todo_manager -->"
"""What every report begins with: a file that does not is never written over."""


def page(data: dict[str, Any]) -> str:
    """The data of `report.gather` as one HTML document."""
    plan = data["plan"]
    body = el(
        "body",
        _header(data),
        el("main", _states(data), _ground(data), _evidence(data), doubts(data), history(data)),
        _footer(data),
    )
    title = f"{plan['id']}: {data['done']} of {data['total']} done"
    return f"{FIRST_LINE}\n{el('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    # No script may run and nothing may be fetched, whatever a text of the plan contains.
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("link", rel="icon", href="data:,"),  # a browser asks for one otherwise
        el("title", title),
        el("style", Markup(style)),
    )


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def _header(data: dict[str, Any]) -> Markup:
    plan = data["plan"]
    return el(
        "header",
        el("p", "todo_manager report", class_="over"),
        el("h1", el("bdi", plan["title"])),
        el("p", el("span", plan["id"], class_="id"), " ", state_badge(plan["status"])),
        prose(plan["description"]) if plan["description"] != plan["title"] else None,
        el(
            "p",
            f"{data['done']} of {data['total']} phases are done or attested. Next: ",
            _next(data),
        ),
        _bar(data),
        el("ul", [_count(*pair) for pair in data["counts"].items()], class_="counts"),
        el(
            "nav",
            el("ul", [el("li", el("a", name, href=f"#{id_}")) for id_, name in SECTIONS]),
            aria_label="Sections",
        ),
    )


def _count(state: str, count: int) -> Markup:
    return el("li", state_badge(state), el("span", f" {count}", class_="soft small"))


def _bar(data: dict[str, Any]) -> Markup:
    """How far it is, as a bar: done first, what needs somebody last."""
    parts, x = [], 0
    for state in reversed(WORST):
        if count := data["counts"].get(state):
            parts.append(el("rect", x=x, y=0, width=count, height=1, class_=f"s-{state}"))
            x += count
    label = f"{data['done']} of {data['total']} phases are done or attested"
    view = f"0 0 {max(x, 1)} 1"
    return el(
        "svg", parts, class_="bar", role="img", aria_label=label, viewBox=view, preserveAspectRatio="none"
    )  # fmt: skip


def _ground(data: dict[str, Any]) -> Markup:
    return section("ground", described(_facts(data), "facts"))


def _facts(data: dict[str, Any]) -> list[tuple[str, Child]]:
    plan, ledger = data["plan"], data["ledger"]
    source = plan["source"]
    found: list[tuple[str, Child]] = [
        ("Accepted", [_accepted(row) for row in data["accepted"][-1:]]),
        ("Plan digest", el("code", plan["digest"])),
        ("Ledger", [f"event {ledger['seq']}, ", el("code", ledger["hash"])]),
        ("Verified", f"{ledger['events']} events, every mark and every output"),
        ("Document", f"{source['path'] or 'none'} ({source['state']})"),
        ("Generated", when(data["generated"])),
    ]
    if source["text"]:
        found.append(("Drawn from", source["text"]))
    if plan["tags"]:
        found.append(("Tags", ", ".join(plan["tags"])))
    if plan["inputs"]:
        pairs = [f"{name} = {value}" for name, value in sorted(plan["inputs"].items())]
        found.append(("Inputs", el("code", ", ".join(pairs))))
    return found


def _next(data: dict[str, Any]) -> Child:
    coming = data["next"]
    if coming is None:
        return "nothing" if data["total"] else "it has no phases"
    title = el("bdi", f"{coming['phase']}. {coming['title']}")
    return el("a", title, href=f"#p{coming['phase']}")


def _accepted(row: dict[str, Any]) -> Child:
    return [f"{row['event']} by {who(row)}, ", when(row["at"])]


def _states(data: dict[str, Any]) -> Markup:
    phases = data["plan"]["phases"]
    if not phases:
        return section("states", el("p", "The plan has no phases."))
    head = el("tr", [el("th", name, scope="col") for name in ("No.", "Phase", "State")])
    table = el(
        "table",
        el("caption", "Every phase, in order. A phase is done only when its checks have passed."),
        el("thead", head),
        el("tbody", [_row(each) for each in phases]),
    )
    needs = picture(phases)
    drawn = el("div", needs.svg, class_="wide", tabindex=0, role="region", aria_label="Needs")
    figure = el("figure", drawn, el("figcaption", _CAPTION, class_="soft small"), class_="card")
    beside = "split" if needs.width <= _BESIDE else None
    return el("div", section("states", table), figure, class_=beside)


_BESIDE = 450
"""Pixels up to which the picture has room beside the table."""
_CAPTION = "What is needed stands above. A need that follows from others is not drawn."


def _row(row: dict[str, Any]) -> Markup:
    link = el("a", el("bdi", row["title"]), href=f"#p{row['index']}")
    return el(
        "tr",
        el("td", str(row["index"]), class_="number"),
        el("th", link, el("div", row["reason"], class_="soft small") if row["reason"] else None,
           scope="row"),
        el("td", state_badge(row["state"])),
    )  # fmt: skip


def _evidence(data: dict[str, Any]) -> Markup:
    by_phase: dict[int, list[dict[str, Any]]] = {}
    for attempt in data["evidence"]:
        by_phase.setdefault(attempt["phase"], []).append(attempt)
    phases = [phase(row, by_phase.get(row["index"], [])) for row in data["plan"]["phases"]]
    return section("evidence", phases or el("p", "There is none.", class_="soft"))


def _footer(data: dict[str, Any]) -> Markup:
    command = f"todo_manager report {word(data['plan']['id'])} --html"
    return el(
        "footer",
        el("p", f"Written by todo_manager {data['version']}, ", when(data["generated"]), ", with ",
           el("code", command), ". Before, the whole ledger was verified: ", _intact(data)),
    )  # fmt: skip


def _intact(data: dict[str, Any]) -> Markup:
    return join(f"{data['ledger']['events']} events in one chain, its head as in the file HEAD.")
