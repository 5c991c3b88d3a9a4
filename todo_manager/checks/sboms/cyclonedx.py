"""CycloneDX 1.x in JSON: https://cyclonedx.org/docs/. Read as far as we judge it, and strictly there."""

from __future__ import annotations

import re
from typing import Any

from todo_manager.checks.sboms.base import (
    Bom,
    NotAnSbom,
    Package,
    digests_in,
    distinct,
    objects,
    text,
)

FORMAT = "cyclonedx-json"
_BESIDE = ("operating-system", "file", "container", "data", "device")
"""Types of components that are no packages."""
_IMAGE_ID = "aquasecurity:trivy:ImageID"
_DEPTH = 50


def read(document: dict[str, Any]) -> Bom:
    """What a document says; raises NotAnSbom where a field that every CycloneDX document has is missing."""
    if document.get("bomFormat") != "CycloneDX":
        raise NotAnSbom(f"its bomFormat is {document.get('bomFormat')!r}, not CycloneDX")
    version = text(document.get("specVersion"), "specVersion")
    if not re.fullmatch(r"1\.[2-9]", version):
        raise NotAnSbom(f"its version is {version!r}; CycloneDX 1.2 and later are read")
    metadata = document.get("metadata") or {}
    root = metadata.get("component") or {} if isinstance(metadata, dict) else None
    if not isinstance(root, dict):
        raise NotAnSbom("metadata.component is no object")
    properties = objects(root.get("properties"), "properties")
    return Bom(
        format=FORMAT,
        version=version,
        packages=distinct(_packages(document, _DEPTH)),
        subject=str(root.get("name") or "nothing that it names"),
        ids=digests_in(*(p.get("value") for p in properties if p.get("name") == _IMAGE_ID)),
        digests=digests_in(*_naming(root)),
    )


def _naming(root: dict[str, Any]) -> list[str]:
    """Where a digest of the subject may stand: its version, its hashes, its purl."""
    sums = objects(root.get("hashes"), "hashes")
    return [
        str(root.get("version", "")),
        str(root.get("purl", "")),
        *(f"sha256:{each.get('content')}" for each in sums if each.get("alg") == "SHA-256"),
    ]


def _packages(holder: dict[str, Any], depth: int) -> list[Package]:
    """The components of a document or component, and those within them."""
    if depth == 0:
        raise NotAnSbom(f"its components are nested deeper than {_DEPTH} levels")
    found = []
    for entry in objects(holder.get("components"), "components"):
        name = text(entry.get("name"), "name of a component")
        if text(entry.get("type"), f"type of {name}") not in _BESIDE:
            found.append(_package(entry, name))
        found += _packages(entry, depth - 1)
    return found


def _package(entry: dict[str, Any], name: str) -> Package:
    group = str(entry.get("group") or "")
    return Package(
        name=f"{group}/{name}" if group else name,
        version=str(entry.get("version") or ""),
        purls=(str(entry["purl"]),) if entry.get("purl") else (),
        licenses=tuple(each for each in map(_license, _licenses(entry)) if each),
    )


def _licenses(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(entry.get("licenses"), "licenses")


def _license(entry: dict[str, Any]) -> str:
    """An expression, or one license by its SPDX id or its name."""
    named = entry.get("license")
    if isinstance(named, dict):
        return str(named.get("id") or named.get("name") or "")
    return str(entry.get("expression") or "")
