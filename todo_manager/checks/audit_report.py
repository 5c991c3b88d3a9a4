"""What pip-audit reports: which packages it looked at, which advisories it found for each.

It exits 1 when it finds something and also when it breaks, so only its JSON says which; and it goes on
past advisories it cannot read, so its warnings count too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from todo_manager.checks.base import Ran
from todo_manager.checks.command import tail_of
from todo_manager.checks.expect import load_json
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.requirements import Pin, canonical

_LOST = "WARNING:pip_audit._service"
"""How a line begins by which it says that it left an advisory out."""


class Finding(Struct, frozen=True, kw_only=True):
    """One advisory for one package."""

    name: str
    version: str
    id: str
    aliases: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """All its names, in capitals."""
        return frozenset(name.upper() for name in (self.id, *self.aliases))

    def __str__(self) -> str:
        cure = f" (fixed in {', '.join(self.fixed_in)})" if self.fixed_in else " (no fixed version)"
        return f"{self.name} {self.version}: {self.id}{cure}"


def findings(ran: Ran, asked: tuple[Pin, ...]) -> list[Finding]:
    """What was found for the packages that were asked about, each of which must have been audited.

    Raises Unlookable for a report that is none, that leaves a package out, or that contradicts itself.
    """
    report = _report(ran)
    _refuse_losses(ran)
    packages = report.get("dependencies")
    if not isinstance(packages, list):
        raise Unlookable("the report of pip-audit names no packages")
    found = [finding for package in packages for finding in _of_package(package)]
    audited = {canonical(str(package["name"])) for package in packages}
    lost = sorted({pin.name for pin in asked} - audited)
    if lost:
        raise Unlookable(f"pip-audit did not audit {', '.join(lost)}")
    if ran.exit == 1 and not found:
        raise Unlookable(f"pip-audit exited 1 and reports nothing{tail_of(ran)}")
    return found


def _report(ran: Ran) -> dict[str, Any]:
    text = ran.stdout.kept.decode("utf-8", "replace")
    if ran.exit not in (0, 1) or not text.strip():
        raise Unlookable(f"pip-audit exited {ran.exit} without a report{tail_of(ran)}")
    if ran.stdout.truncated:
        raise Unlookable("the report of pip-audit is larger than what is kept of an output")
    try:
        report = load_json(text)
    except ValueError as problem:
        raise Unlookable(f"the report of pip-audit is not JSON: {problem}") from None
    if not isinstance(report, dict):
        raise Unlookable("the report of pip-audit is not an object")
    return report


def _refuse_losses(ran: Ran) -> None:
    for line in ran.stderr.kept.decode("utf-8", "replace").splitlines():
        if line.startswith(_LOST):
            raise Unlookable(f"pip-audit left something out: {line.split(':', 2)[-1][:200]}")


def _of_package(package: Any) -> Iterator[Finding]:
    if not isinstance(package, dict) or not isinstance(package.get("name"), str):
        raise Unlookable("the report of pip-audit has a package without a name")
    name = package["name"]
    if reason := package.get("skip_reason"):
        raise Unlookable(f"pip-audit skipped {name}: {reason}")
    advisories = package.get("vulns")
    if not isinstance(advisories, list) or not isinstance(package.get("version"), str):
        raise Unlookable(f"the report of pip-audit does not say what it found for {name}")
    for advisory in advisories:
        if not isinstance(advisory, dict) or not isinstance(advisory.get("id"), str):
            raise Unlookable(f"the report of pip-audit has an advisory without an id for {name}")
        yield Finding(
            name=canonical(name),
            version=package["version"],
            id=advisory["id"],
            aliases=_texts(advisory.get("aliases")),
            fixed_in=_texts(advisory.get("fix_versions")),
        )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
