"""The action `tag`: another name for an image."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import NamingAction, Told, named, split_reference
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert
from todo_manager.engines.doing import Declined, do
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.reference import image_reference


class Tag(NamingAction, frozen=True, kw_only=True):
    """Give an image of the engine another name; what had that name before loses it.

    - tag: "localhost:5000/app:1.4"
      to: "localhost:5000/app:1.4-prev"
    """

    kind: ClassVar[str] = "tag"

    subject: Annotated[str, Convert(image_reference)] = ""
    """The image, by a name it has or by its ID."""
    to: Annotated[str, Convert(named)] = ""
    """The name it gets."""
    timeout: fields.Timeout = 30.0
    """Seconds it may take."""

    def problems(self) -> list[str]:
        return []

    def references(self) -> tuple[str, ...]:
        return (self.to,)

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        return give_name(engine, self.subject, self.to, told)


def give_name(engine: Engine, reference: str, to: str, told: Told) -> dict[str, Any]:
    """Name an image and see that it has the name; raises Declined, Unreachable."""
    if not to:
        raise Declined("no name is given: write it under to")
    try:
        image = str(engine.image(reference)["Id"])
        repository, tag = split_reference(to)
        do(engine, engine.api.tag, image, repository, tag)
        found = str(engine.image(to)["Id"])
    except Absent:
        raise Declined(f"{engine.host} has no image {reference}") from None
    if found != image:
        raise Declined(f"{to} is {found}, not {image}")
    told.line(f"{to} is {image}")
    return {"image": image, "engine": engine.name.name}
