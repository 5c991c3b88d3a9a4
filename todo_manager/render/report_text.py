"""A report as lines: where a plan stands, and on what evidence."""

from __future__ import annotations

from typing import Any

from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line, standing
from todo_manager.render.run_text import WIDTH
from todo_manager.shellword import word
from todo_manager.states import SATISFIED


def tell_report(data: dict[str, Any], output: Output) -> None:
    """The data of `report.gather`: the plan, its phases with their evidence, what is weak in it."""
    _head(data, output)
    for phase in data["plan"]["phases"]:
        mark = "✔" if phase["state"] in SATISFIED else " "
        output.say()
        output.say(f"[{mark}] {phase['index']}. {one_line(phase['title'])}")
        output.say(f"      {GLYPHS[phase['state']]} {standing(phase['state'], phase['reason'])}")
        for attempt in data["evidence"]:
            if attempt["phase"] == phase["index"]:
                _attempt(attempt, output)
    output.say()
    _doubts(data, output)
    id_ = word(data["plan"]["id"])
    output.say(f"more: todo_manager log {id_}, and todo_manager report {id_} --html")


def _head(data: dict[str, Any], output: Output) -> None:
    plan, ledger = data["plan"], data["ledger"]
    output.say(f"{plan['id']}  [{plan['status']}]")
    output.say(f"  {one_line(plan['title'])}")
    counts = ", ".join(f"{count} {state}" for state, count in data["counts"].items())
    output.say(f"  {data['done']} of {data['total']} done or attested ({counts or 'no phases'})")
    for row in data["accepted"][-1:]:
        output.say(f"  {row['event']} by {row['actor']} ({row['how']}), {row['at']}")
    output.say(f"  digest {plan['digest']}")
    output.say(f"  ledger {ledger['hash']}, event {ledger['seq']}: verified, with all outputs")
    for name, value in sorted(plan["inputs"].items()):
        output.say(f"  {name} = {one_line(value)}")


def _attempt(found: dict[str, Any], output: Output) -> None:
    verdict = f": {found['verdict']}" if found["verdict"] else ""
    output.say(
        f"      {found['event']}{verdict}, event {found['seq']}, {found['at']},"
        f" by {found['actor']} ({found['how']})"
    )
    if found["said"]:
        output.say(f"        {one_line(found['said'], WIDTH)}")
    for check in found["checks"]:
        optional = "" if check["required"] else " (not required)"
        subject = one_line(check["subject"], 60)
        head = f"{GLYPHS[check['verdict']]} {check['verdict']}  {check['id']}: {check['kind']}"
        output.say(f"        {head} {subject}{optional}")
        output.say(f"            expected: {one_line(check['expected'], WIDTH)}")
        if seen := check["actual"] or check["message"]:
            output.say(f"            seen:     {one_line(seen, WIDTH)}")
        if check["withdrawn"]:
            output.say("            since:    the approval was withdrawn")
        for kept in check["outputs"]:
            output.say(
                f"            {kept['stream']}: {kept['size']} bytes, sha256 {kept['sha256'][:16]}…"
            )


def _doubts(data: dict[str, Any], output: Output) -> None:
    for name, title in (
        ("never_failed", "never seen failing"),
        ("flaky", "flaky"),
        ("waivers", "waived"),
    ):
        rows = [f"phase {row['phase']} check {row['check']}{_stands(row)}" for row in data[name]]
        output.say(f"{title}: {'; '.join(rows) or 'none'}")


def _stands(row: dict[str, Any]) -> str:
    """How a waiver stands; nothing of what is no waiver."""
    return f" ({row['state']}, until {row['until']})" if "until" in row else ""
