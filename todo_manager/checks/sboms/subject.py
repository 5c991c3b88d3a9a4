"""Whether an SBOM was made of an image: by the digests that it states of what it describes."""

from __future__ import annotations

from msgspec import structs

from todo_manager.checks.artifact import Held
from todo_manager.checks.base import World
from todo_manager.checks.expect import Judgement
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.sboms.base import Bom
from todo_manager.engines.engine import Absent, Unreachable
from todo_manager.registries.client import Registry
from todo_manager.registries.names import HUB, remote_name


def judge_subject(world: World, found: Bom, held: Held, seconds: float) -> Judgement:
    """Passed where all it states is the image: its ID, the manifest that syft makes of an archive, or a
    manifest in the registry of its name whose configuration is the image's.

    Where it states the ID of an image, that alone counts: other digests may be those of a base.
    """
    expected = f"it describes {held.image.reference} ({held.image.id})"
    stated = found.ids or found.digests
    if not stated:
        return judged(False, expected, f"it describes {found.subject} and states no digest")
    actual = f"it describes {found.subject}, {', '.join(sorted(stated))}"
    others = stated - {held.image.id, held.archive.id, held.archive.manifest}
    if found.ids or not others:
        return judged(not others, expected, actual)
    try:
        so = all(_is_in_registry(world, held, digest, seconds) for digest in others)
    except Unreachable as problem:
        return unclear(expected, f"{actual}, and that may be its manifest: {problem}")
    return judged(so, expected, actual)


def _is_in_registry(world: World, held: Held, digest: str, seconds: float) -> bool:
    """Whether a manifest of that digest, in the registry that the image's name has, is of the image.

    A name without a registry is one of this engine, for which nobody else is asked.
    """
    if held.image.reference.startswith("sha256:"):
        return False
    name = remote_name(held.image.reference)
    if name.host == HUB:
        return False
    registry = Registry(world, structs.replace(name, tag="", digest=digest), seconds)
    try:
        images = registry.images(registry.top())
    except Absent:
        return False
    return any(
        each.config == held.archive.id and each.layers == held.archive.layers for each in images
    )
