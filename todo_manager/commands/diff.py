"""How the files of a plan differ from what was accepted: its document, scripts, helpers, pins."""

from __future__ import annotations

import argparse

from todo_manager import differences
from todo_manager.commands import common
from todo_manager.differences import Difference
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="compare this document instead")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the difference; 0 whether or not there is one, 2 when the document does not load."""
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    found = differences.compare(project, plan, common.bound_document(project, plan, arguments.file))
    output.data = as_data(found)
    tell(found, output)
    if found.gates:
        file = f" {word(arguments.file)}" if arguments.file else ""
        output.say(f"restore it, or a person: todo_manager accept {word(plan.id)}{file}")
    return 0


def as_data(found: Difference) -> dict[str, object]:
    return {
        "plan": found.plan,
        "gates_differ": found.gates,
        "texts_differ": found.texts,
        "phases": [
            {"key": each.key, "change": each.change, "diff": "\n".join(each.lines)}
            for each in found.phases
        ],
    }


def tell(found: Difference, output: Output) -> None:
    """Print a difference for people."""
    for each in found.phases:
        if each.change != "same":
            output.say(f"phase {each.key}: {each.change}")
            for line in each.lines:
                output.say(f"  {line}")
    if not found.gates:
        texts = "only texts differ, no gate" if found.texts else "nothing differs"
        output.say(f"{found.plan}: {texts} from what was accepted")
