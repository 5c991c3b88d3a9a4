"""What may be executed of one phase as one canonical text, `step/1`, and its sha256: the step digest.

It holds everything that decides what `run` and `exec` do: steps, undo, preflight, the services of the
plan, policy.yaml, the vars handed over, the files pinned, and the settings that choose programs. It is
compared with what was accepted in the same way as the gate digest, and is apart from it: another step
makes no phase stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from todo_manager import coupling
from todo_manager.actions.family import ACTIONS
from todo_manager.canonical import Scalar, Tree, decode, digest
from todo_manager.checks.family import CHECKS
from todo_manager.checks.fields import texts
from todo_manager.checks.parse import references
from todo_manager.coupling import BoundFile, Pin
from todo_manager.definition import (
    Definition,
    Names,
    Unbindable,
    Used,
    canonical,
    hosts_of,
    named_files,
    programs_of,
)
from todo_manager.documents.names import unique
from todo_manager.documents.plan_checks import identify
from todo_manager.engines.address import LOCAL
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.policy import Policy
from todo_manager.problems import did_you_mean
from todo_manager.project import Settings

DEPLOYING = ("deploy", "rollback")
"""Kinds of steps whose subject is a service."""
FORCED = "FORCE_IMAGE_TAG"
"""The input that, where a plan declares it, says which tag every deployment takes."""


class Written(Struct, frozen=True, kw_only=True):
    """What a document says of executing one phase."""

    steps: tuple[Tree, ...] = ()
    parts: tuple[tuple[Tree, ...], ...] = ()
    """The steps of each part."""
    undo: tuple[Tree, ...] = ()
    preflight: tuple[Tree, ...] = ()
    plan_preflight: tuple[Tree, ...] = ()
    services: Mapping[str, Tree] = {}

    def anything(self) -> bool:
        lists = (self.steps, self.undo, self.preflight, self.plan_preflight, self.services)
        return any(lists) or any(self.parts)

    def executed(self) -> Iterator[tuple[str, Tree, str]]:
        """Every step with its id and its place in the phase; those of part N begin `N.`."""
        yield from _numbered("", self.steps, "s", "steps")
        for number, part in enumerate(self.parts, start=1):
            yield from _numbered(f"{number}.", part, "s", f"parts[{number - 1}].steps")

    def undone(self) -> Iterator[tuple[str, Tree, str]]:
        yield from _numbered("", self.undo, "u", "undo")

    def demanded(self) -> Iterator[tuple[str, Tree, str]]:
        """Every check of the preflight, those of the plan first; no two have the same id."""
        taken: dict[str, int] = {}
        lists = ((self.plan_preflight, "/preflight"), (self.preflight, "preflight"))
        for trees, place in lists:
            for id_, tree, where in _numbered("", trees, "p", place):
                yield unique(id_, taken), tree, where


def _numbered(
    prefix: str, trees: Sequence[Tree], letter: str, place: str
) -> Iterator[tuple[str, Tree, str]]:
    for n, (id_, tree) in enumerate(zip(identify(trees, letter), trees)):
        yield prefix + id_, tree, f"{place}[{n}]"


class Steps(Struct, frozen=True, kw_only=True):
    """What may be executed of one phase, ready to be compared and executed."""

    steps: tuple[tuple[str, Tree], ...]
    """Id and mapping of each step; those of part N begin `N.`."""
    undo: tuple[tuple[str, Tree], ...]
    preflight: Definition
    """The checks demanded before, as a definition of their own, with names, files and pins."""
    policy: Policy
    text: str
    """The `step/1` text."""
    digest: str


def written_in(plan: PlanDoc, phase: PhaseDoc) -> Written:
    """What a document says of executing one of its phases."""
    return Written(
        steps=phase.steps,
        parts=tuple(part.steps for part in phase.parts),
        undo=phase.undo,
        preflight=phase.preflight,
        plan_preflight=plan.preflight,
        services=plan.services,
    )


def accepted(text: str | None) -> Written:
    """The same from a `step/1` text; ValueError for anything else."""
    tree = decode(text or "{}")
    try:
        return Written(
            steps=tuple(tree.get("steps", ())),
            parts=tuple(map(tuple, tree.get("parts", ()))),
            undo=tuple(tree.get("undo", ())),
            preflight=tuple(tree.get("preflight", ())),
            plan_preflight=tuple(tree.get("plan_preflight", ())),
            services=dict(tree.get("services", {})),
        )
    except (AttributeError, TypeError) as error:
        raise ValueError(f"these are no steps: {error}") from None


def bind(
    root: Path, settings: Settings, policy: Policy, names: Names, key: str, written: Written
) -> Steps | None:
    """Read the files that steps and preflight rest on, and hold them against the policy.

    None where the document says nothing of executing. Raises Unbindable naming every file that cannot
    be bound and every step that policy.yaml does not allow; a place that begins with `/` is the plan's.
    """
    if not written.anything():
        return None
    executed, undone, demanded = map(
        list, (written.executed(), written.undone(), written.demanded())
    )
    steps = [(tree, place) for _, tree, place in [*executed, *undone]]
    named = [(tree, at) for _, tree, at in demanded]
    files, pins = _files(root, policy, names, steps, named, written.services)
    trees = [tree for tree, _ in steps]
    members = [(ACTIONS, tree) for tree in trees] + [(CHECKS, tree) for _, tree, _ in demanded]
    used = Used(names, members, files.values(), _services_of(trees, written.services))
    text = canonical(
        {
            "step": 1,
            "key": key,
            "steps": list(written.steps),
            "parts": [list(part) for part in written.parts] if any(written.parts) else [],
            "undo": list(written.undo),
            "preflight": list(written.preflight),
            "plan_preflight": list(written.plan_preflight),
            "services": dict(written.services),
            "policy": policy.written,
            "vars": used.vars,
            "inputs": list(used.inputs),
            "secrets": list(used.secrets),
            "hosts": _hosts(names, [*trees, *written.services.values()])
            | hosts_of(names, [tree for _, tree, _ in demanded]),
            "scripts": {path: file.sha256 for path, file in files.items()},
            "pins": {path: pin.sha256 for path, pin in pins.items()},
        }
        | programs_of(settings)
    )
    preflight = Definition(
        key=key,
        needs=(),
        checks=tuple((id_, tree) for id_, tree, _ in demanded),
        text=text,
        digest=digest(text),
        names=names,
        inputs=used.inputs,
        files=files,
        coupled=(),
        helpers=(),
        pins=pins,
    )
    return Steps(
        steps=tuple((id_, tree) for id_, tree, _ in executed),
        undo=tuple((id_, tree) for id_, tree, _ in undone),
        preflight=preflight,
        policy=policy,
        text=text,
        digest=preflight.digest,
    )


def needing(steps: Steps, block: Iterable[tuple[str, Tree]]) -> Definition:
    """The preflight with those inputs alone that it and one block of steps use."""
    found, trees = steps.preflight, [tree for _, tree in block]
    members = [(ACTIONS, tree) for tree in trees] + [(CHECKS, tree) for _, tree in found.checks]
    written = accepted(steps.text).services
    used = Used(found.names, members, found.files.values(), _services_of(trees, written))
    return structs.replace(found, inputs=used.inputs)


def secrets_of(names: Names, tree: Tree) -> tuple[str, ...]:
    """The secrets that one step uses, by `${name}` or by being handed over."""
    return Used(names, [(ACTIONS, tree)], []).secrets


def _files(
    root: Path,
    policy: Policy,
    names: Names,
    steps: Iterable[tuple[Tree, str]],
    demanded: list[tuple[Tree, str]],
    services: Mapping[str, Tree],
) -> tuple[dict[str, BoundFile], dict[str, Pin]]:
    problems: list[tuple[Tree, str, str]] = []
    files: dict[str, BoundFile] = {}
    pins: dict[str, Pin] = {}
    try:
        files, pins = named_files(root, demanded)
    except Unbindable as error:
        problems += error.problems
    for tree, place in steps:
        problems += [
            (tree, place, message)
            for each in (tree, *built_by(tree, services))
            for message in policy.refuses(each, names.inputs, names.secrets, root)
        ]
        if unknown := _unknown_service(tree, services):
            problems.append((tree, place, unknown))
        try:
            if "pins" in tree:
                pins |= coupling.pinned_files(root, texts(tree["pins"]))
        except (OSError, ValueError) as error:
            problems.append((tree, f"{place}.pins", str(error)))
    if problems:
        raise Unbindable(problems)
    return files, dict(sorted(pins.items()))


def built_by(tree: Tree, services: Mapping[str, Tree]) -> list[Tree]:
    """What a deployment builds, as the steps that policy.yaml speaks of."""
    built = [service for service in _services_of([tree], services) if "build" in service]
    return [{"build": service["image"], **service["build"]} for service in built]


def _unknown_service(tree: Tree, services: Mapping[str, Tree]) -> str:
    """The words for a step that deploys what the plan does not declare; empty for any other."""
    wanted = [str(tree[kind]) for kind in DEPLOYING if kind in tree]
    for name in wanted:
        if name not in services and not references(Scalar(name)):
            return f"there is no service {name!r}{did_you_mean(name, services)}; declare it under services"
    return ""


def _hosts(names: Names, trees: Iterable[Tree]) -> dict[str, Tree]:
    """The hosts of steps and services, as the plan describes them."""
    used = {str(tree.get("host", LOCAL)) for tree in trees}
    return {name: names.hosts[name] for name in sorted(used & names.hosts.keys())}


def _services_of(trees: Iterable[Tree], services: Mapping[str, Tree]) -> list[Tree]:
    """The services that steps deploy, with all that those need."""
    todo = [str(tree[kind]) for tree in trees for kind in DEPLOYING if kind in tree]
    found: dict[str, Any] = {}
    while todo:
        name = todo.pop()
        if name in services and name not in found:
            found[name] = services[name]
            todo += map(str, services[name].get("needs", ()))
    # What says which tag is taken needs no word in the plan but its declaration.
    return [*found.values(), Scalar(f"${{{FORCED}}}")] if found else []
