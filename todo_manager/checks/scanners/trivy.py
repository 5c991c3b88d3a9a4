"""Trivy. Its report: https://trivy.dev/latest/docs/configuration/reporting/, schema version 2.

It keeps what it found in an image for the next time; a fresh cache with nothing but the vulnerability
databases makes it look anew. It is not allowed to fetch a database: a check only looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from todo_manager.checks.artifact import Booth, kept
from todo_manager.checks.base import Ran, Unresolvable
from todo_manager.checks.scanners.base import (
    LANG,
    OS,
    Finding,
    Reader,
    Report,
    Target,
    cache_of,
    document,
    severity,
)

_UNLISTED = b"This OS version is not on the EOL list"
"""What it logs of a distribution whose end of support it does not know; the report is silent on it."""
_TYPES = {"image": ("container_image",), "fs": ("filesystem",), "sbom": ("cyclonedx", "spdx")}
_ENV = {"TRIVY_DISABLE_TELEMETRY": "true", "TRIVY_SKIP_VERSION_CHECK": "true"}

_read = Reader("trivy")


class Trivy:
    """The program `trivy`, from 0.38 on."""

    name: ClassVar[str] = "trivy"
    update: ClassVar[str] = "trivy image --download-db-only"

    def scan(self, booth: Booth, target: Target) -> Report:
        cache = _fresh_cache(booth)
        asked = booth.run("version", "--format", "json", "--cache-dir", cache, env=_ENV)
        known = document("trivy version", asked.stdout.kept)
        database = _read.map(known.get("VulnerabilityDB"), "VulnerabilityDB")
        if not database:
            raise Unresolvable(f"trivy has no vulnerability database; fetch one: {self.update}")
        what, given = _command(target)
        ran = booth.run(
            what, *given, "--cache-dir", cache, "--format", "json", "--list-all-pkgs",
            "--output", booth.path("report.json"), "--ignorefile", booth.write("no-ignores", b""),
            "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--no-progress",
            "--timeout", f"{booth.left():.0f}s",
            env=_ENV,
        )  # fmt: skip
        data = booth.read("report.json")
        found = document("trivy", data)
        _is_of(found, what, target)
        results = [
            _read.map(each, "a result") for each in _read.list(found.get("Results"), "Results")
        ]
        distro = _distro(found)
        return Report(
            scanner=f"trivy {_read.text(known.get('Version'), 'Version')}",
            built=_read.time(database.get("UpdatedAt"), "UpdatedAt"),
            findings=tuple(each for result in results for each in _findings(result)),
            analysed=_analysed(results),
            distro=distro,
            ended=_ended(found, ran),
            facts=booth.facts(ran),
            outputs=(kept("report", data), ran.stdout, ran.stderr),
        )


def _fresh_cache(booth: Booth) -> str:
    """A cache of its own that leads to the databases of this user, where there are any."""
    cache = Path(booth.path("cache"))
    cache.mkdir()
    for name in ("db", "java-db"):
        if (there := cache_of("trivy") / name).is_dir():
            (cache / name).symlink_to(there)
    return str(cache)


def _command(target: Target) -> tuple[str, list[str]]:
    """The verb and its first words. `sbom` looks for nothing but vulnerabilities, and is not asked to."""
    if target.archive:
        return "image", ["--input", target.path, "--scanners", "vuln"]
    if target.packages is not None:
        return "sbom", [target.path]
    return "fs", [target.path, "--scanners", "vuln"]


def _is_of(found: dict[str, Any], what: str, target: Target) -> None:
    """Raises Unresolvable where the report is of something else than the subject."""
    if found.get("SchemaVersion") != 2:
        raise Unresolvable(f"trivy wrote a report of schema {found.get('SchemaVersion')}, not 2")
    if found.get("ArtifactType") not in _TYPES[what] or found.get("ArtifactName") != target.path:
        seen = f"{found.get('ArtifactType')} {found.get('ArtifactName')}"
        raise Unresolvable(f"the report of trivy is of something else: {seen}")
    metadata = _read.map(found.get("Metadata"), "Metadata")
    if target.archive is None:
        return
    layers = _read.list(metadata.get("DiffIDs"), "DiffIDs")
    if metadata.get("ImageID") != target.archive.id:
        raise Unresolvable(f"the report of trivy is of another image: {metadata.get('ImageID')}")
    if layers and layers != list(target.archive.layers):
        raise Unresolvable("the report of trivy is of other layers than those of the image")


def _distro(found: dict[str, Any]) -> str:
    system = _read.map(_read.map(found.get("Metadata"), "Metadata").get("OS"), "OS")
    return f"{system.get('Family', '')} {system.get('Name', '')}".strip()


def _ended(found: dict[str, Any], ran: Ran) -> bool | None:
    system = _read.map(_read.map(found.get("Metadata"), "Metadata").get("OS"), "OS")
    if system.get("EOSL"):
        return True
    return None if _UNLISTED in ran.stderr.kept else False


def _analysed(results: list[dict[str, Any]]) -> dict[str, int]:
    counts = {OS: 0, LANG: 0}
    for result in results:
        packages = len(_read.list(result.get("Packages"), "Packages"))
        if result.get("Class") in counts:
            counts[result["Class"]] += packages
    return counts


def _findings(result: dict[str, Any]) -> list[Finding]:
    if result.get("ExperimentalModifiedFindings"):
        raise Unresolvable("the report of trivy was filtered: it names suppressed findings")
    class_ = str(result.get("Class", ""))
    found = _read.list(result.get("Vulnerabilities"), "Vulnerabilities")
    if found and class_ not in (OS, LANG):
        raise Unresolvable(f"trivy found vulnerabilities in a class that is not known: {class_!r}")
    return [_finding(_read.map(each, "a vulnerability"), class_) for each in found]


def _finding(found: dict[str, Any], class_: str) -> Finding:
    return Finding(
        id=_read.text(found.get("VulnerabilityID"), "VulnerabilityID"),
        package=_read.text(found.get("PkgName"), "PkgName"),
        version=str(found.get("InstalledVersion", "")),
        severity=severity(found.get("Severity")),
        class_=class_,
        fixed=str(found.get("FixedVersion") or ""),
    )
