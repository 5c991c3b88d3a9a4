"""A service of the plan with all its values put in, and what a deployment is asked to put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from todo_manager import project
from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import split_reference
from todo_manager.canonical import Scalar, Tree, digest, encode
from todo_manager.checks import fields
from todo_manager.checks.base import Check
from todo_manager.checks.fields import Wrong
from todo_manager.checks.parse import parse
from todo_manager.checks.served import ServedCheck
from todo_manager.deploying.marks import BEHIND
from todo_manager.documents.plan_services import container_name, published_ports
from todo_manager.engines.address import LOCAL
from todo_manager.engines.doing import Declined
from todo_manager.engines.reference import image_reference
from todo_manager.errors import TodoError

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Port(Struct, frozen=True, kw_only=True):
    """A port that is published: `[ip:][outer:]inner[/protocol]`."""

    ip: str
    outer: int | None
    """The port of the machine; None for one of the engine's choice."""
    inner: int
    protocol: str


class Service(Struct, frozen=True, kw_only=True):
    """A service, ready to be deployed."""

    name: str
    plan: str
    image: str
    container: str
    host: str = LOCAL
    build: Mapping[str, Tree] | None = None
    ports: tuple[str, ...] = ()
    env: dict[str, str] = {}
    env_file: str = ""
    networks: tuple[str, ...] = ()
    outside: Tree = None
    """The check by which the world outside sees it; None where there is none."""
    needs: tuple[str, ...] = ()

    def published(self) -> tuple[Port, ...]:
        return tuple(map(port_of, self.ports))


def port_of(text: str) -> Port:
    """A port as a plan writes it."""
    written, _, protocol = text.partition("/")
    front, _, inner = written.rpartition(":")
    ip, _, outer = front.rpartition(":")
    return Port(
        ip=ip.strip("[]"),
        outer=int(outer) if outer else None,
        inner=int(inner),
        protocol=protocol or "tcp",
    )


_READERS: dict[str, Callable[[Tree], Any]] = {
    "host": fields.text,
    "image": image_reference,
    "container": container_name,
    "build": dict,
    "ports": published_ports,
    "env": fields.variables,
    "env_file": fields.text,
    "networks": fields.texts,
    "outside": lambda tree: tree,
    "needs": lambda tree: tuple(map(str, tree if isinstance(tree, list) else [tree])),
}


def service_of(site: Site, name: str) -> Service:
    """The service of this name; raises Unresolvable, and Declined for a value that does not fit."""
    found = {}
    for key, value in site.service(name).items():
        try:
            found[key] = _READERS[key](value)
        except Wrong as wrong:
            raise Declined(f"services.{name}.{key}: {wrong}") from None
    return Service(name=name, plan=site.plan, **found)


def environment(service: Service, root: Path) -> dict[str, str]:
    """The variables its container gets: those of its env file, and over them its own."""
    if not service.env_file:
        return dict(service.env)
    if not (root / service.env_file).is_file():
        raise Declined(f"there is no file {service.env_file}, the env_file of {service.name}")
    try:
        return project.env_file_values(root, service.env_file) | service.env
    except TodoError as problem:
        raise Declined(problem.message) from None


def pinned(reference: str, tag: str) -> str:
    """A reference with another tag; an empty one changes nothing. Raises Declined."""
    if not tag:
        return reference
    repository, there = split_reference(reference)
    if not there:
        raise Declined(f"{reference} names content, so no tag can be forced on it")
    if not _TAG.fullmatch(tag):
        raise Declined(f"{tag!r} is not a tag: letters, digits, _ . and -, 128 of them at most")
    return f"{repository}:{tag}"


def previous_name(reference: str) -> str:
    """The name under which the image that ran before `reference` is kept; raises Declined."""
    repository, tag = split_reference(reference)
    if not tag:
        raise Declined(
            f"{reference} names content; a service is named, like localhost:5000/app:1.4"
        )
    if not _TAG.fullmatch(tag + BEHIND):
        raise Declined(f"the tag of {reference} is too long to put {BEHIND} behind it")
    return f"{repository}:{tag}{BEHIND}"


def outside_check(tree: Tree, host: str) -> ServedCheck:
    """The check that sees it from outside, asked from the machine it runs on unless it says from where."""
    problems: list[str] = []
    written = tree if "host" in tree else {**tree, "host": Scalar(host)}
    check: Check | None = parse(written, lambda _, path, text: problems.append(f"{path} {text}"))
    if not isinstance(check, ServedCheck):
        raise Declined(f"outside cannot be asked: {'; '.join(problems)}")
    return check


def inner_port(service: Service, check: ServedCheck) -> int:
    """The port of the container that its outside check asks; raises Declined when none is."""
    subject = check.label()
    split = urlsplit(subject if "://" in subject else f"tcp://{subject}")
    asked = split.port or (443 if split.scheme == "https" else 80)
    for port in service.published():
        if port.protocol == "tcp" and port.outer == asked:
            return port.inner
    if split.hostname == service.container.lower():
        return asked
    raise Declined(
        f"outside asks {subject}, and {service.name} publishes no port {asked}: "
        f"list it under ports, or ask {service.container} by its name"
    )


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to stand where a service stands."""

    image: str
    """ID on the engine."""
    reference: str
    env: dict[str, str]
    previous: str = ""
    """ID of the image to roll back to; empty where there is none."""
    rolled_back_from: str = ""

    def spec(self, service: Service) -> str:
        """A digest of all that makes the container what it is: another one is another container."""
        made = [self.image, service.ports, self.env, service.networks, service.outside]
        return digest(encode(made))
