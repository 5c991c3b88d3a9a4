"""Syft, which writes the SBOM of an image."""

from __future__ import annotations

from typing import Any

from todo_manager.checks.artifact import Booth
from todo_manager.checks.base import Unresolvable
from todo_manager.checks.sboms import read
from todo_manager.checks.sboms.base import Bom, NotAnSbom
from todo_manager.engines.archive import Archive

NAME = "syft"
_ENV = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}


def generate(booth: Booth, archive: Archive, name: str, format: str) -> tuple[Bom, bytes, Any]:
    """The SBOM of an archive, called `name` in it; as read, as written, and its run.

    Raises Unresolvable where none was written, or one of something else.
    """
    file = booth.path("sbom.json")
    ran = booth.run(
        "scan", f"docker-archive:{archive.path}", "--source-name", name,
        "--output", f"{format}={file}", "--quiet", env=_ENV,
    )  # fmt: skip
    data = booth.read("sbom.json")
    try:
        found = read(data)
    except NotAnSbom as problem:
        raise Unresolvable(f"what syft wrote is no SBOM: {problem}") from None
    if found.format != format or archive.manifest not in found.digests:
        raise Unresolvable(f"syft wrote the {found.format} of something else: {found.subject}")
    return found, data, ran
