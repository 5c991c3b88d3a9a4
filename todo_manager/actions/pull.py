"""The action `pull`: an image from a registry."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import NamingAction, Told, named, split_reference
from todo_manager.actions.push import tell_status
from todo_manager.actions.tag import give_name
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert
from todo_manager.engines.doing import Declined, messages
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.reference import image_reference


class Pull(NamingAction, frozen=True, kw_only=True):
    """Fetch an image from the registry that its name says.

    - pull: "localhost:5000/base-python:1.4"
    - pull: "localhost:5000/app@sha256:6a2f…"
      to: "app:pinned"
    """

    kind: ClassVar[str] = "pull"

    subject: Annotated[str, Convert(image_reference)] = ""
    """The image, by name and tag or by name and digest."""
    to: Annotated[str, Convert(named)] = ""
    """Another name it gets on the engine."""
    timeout: fields.Timeout = 1800.0
    """Seconds it may take."""

    def problems(self) -> list[str]:
        return ["an ID cannot be pulled: name it"] if self.subject.startswith("sha256:") else []

    def references(self) -> tuple[str, ...]:
        return (self.subject, self.to)

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        name, _, digest = self.subject.partition("@")
        repository, tag = split_reference(name)
        for message in messages(
            engine, site.cancel, deadline, engine.api.pull,
            repository=repository, tag=digest or tag, stream=True, decode=True,
        ):  # fmt: skip
            tell_status(message, told)
        try:
            image = str(engine.image(self.subject)["Id"])
        except Absent:
            raise Declined(f"it was pulled, and {engine.host} has no {self.subject}") from None
        if self.to:
            give_name(engine, image, self.to, told)
        return {"image": image, "engine": engine.name.name}
