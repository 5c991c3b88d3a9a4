"""The action `container`: run an image, to its end or to stay."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Struct

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import EngineAction, Told
from todo_manager.actions.run import steering
from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.documents.plan_services import container_name, published_ports
from todo_manager.engines.address import LOCAL
from todo_manager.engines.doing import Declined, Unfinished, do
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.reference import image_reference
from todo_manager.project import STORE

_TICK = 0.1
"""Seconds between two looks at whether it has ended."""
_AFTERWARDS = 2.0
"""Seconds in which what it wrote must have come after it ended."""


class Mount(Struct, frozen=True, kw_only=True):
    """A folder or file of the project, seen in a container."""

    source: str
    """Its path from the project."""
    target: str
    read_only: bool

    def __str__(self) -> str:
        return f"./{self.source}"


def mount(tree: Tree) -> Mount:
    """`./data:/data` or `./data:/data:ro`; raises Wrong for anything else."""
    found = fields.text(tree)
    source, _, rest = found.partition(":")
    target, _, mode = rest.partition(":")
    if not source.startswith("./") and source != ".":
        raise Wrong(f"{found!r}: only what lies in the project is mounted: ./data:/data:ro")
    if ".." in source.split("/") or not target.startswith("/") or mode not in ("", "ro", "rw"):
        raise Wrong(f"{found!r} is no mount: write it like ./data:/data:ro")
    path = os.path.normpath(source)
    return Mount(source=path, target=target, read_only=mode == "ro")


def mounts(tree: Tree) -> tuple[Mount, ...]:
    """A list of mounts."""
    return tuple(map(mount, tree if isinstance(tree, list) else [tree]))


def allowed_mounts(tree: Tree) -> tuple[Mount, ...]:
    """What policy.yaml allows to be mounted: `./data`, or `./data:ro`, with all below it."""
    found = []
    for text in fields.texts(tree):
        source, _, mode = text.partition(":")
        if mode not in ("", "ro", "rw"):
            raise Wrong(f"{text!r}: write ./data, or ./data:ro")
        found.append(mount(Scalar(f"{source}:/x:{mode or 'rw'}")))
    return tuple(found)


def never(tree: Tree) -> bool:
    """`never` is all this version can hold to."""
    if fields.text(tree) != "never":
        raise Wrong("expected never: no step of this version makes a privileged container")
    return False


class Container(EngineAction, frozen=True, kw_only=True):
    """Run an image in a container of its own; it is done when that exits 0, and then it is removed.

        - container: "localhost:5000/migrate:1.4"
          args: [--to, "42"]
          mounts: ["./schema:/schema:ro"]
        - container: "localhost:5000/web:1.4"
          name: billing-web
          ports: ["127.0.0.1:8080:80"]
          keep: true

    With `keep` it is only started, and stays; whether it serves is for the checks to say. It is never
    privileged, and of the machine it sees only what is mounted from the project. One that could not be
    started, runs past its time or is interrupted is removed.
    """

    kind: ClassVar[str] = "container"
    bounds: ClassVar[dict[str, Callable[[Tree], Any]]] = {
        "timeout": fields.timeout,
        "privileged": never,
        "mounts": allowed_mounts,
    }

    subject: Annotated[str, Convert(image_reference)] = ""
    """The image, which has to be on the engine."""
    name: Annotated[str, Convert(container_name)] = ""
    """The container's name; one of the engine's making when absent."""
    args: Annotated[tuple[str, ...], Convert(fields.texts)] = ()
    """What it runs instead of the image's own command."""
    env: fields.Variables = {}
    """Variables it gets."""
    mounts: Annotated[tuple[Mount, ...], Convert(mounts)] = ()
    """What of the project it sees: `./data:/data:ro`."""
    ports: Annotated[tuple[str, ...], Convert(published_ports)] = ()
    """Ports to publish, like `127.0.0.1:8080:80`."""
    keep: fields.Flag = False
    """Whether it stays and runs on."""

    def problems(self) -> list[str]:
        found = steering(self.env)
        if self.mounts and self.host != LOCAL:
            found.append("mounts are from this machine: a container of another host has none")
        return found

    def against(self, bounds: Mapping[str, Any], root: Path) -> list[str]:
        return [
            problem
            for each in self.mounts
            if (problem := _not_mounted(each, bounds.get("mounts"), root))
        ]

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        try:
            image = str(engine.image(self.subject)["Id"])
        except Absent:
            raise Declined(f"{engine.host} has no image {self.subject}") from None
        made = do(engine, engine.api.create_container, **self._options(site, engine, image))
        id_, stays = str(made["Id"]), False
        try:
            facts = {"container": id_, "image": image, "engine": engine.name.name}
            if self.keep:
                do(engine, engine.api.start, id_)
                stays = True
                return facts | {"name": _named(engine, id_)}
            code = _followed(site, engine, id_, told, deadline)
            if code != 0:
                raise Declined(f"it exited {code}")
            return facts
        finally:
            if not stays:
                _removed(engine, id_)

    def _options(self, site: Site, engine: Engine, image: str) -> dict[str, Any]:
        from docker import types

        bound = [
            types.Mount(
                each.target,
                str((site.root / each.source).resolve()),
                type="bind",
                read_only=each.read_only,
            )
            for each in self.mounts
        ]
        bindings, exposed = _ports(self.ports)
        return {
            "image": image,
            "command": list(self.args) or None,
            "name": self.name or None,
            "environment": dict(self.env),
            "ports": exposed,
            "labels": {"todo_manager": "step"},
            "host_config": engine.api.create_host_config(
                mounts=bound, port_bindings=bindings, privileged=False
            ),
        }


