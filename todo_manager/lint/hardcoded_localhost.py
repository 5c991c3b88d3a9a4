"""localhost where another container is meant: inside a container it is that container itself.

Looked at are the services of the plan, the compose files that checks name, and checks from `inside` a
container. A port the container listens on itself is its own; published ports and health checks are not
looked at, for there localhost is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from todo_manager.canonical import Tree, line_of
from todo_manager.lint import compose_services
from todo_manager.lint.base import WARNING, Subject
from todo_manager.lint.compose_services import Service, Told

LEVEL = WARNING

_SELF = re.compile(
    r"(?<![\w.-])(?P<name>localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?![\w-]|\.\w)(?::(?P<port>[0-9]+))?",
    re.IGNORECASE,
)
_OWN = re.compile(r"BIND|LISTEN|ALLOW|TRUST|CORS|ORIGIN|NO_PROXY", re.IGNORECASE)
"""Names of variables that say where a service listens, or whom it lets in."""
_SUBJECTS = ("http", "tcp", "command")
"""Kinds whose subject says whom to ask."""


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Every value by which a container would ask itself for another one."""
    services = [_service(name, tree) for name, tree in subject.bound.plan.services.items()]
    for service in services:
        for told in service.told:
            if found := _other(service, told):
                path = f"services.{service.name}.{told.key}"
                yield told.line, path, _said(found, service), _example(told, found, services)
    for _, path, tree in subject.checks():
        if "inside" in tree:
            yield from _from_inside(services, path, tree)
        if "compose" in tree:
            yield from _of_file(subject.root, path, tree)


def _service(name: str, tree: Tree) -> Service:
    """A service of the plan, in the words of compose files."""
    assert isinstance(tree, Mapping)
    env = tree.get("env", {})
    told = [Told(f"env.{key}", str(value), line_of(value)) for key, value in env.items()]
    ports = frozenset(compose_services.port_of(each) for each in _texts(tree.get("ports", [])))
    return Service(name, str(tree.get("container", name)), ports, told)


def _other(service: Service, told: Told) -> re.Match[str] | None:
    """Where the value says localhost and cannot mean the service itself."""
    for found in _SELF.finditer(told.text):
        if found["port"] not in service.ports and not _OWN.search(told.key.rpartition(".")[2]):
            return found
    return None


def _from_inside(
    services: list[Service], path: str, tree: Tree
) -> Iterator[tuple[int, str, str, str]]:
    """A check may well ask the container it looks from: only ports that are another's are told."""
    here = str(tree["inside"])
    mine = {port for each in services if each.address == here for port in each.ports}
    for kind in _SUBJECTS:
        for text in _texts(tree.get(kind, [])):
            found = _SELF.search(text)
            owners = [each for each in services if found and found["port"] in each.ports]
            if found and owners and found["port"] not in mine:
                message = f"{found[0]} inside {here} is {here} itself, not {owners[0].address}"
                example = text.replace(found["name"], owners[0].address)
                yield line_of(tree), path, message, f"{kind}: {example}"


def _of_file(root: Path, path: str, tree: Tree) -> Iterator[tuple[int, str, str, str]]:
    for message, example in in_compose_file(root, str(tree["compose"])):
        yield line_of(tree), path, message, example


def in_compose_file(root: Path, file: str) -> Iterator[tuple[str, str]]:
    """The same of a compose file of the project: what is wrong, and what to write.

    Nothing of one that cannot be read, which is for checks to tell.
    """
    services = compose_services.read(root, file)
    for service in services:
        for told in service.told:
            if found := _other(service, told):
                where = f"{file}:{told.line}: {told.key} of {service.name}"
                yield f"{where}: {_said(found, service)}", _example(told, found, services)


def _said(found: re.Match[str], service: Service) -> str:
    """Only the address is shown: the rest of a value may be a secret."""
    return f"{found[0]} is the container of {service.name} itself; name the service that is meant"


def _example(told: Told, found: re.Match[str], services: list[Service]) -> str:
    meant = [each.address for each in services if found["port"] in each.ports]
    port = f":{found['port']}" if found["port"] else ""
    return f"{told.key.rpartition('.')[2]}: {meant[0] if meant else 'name-of-the-service'}{port}"


def _texts(value: Tree) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
