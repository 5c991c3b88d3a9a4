"""What a compose file tells its services, with the line of every value.

Read from YAML's nodes: compose files have anchors and merge keys, which plans may not have, and a node
that stands in many places is still one node, so a bomb of aliases is walked once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from todo_manager.project import inside

_MAX_BYTES = 2_000_000
_ASKING = ("environment", "command", "entrypoint", "extra_hosts")
"""Where a service is told whom to ask."""


class Told(NamedTuple):
    """One value that a service is given."""

    key: str
    """`environment.DB_HOST`."""
    text: str
    line: int


class Service(NamedTuple):
    """One service, as far as is needed to tell its own ports from those of others."""

    name: str
    address: str
    """By what name others reach it."""
    ports: frozenset[str]
    """Ports it listens on, as the file says."""
    told: list[Told]


def read(root: Path, path: str) -> list[Service]:
    """The services of a compose file of the project; none when it is none, or cannot be read."""
    import yaml

    try:
        file = inside(root, path)
        if not file.is_file() or file.stat().st_size > _MAX_BYTES:
            return []
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        top = yaml.compose(file.read_text(encoding="utf-8"), Loader=loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return []
    services = dict(_pairs(top)).get("services")
    return [_service(name, node) for name, node in _pairs(services)]


def port_of(text: str) -> str:
    """The container's side of a published port: `80` of `127.0.0.1:8080:80/tcp`."""
    return text.partition("/")[0].rpartition(":")[2]


def _service(name: str, node: Any) -> Service:
    parts = dict(_pairs(node))
    ports = {port_of(_text(each)) for key in ("ports", "expose") for each in _items(parts.get(key))}
    ports |= {_text(dict(_pairs(each)).get("target")) for each in _items(parts.get("ports"))}
    told = [found for key in _ASKING for found in _values(key, parts.get(key))]
    # With the network of the machine, or of another container, localhost is not the service alone.
    shared = re.match(r"host$|service:|container:", _text(parts.get("network_mode")))
    return Service(name, name, frozenset(ports - {""}), [] if shared else told)


def _values(key: str, node: Any) -> Iterator[Told]:
    for name, value in dict(_pairs(node)).items():
        yield Told(f"{key}.{name}", _text(value), _line(value))
    for value in _items(node):
        name, equals, text = _text(value).partition("=")
        named = key == "environment" and equals
        yield Told(f"{key}.{name}" if named else key, text if named else _text(value), _line(value))
    if node is not None and node.id == "scalar":
        yield Told(key, _text(node), _line(node))


def _pairs(node: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a mapping, merged ones first so that its own win."""
    if node is None or node.id != "mapping":
        return
    entries = [(_text(key), value) for key, value in node.value]
    for key, value in entries:
        if key == "<<":
            for merged in [value, *_items(value)]:
                yield from ((k, v) for k, v in _flat(merged))
    yield from ((key, value) for key, value in entries if key != "<<")


def _flat(node: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a merged mapping itself; merges within merges are not followed."""
    if node.id == "mapping":
        yield from ((_text(key), value) for key, value in node.value if _text(key) != "<<")


def _items(node: Any) -> list[Any]:
    return list(node.value) if node is not None and node.id == "sequence" else []


def _text(node: Any) -> str:
    return str(node.value) if node is not None and node.id == "scalar" else ""


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
