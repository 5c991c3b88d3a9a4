"""Grype. Its report: `grype -o json`; what it looked at: the SBOM it writes in the same run.

The report lists packages with findings only, so an empty one could be a clean image or one in which nothing
was recognised; the SBOM tells which. It is not allowed to fetch a database: a check only looks.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from todo_manager.checks.artifact import Booth, kept
from todo_manager.checks.base import Unresolvable
from todo_manager.checks.sboms import cyclonedx
from todo_manager.checks.sboms.base import NotAnSbom
from todo_manager.checks.scanners.base import (
    LANG,
    OS,
    Finding,
    Reader,
    Report,
    Target,
    cache_of,
    class_of,
    document,
    severity,
)

_OS_TYPES = frozenset({"alpm", "apk", "deb", "portage", "rpm"})
_FILTERS = (
    "only-fixed",
    "only-notfixed",
    "ignore-wontfix",
    "ignore-states",
    "ignore",
    "exclude",
    "vex-documents",
    "vex-add",
    "vex-autodiscover",
    "vex-vex-autodiscover",
)
"""Settings that leave something out; the report says with which it was made."""

_read = Reader("grype")


class Grype:
    """The program `grype`."""

    name: ClassVar[str] = "grype"
    update: ClassVar[str] = "grype db update"

    def scan(self, booth: Booth, target: Target) -> Report:
        settings = booth.write("grype.yaml", json.dumps(_settings()).encode())
        report, seen = booth.path("report.json"), booth.path("seen.json")
        ran = booth.run(
            _source(target), "--config", settings,
            "--output", f"json={report}", "--output", f"cyclonedx-json={seen}",
        )  # fmt: skip
        data = booth.read("report.json")
        found = document("grype", data)
        version, built = self._made_with(found)
        findings = _findings(found)
        _is_of(found, target, findings)
        distro = _distro(found)
        return Report(
            scanner=f"grype {version}",
            built=built,
            findings=findings,
            analysed=_analysed(booth.read("seen.json")),
            distro=distro,
            ended=_ended(found) if distro else False,
            facts=booth.facts(ran),
            outputs=(kept("report", data), ran.stdout, ran.stderr),
        )

    def _made_with(self, found: dict[str, Any]) -> tuple[str, Any]:
        """Its version and the time of its database; raises Unresolvable where that is not usable."""
        made = _read.map(found.get("descriptor"), "descriptor")
        if made.get("name") != "grype":
            raise Unresolvable(f"the report is not of grype but of {made.get('name')}")
        database = _read.map(made.get("db"), "db")
        # Up to schema 5 the status stands there itself.
        status = _read.map(database.get("status", database), "db.status")
        if status.get("error") or status.get("valid") is False or not status.get("built"):
            why = status.get("error") or "there is none, or it is not valid"
            raise Unresolvable(f"grype has no database to use ({why}); fetch one: {self.update}")
        configured = _read.map(made.get("configuration"), "configuration")
        if used := [name for name in _FILTERS if configured.get(name)]:
            raise Unresolvable(f"the report of grype was filtered by its setting {used[0]}")
        built = _read.time(status.get("built"), "the time of the database")
        return _read.text(made.get("version"), "version"), built


def _settings() -> dict[str, Any]:
    """JSON is YAML. Nothing is left out, not even what grype leaves out by itself."""
    return {
        "check-for-app-update": False,
        "only-fixed": False,
        "only-notfixed": False,
        "ignore": [],
        "exclude": [],
        "vex-documents": [],
        "vex-add": [],
        "vex-autodiscover": False,
        "match-upstream-kernel-headers": True,
        "alerts": {"enable-eol-distro-warnings": True},
        # Its age is judged by us, against max_db_age.
        "db": {
            "cache-dir": str(cache_of("grype") / "db"),
            "auto-update": False,
            "validate-age": False,
        },
    }


def _source(target: Target) -> str:
    if target.archive:
        return f"docker-archive:{target.path}"
    return f"{'dir' if target.packages is None else 'sbom'}:{target.path}"


def _is_of(found: dict[str, Any], target: Target, findings: tuple[Finding, ...]) -> None:
    """Raises Unresolvable where the report is of something else than the subject.

    Of an SBOM it names what the SBOM describes, not its file; so the packages must be those of the SBOM.
    """
    source = _read.map(found.get("source"), "source")
    kind, seen = source.get("type"), source.get("target")
    if target.archive:
        id_ = _read.map(seen, "target").get("imageID") if kind == "image" else seen
        if id_ != target.archive.id:
            raise Unresolvable(f"the report of grype is of another image: {id_}")
    elif target.packages is None:
        if (kind, seen) != ("directory", target.path):
            raise Unresolvable(f"the report of grype is of something else: {kind} {seen}")
    elif strange := {each.package for each in findings} - target.packages:
        raise Unresolvable(f"grype found {min(strange)}, which is not in the SBOM")


def _distro(found: dict[str, Any]) -> str:
    distro = _read.map(found.get("distro"), "distro")
    return f"{distro.get('name') or ''} {distro.get('version') or ''}".strip()


def _ended(found: dict[str, Any]) -> bool | None:
    """Whether it warned of the end of support; None of a version that does not warn."""
    ended = False
    for entry in _read.list(found.get("alertsByPackage"), "alertsByPackage"):
        for alert in _read.list(_read.map(entry, "an alert").get("alerts"), "alerts"):
            kind = _read.map(alert, "an alert").get("type")
            if kind == "distro-disabled":
                raise Unresolvable(f"grype looks up nothing for {_distro(found)}")
            ended = ended or kind == "distro-eol"
    made = _read.map(found.get("descriptor"), "descriptor")
    alerts = _read.map(
        _read.map(made.get("configuration"), "configuration").get("alerts"), "alerts"
    )
    return True if ended else (False if alerts.get("enable-eol-distro-warnings") is True else None)


def _analysed(data: bytes) -> dict[str, int]:
    try:
        packages = cyclonedx.read(document("grype", data)).packages
    except NotAnSbom as problem:
        raise Unresolvable(f"what grype says it looked at is no SBOM: {problem}") from None
    counts = {OS: 0, LANG: 0}
    for package in packages:
        counts[class_of(package)] += 1
    return counts


def _findings(found: dict[str, Any]) -> tuple[Finding, ...]:
    """All matches, those it would ignore as well."""
    if not isinstance(found.get("matches"), list):
        raise Unresolvable("the report of grype has no list of matches")
    ignored = _read.list(found.get("ignoredMatches"), "ignoredMatches")
    return tuple(_finding(_read.map(each, "a match")) for each in [*found["matches"], *ignored])


def _finding(match: dict[str, Any]) -> Finding:
    vulnerability = _read.map(match.get("vulnerability"), "vulnerability")
    package = _read.map(match.get("artifact"), "artifact")
    fix = _read.map(vulnerability.get("fix"), "fix")
    versions = _read.list(fix.get("versions"), "versions")
    return Finding(
        id=_read.text(vulnerability.get("id"), "id of a vulnerability"),
        package=_read.text(package.get("name"), "name of a package"),
        version=str(package.get("version", "")),
        severity=severity(vulnerability.get("severity")),
        class_=OS if package.get("type") in _OS_TYPES else LANG,
        fixed=", ".join(map(str, versions)) or "a version" if fix.get("state") == "fixed" else "",
    )
