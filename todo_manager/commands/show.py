"""One plan: its phases, their states and why, their checks; with --text everything it says."""

from __future__ import annotations

import argparse

from todo_manager import reads
from todo_manager.errors import Kind, UsageProblem
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, indent, one_line, standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")
    parser.add_argument("phase", nargs="?", type=int, help="only this phase, with all its text")
    parser.add_argument("--text", action="store_true", help="explanations and notes of all phases")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print a plan; 0, or 2 for an unknown plan or phase, 9 when a mark rests on no event."""
    root = reads.find_root(".")
    found = reads.show_plan(reads.open_store(root), root, arguments.plan)
    output.data = found
    plan = found["plan"]
    phases = _selected(plan, arguments.phase)
    _head(plan, output)
    for phase in phases:
        _phase(phase, output, text=arguments.text or arguments.phase is not None)
    return 0


def _selected(plan: dict[str, Any], index: int | None) -> list[dict[str, Any]]:
    phases: list[dict[str, Any]] = plan["phases"]
    if index is None:
        return phases
    if not 0 <= index < len(phases):
        raise UsageProblem(
            f"{plan['id']} has no phase {index}; its phases are 0 to {len(phases) - 1}",
            kind=Kind.UNKNOWN_PHASE,
            hint=f"todo_manager show {plan['id']}",
        )
    phases = plan["phases"] = [phases[index]]
    return phases


def _head(plan: dict[str, Any], output: Output) -> None:
    output.say(f"{plan['id']}  [{plan['status']}]")
    output.say(one_line(plan["title"]))
    if plan["description"] and plan["description"] != plan["title"]:
        output.say(plan["description"])
    source = plan["source"]
    if source["state"] == "changed":
        output.say(
            f"{source['path']} differs from what was accepted: todo_manager diff {plan['id']}"
        )
    elif source["state"] == "gone":
        output.say(f"{source['path']} is gone; the accepted definition stands")
    for name, value in plan["inputs"].items():
        output.say(f"{name} = {value}")
    output.say()


def _phase(phase: dict[str, Any], output: Output, *, text: bool) -> None:
    state = phase["state"]
    mark = "✔" if state in ("done", "attested") else " "
    output.say(f"[{mark}] {phase['index']}. {one_line(phase['title'])}")
    output.say(f"      {GLYPHS[state]} {standing(state, phase['reason'])}")
    for check in phase["checks"]:
        optional = "" if check["required"] else " (not required)"
        verdict = (phase["last_run"] or {}).get("checks", {}).get(check["id"], "")
        said = f"  {GLYPHS.get(verdict, '')} {verdict}" if verdict else ""
        subject = one_line(check["subject"], 70)
        output.say(f"      - {check['id']}: {check['kind']} {subject}{optional}{said}")
    if text:
        _texts(phase, output)


def _texts(phase: dict[str, Any], output: Output) -> None:
    if phase["explain"]:
        output.say()
        output.say(indent(phase["explain"].strip("\n"), "      "))
    if phase["note"]:
        output.say()
        output.say("      IMPORTANT NOTE")
        output.say(indent(phase["note"].strip("\n"), "      | "))
    output.say()
