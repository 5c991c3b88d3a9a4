"""One plan: its phases, their states and why, their checks; with --text everything it says."""

from __future__ import annotations

from todo_manager import read_plan, reads

TYPE_CHECKING = False
if TYPE_CHECKING:  # argparse and typing cost a read more than its own work
    import argparse
    from typing import Any

    from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    from todo_manager import usage

    parser.add_argument("plan", help="id of a plan, or the beginning of one")
    parser.add_argument(
        "phase", nargs="?", type=usage.index, help="only this phase, with all its text"
    )
    parser.add_argument("--text", action="store_true", help="explanations and notes of all phases")


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    plan, *phase = words or [""]
    if not words or len(phase) > 1 or not flags <= {"--text"}:
        return None
    if phase and not (phase[0].isascii() and phase[0].isdecimal() and len(phase[0]) < 10):
        return None
    return {"plan": plan, "phase": int(phase[0]) if phase else None, "text": "--text" in flags}


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print a plan; 0, or 2 for an unknown plan or phase, 9 when a mark rests on no event."""
    root = reads.find_root(".")
    output.data = read_plan.show_plan(reads.open_snapshot(root), root, arguments.plan)
    plan = output.data["plan"]
    if arguments.phase is not None:
        plan["phases"] = [_phase(plan, arguments.phase)]
    if not output.json:
        from todo_manager.render import plan_text

        plan_text.tell_plan(plan, output, text=arguments.text or arguments.phase is not None)
    return 0


def _phase(plan: dict[str, Any], index: int) -> dict[str, Any]:
    phases: list[dict[str, Any]] = plan["phases"]
    if not 0 <= index < len(phases):
        from todo_manager import read_problems

        raise read_problems.unknown_phase(plan["id"], index, len(phases))
    return phases[index]
