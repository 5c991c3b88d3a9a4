"""What an action would do to the world outside, for the person who is asked: target, host, command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from todo_manager import reads
from todo_manager.canonical import Tree
from todo_manager.errors import TodoError
from todo_manager.plans import Plan, load
from todo_manager.project import Watch, settings
from todo_manager.shellword import word
from todo_manager.steps import Written, accepted
from tui.runs import Order
from tui.widgets.rows import Text, text
from tui.words import seconds, short_digest, single

LOCAL = "local"
_NOT_KINDS = ("host", "name", "timeout", "pins", "env", "cwd")
_SHOWN = 400
"""Characters of one step that are shown."""


class Outside(NamedTuple):
    """A question, ready to be asked."""

    title: str
    lines: list[Text]
    only: str = ""
    """The digest of the steps that are shown."""


def look(root: str, order: Order) -> Outside:
    """What would be executed, from the accepted definition. Raises nothing: a trouble is shown."""
    try:
        with contextlib.closing(reads.open_store(root)) as db:
            plan = load(db, order.plan)
            if order.verb == "watch":
                return _watched(plan, settings(Path(root)).watch, order)
            assert order.phase is not None
            phase = plan.phase(order.phase)
            written = accepted(phase.step_text)
    except (TodoError, ValueError) as problem:
        return Outside("it cannot be looked at", [text((single(str(problem)), "failed"))])
    undoing = order.verb == "undo"
    trees = list(written.undo if undoing else _steps(written))
    if order.verb in ("deploy", "rollback"):
        trees = [tree for tree in trees if str(tree.get(order.verb)) == order.service][:1]
    hosts = dict.fromkeys(host_of(tree, written.services) for tree in trees)
    title = f"{'Take back' if undoing else 'Execute the steps of'} phase {phase.idx}?"
    if order.service and not undoing:
        title = f"{'Deploy' if order.verb == 'deploy' else 'Take back'} {order.service}?"
    lines = [
        text(
            ("target   ", "muted"), (f"{plan.id} {phase.idx}", "strong"), f"  {phase.title}", hang=9
        ),
        text(("host     ", "muted"), *_joined([_described(name, plan) for name in hosts]), hang=9),
        text(("command  ", "muted"), (order.command, "strong"), hang=9),
    ]
    if phase.note.strip():
        lines += [text(("NOTE     ", "warn"), single(phase.note), hang=9)]
    lines += [text(""), text((f"steps, digest {short_digest(phase.step_digest or '')}", "muted"))]
    lines += [line for tree in trees for line in _step(tree)]
    if order.verb == "run":
        lines += [text(""), text(("then the gate is asked, as `done` asks it", "muted"))]
    return Outside(title, lines, phase.step_digest or "")


def _watched(plan: Plan, how: Watch, order: Order) -> Outside:
    """What watching a plan does, as the settings have it."""
    hook = " ".join(map(word, how.hook)) or "none"
    lines = [
        text(("target   ", "muted"), (plan.id, "strong"), f"  {plan.title}", hang=9),
        text(("host     ", "muted"), (_described(LOCAL, plan), "strong"), hang=9),
        text(("command  ", "muted"), (order.command, "strong"), hang=9),
        text(("every    ", "muted"), seconds(how.every), hang=9),
        text(("hook     ", "muted"), hook, hang=9),
        text(""),
        text("Phases that were done are verified again: a pass renews, a failure regresses."),
        text("It marks nothing done. It ends with x on its screen, or with the command center."),
    ]
    return Outside(f"Watch {plan.id}?", lines)


def _steps(written: Written) -> Iterator[Tree]:
    yield from written.steps
    for part in written.parts:
        yield from part


def host_of(tree: Tree, services: Mapping[str, Tree]) -> str:
    """Where a step works: its host, that of its service, or this machine."""
    if "host" in tree:
        return str(tree["host"])
    for kind in ("deploy", "rollback"):
        if kind in tree:
            service = services.get(str(tree[kind]), {})
            return str(service.get("host", LOCAL)) if isinstance(service, dict) else LOCAL
    return LOCAL


def _described(name: str, plan: Plan) -> str:
    described = plan.names.hosts.get(name, {})
    how = described.get("docker") or described.get("ssh") if isinstance(described, dict) else ""
    if name == LOCAL and not how:
        return "local (this machine)"
    return f"{name} ({how})" if how else name


def _joined(names: list[str]) -> list[tuple[str, str]]:
    return [(", ".join(names) or "none", "strong")]


def _step(tree: Tree) -> Iterator[Text]:
    kind = next((key for key in tree if key not in _NOT_KINDS), "step")
    subject = tree.get(kind, "")
    whole = subject if isinstance(subject, str) else " ".join(map(str, _flat(subject)))
    first, *rest = str(whole)[:_SHOWN].splitlines() or [""]
    yield text(("  ", ""), (f"{kind} ", "strong"), first, hang=4)
    yield from (text("      ", line, hang=8) for line in rest)


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
