"""Plans as reads find them, on a terminal: state, progress and what comes next, at any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from todo_manager.render import terminal
from todo_manager.render.palette import COMMAND, DIM, STATE, STRONG, VERDICT, WARNING
from todo_manager.render.plan_text import accepted_lines
from todo_manager.render.screen import Screen
from todo_manager.shellword import word
from todo_manager.states import SATISFIED

if TYPE_CHECKING:
    from todo_manager.render.output import Output
    from todo_manager.render.palette import Piece

_IDS = 28
"""Columns at most for the ids of a list; a longer id stands above its line."""


def tell_list(found: dict[str, Any], output: Output) -> None:
    """The plans with their progress, title and next phase, and how to get the rest."""
    plans = found["plans"]
    count = len(plans) + found["more"]
    head = "1 plan" if count == 1 else f"{count} plans"
    early = terminal.at_once(head, output)
    screen = Screen(output)
    if not early:
        screen.line((head, STRONG))
    hang = 2 if screen.narrow else min(max(len(plan["id"]) for plan in plans), _IDS) + 2
    for plan in plans:
        _summary(plan, screen, hang)
    if found["more"]:
        screen.blank()
        command = f"todo_manager list --after {word(plans[-1]['id'])}"
        screen.line((f"{found['more']} more: ", ""), (command, COMMAND), hang=2)


def tell_none(output: Output, *, everything: bool) -> None:
    """That there is no plan, or no open one: how to get one, and how to see the closed ones."""
    screen = Screen(output)
    said = f"no {'' if everything else 'open '}plans. Take one in with: "
    screen.line((said, ""), ("todo_manager import FILE", COMMAND), hang=2)
    if not everything:
        screen.line(("The closed ones: ", ""), ("todo_manager list --all", COMMAND), hang=2)


def tell_summary(plan: dict[str, Any], output: Output) -> None:
    """One plan of a list that is not shown as a whole."""
    screen = Screen(output)
    _summary(plan, screen, 2 if screen.narrow else min(len(plan["id"]), _IDS) + 2)


def _summary(plan: dict[str, Any], screen: Screen, hang: int) -> None:
    id_ = (plan["id"], STRONG)
    if screen.narrow:
        screen.line(id_, hang=hang)
    screen.line(
        (f"{plan['done']}/{plan['total']}  ", STRONG),
        (screen.single(plan["title"]), ""),
        label=("", "") if screen.narrow else id_,
        indent=hang if screen.narrow else 0,
        hang=hang,
    )
    if plan["next"] is not None:
        _next(plan["next"], plan["next"]["phase"], screen, hang)
        return
    closed = plan["status"] if plan["total"] else "no phases"
    screen.line(screen.state(closed), indent=hang, hang=hang)


def _next(phase: dict[str, Any], index: int, screen: Screen, indent: int) -> None:
    """The state and title of the phase that comes next."""
    state, style = screen.state(phase["state"])
    title = f"{index}. {screen.single(phase['title'])}"
    pieces = ("next: ", DIM), (f"{state}  ", style), (title, "")
    screen.line(*pieces, indent=indent, hang=indent + 2)


def tell_next(found: dict[str, Any], output: Output) -> None:
    """The phase, its state and why, and how to see more of it."""
    screen = Screen(output)
    if found["phase"] is None:
        said = found["reason"] or "every phase is done or attested"
        screen.line((f"{found['plan']}: ", STRONG), (said, ""), hang=2)
        return
    title = screen.single(found["title"])
    screen.line((f"{found['plan']} {found['phase']}. ", STRONG), (title, STRONG), hang=2)
    screen.line(*_standing(found, screen), indent=2, hang=4)
    command = f"todo_manager show {word(found['plan'])} {found['phase']}"
    screen.line((command, COMMAND), indent=2, hang=4)


def _standing(phase: dict[str, Any], screen: Screen) -> list[Piece]:
    reason = screen.single(phase["reason"] or "")
    return [screen.state(phase["state"]), ("  ", ""), (reason, "")]


def tell_plan(plan: dict[str, Any], output: Output, *, text: bool) -> None:
    """A plan and the phases it holds; with `text` also all they say."""
    phases = plan["phases"]
    head = f"{plan['id']}  [{plan['status']}]"
    if len(phases) > 1:
        done = sum(phase["state"] in SATISFIED for phase in phases)
        head += f"  {done}/{len(phases)}"
    early = terminal.at_once(head, output)
    screen = Screen(output)
    if not early:
        screen.line((head, STRONG), hang=2)
    _head(plan, screen)
    for phase in phases:
        _phase(phase, screen)
        if text:
            _texts(phase, screen)
    _where_to_go_on(plan, screen)


def _where_to_go_on(plan: dict[str, Any], screen: Screen) -> None:
    """What comes next, below a plan that may have scrolled by."""
    coming = [phase for phase in plan["phases"] if phase["state"] not in SATISFIED]
    if plan["status"] == "open" and len(plan["phases"]) > 1 and coming:
        screen.blank()
        _next(coming[0], coming[0]["index"], screen, 2)


def _head(plan: dict[str, Any], screen: Screen) -> None:
    screen.line((screen.single(plan["title"]), ""), indent=2, hang=2)
    if plan["description"] and plan["description"] != plan["title"]:
        screen.blank()
        screen.prose(plan["description"], indent=2)
        screen.blank()
    if plan["tags"]:
        screen.line(("tags: ", DIM), (screen.single(", ".join(plan["tags"])), ""), indent=2, hang=4)
    _source(plan, screen)
    for name, value in plan["inputs"].items():
        screen.line((f"{name} = ", DIM), (screen.single(value), ""), indent=2, hang=4)
    screen.blank()


def _source(plan: dict[str, Any], screen: Screen) -> None:
    for line in accepted_lines(plan):
        screen.line((screen.single(line), DIM), indent=2, hang=4)
    source = plan["source"]
    if source["state"] == "changed":
        screen.line(
            (f"{source['path']} differs from what was accepted: ", WARNING),
            (f"todo_manager diff {word(plan['id'])}", COMMAND),
            indent=2,
            hang=4,
        )
    elif source["state"] == "gone":
        said = f"{source['path']} is gone; the accepted definition stands"
        screen.line((said, WARNING), indent=2, hang=4)
    if plan["proposal"]:
        screen.line(
            ("an edit waits to be accepted: ", WARNING),
            (f"todo_manager diff {word(plan['id'])}", COMMAND),
            indent=2,
            hang=4,
        )


def _phase(phase: dict[str, Any], screen: Screen) -> None:
    """Its state and title side by side, or under each other; below them why, and its checks."""
    hang = 3 if screen.narrow else STATE
    title = (f"{phase['index']}. {screen.single(phase['title'])}", STRONG)
    state, reason = screen.state(phase["state"]), screen.single(phase["reason"] or "")
    if screen.narrow:
        screen.line(title, hang=hang)
        screen.line(state, ("  ", ""), (reason, DIM), indent=hang, hang=hang + 2)
    else:
        screen.line(title, label=state, hang=hang)
        if reason:
            screen.line((reason, DIM), indent=_below(screen), hang=_below(screen))
    _asides(phase, screen, _below(screen))
    _checks(phase, screen, _below(screen))


def _below(screen: Screen) -> int:
    """The column in which everything below the title of a phase begins."""
    return 3 if screen.narrow else STATE + 3


def _asides(phase: dict[str, Any], screen: Screen, indent: int) -> None:
    claim = phase["claim"]
    if claim:
        said = f"claimed by {claim['actor']} until {claim['until']}"
        screen.line((said, WARNING), indent=indent, hang=indent)
    if phase["waivers"]:
        from todo_manager.render import waiver_text

        for row in phase["waivers"]:
            said = screen.single(waiver_text.line(row))
            screen.line(("waiver: ", DIM), (said, WARNING), indent=indent, hang=indent + 2)
    if phase["tags"]:
        tags = screen.single(", ".join(phase["tags"]))
        screen.line(("tags: ", DIM), (tags, ""), indent=indent, hang=indent + 2)


def _checks(phase: dict[str, Any], screen: Screen, indent: int) -> None:
    verdicts = (phase["last_run"] or {}).get("checks", {})
    titles = {part["index"]: part["title"] for part in phase["parts"]}
    hang = indent + (VERDICT if any(c["id"] in verdicts for c in phase["checks"]) else 2)
    told = None
    for check in phase["checks"]:
        part = check.get("part")
        if part is not None and part != told:
            title = f"{phase['index']}.{part} {screen.single(titles.get(part, ''))}"
            screen.line((title, STRONG), indent=indent, hang=indent + 2)
        told = part
        verdict = verdicts.get(check["id"], "")
        label = screen.verdict(verdict) if verdict else ("-", DIM)
        screen.line(*about(check, screen), label=label, indent=indent, hang=hang)


def about(check: dict[str, Any], screen: Screen) -> list[Piece]:
    """A check by its id, kind and subject."""
    optional = "" if check["required"] else " (not required)"
    subject = screen.single(check["subject"])
    return [
        (f"{check['id']}: ", STRONG),
        (f"{check['kind']} ", DIM),
        (subject, ""),
        (optional, DIM),
    ]


def _texts(phase: dict[str, Any], screen: Screen) -> None:
    """What a phase and its parts tell whoever works on them."""
    indent = _below(screen)
    for each in [phase, *phase["parts"]]:
        if each is not phase and (each["explain"] or each["note"]):
            screen.blank()
            title = f"{phase['index']}.{each['index']} {screen.single(each['title'])}"
            screen.line((title, STRONG), indent=indent, hang=indent + 2)
        if each["explain"]:
            screen.blank()
            screen.prose(each["explain"], indent=indent)
        if each["note"]:
            screen.blank()
            screen.note(each["note"], indent=indent)
    screen.blank()
