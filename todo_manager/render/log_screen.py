"""Events of the ledger and their evidence, on a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from todo_manager.render.log_text import SHOWN, rows_of, said
from todo_manager.render.output import Output
from todo_manager.render.palette import DIM, STRONG, STYLES
from todo_manager.render.run_screen import check_rows
from todo_manager.render.screen import Screen

_HANG = 6
_STYLES = {"renewed": STYLES["done"], "refused": STYLES["failed"]}
"""Of events whose names are no states."""


def tell_events(events: Sequence[Mapping[str, Any]], output: Output) -> None:
    """An event with when, where and who; below it what it is about."""
    screen = Screen(output)
    for event in events:
        _event(event, screen)
    if not events:
        screen.line(("nothing happened yet", ""))


def _event(event: Mapping[str, Any], screen: Screen) -> None:
    kind = event["event"]
    where = f"{event['plan']} {event['key']}".strip()
    screen.line(
        (f"{event['at']}  ", DIM),
        (f"{kind:<9} ", STYLES.get(kind, _STYLES.get(kind, ""))),
        (f"{where}  ", STRONG),
        (f"by {event['actor']} ({event['how']})", DIM),
        label=(f"{event['seq']:>4}", DIM),
        hang=_HANG,
    )
    words = screen.single(said(event))
    if words:
        screen.line((words, ""), indent=_HANG, hang=_HANG)


def tell_evidence(event: Mapping[str, Any], outputs: Mapping[str, str], output: Output) -> None:
    """One event with its checks: facts by name, and the end of what programs wrote."""
    screen = Screen(output)
    _event(event, screen)
    for check in rows_of(event):
        screen.put(check_rows(check, screen, always=True))
        for name, value in check["facts"].items():
            text = screen.single(json.dumps(value, ensure_ascii=False))
            screen.line((f"{name}: ", DIM), (text, ""), indent=_HANG, hang=_HANG + 2)
        for kept in check["outputs"]:
            told = f"{kept['stream']}: {kept['size']} bytes, sha256 {kept['sha256'][:16]}..."
            screen.line((told, DIM), indent=_HANG, hang=_HANG + 2)
            for line in outputs[kept["kept"]][-SHOWN:].splitlines():
                screen.barred(line, indent=_HANG)
