"""SBOMs: what one says, read from its JSON, whatever made it."""

from __future__ import annotations

from todo_manager.checks.sboms import cyclonedx, spdx
from todo_manager.checks.sboms.base import Bom, NotAnSbom, loaded

FORMATS = (spdx.FORMAT, cyclonedx.FORMAT)


def read(data: bytes) -> Bom:
    """The SBOM in a file; raises NotAnSbom with what is wrong with it."""
    document = loaded(data)
    if "spdxVersion" in document:
        return spdx.read(document)
    if "bomFormat" in document:
        return cyclonedx.read(document)
    if "runs" in document:
        raise NotAnSbom("it is SARIF, a list of findings")
    raise NotAnSbom("it is neither SPDX (no spdxVersion) nor CycloneDX (no bomFormat)")
