"""The images of one run: resolved once, used by every check of the phase, and resolved again at its end.

An image is its ID on one engine and the layers of its RootFS. A tag that is moved while a phase is being
checked would let one check see another image than the next one, so what moved is an error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from todo_manager.engines.engine import Absent, Engine, Unreachable


class Image(Struct, frozen=True, kw_only=True):
    """An image as it was when the run first looked at it."""

    host: str
    reference: str
    id: str
    layers: tuple[str, ...]
    attrs: dict[str, Any]
    """Everything the engine said of it."""

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


class Subjects:
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

    def moved(self, connect: Callable[[str], Engine]) -> dict[tuple[str, str], str]:
        """Why an image is no longer what was checked, by host and reference; empty when all are.

        An image that cannot be looked at again is not known to be the same.
        """
        found: dict[tuple[str, str], str] = {}
        for (host, reference), image in self._images.items():
            try:
                with connect(host) as engine:
                    now = str(engine.image(reference)["Id"])
            except Absent:
                found[host, reference] = f"{reference} was removed while it was being checked"
            except Unreachable as problem:
                found[host, reference] = f"{reference} could not be looked at again: {problem}"
            else:
                if now != image.id:
                    found[host, reference] = (
                        f"{reference} was {image.id} and became {now} while it was being checked"
                    )
        return found
