"""The registry of check kinds. A new kind is one module of this folder and one line here."""

from __future__ import annotations

from todo_manager import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:  # the names of the kinds are also asked for while somebody types
    from todo_manager.checks.base import Check

KINDS: dict[str, str] = {
    "attestation": "Attestation",
    "command": "Command",
    "compose": "Compose",
    "container": "Container",
    "dependency_audit": "DependencyAudit",
    "dockerfile": "Dockerfile",
    "file": "File",
    "git": "Git",
    "health": "Health",
    "http": "Http",
    "image": "Image",
    "image_file": "ImageFile",
    "inventory": "Inventory",
    "junit": "Junit",
    "log": "Log",
    "machine": "Machine",
    "manual": "Manual",
    "pytest": "Pytest",
    "registry": "Registry",
    "rollback_ready": "RollbackReady",
    "sbom": "Sbom",
    "scan": "Scan",
    "script": "Script",
    "tcp": "Tcp",
    "tool": "Tool",
    "workflow": "Workflow",
}
"""Kind → class, which lives in the module of the kind's name; imported only when it is used."""

LATER_KINDS: frozenset[str] = frozenset()
LATER_PARAMETERS = frozenset({"tags"})
"""Words of the plan format that this version does not act on, and therefore refuses."""


def load(kind: str) -> type[Check]:
    """The class of a kind; KeyError for an unknown one, TypeError for one that `kinds.load` refuses."""
    return kinds.load(__name__, KINDS, LATER_KINDS, kind)
