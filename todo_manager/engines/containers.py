"""What a container is to us: the one of exactly this name, or the only one with exactly this label.

An engine also takes the beginning of an ID for a name, and its filters match parts of names. Neither
says which container somebody meant, so both are ruled out here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.engines.engine import Absent, Engine, Unreachable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")
_TIME = re.compile(r"([0-9-]{10}T[0-9:]{8})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**9
"""Nanoseconds: the times of engines are whole numbers of them."""


class NotOne(Exception):
    """The engine looked, and has no such container, or several; the message says which."""


class Container(Struct, frozen=True, kw_only=True):
    """A container as it is at one moment."""

    host: str
    name: str
    id: str
    attrs: dict[str, Any]
    """Everything the engine says of it."""

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.attrs.get("State") or {})

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.attrs.get("Config") or {})

    @property
    def host_config(self) -> dict[str, Any]:
        return dict(self.attrs.get("HostConfig") or {})

    @property
    def image(self) -> str:
        """The ID of the image it was made from, whatever a tag means by now."""
        found = str(self.attrs.get("Image") or "")
        return found if found.startswith("sha256:") or not found else f"sha256:{found}"

    @property
    def status(self) -> str:
        """One word: running, exited, created, paused, restarting, removing or dead.

        An engine sets several flags at once: one that is restarting or paused is running, too.
        """
        for flag, word in (("Dead", "dead"), ("Restarting", "restarting"), ("Paused", "paused")):
            if self.state.get(flag):
                return word
        return str(self.state.get("Status") or "unknown")

    @property
    def started(self) -> int:
        """When it was last started, in nanoseconds since 1970; 0 for never."""
        return nanoseconds(str(self.state.get("StartedAt") or ""))

    @property
    def restarts(self) -> int:
        """How often the engine has started it again by itself; raises Unreachable if it does not say."""
        found = self.attrs.get("RestartCount")
        if not isinstance(found, int):
            raise Unreachable(f"the engine of {self.host} does not say how often it restarted it")
        return found

    def facts(self) -> dict[str, Any]:
        """What is kept of it as evidence."""
        return {
            "container": {
                "host": self.host,
                "name": self.name,
                "id": self.id,
                "image": self.image,
                "status": self.status,
                "started": self.state.get("StartedAt"),
                "restarts": self.restarts,
            }
        }


def container_name(tree: Tree) -> str:
    """The exact name of a container, or one label as `key=value`; raises Wrong for anything else."""
    found = fields.text(tree)
    if "=" in found:
        key, _, value = found.partition("=")
        if not key.strip() or not value.strip() or not found.isprintable():
            raise Wrong(f"{found!r} is not a label: write key=value, both of them")
        return found
    if found.startswith("/"):
        raise Wrong(f"write the name without the slash: {found.lstrip('/')}")
    if not _NAME.fullmatch(found):
        raise Wrong(f"{found!r} is not the name of a container, nor a label like app=web")
    return found


def find(engine: Engine, wanted: str) -> Container:
    """The container of this name or label as it is now; raises NotOne, Unreachable."""
    try:
        if "=" in wanted:
            return _labelled(engine, wanted)
        return _named(engine, wanted, wanted)
    except Absent:
        raise NotOne(f"{engine.host} has no container {wanted}") from None


def _named(engine: Engine, asked: str, name: str) -> Container:
    attrs = engine.container(asked)
    found = str(attrs.get("Name") or "").removeprefix("/")
    if name not in (found, attrs["Id"]):
        raise NotOne(f"{engine.host} has no container {name}; the nearest is {found or 'nameless'}")
    return Container(host=engine.host, name=found, id=str(attrs["Id"]), attrs=attrs)


def _labelled(engine: Engine, label: str) -> Container:
    """Also those that do not run are counted: which of them was meant?"""
    key, _, value = label.partition("=")
    rows = engine.ask(engine.api.containers, all=True, filters={"label": [label]})
    rows = [row for row in rows if (row.get("Labels") or {}).get(key) == value]
    if not rows:
        raise NotOne(f"{engine.host} has no container with the label {label}")
    if len(rows) > 1:
        names = sorted(str((row.get("Names") or ["?"])[0]).lstrip("/") for row in rows)
        raise NotOne(f"{len(rows)} containers have the label {label}: {', '.join(names)}")
    return _named(engine, str(rows[0]["Id"]), str(rows[0]["Id"]))


def nanoseconds(text: str) -> int:
    """A time as engines write it, in nanoseconds since 1970; 0 for the zero time and for none.

    Raises Unreachable for what is no time at all: then the engine speaks of something else.
    """
    if not text or text.startswith("0001-"):
        return 0
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        since = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")) - _EPOCH
    except ValueError:
        raise Unreachable(f"the engine says {text!r} where a time should stand") from None
    return (since.days * 86400 + since.seconds) * SECOND + int((found[2] or "").ljust(9, "0"))


def now_of(engine: Engine) -> int:
    """What the clock of the engine's machine shows, in nanoseconds; raises Unreachable without one.

    Its containers are timed by that clock, which ours need not agree with.
    """
    found = nanoseconds(str(engine.ask(engine.api.info).get("SystemTime") or ""))
    if not found:
        raise Unreachable(f"the engine of {engine.host} does not tell its time")
    return found
