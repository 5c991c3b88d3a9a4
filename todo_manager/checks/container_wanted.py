"""What the kind `container` wants of a container: how each parameter is read, and how it is judged."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Wrong
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.engines.containers import Container

EVERYWHERE = ("0.0.0.0", "::", "")
"""How an engine writes that a port is published at every address of its machine."""
_PORT = re.compile(
    r"(?:(?:(?P<address>\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?(?P<outer>[0-9]{1,5}):)?"
    r"(?P<inner>[0-9]{1,5})(?:/(?P<protocol>tcp|udp|sctp))?"
)


class Port(Struct, frozen=True, kw_only=True):
    """A port of a container that is wanted outside of it."""

    written: str
    inner: str
    """With its protocol, like 8080/tcp."""
    outer: str = ""
    """The port of the machine; empty for any."""
    address: str = ""
    """The address of the machine; empty for all of them, where `outer` is named."""

    def is_at(self, place: dict[str, Any]) -> bool:
        """Whether this is where the engine publishes it."""
        address, outer = str(place.get("HostIp") or ""), str(place.get("HostPort") or "")
        if not self.outer:
            return outer not in ("", "0")
        at = address == self.address if self.address else address in EVERYWHERE
        return at and outer == self.outer


class Mount(Struct, frozen=True, kw_only=True):
    """Something wanted at a place of the container's file system."""

    written: str
    target: str
    source: str = ""
    """An absolute path, one that begins with `./`, or the name of a volume; empty for anything."""
    writable: bool | None = None
    """None where either will do."""


class Gpus(Struct, frozen=True, kw_only=True):
    """GPUs a container was given: all, a number of them, or these."""

    count: int = 0
    """-1 for all."""
    ids: frozenset[str] = frozenset()

    def __str__(self) -> str:
        if self.ids:
            return ", ".join(sorted(self.ids))
        return "all" if self.count < 0 else str(self.count)


def only_true(tree: Tree) -> bool:
    """`true`: its opposite would also hold where nothing works."""
    if not fields.boolean(tree):
        raise Wrong("only true can be asked for")
    return True


def ports(tree: Tree) -> tuple[Port, ...]:
    """Ports as Docker publishes them: `8080`, `80:8080`, `127.0.0.1:80:8080`, `53:53/udp`."""
    return tuple(map(_port, fields.texts(tree)))


def _port(text: str) -> Port:
    found = _PORT.fullmatch(text)
    numbers = [int(found[name]) for name in ("outer", "inner") if found[name]] if found else [0]
    if found is None or not all(0 < number < 65536 for number in numbers):
        raise Wrong(f"{text!r} is not a port: write 8080, 80:8080 or 127.0.0.1:80:8080/tcp")
    return Port(
        written=text,
        inner=f"{int(found['inner'])}/{found['protocol'] or 'tcp'}",
        outer=str(int(found["outer"])) if found["outer"] else "",
        address=(found["address"] or "").strip("[]"),
    )


def mounts(tree: Tree) -> tuple[Mount, ...]:
    """Mounts as Docker writes them: `/data`, `cache:/var/cache`, `./data:/data:ro`."""
    return tuple(map(_mount, fields.texts(tree)))


def _mount(text: str) -> Mount:
    parts = text.split(":")
    writable = {"ro": False, "rw": True}.get(parts[-1]) if len(parts) > 1 else None
    if writable is not None:
        parts = parts[:-1]
    *source, target = parts
    if len(source) > 1 or not target.startswith("/") or "" in source or ".." in text.split("/"):
        raise Wrong(f"{text!r} is not a mount: write /data, cache:/data or ./data:/data:ro")
    return Mount(
        written=text,
        target=os.path.normpath(target),
        source=source[0] if source else "",
        writable=writable,
    )


def gpus(tree: Tree) -> Gpus:
    """`all`, a number from 0, or a list of GPUs by index or name."""
    if isinstance(tree, list):
        return Gpus(ids=frozenset(fields.texts(tree)))
    if fields.text(tree) == "all":
        return Gpus(count=-1)
    return Gpus(count=fields.count(tree))


