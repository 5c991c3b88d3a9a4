"""The definition of a phase as one canonical text, `def/1`, and its sha256: the gate digest.

It holds everything that decides what `done` means: key, needs, checks as written, the vars handed to
shell texts and scripts, the bytes of scripts, helpers and pins, and the settings that choose programs.
Title, explain, note and description are outside: changing them changes no meaning. What runs is built
from this text and from the very bytes that were hashed into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import coupling
from todo_manager.canonical import Scalar, Tree, digest, encode
from todo_manager.checks import load as load_kind
from todo_manager.checks.family import CHECKS, Family
from todo_manager.checks.parse import kind_of, references
from todo_manager.coupling import BoundFile, Coupled, Pin
from todo_manager.documents.plan_checks import numbered
from todo_manager.engines.address import LOCAL
from todo_manager.project import Settings


class Names(Struct, frozen=True, kw_only=True):
    """The names a plan declares, vars with their values."""

    inputs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    vars: dict[str, Tree] = {}
    hosts: dict[str, Tree] = {}


class Definition(Struct, frozen=True, kw_only=True):
    """One phase, ready to be compared and run."""

    key: str
    needs: tuple[str, ...]
    checks: tuple[tuple[str, Tree], ...]
    """Id and mapping of each check; those of part N begin `N.`, coupled scripts come last."""
    text: str
    """The `def/1` text."""
    digest: str
    """Its sha256, the gate digest."""
    names: Names
    inputs: tuple[str, ...]
    """Inputs the phase uses: they need a value, and another value makes the phase stale."""
    files: dict[str, BoundFile]
    """Scripts and named scripts by path, as read."""
    coupled: tuple[str, ...]
    helpers: tuple[BoundFile, ...]
    pins: dict[str, Pin]
    tools: dict[str, str] = {}
    """Programs the settings vouch for, by path, with the stamp of each from before anything runs."""

    def required_count(self) -> int:
        """How many checks decide; without one a phase can never be done."""
        return sum(is_required(tree) for _, tree in self.checks)


def of_no_phase(checks: Sequence[tuple[str, Tree]] = (), names: Names | None = None) -> Definition:
    """What may be run although no plan demands it: nothing is bound, nothing has a digest."""
    return Definition(
        key="",
        needs=(),
        checks=tuple(checks),
        text="",
        digest="",
        names=names or Names(),
        inputs=(),
        files={},
        coupled=(),
        helpers=(),
        pins={},
    )


def secrets_of(definition: Definition, tree: Tree) -> tuple[str, ...]:
    """The secrets that one check of a definition uses, by `${name}` or by being handed over."""
    script = definition.files.get(str(tree.get("script", "")))
    helpers = definition.helpers if script and script.path in definition.coupled else ()
    files = [script, *helpers] if script else []
    return Used(definition.names, [(CHECKS, tree)], files).secrets


def part_of(id_: str) -> int | None:
    """The part that a check's id names, from 1; None for a check of the phase itself."""
    number, dot, _ = id_.partition(".")
    return int(number) if dot and number.isdecimal() else None


class Unbindable(ValueError):
    """Files that checks name and that cannot be bound."""

    def __init__(self, problems: list[tuple[Tree, str, str]]) -> None:
        """Each problem: the value that names a file, its place in the phase, and what is wrong."""
        super().__init__("; ".join(message for _, _, message in problems))
        self.problems = problems


def patterns(definition: Definition) -> tuple[str, ...]:
    """All pins of a phase, written or implied, where more files may match them some day."""
    written = {name for _, tree in definition.checks for name in _texts(tree.get("pins", []))}
    implied = {name for _, tree in definition.checks for name in implied_pins(tree)}
    may_grow = implied or any(char in name for name in written for char in "*?[")
    return tuple(sorted(written | implied)) if may_grow else ()


def implied_pins(tree: Tree) -> tuple[str, ...]:
    """The globs that a check's kind pins by itself."""
    kind = kind_of(tree)
    return load_kind(kind).implied_pins(tree) if kind else ()


def is_required(tree: Tree) -> bool:
    """Whether a check mapping decides (`required` is true unless it says false)."""
    return str(tree.get("required", "true")) != "false"


def bind(
    root: Path,
    settings: Settings,
    coupled: Coupled,
    names: Names,
    *,
    index: int,
    key: str,
    needs: tuple[str, ...],
    verify: Sequence[Tree],
    parts: Sequence[Sequence[Tree]] = (),
) -> Definition:
    """Read the files a phase rests on and build its definition.

    Raises Unbindable naming every file that is missing, outside, or cannot be run.
    """
    places = numbered(verify, parts)
    written = [(id_, tree) for id_, tree, _ in places]
    scripts = coupled.scripts.get(index, ())
    checks = written + [(_file_id(file), {"script": Scalar(file.path)}) for file in scripts]
    named, pins = named_files(root, [(tree, place) for _, tree, place in places])
    files = {file.path: file for file in scripts} | named
    helpers = coupled.helpers if scripts else ()
    used = Used(names, [(CHECKS, tree) for _, tree in checks], [*files.values(), *helpers])
    content: dict[str, Any] = {
        "def": 1,
        "key": key,
        "needs": list(needs),
        "verify": list(verify),
        "parts": [list(part) for part in parts],
        "vars": used.vars,
        "inputs": list(used.inputs),
        "secrets": list(used.secrets),
        "hosts": hosts_of(names, [tree for _, tree in checks]),
        "scripts": {path: file.sha256 for path, file in files.items()},
        "coupled": [file.path for file in scripts],
        "helpers": {file.path: file.sha256 for file in helpers},
        "pins": {path: pin.sha256 for path, pin in pins.items()},
    }
    runs = any(_runs_programs(tree) for _, tree in checks)
    if runs:
        content |= programs_of(settings)
    text = canonical(content)
    return Definition(
        key=key,
        needs=needs,
        checks=tuple(checks),
        text=text,
        digest=digest(text),
        names=names,
        inputs=used.inputs,
        files=files,
        coupled=tuple(file.path for file in scripts),
        helpers=helpers,
        pins=pins,
        tools=coupling.stamps(
            root, [tool.path for tool in settings.tools.values()] if runs else ()
        ),
    )


