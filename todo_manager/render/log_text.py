"""Lines for people about events of the ledger and the evidence they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from todo_manager.render.output import Output
from todo_manager.render.plain import indent, one_line

SHOWN = 2000
"""Characters of an output that are shown: its end, where programs say what went wrong."""


def tell_events(events: Sequence[Mapping[str, Any]], output: Output) -> None:
    """One or two lines an event."""
    if output.screen:
        from todo_manager.render import log_screen

        return log_screen.tell_events(events, output)
    for event in events:
        output.say(_line(event))
    if not events:
        output.say("nothing happened yet")


def tell_evidence(event: Mapping[str, Any], outputs: Mapping[str, str], output: Output) -> None:
    """One event with everything it recorded; `outputs` by the sha256 under which they are kept."""
    if output.screen:
        from todo_manager.render import log_screen

        return log_screen.tell_evidence(event, outputs, output)
    output.say(_line(event))
    for row in rows_of(event):
        _evidence(row, outputs, output)


def rows_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an event recorded of checks, and of steps."""
    data = event["data"]
    return [*data.get("checks", ()), *data.get("steps", ())]


def said(event: Mapping[str, Any]) -> str:
    """What an event is about, in a sentence; empty where its name says it all."""
    data = event["data"]
    if event["event"] == "set":
        return f"{data['name']} = {data['value']}"
    words = str(data.get("message") or data.get("reason") or "")
    if "checks" not in data:
        return words
    verdicts = [row["verdict"] for row in rows_of(event)]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    return f"{counts}{': ' + words if words else ''}"


def _line(event: Mapping[str, Any]) -> str:
    where = f"{event['plan']} {event['key']}".strip()
    head = f"{event['seq']:>4}  {event['at']}  {event['event']:<9} {where}  by {event['actor']}"
    words = said(event)
    return f"{head} ({event['how']})" + (f"\n        {one_line(words, 110)}" if words else "")


def _evidence(check: Mapping[str, Any], outputs: Mapping[str, str], output: Output) -> None:
    output.say(
        f"  {check['id']}: {check['kind']} {one_line(check['subject'], 80)}: {check['verdict']}"
    )
    output.say(f"      expected: {one_line(check['expected'], 100)}")
    if check["actual"] or check["message"]:
        output.say(f"      seen:     {one_line(check['actual'] or check['message'], 100)}")
    for name, value in check["facts"].items():
        output.say(f"      {name}: {one_line(json.dumps(value, ensure_ascii=False), 100)}")
    for kept in check["outputs"]:
        output.say(f"      {kept['stream']}: {kept['size']} bytes, sha256 {kept['sha256'][:16]}…")
        output.say(indent(outputs[kept["kept"]][-SHOWN:], "        | "))
