"""Where an engine or a shell of a host is, read from the plan and never from the environment.

`DOCKER_HOST` and the current Docker context are not looked at: they would let the same plan ask another
machine. A context is named as `context:NAME` and resolved by us, because the SDK falls back to the local
engine for a name it does not know.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from msgspec import Struct

from todo_manager.checks.fields import Wrong

DEFAULT_SOCKET = "/var/run/docker.sock"
LOCAL = "local"

_LOGIN = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::(?P<port>[0-9]{1,5}))?"
)


class Shell(Struct, frozen=True, kw_only=True):
    """Where a program of another machine is started: over ssh."""

    host: str
    user: str = ""
    port: int = 22

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port != 22 else "")


class EngineAddress(Struct, frozen=True, kw_only=True):
    """Where an engine listens: a socket of this machine, or one behind ssh."""

    socket: str = ""
    """Absolute path of a unix socket; empty for an engine behind ssh."""
    shell: Shell | None = None
    context: str = ""
    """The Docker context that says where; resolved when a check runs."""

    def __str__(self) -> str:
        if self.context:
            return f"context:{self.context}"
        return f"ssh://{self.shell}" if self.shell else f"unix://{self.socket}"


def engine_address(text: str) -> EngineAddress:
    """An address as `docker:` of a host gives it; raises Wrong for one that cannot be asked."""
    scheme, _, rest = text.partition("://")
    if text.startswith("context:"):
        name = text.removeprefix("context:")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", name):
            raise Wrong(f"{name!r} is not the name of a Docker context")
        return EngineAddress(context=name)
    if scheme == "unix" and rest.startswith("/") and "\0" not in rest:
        return EngineAddress(socket=rest)
    if scheme == "ssh" and rest:
        return EngineAddress(shell=shell_address(rest))
    raise Wrong(
        f"{text!r} is no engine: write unix:///run/docker.sock, ssh://ops@pc2 or context:pc2"
    )


def shell_address(text: str) -> Shell:
    """`[user@]host[:port]`; raises Wrong for anything else."""
    found = _LOGIN.fullmatch(text)
    if not found or not 0 < int(found["port"] or 22) < 65536:
        raise Wrong(f"{text!r} is no login: write ops@pc2 or ops@pc2:2222")
    return Shell(
        host=found["host"].strip("[]"), user=found["user"] or "", port=int(found["port"] or 22)
    )


def of_context(name: str, home: Path) -> EngineAddress:
    """The engine a Docker context stands for; raises LookupError when there is none of that name.

    Read from `~/.docker/contexts/meta/*/meta.json`, whose folders are named by a hash of the name.
    """
    for file in sorted(home.glob(".docker/contexts/meta/*/meta.json")):
        try:
            meta = json.loads(file.read_text(encoding="utf-8"))
            if meta.get("Name") == name:
                return engine_address(str(meta["Endpoints"]["docker"]["Host"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    raise LookupError(f"this user has no Docker context {name}")


def local_engine() -> EngineAddress:
    """The engine of this machine where a plan says nothing else."""
    rootless = f"/run/user/{os.getuid()}/docker.sock"
    use_rootless = not os.path.exists(DEFAULT_SOCKET) and os.path.exists(rootless)
    return EngineAddress(socket=rootless if use_rootless else DEFAULT_SOCKET)