def canonical(content: Mapping[str, Any]) -> str:
    """The canonical text of a definition: only what somebody wrote stands in it."""
    return encode({name: value for name, value in content.items() if value not in ({}, [])})


def plan_digest(phases: Iterable[tuple[str, str, str | None]]) -> str:
    """The digest of a plan: of the list of its phases' keys, gate digests and step digests."""
    return digest(encode([[key, gate, steps] for key, gate, steps in phases]))


def words_in(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those names that occur in a text as whole words: what a shell text or script is handed."""
    words = set(re.findall(r"[A-Za-z0-9_]+", text))
    return tuple(sorted(name for name in names if name in words))


def shell_texts(tree: Tree, family: Family[Any] = CHECKS) -> list[str]:
    """The shell texts of a check or step, in which nothing is substituted."""
    return [str(tree[key]) for key in family.shell_keys(tree)]


def _file_id(file: BoundFile) -> str:
    return file.path.rsplit("/", 1)[-1]


def _runs_programs(tree: Tree) -> bool:
    kind = kind_of(tree)
    return kind is not None and load_kind(kind).runs_programs


def hosts_of(names: Names, checks: Iterable[Tree]) -> dict[str, Tree]:
    """The hosts that checks look from, as the plan describes them; `local` only where it does."""
    used = {host_of(tree) for tree in checks if _depends_on_host(tree)}
    return {name: names.hosts[name] for name in sorted(used & names.hosts.keys())}


def _depends_on_host(tree: Tree) -> bool:
    """Whether it matters how the plan describes the host: this machine's own files need no description."""
    return "host" in tree or host_of(tree) != LOCAL or asks_engine(tree)


def host_of(tree: Tree) -> str:
    """The host that a check looks at or from."""
    kind = kind_of(tree)
    key = kind if kind and load_kind(kind).names_host else "host"
    return str(tree.get(key, LOCAL))


def asks_engine(tree: Tree) -> bool:
    """Whether a check asks the engine of its host for the answer."""
    kind = kind_of(tree)
    always = kind is not None and load_kind(kind).asks_engine
    return always or "inside" in tree or "served_by" in tree


def programs_of(settings: Settings) -> dict[str, Any]:
    tools = {name: [tool.path, tool.sha256] for name, tool in settings.tools.items()}
    return {"tools": tools, "path": list(settings.path)}


def named_files(
    root: Path, checks: Iterable[tuple[Tree, str]]
) -> tuple[dict[str, BoundFile], dict[str, Pin]]:
    """Files named by `script:` (they may lie in the plans' script folder too) and by `pins:`."""
    scripts: dict[str, BoundFile] = {}
    pins: dict[str, Pin] = {}
    problems: list[tuple[Tree, str, str]] = []
    for tree, place in checks:
        try:
            pins |= coupling.pinned_files(root, implied_pins(tree), absent=True)
        except (OSError, ValueError) as error:
            problems.append((tree, place, _why(error, error)))
        try:
            pins |= coupling.pinned_files(root, _texts(tree.get("pins", [])))
        except (OSError, ValueError) as error:
            problems.append((tree["pins"], f"{place}.pins", _why(error, error)))
        try:
            scripts |= _script(root, tree)
        except (OSError, ValueError) as error:
            problems.append((tree["script"], f"{place}.script", _why(error, tree["script"])))
    if problems:
        raise Unbindable(problems)
    return scripts, dict(sorted(pins.items()))


def _script(root: Path, tree: Tree) -> dict[str, BoundFile]:
    if "script" not in tree:
        return {}
    file = coupling.read_file(root, str(tree["script"]))
    coupling.interpreter_line(file)
    return {file.path: file}


def _why(error: Exception, where: object) -> str:
    """What is wrong with a file, naming it."""
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename if where is error else where}: {error.strerror}"


def _texts(tree: Tree) -> tuple[str, ...]:
    return tuple(map(str, tree if isinstance(tree, list) else [tree]))


class Used:
    """Which declared names checks and steps use, by `${name}` or by being handed over."""

    def __init__(
        self,
        names: Names,
        members: Iterable[tuple[Family[Any], Tree]],
        files: Iterable[BoundFile],
        values: Iterable[Tree] = (),
    ) -> None:
        """`values` are further trees of the plan in which names may stand."""
        handed = [file.data.decode("utf-8", "replace") for file in files]
        referred: set[str] = set().union(*map(references, values))
        for family, tree in members:
            shell = shell_texts(tree, family)
            handed += shell
            referred |= references(_without(tree, shell))
        in_texts = {name for text in handed for name in words_in(text, _declared(names))}
        self.vars = {name: names.vars[name] for name in sorted(in_texts & set(names.vars))}
        through = {name for value in self.vars.values() for name in references(value)}
        used = in_texts | referred | through
        self.inputs = tuple(sorted(used & set(names.inputs)))
        self.secrets = tuple(sorted(used & set(names.secrets)))


def _declared(names: Names) -> set[str]:
    return {*names.inputs, *names.secrets, *names.vars}


def _without(tree: Mapping[str, Tree], shell: list[str]) -> list[Tree]:
    return [value for value in tree.values() if not (isinstance(value, str) and value in shell)]
