"""Lines for people about plans as reads find them; standard library only.

They are for pipes and files. On a terminal `plan_screen.py` says the same in its own way.
"""

from __future__ import annotations

from todo_manager.render.plain import GLYPHS, indent, one_line, standing
from todo_manager.shellword import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from todo_manager.render.output import Output


def tell_list(found: dict[str, Any], output: Output, *, everything: bool) -> None:
    """Two lines a plan, and how to get the rest."""
    if not found["plans"]:
        return tell_none(output, everything=everything)
    if output.screen:
        from todo_manager.render import plan_screen

        return plan_screen.tell_list(found, output)
    for plan in found["plans"]:
        tell_summary(plan, output)
    if found["more"]:
        last = found["plans"][-1]["id"]
        output.say(f"{found['more']} more: todo_manager list --after {word(last)}")


def tell_none(output: Output, *, everything: bool) -> None:
    """That there is no plan, or no open one: how to get one, and how to see the closed ones."""
    if output.screen:
        from todo_manager.render import plan_screen

        return plan_screen.tell_none(output, everything=everything)
    output.say(
        f"no {'' if everything else 'open '}plans. Take one in with: todo_manager import FILE"
    )
    if not everything:
        output.say("The closed ones: todo_manager list --all")


def tell_summary(plan: dict[str, Any], output: Output) -> None:
    """One plan of a list: its progress and title, and what comes next."""
    if output.screen:
        from todo_manager.render import plan_screen

        return plan_screen.tell_summary(plan, output)
    output.say(f"{plan['id']}  {plan['done']}/{plan['total']}  {one_line(plan['title'], 70)}")
    coming = plan["next"]
    if coming is None:
        said = f"{GLYPHS[plan['status']]} {plan['status']}" if plan["total"] else "no phases"
        output.say(f"    {said}")
        return
    where = f"{coming['phase']} {one_line(coming['title'], 60)}"
    output.say(f"    next: {where}  [{GLYPHS[coming['state']]} {coming['state']}]")


def tell_next(found: dict[str, Any], output: Output) -> None:
    """The phase, its state and why, and how to see more of it."""
    if output.screen:
        from todo_manager.render import plan_screen

        return plan_screen.tell_next(found, output)
    if found["phase"] is None:
        output.say(f"{found['plan']}: {found['reason'] or 'every phase is done or attested'}")
        return
    output.say(f"{found['plan']} {found['phase']}. {one_line(found['title'])}")
    output.say(f"  {_state(found)}")
    output.say(f"  todo_manager show {word(found['plan'])} {found['phase']}")


def tell_plan(plan: dict[str, Any], output: Output, *, text: bool) -> None:
    """A plan and the phases it holds; with `text` also all they say."""
    if output.screen:
        from todo_manager.render import plan_screen

        return plan_screen.tell_plan(plan, output, text=text)
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
    if plan["tags"]:
        output.say(f"  tags: {one_line(', '.join(plan['tags']))}")
    source = plan["source"]
    if source["state"] == "changed":
        differs = f"{source['path']} differs from what was accepted"
        output.say(f"  {differs}: todo_manager diff {word(plan['id'])}")
    elif source["state"] == "gone":
        output.say(f"  {source['path']} is gone; the accepted definition stands")
    for line in accepted_lines(plan):
        output.say(f"  {line}")
    if plan["proposal"]:
        output.say(f"  an edit waits to be accepted: todo_manager diff {word(plan['id'])}")
    for name, value in plan["inputs"].items():
        output.say(f"  {name} = {one_line(value)}")
    output.say()


def accepted_lines(plan: dict[str, Any]) -> list[str]:
    """Who stands for the definition and whether that was signed; or that nobody does, and what to type."""
    if plan["unaccepted"]:
        accept = f"a person: todo_manager accept {word(plan['id'])} --key FILE"
        return [f"not accepted: {plan['unaccepted']}", accept]
    by = plan["phases"][0]["accepted_by"] if plan["phases"] else ""
    return [f"accepted by {one_line(by, 60)} ({plan['accepted_how']})"] if by else []


def _phase(phase: dict[str, Any], output: Output) -> None:
    mark = "✔" if phase["state"] in ("done", "attested") else " "
    output.say(f"[{mark}] {phase['index']}. {one_line(phase['title'])}")
    output.say(f"      {_state(phase)}")
    claim = phase["claim"]
    if claim:
        output.say(f"      claimed by {one_line(claim['actor'], 60)} until {claim['until']}")
    if phase["tags"]:
        output.say(f"      tags: {one_line(', '.join(phase['tags']))}")
    if phase["waivers"]:
        from todo_manager.render import waiver_text

        for row in phase["waivers"]:
            output.say(f"      waiver: {waiver_text.line(row)}")
    _checks(phase, output)


def _checks(phase: dict[str, Any], output: Output) -> None:
    """One line a check, those of a part below its title."""
    verdicts = (phase["last_run"] or {}).get("checks", {})
    titles = {part["index"]: part["title"] for part in phase["parts"]}
    told = None
    for check in phase["checks"]:
        part = check.get("part")
        if part is not None and part != told:
            output.say(f"      {phase['index']}.{part} {one_line(titles.get(part, ''))}")
        told = part
        optional = "" if check["required"] else " (not required)"
        verdict = verdicts.get(check["id"], "")
        said = f"  {GLYPHS.get(verdict, '')} {verdict}" if verdict else ""
        subject = one_line(check["subject"], 70)
        output.say(f"      - {check['id']}: {check['kind']} {subject}{optional}{said}")
    for step in phase["steps"]:
        output.say(f"      ▶ {step['id']}: {step['kind']} {one_line(step['subject'], 70)}")


def _state(phase: dict[str, Any]) -> str:
    return f"{GLYPHS[phase['state']]} {standing(phase['state'], phase['reason'])}"


def _texts(phase: dict[str, Any], output: Output) -> None:
    _said(phase, output)
    for part in phase["parts"]:
        if part["explain"] or part["note"]:
            output.say()
            output.say(f"      {phase['index']}.{part['index']} {one_line(part['title'])}")
            _said(part, output)
    output.say()


def _said(each: dict[str, Any], output: Output) -> None:
    """What a phase or a part tells whoever works on it."""
    if each["explain"]:
        output.say()
        output.say(indent(each["explain"].strip("\n"), "      | "))
    if each["note"]:
        output.say()
        output.say("      IMPORTANT NOTE")
        output.say(indent(each["note"].strip("\n"), "      | "))