def judge_privileged(found: Container, wanted: bool) -> Judgement:
    """The flag, and the capabilities that come to the same."""
    expected = f"it is {'' if wanted else 'not '}privileged"
    flag = found.host_config.get("Privileged")
    if not isinstance(flag, bool):
        return unclear(expected, "the engine does not say whether it is")
    added = {str(name).upper() for name in found.host_config.get("CapAdd") or ()}
    if added & {"ALL", "CAP_ALL"} and not flag:
        return judged(wanted, expected, "it was given all capabilities")
    return judged(flag is wanted, expected, f"it is {'' if flag else 'not '}privileged")


def judge_port(found: Container, wanted: Port) -> Judgement:
    """What the engine publishes now; what was asked for at its start may never have come about."""
    published = (found.attrs.get("NetworkSettings") or {}).get("Ports") or {}
    places = published.get(wanted.inner) or []
    if found.host_config.get("NetworkMode") == "host":
        actual = "it uses the network of its machine, where nothing is published"
    else:
        actual = f"published are {_published(published) or 'none'}"
    so = any(wanted.is_at(place) for place in places)
    return judged(so, f"it publishes {wanted.written}", actual)


def _published(ports: dict[str, Any]) -> str:
    return ", ".join(
        f"{place.get('HostIp')}:{place.get('HostPort')}:{inner}"
        for inner, places in sorted(ports.items())
        for place in places or ()
    )


def judge_mount(found: Container, wanted: Mount, root: Path) -> Judgement:
    expected = f"it has the mount {wanted.written}"
    for each in _mounted(found):
        if os.path.normpath(str(each.get("Destination"))) != wanted.target:
            continue
        source = str(each.get("Name") or each.get("Source") or each.get("Type"))
        way = "rw" if each.get("RW") else "ro"
        so = _is_from(each, wanted.source, root) and (
            wanted.writable is None or bool(each.get("RW")) is wanted.writable
        )
        return judged(so, expected, f"there is {source}:{wanted.target}:{way}")
    targets = sorted(str(each.get("Destination")) for each in _mounted(found))
    return judged(False, expected, f"it has mounts at {', '.join(targets) or 'no place'}")


def _mounted(found: Container) -> list[dict[str, Any]]:
    """All of them; file systems in memory stand in a place of their own."""
    memory = found.host_config.get("Tmpfs") or {}
    options = {target: str(text).split(",") for target, text in memory.items()}
    return [
        *(found.attrs.get("Mounts") or ()),
        *(
            {"Type": "tmpfs", "Destination": target, "RW": "ro" not in words}
            for target, words in options.items()
        ),
    ]


def _is_from(mount: dict[str, Any], source: str, root: Path) -> bool:
    if not source:
        return True
    if source.startswith((".", "/")):
        wanted = os.path.normpath(root / source)
        return mount.get("Type") == "bind" and str(mount.get("Source")) in (
            wanted,
            os.path.realpath(wanted),
        )
    return mount.get("Type") == "volume" and mount.get("Name") == source


def judge_gpus(found: Container, wanted: Gpus) -> Judgement:
    if "DeviceRequests" not in found.host_config:
        return unclear(f"its GPUs are {wanted}", "the engine does not say which it was given")
    given = _given(found)
    so = given == wanted or 0 < wanted.count == len(given.ids)
    return judged(so, f"its GPUs are {wanted}", f"it was given {given}")


def _given(found: Container) -> Gpus:
    """The GPUs it was given, by device requests or by NVIDIA's own runtime and its variable."""
    requests = [
        each
        for each in found.host_config.get("DeviceRequests") or ()
        if any("gpu" in names for names in each.get("Capabilities") or ()) or _is_cdi(each)
    ]
    ids = [str(id_) for each in requests for id_ in each.get("DeviceIDs") or ()]
    counts = [int(each.get("Count") or 0) for each in requests if not each.get("DeviceIDs")]
    if found.host_config.get("Runtime") == "nvidia" and not requests:
        pairs = dict(str(line).partition("=")[::2] for line in found.config.get("Env") or ())
        named = pairs.get("NVIDIA_VISIBLE_DEVICES", "")
        ids = [] if named in ("", "void", "none") else named.split(",")
    ids = [id_.rpartition("gpu=")[2] for id_ in ids]
    if "all" in ids or -1 in counts:
        return Gpus(count=-1)
    if ids and not sum(counts):
        return Gpus(ids=frozenset(ids))
    return Gpus(count=sum(counts) + len(ids))


def _is_cdi(request: dict[str, Any]) -> bool:
    return any("gpu=" in str(id_) for id_ in request.get("DeviceIDs") or ())
