"""SPDX 2.x in JSON: https://spdx.github.io/spdx-spec/v2.3/. Read as far as we judge it, and strictly there."""

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

FORMAT = "spdx-json"
_NONE = ("", "NOASSERTION", "NONE")
_BESIDE = ("CONTAINER", "OPERATING-SYSTEM", "OPERATING_SYSTEM", "FILE")
"""Purposes of entries that are no packages of the subject."""


def read(document: dict[str, Any]) -> Bom:
    """What a document says; raises NotAnSbom where a field that every SPDX document has is missing."""
    version = text(document.get("spdxVersion"), "spdxVersion")
    if not re.fullmatch(r"SPDX-2\.[0-9]", version):
        raise NotAnSbom(f"its version is {version!r}; SPDX-2.x is read")
    if document.get("SPDXID") != "SPDXRef-DOCUMENT":
        raise NotAnSbom("SPDXID is not SPDXRef-DOCUMENT")
    for field in ("name", "documentNamespace", "dataLicense"):
        text(document.get(field), field)
    if not isinstance(document.get("creationInfo"), dict):
        raise NotAnSbom("creationInfo is missing")
    entries = objects(document.get("packages"), "packages")
    for entry in entries:
        text(entry.get("SPDXID"), "SPDXID of a package")
        text(entry.get("name"), "name of a package")
    roots = [entry for entry in entries if entry["SPDXID"] in _described(document)]
    return Bom(
        format=FORMAT,
        version=version.removeprefix("SPDX-"),
        packages=distinct([_package(entry) for entry in entries if _counts(entry, roots)]),
        subject=str(roots[0]["name"] if roots else document["name"]),
        ids=digests_in(*(line for line in _notes(roots) if line.startswith("ImageID:"))),
        digests=digests_in(*(part for root in roots for part in _naming(root))),
    )


def _described(document: dict[str, Any]) -> set[str]:
    listed = document.get("documentDescribes") or []
    related = objects(document.get("relationships"), "relationships")
    return {str(each) for each in listed} | {
        str(each.get("relatedSpdxElement"))
        for each in related
        if each.get("spdxElementId") == "SPDXRef-DOCUMENT"
        and each.get("relationshipType") == "DESCRIBES"
    }


def _counts(entry: dict[str, Any], roots: list[dict[str, Any]]) -> bool:
    return entry not in roots and entry.get("primaryPackagePurpose") not in _BESIDE


def _naming(root: dict[str, Any]) -> list[str]:
    """Where a digest of the subject may stand: its version, its checksums, its purl."""
    sums = objects(root.get("checksums"), "checksums")
    return [
        str(root.get("versionInfo", "")),
        *(f"sha256:{s.get('checksumValue')}" for s in sums if s.get("algorithm") == "SHA256"),
        *(_purls(root)),
    ]


def _notes(roots: list[dict[str, Any]]) -> list[str]:
    """What trivy adds of an image, in one of two places by its version."""
    found: list[str] = []
    for root in roots:
        found += [str(each) for each in root.get("attributionTexts") or []]
        annotations = objects(root.get("annotations"), "annotations")
        found += [str(each.get("comment", "")) for each in annotations]
    return found


def _purls(entry: dict[str, Any]) -> list[str]:
    return [
        str(each.get("referenceLocator", ""))
        for each in objects(entry.get("externalRefs"), "externalRefs")
        if each.get("referenceType") == "purl"
    ]


def _package(entry: dict[str, Any]) -> Package:
    stated = [str(entry.get(f"license{kind}") or "") for kind in ("Concluded", "Declared")]
    license_ = next((each for each in stated if each not in _NONE), "")
    return Package(
        name=entry["name"],
        version=str(entry.get("versionInfo") or ""),
        purls=tuple(_purls(entry)),
        licenses=(license_,) if license_ else (),
    )
