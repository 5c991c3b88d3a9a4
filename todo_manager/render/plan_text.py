"""Lines for people about plans as reads find them; standard library only."""

from __future__ import annotations

from todo_manager.render.plain import GLYPHS, indent, one_line, standing
from todo_manager.shellword import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from todo_manager.render.output import Output


def tell_list(found: dict[str, Any], output: Output) -> None:
    """Two lines a plan, and how to get the rest."""
    for plan in found["plans"]:
        output.say(_summary(plan))
    if not found["plans"]:
        output.say("no open plans. Take one in with: todo_manager import FILE")
    if found["more"]:
        last = found["plans"][-1]["id"]
        output.say(f"{found['more']} more: todo_manager list --after {word(last)}")


def _summary(plan: dict[str, Any]) -> str:
    head = f"{plan['id']}  {plan['done']}/{plan['total']}  {one_line(plan['title'], 70)}"
    coming = plan["next"]
    if coming is None:
        said = f"{GLYPHS['done']} done" if plan["total"] else "no phases"
        return f"{head}\n    {said}"
    where = f"{coming['phase']} {one_line(coming['title'], 60)}"
    return f"{head}\n    next: {where}  [{GLYPHS[coming['state']]} {coming['state']}]"


def tell_next(found: dict[str, Any], output: Output) -> None:
    """The phase, its state and why, and how to see more of it."""
    if found["phase"] is None:
        output.say(f"{found['plan']}: {found['reason'] or 'every phase is done or attested'}")
        return
    output.say(f"{found['plan']} {found['phase']}. {one_line(found['title'])}")
    output.say(f"  {_state(found)}")
    output.say(f"  todo_manager show {word(found['plan'])} {found['phase']}")


def tell_plan(plan: dict[str, Any], output: Output, *, text: bool) -> None:
    """A plan and the phases it holds; with `text` also all they say."""
    _head(plan, output)
    for phase in plan["phases"]:
        _phase(phase, output)
        if text:
            _texts(phase, output)


def _head(plan: dict[str, Any], output: Output) -> None:
    output.say(f"{plan['id']}  [{plan['status']}]")
    output.say(f"  {one_line(plan['title'])}")
    if plan["description"] and plan["description"] != plan["title"]:
        output.say(indent(plan["description"], "  | "))
    source = plan["source"]
    if source["state"] == "changed":
        output.say(
            f"{source['path']} differs from what was accepted: todo_manager diff {word(plan['id'])}"
        )
    elif source["state"] == "gone":
        output.say(f"{source['path']} is gone; the accepted definition stands")
    for name, value in plan["inputs"].items():
        output.say(f"{name} = {one_line(value)}")
    output.say()


def _phase(phase: dict[str, Any], output: Output) -> None:
    mark = "✔" if phase["state"] in ("done", "attested") else " "
    output.say(f"[{mark}] {phase['index']}. {one_line(phase['title'])}")
    output.say(f"      {_state(phase)}")
    verdicts = (phase["last_run"] or {}).get("checks", {})
    for check in phase["checks"]:
        optional = "" if check["required"] else " (not required)"
        verdict = verdicts.get(check["id"], "")
        said = f"  {GLYPHS.get(verdict, '')} {verdict}" if verdict else ""
        subject = one_line(check["subject"], 70)
        output.say(f"      - {check['id']}: {check['kind']} {subject}{optional}{said}")


def _state(phase: dict[str, Any]) -> str:
    return f"{GLYPHS[phase['state']]} {standing(phase['state'], phase['reason'])}"


def _texts(phase: dict[str, Any], output: Output) -> None:
    if phase["explain"]:
        output.say()
        output.say(indent(phase["explain"].strip("\n"), "      | "))
    if phase["note"]:
        output.say()
        output.say("      IMPORTANT NOTE")
        output.say(indent(phase["note"].strip("\n"), "      | "))
    output.say()
