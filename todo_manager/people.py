"""What only a person may say, and how it stands in the ledger.

Every person verb has its statement confirmed by `actors.confirmed` and recorded here, so there is one place
that knows how a person is told from a program, and one form in which their word is kept.

Where signers are pinned, a statement is a text that holds everything it speaks of: the store, the verb,
plan, phase and digest, what else was shown, and the hash of the signed event before it. So a signature
stands for one event of one store, and can be given only once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import ledger, signers, signing
from todo_manager.canonical import encode
from todo_manager.errors import Kind, Untrusted
from todo_manager.ledger import Actor, Recorded
from todo_manager.project import settings
from todo_manager.signing import BadSignature, Signer
from todo_manager.workspace import Project

SCHEMA = "todo_manager/statement@1"

ACKNOWLEDGED = "acknowledged"
EVENTS = {
    "accept": "accepted",
    "attest": "attested",
    "approve": "approved",
    "withdraw": "withdrawn",
    "reopen": "reopened",
    "signers": signers.EVENT,
    "waive": "waived",
    "acknowledge": ACKNOWLEDGED,
}
"""Verb of a statement → the one event it may stand in; such an event takes no other verb's."""


REPLAYED = "it was given after another event than the signed one before it"


class Statement(Struct, frozen=True, kw_only=True):
    """What a person says, bound to exactly the thing it speaks of."""

    verb: str
    plan: str = ""
    key: str = ""
    """The phase; empty where it speaks of the whole plan."""
    digest: str = ""
    """The gate digest, or the digest of the plan, that was shown."""
    says: dict[str, str] = {}
    """What else was shown: reason, check, subject, expiry."""


class Said(Struct, frozen=True, kw_only=True):
    """A statement that a person has confirmed."""

    statement: Statement
    actor: Actor
    signature: str = ""
    """Over the statement's text at the moment it was confirmed; empty where nobody has to sign."""
    key: str = ""
    """The fingerprint of the key that made it."""


def text(db: sqlite3.Connection, statement: Statement) -> str:
    """What is signed: one canonical JSON text."""
    first = db.execute("SELECT hash FROM ledger WHERE seq = 1").fetchone()
    return encode(
        {
            "schema": SCHEMA,
            "store": first["hash"] if first else "",
            "verb": statement.verb,
            "plan": statement.plan,
            "key": statement.key,
            "digest": statement.digest,
            "says": dict(statement.says),
            "after": newest(db),
        }
    )


