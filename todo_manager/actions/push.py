"""The action `push`: an image into a registry."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import ANSWER, NamingAction, Told, named, split_reference
from todo_manager.actions.tag import give_name
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert
from todo_manager.engines.doing import Declined, do, messages, required
from todo_manager.engines.engine import Absent, Engine


class Push(NamingAction, frozen=True, kw_only=True):
    """Push an image to the registry that its name says, and read its digest back from there.

        - push: "localhost:5000/app:1.4"
        - push: "app:1.4"
          to: "localhost:5000/app:1.4"

    Names and passwords come from Docker's own config.json. It is done when the registry answers with
    the digest that the engine says it pushed.
    """

    kind: ClassVar[str] = "push"

    subject: Annotated[str, Convert(named)] = ""
    """The image, by its name."""
    to: Annotated[str, Convert(named)] = ""
    """The name it gets and is pushed under; its own when absent."""
    timeout: fields.Timeout = 1800.0
    """Seconds it may take."""

    def references(self) -> tuple[str, ...]:
        return (self.to or self.subject,)

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        name = self.to or self.subject
        if self.to:
            give_name(engine, self.subject, self.to, told)
        try:
            image = str(engine.image(name)["Id"])
        except Absent:
            raise Declined(f"{engine.host} has no image {name}") from None
        repository, tag = split_reference(name)
        pushed = ""
        for message in messages(
            engine, site.cancel, deadline, engine.api.push,
            repository=repository, tag=tag, stream=True, decode=True,
        ):  # fmt: skip
            tell_status(message, told)
            pushed = str((message.get("aux") or {}).get("Digest") or pushed)
        engine.api.timeout = ANSWER
        found = do(engine, engine.api.inspect_distribution, f"{repository}:{tag}")
        digest = required((found.get("Descriptor") or {}).get("digest"), "the registry's digest")
        if pushed and digest != pushed:
            raise Declined(f"{pushed} was pushed, and the registry has {digest} under {name}")
        told.line(f"{name}@{digest}")
        return {"image": image, "digest": digest, "engine": engine.name.name}


def tell_status(message: dict[str, Any], told: Told) -> None:
    """A message of a push or pull as a line; what only moves a progress bar is left out."""
    status = str(message.get("status") or "")
    if status and not message.get("progressDetail"):
        told.line(f"{message['id']}: {status}" if message.get("id") else status)
