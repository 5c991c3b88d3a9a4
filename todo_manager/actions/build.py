"""The action `build`: an image from a Dockerfile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import NamingAction, Told, named
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import location
from todo_manager.checks.image_wanted import platform
from todo_manager.engines.doing import Declined, messages
from todo_manager.engines.engine import Absent, Engine
from todo_manager.project import inside


class Build(NamingAction, frozen=True, kw_only=True):
    """Build an image from a Dockerfile of the project and give it this name.

        - build: "localhost:5000/base-python:1.4"
          context: images/python
          dockerfile: base.Dockerfile
          args: {PYTHON: "3.11"}

    What the engine says is shown as it comes and kept. Containers of the build are removed, also after
    a build that failed. It is done when the engine has the image it says it built under that name.
    """

    kind: ClassVar[str] = "build"

    subject: Annotated[str, Convert(named)] = ""
    """The name the image gets, like `localhost:5000/app:1.4`."""
    context: Annotated[str, Convert(location)] = "."
    """Folder of the project that is sent to the engine, less what .dockerignore names."""
    dockerfile: Annotated[str, Convert(location)] = "Dockerfile"
    """Its path below the context."""
    args: fields.StringMap = {}
    """Build arguments. They stay in the history of the image, so no secret may stand in them."""
    target: fields.Text = ""
    """The stage to build; the last when absent."""
    platform: Annotated[str, Convert(platform)] = ""
    """`linux/amd64`; the engine's own when absent."""
    timeout: fields.Timeout = 3600.0
    """Seconds it may take."""

    def against(self, bounds: Mapping[str, Any], root: Path) -> list[str]:
        found = super().against(bounds, root)
        for name in ("context", "dockerfile"):
            path = str(getattr(self, name))
            if name == "dockerfile":
                path = os.path.join(self.context, path)
            try:
                inside(root, path)
            except ValueError as wrong:
                found.append(f"{name}: {wrong}")
        return found

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        folder = site.root / self.context
        if not (folder / self.dockerfile).is_file():
            raise Declined(f"there is no file {os.path.join(self.context, self.dockerfile)}")
        built = ""
        options = {"target": self.target or None, "platform": self.platform or None}
        for message in messages(
            engine, site.cancel, deadline, engine.api.build,
            path=str(folder.resolve()), dockerfile=self.dockerfile, tag=self.subject,
            buildargs=dict(self.args), rm=True, forcerm=True, decode=True, **options,
        ):  # fmt: skip
            told.add(str(message.get("stream") or _progress(message)).encode())
            built = str((message.get("aux") or {}).get("ID") or built)
        try:
            found = str(engine.image(self.subject)["Id"])
        except Absent:
            raise Declined(f"the engine built something, and has no {self.subject}") from None
        if built and found != built:
            raise Declined(f"it built {built}, and {self.subject} is {found}")
        return {"image": found, "engine": engine.name.name}


def _progress(message: dict[str, Any]) -> str:
    """A line of a pull inside a build, without its progress bar."""
    status = str(message.get("status") or "")
    if not status or message.get("progressDetail"):
        return ""
    return f"{message['id']}: {status}\n" if message.get("id") else f"{status}\n"
