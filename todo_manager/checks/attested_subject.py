"""What an attestation has to be about: a file, an image, a commit; and its digests, looked up now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import World
from todo_manager.checks.fields import Wrong
from todo_manager.checks.gitcalls import Git
from todo_manager.checks.ground import Ground, Unlookable, location
from todo_manager.engines import subjects
from todo_manager.engines.engine import Absent
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import Image
from todo_manager.registries.client import Registry
from todo_manager.registries.names import HUB, remote_name, remote_reference

FORMS = {
    "file": location,
    "image": image_reference,
    "registry": remote_reference,
    "git": location,
}
"""What a subject may be, and how its value is read."""


class Gone(Exception):
    """The subject is not there; the verdict is failed."""


class Subject(Struct, frozen=True, kw_only=True):
    """What an attestation has to be about."""

    form: str
    value: str

    def __str__(self) -> str:
        return f"the {self.form} {self.value}"


def subject(tree: Tree) -> Subject:
    """`{file: PATH}`, `{image: REFERENCE}`, `{registry: REFERENCE}` or `{git: PATH}`."""
    if not isinstance(tree, dict) or len(tree) != 1 or next(iter(tree)) not in FORMS:
        raise Wrong(
            "expected what it is about: {file: PATH}, {image: X}, {registry: X} or {git: PATH}"
        )
    ((form, value),) = tree.items()
    return Subject(form=form, value=FORMS[form](fields.text(value) and value))


def is_about(
    world: World, host: str, wanted: Subject, stated: Iterable[Mapping[str, Any]], seconds: float
) -> tuple[bool, str]:
    """Whether one of the digests a statement names is the subject's; and which that one is.

    Raises Gone, Unlookable, Unreachable, OSError.
    """
    digests = [each["digest"] for each in stated]
    if wanted.form == "git":
        commit = _commit(world, wanted.value, seconds)
        return any(each.get("gitCommit") == commit for each in digests), commit
    named = {each["sha256"] for each in digests if isinstance(each.get("sha256"), str)}
    if wanted.form == "file":
        found = _sha256(world, wanted.value, seconds)
        return found in named, found
    try:
        if wanted.form == "registry":
            found = Registry(world, remote_name(wanted.value), seconds).top().digest
            seen = subjects.Subject(form=subjects.MANIFEST, name=wanted.value, id=found)
            world.saw(seen)
            return found.removeprefix("sha256:") in named, found
        with world.engine(host, seconds) as engine:
            image = world.image(engine, wanted.value)
    except Absent as problem:
        raise Gone(str(problem) or f"{wanted} is not there") from None
    so = image.id.removeprefix("sha256:") in named
    return so or _is_manifest(world, image, sorted(named), seconds), image.id


def _sha256(world: World, path: str, seconds: float) -> str:
    ground = Ground(world.root, seconds)
    try:
        seen = ground.look(path, digest=True)
    except FileNotFoundError:
        raise Gone(f"{path} does not exist") from None
    if not seen.sha256:
        raise Gone(f"{path} is no file")
    return seen.sha256


def _commit(world: World, path: str, seconds: float) -> str:
    git = Git(world, Ground(world.root, seconds).real(path), seconds)
    if reason := git.why_none():
        raise Gone(f"{path} is no repository: {reason}")
    git.open()
    ran = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if ran.exit != 0:
        raise Unlookable(f"HEAD of {path} cannot be read, or there is no commit yet")
    return ran.stdout.kept.decode("ascii", "replace").strip()


def _is_manifest(world: World, image: Image, named: list[str], seconds: float) -> bool:
    """Whether one of the digests is a manifest of the image, in the registry that its name has.

    What an engine has noted of repositories is not asked: it proves nothing.
    """
    if image.reference.startswith("sha256:") or not named:
        return False
    name = remote_name(image.reference)
    if name.host == HUB:
        return False
    for each in named[:20]:
        registry = Registry(world, structs.replace(name, tag="", digest=f"sha256:{each}"), seconds)
        try:
            images = registry.images(registry.top())
        except Absent:
            continue
        if any(one.config == image.id and one.layers == image.layers for one in images):
            return True
    return False
