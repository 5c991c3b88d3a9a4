"""What a vulnerability scanner is to us: a program that is run unfiltered, and a report that is read strictly.

Scanners exit 0 on findings, leave out what they were told to ignore, and write an empty report where they
could look at nothing. So none of their own thresholds is used: everything is asked for, and judged here.
"""

from __future__ import annotations

import os
import pwd
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.artifact import Booth
from todo_manager.checks.base import Unresolvable
from todo_manager.checks.expect import load_json
from todo_manager.checks.fields import Wrong
from todo_manager.checks.sboms.base import Package
from todo_manager.engines.archive import Archive
from todo_manager.model import Output

OS, LANG = "os-pkgs", "lang-pkgs"
CLASSES = (OS, LANG)
"""Packages of the distribution, and those of programming languages; trivy's words."""
_OS_PURLS = tuple(f"pkg:{name}/" for name in ("alpm", "apk", "deb", "ebuild", "rpm"))
SEVERITIES = ("NEGLIGIBLE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""From the mildest to the worst. What is none of these is UNKNOWN."""
UNKNOWN = "UNKNOWN"
_T = TypeVar("_T")


class Target(Struct, frozen=True, kw_only=True):
    """What is scanned."""

    path: str
    """The archive, folder or SBOM that the scanner is given."""
    archive: Archive | None = None
    """Of an image."""
    packages: frozenset[str] | None = None
    """The names of the packages in an SBOM."""
    classes: frozenset[str] = frozenset()
    """What is known to be in it: an SBOM says so itself, an image by its package databases."""


class Finding(Struct, frozen=True, kw_only=True):
    """One vulnerability of one package."""

    id: str
    package: str
    version: str
    severity: str
    """One of SEVERITIES, or UNKNOWN."""
    class_: str
    fixed: str = ""
    """The version in which it is fixed; empty where there is none."""

    def __str__(self) -> str:
        return f"{self.severity} {self.id} in {self.package} {self.version}"


class Report(Struct, frozen=True, kw_only=True):
    """What a scanner found, unfiltered."""

    scanner: str
    """Its name and version."""
    built: datetime
    """When its vulnerability database was made."""
    findings: tuple[Finding, ...]
    analysed: dict[str, int]
    """How many packages of each class it looked at."""
    distro: str = ""
    """The distribution that was recognised; empty where there is none."""
    ended: bool | None = False
    """Whether support of the distribution has ended; None where the scanner cannot tell."""
    facts: dict[str, Any] = {}
    outputs: tuple[Output, ...] = ()

    def evidence(self) -> dict[str, Any]:
        """What is kept of it beside the report itself."""
        return self.facts | {
            "scanner": self.scanner,
            "database": self.built.isoformat(),
            "distro": self.distro,
            "analysed": self.analysed,
            "findings": dict(Counter(each.severity for each in self.findings)),
        }


class Scanner(Protocol):
    """One scanner."""

    name: ClassVar[str]
    update: ClassVar[str]
    """The command that fetches its vulnerability database."""

    def scan(self, booth: Booth, target: Target) -> Report:
        """Run it; raises Unresolvable when what it says proves nothing."""


def document(name: str, data: bytes) -> dict[str, Any]:
    """A report as JSON; raises Unresolvable for anything that is not whole, SARIF by its name."""
    try:
        found = load_json(data.decode("utf-8"))
    except ValueError as problem:
        raise Unresolvable(f"the report of {name} is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Unresolvable(f"the report of {name} is no JSON object")
    if "runs" in found or "sarif" in str(found.get("$schema", "")):
        raise Unresolvable(
            f"{name} wrote SARIF: it says neither what was analysed nor of what; it is no evidence"
        )
    return found


class Reader:
    """Takes values out of a report, each with the type it must have; raises Unresolvable."""

    def __init__(self, name: str) -> None:
        self._name = name

    def map(self, value: Any, what: str) -> dict[str, Any]:
        """An object; null and absence are an empty one."""
        return self._of(value, dict, what)

    def list(self, value: Any, what: str) -> list[Any]:
        """A list; null and absence are an empty one, as both scanners write it."""
        return self._of(value, list, what)

    def text(self, value: Any, what: str) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise Unresolvable(f"the report of {self._name} has no {what}")
        return value

    def time(self, value: Any, what: str) -> datetime:
        """A moment with its zone."""
        text = re.sub(r"(\.[0-9]{1,6})[0-9]*", r"\1", self.text(value, what)).replace("Z", "+00:00")
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise Unresolvable(f"{what} of {self._name} is no time: {text[:40]!r}") from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def _of(self, value: Any, kind: type[_T], what: str) -> _T:
        if value is None:
            return kind()
        if not isinstance(value, kind):
            raise Unresolvable(f"{what} in the report of {self._name} is not what it should be")
        return value


def severity(value: Any) -> str:
    """One of SEVERITIES; whatever else a scanner says, or leaves out, is UNKNOWN."""
    word = str(value or "").upper()
    return word if word in SEVERITIES else UNKNOWN


def class_of(package: Package) -> str:
    """The class of a package of an SBOM, by its purl."""
    return OS if any(purl.startswith(_OS_PURLS) for purl in package.purls) else LANG


def severities(tree: Tree) -> tuple[str, ...]:
    """One severity or a list of them, in whatever letters."""
    found = tuple(word.upper() for word in fields.texts(tree))
    for word in found:
        if word not in (*SEVERITIES, UNKNOWN):
            raise Wrong(f"{word!r} is no severity: {', '.join((*SEVERITIES, UNKNOWN))}")
    return found


def classes(tree: Tree) -> tuple[str, ...]:
    """One class of packages or a list of them."""
    found = fields.texts(tree)
    for word in found:
        if word not in CLASSES:
            raise Wrong(f"{word!r} is no class of packages: {' or '.join(CLASSES)}")
    return found


def cache_of(name: str) -> Path:
    """Where a scanner keeps its files for this user; the environment has no say."""
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = "/"  # the user of a container often has no entry
    return Path(home) / ".cache" / name
