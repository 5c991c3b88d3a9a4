"""Which registry and which image of it a reference means, by the rules of Docker."""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks.fields import Wrong
from todo_manager.engines.reference import image_reference

HUB = "docker.io"
_HUB_API = "registry-1.docker.io"
_HUB_KEY = "https://index.docker.io/v1/"


class RemoteName(Struct, frozen=True, kw_only=True):
    """An image of a registry by its name."""

    host: str
    """The registry as the reference has it, `host` or `host:port`; `docker.io` where it has none."""
    path: str
    tag: str
    """Empty when only a digest was given."""
    digest: str = ""
    """`sha256:…` when the reference pins one; then the tag is not asked for."""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag

    @property
    def origin(self) -> str:
        """Scheme and host of its API: http on this machine's loopback, as Docker does, else https."""
        if self.host == HUB:
            return f"https://{_HUB_API}"
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    @property
    def account(self) -> str:
        """Under which name Docker keeps the login for it."""
        return _HUB_KEY if self.host == HUB else self.host


def remote_name(reference: str) -> RemoteName:
    """What a reference means; raises Wrong for what names no image of a registry."""
    if reference.startswith("sha256:"):
        raise Wrong("an ID is known to one engine only: write a name like localhost:5000/app:1.4")
    rest, _, digest = reference.partition("@")
    first, slash, path = rest.partition("/")
    if not slash or not (first == "localhost" or re.search(r"[.:\[]", first)):
        first, path = HUB, rest
    path, _, tag = path.partition(":")
    if first in (HUB, f"index.{HUB}"):
        first, path = HUB, path if "/" in path else f"library/{path}"
    return RemoteName(host=first, path=path, tag=tag or ("" if digest else "latest"), digest=digest)


def remote_reference(tree: Tree) -> str:
    """A reference as written, of an image in a registry; raises Wrong for anything else."""
    found = image_reference(tree)
    remote_name(found)
    return found


def is_loopback(host: str) -> bool:
    """Whether `host` or `host:port` is this machine by its own word."""
    name = re.sub(r":[0-9]+$", "", host).strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