def newest(db: sqlite3.Connection, before: int | None = None) -> str:
    """The hash of the newest signed event (before another); that of no event when there is none."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE seq < ? AND body LIKE '%\"statement\":%' ORDER BY seq DESC",
        (before if before is not None else 2**62,),
    )
    for row in rows:
        # Not verified here: a break, of which one event may speak, can be in the one before.
        data = decoded(row["body"]).get("data")
        if isinstance(data, dict) and "statement" in data:
            return str(row["hash"])
    return ledger.GENESIS


def signed(db: sqlite3.Connection, root: Path, data: bytes, statement: Statement, key: str) -> Said:
    """Sign a statement and verify the signature at once, by a signers file.

    Raises Untrusted (signature) when no signature is made, or the key is none of that file.
    """
    spoken = text(db, statement)
    signature = signing.sign(root, key, spoken)
    by = _by(root, data, spoken, signature)
    actor = Actor(by.principal, "signed")
    return Said(statement=statement, actor=actor, signature=signature, key=by.key)


def refuse_key(root: Path, data: bytes, key: str) -> None:
    """Refuse a key that could not sign by a signers file, before anybody is shown or asked anything.

    Raises Untrusted (signature). What cannot be told without a passphrase is told when it has signed.
    """
    found = signing.print_of(root, key)
    lines = signers.known(data)
    if found and not any(line.is_authority or line.key == found for line in lines):
        raise _not_counting(f"{key} is no key of the signers file")


def _by(root: Path, data: bytes, spoken: str, signature: str) -> Signer:
    try:
        return signing.verify(root, data, spoken, signature)
    except BadSignature as wrong:
        raise _not_counting(f"the signature does not count: {wrong}") from None


def _not_counting(what: str) -> Untrusted:
    return Untrusted(
        what,
        kind=Kind.SIGNATURE,
        hint="todo_manager signers shows whose keys count; "
        "a person: repeat it with one of them: --key FILE",
        person=True,
    )


def not_signed(verb: str) -> Untrusted:
    """The refusal of a person verb without a key where signers are pinned."""
    return Untrusted(
        f"{verb} needs a signature by a key of the signers file",
        kind=Kind.NOT_SIGNED,
        hint=f"a person: todo_manager {verb} --key ~/.ssh/id_ed25519, or set TODO_MANAGER_KEY",
        person=True,
    )


def record(
    db: sqlite3.Connection,
    project: Project,
    event: str,
    said: Said,
    data: dict[str, Any],
    *,
    against: bytes | None = None,
    optional: bool = False,
    after: int = 0,
) -> Recorded:
    """Append what was said to the ledger, inside the caller's transaction.

    Where signers are pinned the signature is verified once more, over the text as it is in this very
    transaction. Raises Untrusted: `not_signed` without one, `signature` for one that speaks of something
    else, `signers_changed` when the file is not the pinned one. `against` is the signers file to verify
    by in its place; `optional` lets anybody say it, and a signature is kept where there is one. The
    number of the event is above `after`.
    """
    spoken, actor = said.statement, said.actor
    if against is None and not (optional and not said.signature):
        from todo_manager import pins  # which verifies who signed them by what stands here

        acknowledging = event == ACKNOWLEDGED
        found = settings(project.root)
        pin = pins.in_force(db, project.root, found, acknowledging=acknowledging)
        against = pin.data if pin else None
    if against is not None:
        if not said.signature:
            raise not_signed(spoken.verb)
        statement = text(db, spoken)
        by = _by(project.root, against, statement, said.signature)
        if wrong := _strays(json.loads(statement), event, spoken.plan, spoken.key, data):
            raise Untrusted(f"the signature does not count: {wrong}", kind=Kind.SIGNATURE)
        actor = Actor(by.principal, "signed")
        data = data | {
            "statement": statement,
            "signature": said.signature,
            "signed_by": {"principal": by.principal, "key": by.key},
        }
    return ledger.append(db, event, actor, plan=spoken.plan, key=spoken.key, data=data, after=after)


def _strays(
    statement: Mapping[str, Any], event: str, plan: str, key: str, data: Mapping[str, Any]
) -> str:
    """Where a statement speaks of another thing than the event it stands in; empty when it does not."""
    verb = str(statement.get("verb"))
    if EVENTS.get(verb, event) != event or (event in EVENTS.values() and verb not in EVENTS):
        return f"it was given for {verb}, and the event is {event}"
    for name, meant in (("plan", plan), ("key", key), ("digest", data.get("digest", ""))):
        if statement.get(name) != meant:
            return f"it was given for the {name} {statement.get(name)!r}, not {meant!r}"
    says = statement.get("says")
    for name, value in (says if isinstance(says, dict) else {}).items():
        found = _as_shown(data[name]) if name in data else _first_break(name, data)
        if found != value:
            return f"it was given for the {name} {value!r}, not {found!r}"
    return ""


def _first_break(name: str, data: Mapping[str, Any]) -> str | None:
    """What an event says without having it under its own name; None where it does not say it at all."""
    breaks = data.get("breaks")
    return str(breaks[0]) if name == "break" and isinstance(breaks, list) and breaks else None


def _as_shown(value: Any) -> str:
    """A value of an event as a statement has it: lists in one line, numbers in digits."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def heard(
    db: sqlite3.Connection, root: Path, event: Mapping[str, Any], signers_file: bytes
) -> Signer:
    """Who signed an event of the ledger, by a signers file, at the time the event has.

    Raises BadSignature when the event is not signed, when the signature is not by a key of the file, or
    when what was signed is not what the event says.
    """
    by, spoken = heard_anywhere(root, event, signers_file)
    first = db.execute("SELECT hash FROM ledger WHERE seq = 1").fetchone()
    store = first["hash"] if first and event["seq"] > 1 else ""
    if spoken.get("store") != store:
        raise BadSignature("it was given for another store")
    told = {"principal": by.principal, "key": by.key}
    if event["actor"] != by.principal or event["data"].get("signed_by") != told:
        raise BadSignature(f"it was signed by {by.principal}, and the event names {event['actor']}")
    return by


def heard_anywhere(
    root: Path, event: Mapping[str, Any], signers_file: bytes
) -> tuple[Signer, dict[str, Any]]:
    """The same whatever store the event stands in, and what was signed: before a break, no place counts."""
    data = event["data"]
    statement, signature = data.get("statement"), data.get("signature")
    if event["how"] != "signed" or not isinstance(statement, str) or not isinstance(signature, str):
        raise BadSignature("it is not signed")
    by = signing.verify(root, signers_file, statement, signature, str(event["at"]))
    spoken = decoded(statement)
    if spoken.get("schema") != SCHEMA:
        raise BadSignature("it is no statement of ours")
    if wrong := _strays(spoken, event["event"], event["plan"], event["key"], data):
        raise BadSignature(wrong)
    return by, spoken


def said(event: Mapping[str, Any], name: str) -> str:
    """What else a person was shown, by the text that was signed; by the event where nobody signed."""
    data = event["data"]
    if event["how"] != "signed":
        return str(data.get(name) or "")
    says = decoded(str(data.get("statement"))).get("says")
    return str(says.get(name) or "") if isinstance(says, dict) else ""


def is_personal(event: Mapping[str, Any]) -> bool:
    """Whether an event is one that only a person may bring about."""
    if event["event"] == EVENTS["attest"]:
        return bool(event["data"].get("by") == "person")
    return event["event"] in EVENTS.values() and event["event"] != EVENTS["reopen"]


def after(event: Mapping[str, Any]) -> str:
    """The hash of the signed event that a signed event says it follows."""
    return str(decoded(str(event["data"].get("statement"))).get("after"))


def decoded(statement: str) -> dict[str, Any]:
    """A JSON text as the mapping it is; empty where it is none."""
    try:
        found = json.loads(statement)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}