def _not_mounted(wanted: Mount, allowed: tuple[Mount, ...] | None, root: Path) -> str:
    """Why something may not be mounted, looking at where it really lies; empty when it may."""
    real, store, top = (root / wanted.source).resolve(), (root / STORE).resolve(), root.resolve()
    if not real.is_relative_to(top):
        return f"mounts: {wanted} leaves the project through a symlink"
    if real.is_relative_to(store) or store.is_relative_to(real):
        return f"mounts: {wanted} holds the store of the plans; mount a folder beside it"
    if allowed is None:
        return ""
    for each in allowed:
        below = real.is_relative_to((root / each.source).resolve())
        if below and (wanted.read_only or not each.read_only):
            return ""
    listed = ", ".join(f"{each}{':ro' if each.read_only else ''}" for each in allowed)
    mode = "" if wanted.read_only else " for writing"
    return f"mounts: policy.yaml allows {listed}, not {wanted}{mode}"


def _ports(ports: tuple[str, ...]) -> tuple[dict[str, Any], list[Any]]:
    """Published ports as the engine takes them: bindings, and what the container exposes."""
    bindings: dict[str, list[Any]] = {}
    exposed = []
    for text in ports:
        written, _, protocol = text.partition("/")
        front, _, inner = written.rpartition(":")
        ip, _, outer = front.rpartition(":")
        key = f"{inner}/{protocol or 'tcp'}"
        exposed.append((int(inner), protocol or "tcp"))
        bindings.setdefault(key, []).append(
            (ip.strip("[]") or "0.0.0.0", int(outer) if outer else None)
        )
    return bindings, exposed


def _named(engine: Engine, id_: str) -> str:
    try:
        found = engine.container(id_)
    except Absent:
        raise Declined("it was gone as soon as it was started") from None
    return str(found.get("Name") or "").removeprefix("/")


def _followed(site: Site, engine: Engine, id_: str, told: Told, deadline: float) -> int:
    """Start it, pass on what it writes, and wait for its end: its exit code."""
    options = {"stdout": True, "stderr": True, "stream": True, "logs": True, "demux": True}
    chunks = do(engine, engine.api.attach, id_, **options)
    reader = threading.Thread(target=_read, args=(engine, chunks, told), daemon=True)
    do(engine, engine.api.start, id_)
    reader.start()
    state = _ended(site, engine, id_, deadline)
    reader.join(_AFTERWARDS)
    code = state.get("ExitCode")
    if state.get("OOMKilled"):
        raise Unfinished("it was killed for want of memory")
    if not isinstance(code, int):
        raise Unfinished("the engine tells no exit code")
    return code


def _read(engine: Engine, chunks: Any, told: Told) -> None:
    try:
        while parts := engine.ask(next, chunks, None):
            for stream, data in zip(("stdout", "stderr"), parts):
                if data:
                    told.add(data, stream)
    except (Unreachable, Absent):
        pass  # whoever waits for the end of the container will hear of it


def _ended(site: Site, engine: Engine, id_: str, deadline: float) -> dict[str, Any]:
    """The state of a container once it has ended."""
    while (state := _state(engine, id_)).get("Status") not in ("exited", "dead"):
        if time.monotonic() > deadline:
            raise Unfinished("it was still running at its deadline and was removed")
        if site.cancel.wait(_TICK):
            raise Unfinished("it was interrupted and removed")
    return state


def _state(engine: Engine, id_: str) -> dict[str, Any]:
    try:
        return dict(engine.container(id_).get("State") or {})
    except Absent:
        raise Unfinished("somebody removed it while it ran") from None


def _removed(engine: Engine, id_: str) -> None:
    """Remove a container of ours; that it is gone already is as good."""
    try:
        engine.ask(engine.api.remove_container, id_, force=True, v=True)
    except Absent:
        pass
