"""The attacks, as data: what is there, what an adversary does, and how the command must answer.

An attack is a mapping in a file of `attacks/`:

    attack: a sentence that names it
    against: [rows of rows.yaml it tries]
    needs: [parts of tests/required.py]            none when absent
    files: {path: text}                            the project before
    setup: [moves]                                 more of that
    plan: phases of the plan `p`, as YAML          imported then, where there is any
    head: other keys of that plan
    before: [moves]                                what was done with it, honestly still
    honest: [moves]                                without deceit the command ends with exit 0
    tries: [moves]                                 the attack
    during: [moves]                                more of it, once the check WAITS runs
    command: done p 0
    clock: seconds by which it believes to be later
    expect: {exit, kind, says, state}

The same command runs in two such worlds: after `honest` it must succeed, so that the refusal after
`tries` is due to the attack and to nothing else. An attack without an honest form says why there. `moves.py` has the moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
LOOKS = ("status", "show", "list", "log", "audit", "verify", "diff", "lint", "next", "report")
"""Verbs that can only notice what was done."""

Moves = list[dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """A way to be fooled, in our own words; `tells` are words that identify it where it was published."""

    id: str
    of: str
    """`field`, or the kind of check."""
    text: str
    tells: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """How the command must answer."""

    exit: int
    kind: str = ""
    says: str = ""
    """A pattern that its answer holds, any of both streams."""
    state: str = ""
    """The state of the phase afterwards; any but done and attested when empty."""
    json: bool = True


@dataclass(frozen=True)
class Attack:
    """One attack."""

    file: str
    attack: str
    expect: Expected
    against: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    plan: str = ""
    head: str = ""
    setup: Moves = field(default_factory=list)
    before: Moves = field(default_factory=list)
    honest: Moves | str = field(default_factory=list)
    tries: Moves = field(default_factory=list)
    during: Moves = field(default_factory=list)
    command: str = "done p 0"
    clock: float = 0

    @property
    def id(self) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", self.attack.lower()).strip("-")
        return f"{self.file}-{words}"

    @property
    def verdict(self) -> str:
        """`refused` where the command would have done harm, `detected` where it tells what was done."""
        looks = self.command.split()[0] in LOOKS
        return "detected" if looks or self.expect.kind == "integrity" else "refused"


def attacks() -> list[Attack]:
    """Every attack, in the order of the files and of their texts."""
    return [_attack(path.stem, each) for path, each in _documents()]


def _documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((FOLDER / "attacks").glob("*.yaml")):
        for each in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield path, each


def _attack(file: str, given: dict[str, Any]) -> Attack:
    expect = Expected(**given.pop("expect"))
    for name in ("against", "needs"):
        given[name] = tuple(given.get(name, ()))
    return Attack(file=file.lstrip("0123456789_"), expect=expect, **given)


def rows() -> list[Row]:
    """Every known way to be fooled."""
    found = yaml.safe_load((FOLDER / "rows.yaml").read_text(encoding="utf-8"))
    return [
        Row(id=id_, of=of, text=each["text"], tells=tuple(each["tells"]))
        for of, family in found.items()
        for id_, each in family.items()
    ]
