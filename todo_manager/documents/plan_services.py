"""The `services:` of a plan: what a deployment knows of each container that is meant to stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import location
from todo_manager.checks.parse import parse, references
from todo_manager.documents.names import is_plain_id
from todo_manager.documents.plan_phases import circle_of
from todo_manager.documents.substitution import Names
from todo_manager.engines.reference import image_reference
from todo_manager.problems import Problems, did_you_mean

_CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_PORT = re.compile(
    r"(?:(?P<ip>[0-9.]+|\[[0-9a-fA-F:]+\]):)?(?:(?P<host>[0-9]+):)?(?P<container>[0-9]+)(?:/(?:tcp|udp|sctp))?"
)


def container_name(tree: Tree) -> str:
    """The name of a container; an input that is still to be put in stands for letters that fit."""
    found = fields.text(tree)
    if not _CONTAINER.fullmatch(re.sub(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", "x", found)):
        raise Wrong(f"{found!r} is not the name of a container: letters, digits, _ . and - only")
    return found


def published_ports(tree: Tree) -> tuple[str, ...]:
    """Ports as `[ip:][host:]container[/udp]`, each a text."""
    found = fields.texts(tree)
    for each in found:
        match = _PORT.fullmatch(each)
        numbers = [int(match[name]) for name in ("host", "container") if match and match[name]]
        if not match or not all(0 < number < 65536 for number in numbers):
            raise Wrong(f"{each!r} is no port to publish: write it like 127.0.0.1:8080:80")
    return found


def _inside(tree: Tree) -> str:
    found = location(tree)
    if found.startswith("/"):
        raise Wrong(f"{found!r} is not a path inside the project")
    return found


_BUILD: dict[str, Callable[[Tree], Any]] = {
    "context": _inside,
    "dockerfile": _inside,
    "args": fields.string_map,
    "target": fields.text,
}
_READERS: dict[str, Callable[[Tree], Any]] = {
    "host": fields.text,
    "image": image_reference,
    "container": container_name,
    "build": dict,
    "ports": published_ports,
    "env": fields.variables,
    "env_file": _inside,
    "networks": fields.texts,
    "outside": dict,
    "needs": list,
}
SERVICE_KEYS = tuple(_READERS)
REQUIRED_OF_A_SERVICE = ("image", "container")


def read(tree: Tree, names: Names, problems: Problems) -> dict[str, Map]:
    """Every service as written, vars replaced; what is wrong was reported."""
    if not isinstance(tree, Map):
        what = "expected a mapping of names, like {web: {image: web:1, container: web}}"
        problems.error(line_of(tree), "services", what)
        return {}
    found: dict[str, Map] = {}
    for name, value in tree.items():
        line, path = tree.key_lines.get(name, tree.line), f"services.{name}"
        if not is_plain_id(name):
            problems.error(line, path, f"{name!r} is not a name of a service: a-z 0-9 . _ - only")
        elif not isinstance(value, Map):
            problems.error(line, path, "expected a mapping, like {image: web:1, container: web}")
        else:
            found[name] = _Service(path, names, problems).read(value, tuple(tree))
    _report_circle(found, tree, problems)
    return found


class _Service:
    """Reads one service; what is wrong goes to `problems`."""

    def __init__(self, path: str, names: Names, problems: Problems) -> None:
        self._path = path
        self._names = names
        self._problems = problems

    def read(self, tree: Map, services: tuple[str, ...]) -> Map:
        found = self._names.replace(tree, self._path)
        assert isinstance(found, Map)
        for key in REQUIRED_OF_A_SERVICE:
            if key not in found:
                self._problems.error(found.line, self._path, f"the key {key} is missing")
        self._values(found, _READERS, self._path)
        self._nested(found, services)
        return found

    def _values(self, tree: Map, readers: dict[str, Callable[[Tree], Any]], path: str) -> None:
        for key, value in tree.items():
            line, where = tree.key_lines.get(key, tree.line), f"{path}.{key}"
            if key not in readers:
                self._problems.error(line, where, f"unknown key{did_you_mean(key, readers)}")
            elif key != "env" and (held := references(value) & {*self._names.secrets}):
                what = f"the secret {min(held)} may stand in env only"
                self._problems.error(line, where, what)
            elif readers[key] not in (dict, list):
                self._convert(readers[key], value, line, where)

    def _convert(self, reader: Callable[[Tree], Any], value: Tree, line: int, path: str) -> None:
        """Read a value, unless an input stands in it, whose value nobody knows yet."""
        if references(value) and reader is not image_reference:
            return
        try:
            reader(value)
        except Wrong as wrong:
            self._problems.error(line, path, str(wrong))

    def _nested(self, tree: Map, services: tuple[str, ...]) -> None:
        """The keys that hold more than one value: build, outside, needs; and the host."""
        known = ("local", *self._names.hosts)
        host = tree.get("host")
        if isinstance(host, Scalar) and host not in known:
            what = (
                f"there is no host {str(host)!r}{did_you_mean(host, known)}; declare it under hosts"
            )
            self._problems.error(line_of(host), f"{self._path}.host", what)
        if "build" in tree:
            self._build(tree["build"], tree.key_lines.get("build", tree.line))
        if "outside" in tree:
            self._outside(tree["outside"])
        for name in _needs(tree):
            if name not in services:
                what = f"there is no service {name!r}{did_you_mean(name, services)}"
                self._problems.error(line_of(tree["needs"]), f"{self._path}.needs", what)

    def _build(self, tree: Tree, line: int) -> None:
        path = f"{self._path}.build"
        if not isinstance(tree, Map) or "context" not in tree:
            what = "expected a mapping, like {context: ., dockerfile: Dockerfile}"
            self._problems.error(line, path, what)
            return
        self._values(tree, _BUILD, path)

    def _outside(self, tree: Tree) -> None:
        """The check by which the world outside sees the service: http or tcp."""
        path = f"{self._path}.outside"

        def report(line: int, below: str, message: str) -> None:
            self._problems.error(line, path + below, message)

        check = parse(tree, report, inputs=self._names.inputs, secrets=self._names.secrets)
        if check is not None and check.kind not in ("http", "tcp"):
            report(line_of(tree), "", "expected an http or tcp check: it is asked from outside")


def _needs(tree: Map) -> list[str]:
    value = tree.get("needs", [])
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _report_circle(found: dict[str, Map], tree: Map, problems: Problems) -> None:
    needs = {name: [n for n in _needs(service) if n in found] for name, service in found.items()}
    if way := circle_of(needs):
        line = tree.key_lines.get(way[0], tree.line)
        what = f"goes round in a circle: {' needs '.join((*way, way[0]))}"
        problems.error(line, f"services.{way[0]}.needs", what)
