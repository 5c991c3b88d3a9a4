"""Every value that decides how things run, with where it is from: settings, actor, inputs, secrets."""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from todo_manager import pins, plans, programs, proof
from todo_manager.doctor import settings as doctor
from todo_manager.errors import TodoError
from todo_manager.plans import Plan
from todo_manager.project import SETTINGS, Settings, env_file_values, settings
from todo_manager.secrets import Masker, masker
from tui.feed import FILES, Question
from tui.themes import THEMES

Value = dict[str, Any]
ABOUT = {
    "tools": "programs the project vouches for although they lie inside it",
    "path": "folders searched for programs after the system's own",
    "env_file": "the file whose declared names inputs and secrets are read from",
    "waivers": "how long a waiver may last at the most",
    "watch": "how often watch looks at a phase, and the program it tells of a change",
    "signers": "the file of persons and their SSH keys; with one, persons sign what they say",
}
"""What each setting is for."""
_OPEN = "SELECT id FROM plans WHERE closed = 0 AND archived IS NULL ORDER BY seq DESC LIMIT 200"


def question(actor: str, origin: str) -> Question:
    """All values; the answer changes with the settings file and the env file, too."""
    ask = functools.partial(_values, actor=actor, origin=origin)
    return Question(("configuration", actor), ask, lasts=FILES)


def _values(db: sqlite3.Connection, root: str, *, actor: str, origin: str) -> list[Value]:
    found, trouble, known = Settings(), "", {}
    try:
        found = settings(Path(root))
        known = env_file_values(Path(root), found.env_file)
    except TodoError as problem:
        trouble = problem.message
    values = [*_settings(root, found, trouble, masker({}, known, os.environ))]
    values.append(_pinned(db, root, found))
    values.append(_value("actor", actor, origin, "who does what is done here, in the ledger"))
    values.append(_value("colours", "none" if os.environ.get("NO_COLOR") else ", ".join(THEMES),
                         "NO_COLOR" if os.environ.get("NO_COLOR") else "default",
                         "t goes to the next theme"))  # fmt: skip
    for row in db.execute(_OPEN).fetchall():
        plan = plans.load(db, row["id"])
        values += _inputs(db, plan, known, found.env_file)
    return values


def _value(name: str, value: str, origin: str, about: str, **more: Any) -> Value:
    return {
        "key": name,
        "name": name,
        "shown": name,
        "value": value,
        "from": origin,
        "about": about,
        "kind": "fixed",
        "trouble": "",
    } | more


def _settings(root: str, found: Settings, trouble: str, masker: Masker) -> Iterator[Value]:
    for name, value, origin in doctor.values(Path(root), found):
        yield _value(
            name,
            masker.text(value),
            "not read: the defaults" if trouble else origin,
            ABOUT[name],
            kind="setting",
            trouble=trouble,
            file=SETTINGS,
        )
    path = ":".join(programs.search_path(Path(root), found)[:-1])
    about = "where checks find programs; last of all beside our own Python"
    yield _value("PATH", path, "the system's, then path", about)


def _pinned(db: sqlite3.Connection, root: str, found: Settings) -> Value:
    """Whose signatures count by now, which is not what the setting says until a person has pinned it."""
    value, trouble = "nobody has to sign", ""
    origin = "no pin"
    try:
        if pin := pins.in_force(db, Path(root), found):
            value, origin = pin.file, f"event {pin.seq}, pinned by {pin.by}"
    except TodoError as problem:
        value, trouble = "", problem.message
    about = "the signers file that is pinned: i shows the keys, A pins it as it is now"
    return _value("signers in force", value, origin, about, trouble=trouble)


def _inputs(
    db: sqlite3.Connection, plan: Plan, env_file: dict[str, str], env_name: str
) -> Iterator[Value]:
    for name in plan.names.inputs:
        value, origin = plan.bound.get(name, ""), "not bound yet"
        if name in plan.bound:
            origin = _bound_by(db, plan.id, name)
        elif name in os.environ:
            value, origin = os.environ[name], "the environment; the first done binds it"
        elif name in env_file:
            value, origin = env_file[name], f"{env_name}; the first done binds it"
        about = f"an input of {plan.id}; phases that use it become stale when it is bound anew"
        yield _value(name, value, origin, about, key=f"{plan.id} {name}", kind="input",
                     shown=f"{plan.id} {name}", plan=plan.id)  # fmt: skip
    for name in plan.names.secrets:
        where = "the environment" if name in os.environ else env_name if name in env_file else ""
        about = f"a secret of {plan.id}: read at each run, masked everywhere, shown nowhere"
        yield _value(name, "••••" if where else "", where or "not set", about,
                     key=f"{plan.id} {name}", kind="secret", shown=f"{plan.id} {name}",
                     plan=plan.id)  # fmt: skip


def _bound_by(db: sqlite3.Connection, plan: str, name: str) -> str:
    """Which event bound an input."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND event IN ('set', 'done') AND instr(body, ?) > 0"
        " ORDER BY seq DESC",
        (plan, name),
    )
    oldest = ""
    for row in rows:
        event = proof.checked(row)
        data = event["data"]
        if event["event"] == "set" and data.get("name") == name:
            return f"event {event['seq']}, set by {event['actor']}"
        if name in data.get("inputs", {}):
            oldest = f"event {event['seq']}, done by {event['actor']}"
    return oldest or "the store"
