"""What an SBOM is to us: packages, and of what they are said to be."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from todo_manager.checks.expect import load_json


class NotAnSbom(ValueError):
    """What was read is no SBOM; the message says why."""


class Package(Struct, frozen=True, kw_only=True):
    """One package."""

    name: str
    version: str = ""
    purls: tuple[str, ...] = ()
    """Its package URLs, as written."""
    licenses: tuple[str, ...] = ()
    """SPDX expressions, or names; all of them apply. Empty where none is stated."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Bom(Struct, frozen=True, kw_only=True):
    """What an SBOM says, without what the formats add beside packages (the subject, the system, files)."""

    format: str
    """`spdx-json` or `cyclonedx-json`."""
    version: str
    """Of the format."""
    packages: tuple[Package, ...]
    """No two that are the same."""
    subject: str
    """The name of what it describes."""
    ids: frozenset[str]
    """IDs of the image that it describes, where it states them as such (trivy does)."""
    digests: frozenset[str]
    """Digests of what it describes, `sha256:…`."""


def loaded(data: bytes) -> dict[str, Any]:
    """The JSON object in a file; raises NotAnSbom."""
    if not data.strip():
        raise NotAnSbom("it is empty")
    try:
        found = load_json(data.decode("utf-8-sig"))
    except ValueError as problem:
        raise NotAnSbom(f"it is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise NotAnSbom("it is JSON, but no object")
    return found


def text(value: Any, what: str) -> str:
    """A text that must be there."""
    if not isinstance(value, str) or not value.strip():
        raise NotAnSbom(f"{what} is missing")
    return value


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects; absence is an empty one."""
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise NotAnSbom(f"{what} is no list of objects")
    return found


def distinct(packages: list[Package]) -> tuple[Package, ...]:
    """Each package once: one that is listed ten times is one."""
    return tuple({(each.name, each.version, each.purls): each for each in packages}.values())


def digests_in(*texts: object) -> frozenset[str]:
    """Every `sha256:…` in texts, be it written for a URL."""
    found: set[str] = set()
    for each in texts:
        found.update(re.findall(r"sha256:[0-9a-f]{64}(?![0-9a-f])", unquote(str(each or ""))))
    return frozenset(found)
