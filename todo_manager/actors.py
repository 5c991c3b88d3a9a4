"""Who does something, and asking a person.

A person verb is answered on the terminal itself, never on standard input: what is piped in, run by a
program without a terminal, or asked for with --json, is not a person.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path

from todo_manager.errors import Kind, Untrusted
from todo_manager.ledger import Actor
from todo_manager.people import Said, Statement
from todo_manager.render.plain import visible


def actor(given: str | None, root: Path) -> Actor:
    """`--actor`, else TODO_MANAGER_ACTOR, else git's user.email, else the OS user; asserted."""
    name = given or os.environ.get("TODO_MANAGER_ACTOR") or _git_email(root) or _user()
    name = name.encode("utf-8", "replace").decode()
    return Actor(" ".join(name.split())[:200] or "unknown")


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


def confirmed(statement: Statement, question: str, *, verb: str, json: bool, actor: Actor) -> Said:
    """Show a person what they are about to say and have them confirm it.

    `verb` is the command line to type for it. Raises Untrusted: `person_required` where no person can
    be asked, `declined` for any answer but yes.
    """
    ask(question, verb=verb, json=json)
    return Said(statement=statement, actor=actor)


def ask(question: str, *, verb: str, json: bool) -> None:
    """Show a person what changes and ask for `yes` on the terminal.

    Returns only after a yes. Raises Untrusted: `person_required` without a terminal or with --json,
    `declined` for any other answer.
    """
    required = Untrusted(
        f"{verb} needs a person at a terminal",
        kind=Kind.PERSON_REQUIRED,
        hint=f"a person: run it in a terminal, without --json: todo_manager {verb}",
        person=True,
    )
    if json:
        raise required
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise required from None
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
