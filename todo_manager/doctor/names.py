"""Inputs and secrets that open plans declare: which have a value, and where it comes from.

No value is ever part of a finding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from todo_manager import plans, project, proof, secrets
from todo_manager.definition import Names
from todo_manager.doctor.base import Finding, Place, ok, warning
from todo_manager.shellword import word

_OPEN = "SELECT id, names FROM plans WHERE closed = 0 AND archived IS NULL ORDER BY seq DESC"


def look(place: Place) -> Iterator[Finding]:
    if place.root is None:
        return
    file = project.env_file_values(place.root, place.settings.env_file)
    declared = _Declared(place)
    yield _env_file(place, file, declared)
    for name, plan in declared.inputs.items():
        yield _input(name, plan, place, file)
    for name, plan in declared.secrets.items():
        yield _secret(name, plan, place, file)


class _Declared:
    """Names that open plans declare, each with the newest such plan, in the order of the plans."""

    def __init__(self, place: Place) -> None:
        self.inputs: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        rows = place.rows("SELECT plan, name FROM inputs")
        bound = {(row["plan"], row["name"]) for row in rows}
        for row in place.rows(_OPEN):
            names = _names(row["id"], row["names"])
            for name in names.inputs:
                if (row["id"], name) not in bound:
                    self.inputs.setdefault(name, row["id"])
            for name in names.secrets:
                self.secrets.setdefault(name, row["id"])


def _names(plan: str, text: str) -> Names:
    try:
        return plans.names_from(text)
    except (ValueError, TypeError, KeyError):
        raise proof.broken(f"the row of {plan} is damaged") from None


def _env_file(place: Place, file: dict[str, str], declared: _Declared) -> Finding:
    name = place.settings.env_file
    if not (place.root and (place.root / name).exists()):
        return ok("env file", f"no {name}")
    used = [each for each in file if each in {**declared.inputs, **declared.secrets}]
    unused = [each for each in file if each not in used]
    rest = f"; no open plan asks for {', '.join(unused)}" if unused else ""
    return ok("env file", f"{name} gives {', '.join(used) or 'no name that is asked for'}{rest}")


def _source(name: str, place: Place, file: dict[str, str]) -> str:
    """Where the value of a name comes from; empty when it has none. The environment comes first."""
    if name in os.environ:
        return "the environment"
    return place.settings.env_file if name in file else ""


def _input(name: str, plan: str, place: Place, file: dict[str, str]) -> Finding:
    if source := _source(name, place, file):
        return ok(f"input {name}", f"of {plan}: will be bound to the value from {source}")
    said = f"of {plan}: not bound, and neither the environment nor {place.settings.env_file} has it"
    return warning(f"input {name}", said, f"todo_manager set {word(plan)} {name}=…")


def _secret(name: str, plan: str, place: Place, file: dict[str, str]) -> Finding:
    env_file = place.settings.env_file
    source = _source(name, place, file)
    if not source:
        said = f"of {plan}: neither the environment nor {env_file} has it"
        return warning(f"secret {name}", said, f"echo '{name}=…' >> {word(env_file)}")
    if secrets.too_short({name: os.environ.get(name, file.get(name, ""))}):
        said = (
            f"of {plan}: from {source}; shorter than {secrets.SHORTEST} characters, so not masked"
        )
        return warning(f"secret {name}", said, "choose a longer one")
    return ok(f"secret {name}", f"of {plan}: from {source}, masked")
