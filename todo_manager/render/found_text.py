"""Lines for people about plans that were looked for; standard library only, but on a terminal."""

from __future__ import annotations

from todo_manager.render import plan_text
from todo_manager.render.plain import one_line
from todo_manager.shellword import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from todo_manager.render.output import Output

_SNIPPET = 150
"""Characters of what was found that are shown at most."""


def tell(found: dict[str, Any], output: Output, *, asked: str) -> None:
    """The plans as `list` tells them, each with the place that was found; `asked` is the command."""
    for plan in found["plans"]:
        plan_text.tell_summary(plan, output)
        if plan["snippet"]:
            _line(output, "found: ", one_line(plan["snippet"], _SNIPPET), indent=4)
    if not found["plans"]:
        _line(output, "no plan matches")
    if found["more"]:
        last = word(found["plans"][-1]["id"])
        _line(output, f"{found['more']} more: ", f"{asked} --after {last}")
    if found["closed"]:
        _line(output, f"{found['closed']} done or archived match too: ", f"{asked} --all")


def _line(output: Output, label: str, said: str = "", *, indent: int = 0) -> None:
    if not output.screen:
        output.say(" " * indent + label + said)
        return
    from todo_manager.render.screen import Screen

    screen = Screen(output)
    screen.line((label, ""), (screen.single(said), ""), indent=indent, hang=indent + 2)
