"""Who does something, and asking a person.

A person verb is answered on the terminal itself, never on standard input: what is piped in, run by a
program without a terminal, or asked for with --json, is not a person. Where signers are pinned, a
signature by one of their keys is the proof, and the terminal only a courtesy.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path

from todo_manager import people, pins
from todo_manager.errors import Kind, Untrusted
from todo_manager.ledger import Actor
from todo_manager.people import Said, Statement
from todo_manager.project import require
from todo_manager.render.plain import visible
from todo_manager.signers import Pin
from todo_manager.workspace import Project


def actor(given: str | None, root: Path, key: str | None = None) -> Actor:
    """`--actor`, else TODO_MANAGER_ACTOR, else git's user.email, else the OS user; asserted.

    `key` is what --key says, else TODO_MANAGER_KEY: the key they sign with where they have to.
    """
    name = given or os.environ.get("TODO_MANAGER_ACTOR") or _git_email(root) or _user()
    name = name.encode("utf-8", "replace").decode()
    key = key or os.environ.get("TODO_MANAGER_KEY", "")
    return Actor(" ".join(name.split())[:200] or "unknown", key=key)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # of a container, mostly: nobody in the password database


def _git_email(root: Path) -> str:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.path.expanduser("~")}
    try:
        found = subprocess.run(
            ["git", "config", "user.email"],
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode("utf-8", "replace").strip()


def confirmed(
    statement: Statement,
    question: str,
    *,
    verb: str,
    json: bool,
    actor: Actor,
    project: Project | None = None,
) -> Said:
    """Show a person what they are about to say and have them confirm it.

    `verb` is the command line to type for it, `project` the one above the working folder when absent.
    Without signers they answer at a terminal: Untrusted `person_required` where no person can be asked,
    `declined` for any answer but yes. Where signers are pinned they sign with the actor's key, and are
    asked too where there is a terminal: `not_signed` without a key, `signature` for one that does not
    count, `signers_changed` when the signers file is not the pinned one.
    """
    found = project or Project(require(Path.cwd()))
    try:
        acknowledging = people.EVENTS.get(statement.verb) == people.ACKNOWLEDGED
        pin = ready(found, actor, verb=verb, acknowledging=acknowledging)
        if pin is None:
            ask(question, verb=verb, json=json)
            return Said(statement=statement, actor=actor)
        if not json:
            ask_if_possible(question, verb=verb)
        return people.signed(found.db, found.root, pin.data, statement, actor.key)
    finally:
        if project is None:
            found.close()


def ready(project: Project, actor: Actor, *, verb: str, acknowledging: bool = False) -> Pin | None:
    """The signers file by which a person is to sign, if any: asked before they are shown what.

    Raises Untrusted where they could not: `not_signed` without a key, `signature` for a key that is none
    of that file, `signers_changed` when the signers file is not the pinned one.
    """
    pin = pins.in_force(project.db, project.root, project.settings, acknowledging=acknowledging)
    if pin is not None:
        if not actor.key:
            raise people.not_signed(verb)
        people.refuse_key(project.root, pin.data, actor.key)
    return pin


def volunteered(statement: Statement, *, actor: Actor, project: Project) -> Said:
    """The same for what anybody may say: it is signed where signers are pinned and a key is given."""
    pin = pins.in_force(project.db, project.root, project.settings) if actor.key else None
    if pin is None:
        return Said(statement=statement, actor=actor)
    return people.signed(project.db, project.root, pin.data, statement, actor.key)


def ask(question: str, *, verb: str, json: bool) -> None:
    """Show a person what changes and ask for `yes` on the terminal.

    Returns only after a yes. Raises Untrusted: `person_required` without a terminal or with --json,
    `declined` for any other answer.
    """
    terminal = None if json else _terminal()
    if terminal is None:
        raise Untrusted(
            f"{verb} needs a person at a terminal",
            kind=Kind.PERSON_REQUIRED,
            hint=f"a person: run it in a terminal, without --json: todo_manager {verb}",
            person=True,
        )
    _answered(terminal, question, verb)


def ask_if_possible(question: str, *, verb: str) -> None:
    """The same where a signature is the proof: nobody is asked where there is no terminal."""
    if (terminal := _terminal()) is not None:
        _answered(terminal, question, verb)


def _terminal() -> int | None:
    """The terminal a person sits at, whatever the streams lead to; None where there is none."""
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def _answered(terminal: int, question: str, verb: str) -> None:
    with os.fdopen(terminal, "rb+", buffering=0) as tty:
        tty.write(visible(f"{question}\nType yes to go on: ").encode())
        answer = tty.readline().decode("utf-8", "replace").strip()
    if answer != "yes":
        raise Untrusted(
            f"{verb}: not confirmed, nothing was changed",
            kind=Kind.DECLINED,
            hint=f"a person: todo_manager {verb}, and answer yes to confirm",
            person=True,
        )
