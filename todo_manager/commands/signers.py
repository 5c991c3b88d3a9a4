"""Whose signatures count: the signers file that is pinned, and the one that is on disk.

The setting `signers` names a file of persons and their SSH keys, as OpenSSH reads it (allowed signers).
With --accept a person pins it: the first time at a terminal, with a signature by a key in it; later with
one by a key of the file that is pinned. Until then nothing is done that rests on persons.
"""

from __future__ import annotations

import argparse
import hashlib
import zlib
from typing import Any

from msgspec import Struct

from todo_manager import (
    acceptance,
    actors,
    coupling,
    evidence,
    lapsing,
    ledger,
    people,
    pins,
    plans,
    signers,
)
from todo_manager.commands import common
from todo_manager.errors import InvalidDocument, Untrusted, UsageProblem
from todo_manager.ledger import Actor
from todo_manager.people import Said
from todo_manager.project import SETTINGS, settings
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.signers import Pin
from todo_manager.workspace import Project


class Proposed(Struct, frozen=True, kw_only=True):
    """The file that would be pinned; without one, nobody would have to sign any more."""

    file: str = ""
    data: bytes = b""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest() if self.file else ""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accept", action="store_true", help="a person: pin the file as it is now")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 2 for a file that holds no keys, 6 without a signature or a person, 9."""
    project = common.open_project(arguments)
    with project.snapshot():
        ledger.verify_head(project.db, project.root)
        pin = pins.pinned(project.db, project.root)
    if arguments.accept:
        _accept(arguments, project, pin, output)
        pin = pins.pinned(project.db, project.root)
    output.data = (output.data or {}) | _data(project, pin)
    if not arguments.accept:
        _tell(output.data, output)
    return 0


def _data(project: Project, pin: Pin | None) -> dict[str, Any]:
    held = pin if pin and pin.file else None
    problem = ""
    try:
        pins.in_force(project.db, project.root, project.settings)
    except Untrusted as changed:
        problem = changed.message
    return {
        "setting": project.settings.signers,
        "state": "changed" if problem else "pinned" if held else "none",
        "problem": problem,
        "pinned": {
            "file": held.file,
            "sha256": held.sha256,
            "event": held.seq,
            "at": held.at,
            "by": held.by,
        }
        if held
        else None,
        "signers": [
            {
                "principals": list(line.principals),
                "type": line.type,
                "key": line.key,
                "options": line.options,
            }
            for line in signers.known(held.data if held else b"")
        ],
    }


def _tell(data: dict[str, Any], output: Output) -> None:
    pin = data["pinned"]
    if pin:
        output.say(f"{pin['file']}: pinned by {pin['by']}, event {pin['event']}, {pin['at']}")
    for each in data["signers"]:
        options = f"  {each['options']}" if each["options"] else ""
        output.say(f"  {', '.join(each['principals'])}  {each['type']} {each['key']}{options}")
    if data["problem"]:
        ways = "restored or accepted" if pin else "accepted"
        output.say(f"✗ {data['problem']}: nothing is done until it is {ways}")
        output.say(f"  a person: {signers.TO_PIN}")
    elif not pin:
        output.say(
            f"no signers: persons answer at a terminal; to have them sign, write signers: FILE in {SETTINGS}"
        )


def _accept(
    arguments: argparse.Namespace, project: Project, pin: Pin | None, output: Output
) -> None:
    held = pin if pin and pin.file else None
    found = _proposed(project)
    if (found.file, found.sha256) == ((held.file, held.sha256) if held else ("", "")):
        output.data = {"accepted": False}
        if held:
            output.say("nothing to accept: the signers are as they were pinned")
        else:
            output.say(f"nothing to accept: {SETTINGS} names no signers")
        return
    actor = common.actor(arguments, project)
    if not actor.key:
        raise people.not_signed("signers --accept")
    people.refuse_key(project.root, held.data if held else found.data, actor.key)
    for line in _difference(held, found):
        output.say(line)
    said = _said(actor, project, held, found, output)
    unaccepted, stale = _record(project, held, found, said)
    output.data = {"accepted": True, "unaccepted": unaccepted, "stale": stale}
    output.say(f"pinned by {said.actor.name}" if found.file else "nobody has to sign any more")
    for id_ in unaccepted:
        output.say(
            f"{id_}: not accepted by any of them; a person: todo_manager accept {word(id_)} --key FILE"
        )
    for place in stale:
        output.say(f"{place}: stale, for it rests on the word of somebody who is none of them")


