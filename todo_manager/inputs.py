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
    unknown = sorted(set(claims) - set(names.inputs))
    if unknown:
        raise UsageProblem(
            f"{plan.id} declares no input {unknown[0]}",
            hint=f"its inputs are: {', '.join(names.inputs) or 'none'}",
        )
    file = project.env_file_values(root, settings.env_file)
    around = {name: value for name, value in {**file, **os.environ}.items() if name in _of(names)}
    found = _Gathering(plan, claims, around, try_claims)
    inputs = {name: found.value(name) for name in definition.inputs}
    secrets = {name: around[name] for name in names.secrets if name in around}
    known = {**inputs, **secrets}
    vars_ = {name: resolve(str(value), known) for name, value in names.vars.items()}
    return Values(
        inputs=inputs,
        ignored=found.ignored,
        by_name={**vars_, **known},
        secrets=secrets,
        masker=masker(secrets, file, os.environ),
        claimed=found.claimed,
    )


def _of(names: Names) -> set[str]:
    return {*names.inputs, *names.secrets}


class _Gathering:
    def __init__(
        self, plan: Plan, claims: Mapping[str, str], around: Mapping[str, str], try_claims: bool
    ) -> None:
        self._plan = plan
        self._claims = claims
        self._around = around
        self._try = try_claims
        self.ignored: dict[str, str] = {}
        self.claimed = False

    def value(self, name: str) -> str:
        bound = self._plan.bound.get(name)
        if bound is None:
            return self._unbound(name)
        claim = self._claims.get(name, bound)
        if claim != bound:
            self._refuse(name, claim, bound)
            self.claimed = True
            return claim
        if self._around.get(name, bound) != bound:
            self.ignored[name] = self._around[name]
        return bound

    def _refuse(self, name: str, claim: str, bound: str) -> None:
        if self._try:
            return
        plan = self._plan
        stale = [p.idx for p in plan.phases if name in p.mark_inputs and p.mark != "open"]
        after = f"; phases {', '.join(map(str, stale))} would become stale" if stale else ""
        raise Untrusted(
            f"the input {name} is bound to {bound!r}, not {claim!r}",
            kind=Kind.INPUTS_CHANGED,
            hint=f"todo_manager set {plan.id} {name}={claim}{after}",
        )

    def _unbound(self, name: str) -> str:
        for place in (self._claims, self._around):
            if name in place:
                return place[name]
        raise UsageProblem(
            f"the input {name} of {self._plan.id} has no value",
            kind=Kind.INPUT_MISSING,
            hint=f"give it with --var {name}=…, in the environment, in .env, "
            f"or: todo_manager set {self._plan.id} {name}=…",
        )
