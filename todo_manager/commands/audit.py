"""Verify the whole ledger, the states that rest on it, and every output and signature it names."""

from __future__ import annotations

import argparse
from pathlib import Path

from todo_manager import audit, ledger, reads
from todo_manager.render.output import Output
from todo_manager.render.plain import counted


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none of its own."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when everything verifies, 9 naming the first break otherwise."""
    root = reads.find_root(".")
    found = audit.audit(reads.open_store(root), Path(root))
    output.data = {
        "events": found.events,
        "head": {"seq": found.head.seq, "hash": found.head.hash},
        "plans": found.plans,
        "marks": found.marks,
        "outputs": found.outputs,
        "signatures": found.signatures,
        "breaks": list(found.breaks),
        "notes": list(found.notes),
    }
    for line in found.notes:
        output.say(f"note: {line}")
    for line in found.breaks:
        output.say(f"✗ {line}")
    if found.breaks:
        problem = ledger.broken(found.breaks[0])
        problem.hint = (
            "restore the store from a backup that verifies; what follows a break proves nothing"
        )
        raise problem
    output.say(
        f"✔ intact: {counted(found.events, 'event')}, {counted(found.plans, 'plan')}, "
        f"{counted(found.marks, 'mark')}, {counted(found.outputs, 'output')}"
        + (f", {counted(found.signatures, 'signature')}" if found.signatures else "")
    )
    return 0
