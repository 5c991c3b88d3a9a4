"""Values of a plan's inputs, vars and secrets for one run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from todo_manager import project
from todo_manager.definition import Definition, Names
from todo_manager.documents.substitution import resolve
from todo_manager.errors import Kind, Untrusted, UsageProblem
from todo_manager.plans import Plan
from todo_manager.project import Settings
from todo_manager.secrets import Masker, masker
from todo_manager.shellword import word


class Values(Struct, frozen=True, kw_only=True):
    """What names stand for in one run of one phase."""

    inputs: dict[str, str]
    """The inputs the phase uses."""
    ignored: dict[str, str]
    """Values the environment or the env file has for inputs that are bound to something else."""
    by_name: dict[str, str]
    """Every declared name that has a value: used inputs, vars, secrets."""
    secrets: dict[str, str]
    masker: Masker
    claimed: bool = False
    """Whether a claim differs from the bound value: such a run never counts."""


def gather(
    root: Path,
    settings: Settings,
    plan: Plan,
    definition: Definition,
    claims: Mapping[str, str],
    *,
    try_claims: bool = False,
) -> Values:
    """The values a phase runs with.

    Bound inputs keep their value. Unbound ones take it from `claims` (--var), the environment, the
    env file, in this order. Raises UsageProblem (input_missing) when one has none, and Untrusted
    (inputs_changed) when a claim differs from a bound value, unless `try_claims`.
    """
    names = definition.names
    refuse_unknown(plan, names, claims)
    file = project.env_file_values(root, settings.env_file)
    environment = _environment(names)
    around = {name: value for name, value in {**file, **environment}.items() if name in _of(names)}
    found = _Gathering(plan, claims, around)
    inputs = {name: found.value(name) for name in definition.inputs}
    if not try_claims:
        refuse_claims(plan, claims)
    secrets = {name: around[name] for name in names.secrets if name in around}
    known = {**inputs, **secrets}
    vars_ = {name: resolve(str(value), known) for name, value in names.vars.items()}
    return Values(
        inputs=inputs,
        ignored=found.ignored,
        by_name={**vars_, **known},
        secrets=secrets,
        masker=masker(secrets, file, environment),
        claimed=bool(_differing(plan, claims)),
    )


def refuse_unknown(plan: Plan, names: Names, claims: Mapping[str, str]) -> None:
    """Raise UsageProblem for a claim about something that is no input of the plan."""
    for name in sorted(set(claims) - set(names.inputs)):
        raise UsageProblem(
            f"{plan.id} declares no input {name}",
            hint=f"its inputs are: {', '.join(names.inputs) or 'none'}; "
            f"todo_manager show {word(plan.id)}",
        )


def refuse_claims(plan: Plan, claims: Mapping[str, str]) -> None:
    """Raise Untrusted for a claim that an input has another value than the bound one."""
    for name in _differing(plan, claims):
        stale = [p.idx for p in plan.phases if name in p.mark_inputs and p.mark != "open"]
        after = f"; phases {', '.join(map(str, stale))} would become stale" if stale else ""
        raise Untrusted(
            f"the input {name} is bound to {plan.bound[name]!r}, not {claims[name]!r}",
            kind=Kind.INPUTS_CHANGED,
            hint=f"todo_manager set {word(plan.id)} {word(f'{name}={claims[name]}')}{after}",
        )


def _differing(plan: Plan, claims: Mapping[str, str]) -> list[str]:
    return [name for name, value in claims.items() if plan.bound.get(name, value) != value]


def _environment(names: Names) -> dict[str, str]:
    """The environment as far as it is text; UsageProblem when the value of a declared name is not."""
    found = {}
    for name, value in os.environ.items():
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            if name not in _of(names):
                continue
            raise UsageProblem(
                f"the value of {name} in the environment is not UTF-8 text",
                hint=f"unset {name}, or set it to a text; then repeat",
            ) from None
        found[name] = value
    return found


def _of(names: Names) -> set[str]:
    return {*names.inputs, *names.secrets}


class _Gathering:
    def __init__(self, plan: Plan, claims: Mapping[str, str], around: Mapping[str, str]) -> None:
        self._plan = plan
        self._claims = claims
        self._around = around
        self.ignored: dict[str, str] = {}

    def value(self, name: str) -> str:
        bound = self._plan.bound.get(name)
        if bound is None:
            return self._unbound(name)
        if self._around.get(name, bound) != bound:
            self.ignored[name] = self._around[name]
        return self._claims.get(name, bound)

    def _unbound(self, name: str) -> str:
        for place in (self._claims, self._around):
            if name in place:
                return place[name]
        raise UsageProblem(
            f"the input {name} of {self._plan.id} has no value",
            kind=Kind.INPUT_MISSING,
            hint=f"give it with --var {name}=…, in the environment, in .env, "
            f"or: todo_manager set {word(self._plan.id)} {name}=…",
        )
