"""What the checks of one run are about: each name as it was resolved, and whether it means the same at the end.

An image is its ID on one engine and the layers of its RootFS; it is resolved once, and every check of the
phase uses that one. A container is its ID and that of its image: one that was only started again is the
same. What a registry has under a name is the digest of its manifest. Where a name means another thing by
the end of the run, what was said of it was said of nothing that can be named, so that is an error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, structs

from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.engine import Absent, Engine, Unreachable

IMAGE, CONTAINER, MANIFEST = "image", "container", "manifest"


class Subject(Struct, frozen=True, kw_only=True):
    """What a name meant when a check looked."""

    form: str
    """`image`, `container` or `manifest`."""
    host: str = ""
    """Whose engine was asked; empty for a registry."""
    name: str
    """A reference, or a container's name or label."""
    id: str
    """Empty where nothing was there."""
    image: str = ""
    """The ID of a container's image."""
    ca_file: str = ""
    """By which authorities the registry is known."""

    @property
    def asked(self) -> Subject:
        """The question that it answers: the same for all that were asked alike."""
        return structs.replace(self, id="", image="")

    def __str__(self) -> str:
        if self.form == CONTAINER:
            return f"the container {self.id[:12]} of {self.image}"
        return self.id or "not there"


Now = Subject | str
"""What a name means by now, or why that is not known or no more than nothing."""


def of_container(found: Container, asked: str = "") -> Subject:
    """A container by the name or label it was asked for."""
    name = asked or found.name
    return Subject(form=CONTAINER, host=found.host, name=name, id=found.id, image=found.image)


class Image(Struct, frozen=True, kw_only=True):
    """An image as it was when the run first looked at it."""

    host: str
    reference: str
    id: str
    layers: tuple[str, ...]
    attrs: dict[str, Any]
    """Everything the engine said of it."""

    @property
    def subject(self) -> Subject:
        return Subject(form=IMAGE, host=self.host, name=self.reference, id=self.id)

    def facts(self) -> dict[str, Any]:
        """What is kept of it as evidence."""
        return {
            "image": {
                "host": self.host,
                "reference": self.reference,
                "id": self.id,
                "layers": list(self.layers),
            }
        }


def image_of(host: str, reference: str, attrs: dict[str, Any]) -> Image:
    """An image from what an engine says of it."""
    layers = (attrs.get("RootFS") or {}).get("Layers") or []
    return Image(
        host=host,
        reference=reference,
        id=str(attrs["Id"]),
        layers=tuple(map(str, layers)),
        attrs=attrs,
    )


class Images:
    """The images a run has looked at. Safe for several threads."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str], Image] = {}
        self._lock = threading.Lock()

    def image(self, engine: Engine, reference: str) -> Image:
        """The image a reference means in this run; raises Absent (until it is there), Unreachable."""
        key = (engine.host, reference)
        with self._lock:
            if key in self._images:
                return self._images[key]
        found = image_of(engine.host, reference, engine.image(reference))
        with self._lock:
            return self._images.setdefault(key, found)


def moved(
    subjects: Iterable[Subject],
    connect: Callable[[str], Engine],
    manifest: Callable[[Subject], str],
) -> dict[Subject, str]:
    """Why each of them is no longer what was checked; those that are the same are left out.

    Every name is looked at once, over one connection to each engine; `manifest` gives the digest that a
    registry has by now and raises Absent, Unreachable. What cannot be looked at again is not known to be
    the same.
    """
    subjects = set(subjects)
    asked = {each.asked for each in subjects}
    remote = [each for each in asked if each.form == MANIFEST]
    of_engines = asked.difference(remote)
    now: dict[Subject, Now] = {}
    for host in sorted({each.host for each in of_engines}):
        now |= _of_engine(host, [each for each in of_engines if each.host == host], connect)
    for each in remote:
        now[each] = _of_registry(each, manifest)
    told = {each: _change(each, now[each.asked]) for each in subjects}
    return {each: why for each, why in told.items() if why}


def _of_engine(
    host: str, asked: list[Subject], connect: Callable[[str], Engine]
) -> dict[Subject, Now]:
    try:
        with connect(host) as engine:
            return {each: _looked(each, lambda each: _again(engine, each)) for each in asked}
    except Unreachable as problem:
        return dict.fromkeys(asked, f"it could not be looked at again: {problem}")


def _of_registry(asked: Subject, manifest: Callable[[Subject], str]) -> Now:
    return _looked(asked, lambda each: structs.replace(each, id=manifest(each)))


def _again(engine: Engine, asked: Subject) -> Subject:
    if asked.form == IMAGE:
        return structs.replace(asked, id=str(engine.image(asked.name)["Id"]))
    return of_container(find(engine, asked.name), asked.name)


def _looked(asked: Subject, look: Callable[[Subject], Subject]) -> Now:
    try:
        return look(asked)
    except NotOne as problem:
        return f"by now {problem}"
    except Absent:
        return asked
    except Unreachable as problem:
        return f"it could not be looked at again: {problem}"


def _change(then: Subject, now: Now) -> str:
    if isinstance(now, str):
        return f"{then.name} was {then}; {now}"
    if (then.id, then.image) == (now.id, now.image):
        return ""
    if not now.id:
        return f"{then.name} was removed while it was being checked"
    return f"{then.name} was {then} and became {now} while it was being checked"