def _proposed(project: Project) -> Proposed:
    file = project.settings.signers
    if not file:
        return Proposed()
    try:
        data = coupling.read_file(project.root, file).data
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidDocument(
            [f"{file}: {why}"], hint=f"write {file}, or correct {SETTINGS}"
        ) from None
    signers.read(data, file)
    return Proposed(file=file, data=data)


def _difference(held: Pin | None, found: Proposed) -> list[str]:
    """Who comes and who goes, key by key."""
    before = _lines(held.data if held else b"")
    after = _lines(found.data)
    return [f"- {each}" for each in before if each not in after] + [
        f"+ {each}" for each in after if each not in before
    ]


def _lines(data: bytes) -> list[str]:
    return [
        " ".join(filter(None, (",".join(line.principals), line.options, line.type, line.key)))
        for line in signers.known(data)
    ]


def _said(
    actor: Actor, project: Project, held: Pin | None, found: Proposed, output: Output
) -> Said:
    """The first pin: at a terminal, and by a key in it. Every other: by a key of the one before."""
    verb = "signers --accept"
    question = f"let these keys decide whose word counts? ({found.file or 'none'})"
    statement = _statement(held, found)
    if held is None:
        actors.ask(question, verb=f"{verb} --key {word(actor.key)}", json=output.json)
    elif not output.json:
        actors.ask_if_possible(question, verb=verb)
    data = held.data if held else found.data
    return people.signed(project.db, project.root, data, statement, actor.key)


def _statement(held: Pin | None, found: Proposed) -> people.Statement:
    says = {"file": found.file, "sha256": found.sha256, "before": held.sha256 if held else ""}
    return people.Statement(verb="signers", digest=found.sha256, says=says)


def _record(
    project: Project, held: Pin | None, found: Proposed, said: Said
) -> tuple[list[str], list[str]]:
    """Pin it, if it still takes the place of what was shown; plans that nobody stands for by then,
    and phases that rest on words which count no more."""
    with project.recording() as db:
        now = pins.pinned(db, project.root)
        if (now.seq if now else None) != (held.seq if held else None) and not (
            held is None and now is not None and not now.file
        ):
            raise pins.changed("other signers were pinned meanwhile")
        if settings(project.root).signers != found.file or _proposed(project) != found:
            raise UsageProblem("the signers file was changed meanwhile; nothing was pinned")
        pinning = Pin(seq=0, file=found.file, sha256=found.sha256, data=found.data, at="", by="")
        lapsed = _lapsed(project, pinning) if found.file else []
        data = {**said.statement.says, "digest": found.sha256, "lapsed": lapsed}
        if found.file:
            row = (found.sha256, zlib.compress(found.data))
            db.execute("INSERT OR IGNORE INTO contents (sha256, data) VALUES (?, ?)", row)
        against = held.data if held else found.data
        people.record(db, project, signers.EVENT, said, data, against=against)
        stale = lapsing.lapse(project, Actor(said.actor.name))
        for (id_,) in db.execute("SELECT id FROM plans").fetchall():
            evidence.note_closed(db, id_)
    return lapsed, stale


def _lapsed(project: Project, pin: Pin) -> list[str]:
    """Plans whose accepted definition none of these keys stands for."""
    found = []
    for (id_,) in project.db.execute("SELECT id FROM plans ORDER BY seq").fetchall():
        plan = plans.load(project.db, id_)
        if plan.unaccepted:
            continue  # a break has ended it already
        event = ledger.event_at(project.db, plan.accepted_seq)
        if acceptance.lapsed(project.db, project.root, pin, event):
            found.append(id_)
    return found
