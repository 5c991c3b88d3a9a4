"""Logins for registries, from where `docker login` keeps them: `~/.docker/config.json`, or a helper.

Nothing of a login is ever told: not in messages, not as evidence.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.checks.base import Unresolvable, World
from todo_manager.engines.engine import Unreachable

_CONFIG = Path(".docker/config.json")
_CONFIG_LIMIT = 2**20
_NOT_FOUND = "credentials not found"
"""What every helper says when it has no login for a server; then one is asked without."""


class Login(Struct, frozen=True, kw_only=True):
    """Who asks: a user with a password, or a token that is exchanged for others."""

    user: str = ""
    password: str = ""
    identity_token: str = ""

    @property
    def basic(self) -> str:
        """The value of a header for basic authentication."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def login_for(account: str, world: World, seconds: float) -> Login | None:
    """The login of this user for a registry, or None; raises Unreachable when it cannot be told."""
    config = _config()
    helpers = _mapping(config, "credHelpers")
    if helper := helpers.get(account) or config.get("credsStore"):
        return _from_helper(str(helper), account, world, seconds)
    for name, entry in _mapping(config, "auths").items():
        if _plain(name) == _plain(account) and isinstance(entry, dict):
            return _from_entry(entry)
    return None


def _config() -> dict[str, Any]:
    try:
        with open(Path.home() / _CONFIG, "rb") as file:
            text = file.read(_CONFIG_LIMIT + 1)
        found = json.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RuntimeError, RecursionError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not JSON"
        raise Unreachable(f"the logins in ~/{_CONFIG} cannot be read: {reason}") from None
    if not isinstance(found, dict):
        raise Unreachable(f"the logins in ~/{_CONFIG} cannot be read: it is no mapping")
    return found


def _mapping(config: dict[str, Any], key: str) -> dict[str, Any]:
    found = config.get(key) or {}
    return found if isinstance(found, dict) else {}


def _plain(name: str) -> str:
    """`https://host:port/v2/` and `host:port` are the same registry."""
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _from_entry(entry: dict[str, Any]) -> Login | None:
    token = str(entry.get("identitytoken") or "")
    try:
        pair = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except ValueError:
        raise Unreachable(f"a login in ~/{_CONFIG} is not what docker login writes") from None
    user, _, password = pair.partition(":")
    if not (token or user):
        return None
    return Login(user=user, password=password.strip("\0"), identity_token=token)


def _from_helper(helper: str, account: str, world: World, seconds: float) -> Login | None:
    """Ask `docker-credential-HELPER get`, which takes the server's name on its standard input."""
    name = f"docker-credential-{helper}"
    try:
        program, shell = world.program(name).path, world.program("bash").path
    except Unresolvable as problem:
        raise Unreachable(f"the login for {account} is kept by a helper: {problem}") from None
    piped = [shell, "--noprofile", "--norc", "-c", 'printf %s "$1" | "$2" get', "-"]
    ran = world.run([*piped, account, program], timeout=seconds)
    said = ran.stdout.kept
    if ran.exit == 1 and _NOT_FOUND in said.decode("utf-8", "replace"):
        return None
    try:
        if ran.exit != 0 or ran.problem:
            raise ValueError
        answer = json.loads(said)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise Unreachable(f"{name} gave no login for {account}: run it to see why") from None
    if user == "<token>":
        return Login(identity_token=secret)
    return Login(user=user, password=secret)
