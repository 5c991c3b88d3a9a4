"""Having pip-audit ask an advisory service about packages.

It is handed exact versions and told to resolve nothing, so it needs neither pip nor an index, and its
cache is empty and its own: an answer is never an older one.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from todo_manager.checks.audit_report import Finding, findings
from todo_manager.checks.base import Ran, World
from todo_manager.checks.command import run_facts, why_no_exit_code
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.requirements import Pin
from todo_manager.model import Output

PROGRAM = "pip-audit"
SOCKET_SECONDS = 15
"""How long one answer of the service may take."""
_ALWAYS = (
    "--strict",
    "--disable-pip",
    "--no-deps",
    "--format=json",
    "--desc=off",
    "--aliases=on",
    "--progress-spinner=off",
)


class Audit:
    """One attempt: its facts and outputs are there whatever comes of it."""

    def __init__(
        self, world: World, seconds: float, service: tuple[str, ...], control: Pin
    ) -> None:
        """`service` are the arguments that name it; `control` is a release it knows advisories for."""
        self.facts: dict[str, Any] = {}
        self.outputs: list[Output] = []
        self._world = world
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._service = service
        self._control = control

    def run(self, pins: tuple[Pin, ...]) -> list[Finding]:
        """Every advisory for what is pinned.

        Raises Unresolvable without pip-audit, Unlookable or OSError where not everything was audited.
        """
        if not pins:
            raise Unlookable("nothing is pinned there: nothing was audited")
        found: list[Finding] = []
        for batch in _batches([self._control, *pins]):
            told = self._ask(batch)
            if any(pin.text == self._control.text for pin in batch):
                told = self._controlled(told, pins)
            found += told
        return found

    def _controlled(self, told: list[Finding], pins: tuple[Pin, ...]) -> list[Finding]:
        """The findings without those of the control, which there must be."""
        name = self._control.name
        if not any(finding.name == name for finding in told):
            raise Unlookable(
                f"the service knows no advisory for {self._control.text}, which has some: it did not "
                "look; name another release under `control` if this one is not in its data"
            )
        pinned = any(pin.text == self._control.text for pin in pins)
        return [finding for finding in told if finding.name != name or pinned]

    def _ask(self, batch: tuple[Pin, ...]) -> list[Finding]:
        with tempfile.TemporaryDirectory(prefix="todo_manager-audit-") as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text("".join(f"{pin.text}\n" for pin in batch))
            ran = self._start(("--requirement", str(listed), "--cache-dir", f"{folder}/cache"))
        self.outputs += [ran.stdout, ran.stderr]
        if why := why_no_exit_code(ran, self._seconds, PROGRAM):
            raise Unlookable(why)
        return findings(ran, batch)

    def _start(self, arguments: tuple[str, ...]) -> Ran:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unlookable(f"not audited within {self._seconds:g} s")
        patience = str(max(1, min(SOCKET_SECONDS, math.ceil(left))))
        words = (*_ALWAYS, "--timeout", patience, *self._service, *arguments)
        program = self._world.program(PROGRAM)
        ran = self._world.run([program.path, *words], timeout=left)
        self.facts |= {"program": program.path, "sha256": program.sha256} | run_facts(ran)
        return ran


def _batches(pins: Iterable[Pin]) -> list[tuple[Pin, ...]]:
    """The different pins in groups that name no package twice, as pip-audit wants it.

    A package may be pinned to several versions, under different markers.
    """
    batches: list[dict[str, Pin]] = []
    for pin in pins:
        if any(batch.get(pin.name) and batch[pin.name].text == pin.text for batch in batches):
            continue
        free = next((batch for batch in batches if pin.name not in batch), None)
        if free is None:
            batches.append(free := {})
        free[pin.name] = pin
    return [tuple(batch.values()) for batch in batches]
