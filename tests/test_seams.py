"""Where persons, waivers, terms, statements and breaks meet: what one of them does not know of the other."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zlib
from pathlib import Path

import pytest
from forked import Forked
from signed import SIGNERS, Signed, append, key, public, whole
from spoiled import database
from support import Project

from todo_manager import signing
from todo_manager.canonical import encode
from todo_manager.people import SCHEMA
from tui import programs

MIXED = "- title: One\n  verify: [{file: a.txt}, {name: ready, manual: Is it so?}]"
ALONE = "- title: One\n  verify: [{name: ready, manual: Is it so?}]"
LACKING = "- title: One\n  verify: [{name: ready, file: ready.txt}]"
KNOWN = ("audit", "--acknowledge", "--reason", "restored from a backup")
ASK = ("--actor", "worker", "waive", "p", 0, "ready", "--reason", "no fix yet", "--until", "30d")
GRANT = ("waive", "p", 0, "ready", "--approve")


@pytest.fixture
def plain(project: Project) -> Forked:
    """A project without signers."""
    found = Forked(project.root, Path(project.env["HOME"]))
    found.write("a.txt", "a")
    return found


# A person's word and a waiver


@pytest.mark.parametrize("phases", [MIXED, ALONE], ids=["mixed", "alone"])
def test_what_a_person_is_asked_is_answered_and_not_waived(plain: Forked, phases: str) -> None:
    """Else two who may not approve it could let it pass between them."""
    plain.plan("p", phases)
    refused = plain.ask(*ASK).refused("usage")
    assert "todo_manager approve p 0 ready" in refused.error["hint"]
    assert plain.events("waiver_asked") == []


@pytest.mark.parametrize("phases", [MIXED, ALONE], ids=["mixed", "alone"])
def test_a_waiver_of_a_person_s_word_lets_nothing_pass(plain: Forked, phases: str) -> None:
    """One that stands in a ledger all the same: it was written there by another version, or by hand."""
    plain.plan("p", phases.replace("manual: Is it so?", "file: gone.txt"))
    plain.ask(*ASK).ok()
    asked = whole(plain, plain.events("waiver_asked")[0]["seq"])
    plain.plan("p", phases, imported=False)
    plain.person("accept", "p").ok()
    digest = plain.ask("show", "p").ok().data["plan"]["phases"][0]["digest"]
    append(plain, asked | {"data": asked["data"] | {"digest": digest}})
    plain.person("--actor", "approver", *GRANT)
    assert plain.events("waived") == []
    (_, told) = plain.events("waiver_asked")
    data = whole(plain, told["seq"])["data"]
    granted = {"request": told["seq"], "request_hash": told["hash"]}
    append(plain, asked | {"event": "waived", "actor": "approver", "data": data | granted})
    assert plain.ask("done", "p", 0).refused("check_failed").data["counts"]["waived"] == 0
    plain.ask("verify", "p", 0).refused("check_failed")
    assert plain.states("p") != ["done"]
    plain.ask("audit").ok()


# Who signs, and breaks


@pytest.fixture
def signed(project: Project) -> Signed:
    """Signers are pinned, and the boss has accepted a plan whose one file is not there."""
    found = Signed(project.root, Path(project.env["HOME"])).make()
    found.plan("p", LACKING)
    found.pin().ok()
    found.by(found.boss, "accept", "p").ok()
    return found


def forged_pin(project: Signed, by: Path | None, **data: str) -> None:
    """Append a pin of the worker's own keys by hand, signed with a key where one is given, and put them there."""
    text = f"worker@example.org {public(project.worker)}\n"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    event = whole(project, project.events("signers")[0]["seq"])
    said = {"file": SIGNERS, "sha256": sha256, "before": event["data"]["sha256"]} | data
    event["data"] = said | {"digest": said["sha256"], "lapsed": []}
    event |= {"how": "asserted", "actor": "worker@example.org"}
    with database(project) as db:
        last = db.execute("SELECT hash FROM ledger WHERE body LIKE '%statement%' ORDER BY seq")
        after = last.fetchall()[-1]["hash"]
        first = db.execute("SELECT hash FROM ledger WHERE seq = 1").fetchone()["hash"]
        row = (sha256, zlib.compress(text.encode()))
        db.execute("INSERT INTO contents (sha256, data) VALUES (?, ?)", row)
    if by is not None:
        words = {"schema": SCHEMA, "store": first, "verb": "signers", "plan": "", "key": "",
                 "digest": said["sha256"], "says": said, "after": after}  # fmt: skip
        statement = encode(words)
        found = signing.sign(project.root, str(by), statement)
        print_of = signing.verify(project.root, text.encode(), statement, found).key
        told = {"principal": "worker@example.org", "key": print_of}
        event["data"] |= {"statement": statement, "signature": found, "signed_by": told}
        event["how"] = "signed"
    append(project, event)
    project.write(SIGNERS, text)


@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "by-its-own-key"])
def test_a_pin_that_was_written_by_hand_is_none(signed: Signed, sign: bool) -> None:
    """Neither as it is nor once the break is acknowledged, and the true signers are not shut out."""
    honest = (signed.root / SIGNERS).read_text()
    forged_pin(signed, signed.worker if sign else None)
    weaker = LACKING.replace("ready.txt", "plans/p.yaml")
    signed.plan("p", weaker, imported=False)
    signed.by(signed.worker, "accept", "p").refused("integrity")
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("status", "p").refused("integrity")
    signed.by(signed.worker, *KNOWN).refused("signers_changed")
    signed.ask("audit").refused("integrity")
    signed.write(SIGNERS, honest)
    signed.by(signed.worker, *KNOWN).refused("signature")
    signed.by(signed.boss, *KNOWN).ok()
    signed.ask("audit").ok()
    assert signed.ask("signers").ok().data["signers"][0]["principals"] == ["boss@example.org"]
    signed.by(signed.worker, "accept", "p").refused("signature")
    signed.by(signed.boss, "accept", "p").ok()
    signed.ask("done", "p", 0).ok()
    signed.ask("audit").ok()


def test_a_pin_by_hand_that_takes_the_signers_away_is_none(signed: Signed) -> None:
    forged_pin(signed, signed.worker, file="", sha256="")
    signed.write("todo_manager.yaml", "")
    signed.plan("p", LACKING.replace("ready.txt", "plans/p.yaml"), imported=False)
    assert signed.person("accept", "p").exit == 9
    signed.ask("done", "p", 0).refused("integrity")
    assert signed.person(*KNOWN).exit == 6


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET body = replace(body, 'tester', 'forger') WHERE event = 'imported'",
        "UPDATE ledger SET hash = '0' || substr(hash, 2) || 'x' WHERE seq = 1",
        "UPDATE ledger SET hash = '0' || substr(hash, 1, 63) WHERE event = 'signers'",
        "UPDATE ledger SET body = replace(body, '\"lapsed\"', '\"gone\"') WHERE event = 'signers'",
        "UPDATE ledger SET body = replace(body, 'boss@', 'b@') WHERE event = 'accepted'",
        "DELETE FROM ledger WHERE event = 'accepted'",
        "DELETE FROM ledger WHERE event = 'imported'",
    ],
)
def test_whatever_is_broken_the_signers_can_begin_anew(signed: Signed, change: str) -> None:
    """And nobody else can: what comes before a break is not a way past them, nor one to shut them out."""
    signed.write("ready.txt", "x")
    with database(signed) as db:
        for verb in ("update", "delete"):
            db.execute(f"DROP TRIGGER ledger_no_{verb}")
        db.execute(change)
    signed.ask("audit").refused("integrity")
    signed.by(signed.worker, *KNOWN).refused("signature")
    signed.by(signed.boss, *KNOWN).ok()
    signed.ask("audit").ok()
    signed.ask("done", "p", 0).refused("unaccepted")
    signed.by(signed.worker, "accept", "p").refused("signature")
    signed.by(signed.boss, "accept", "p").ok()
    signed.ask("done", "p", 0).ok()
    for words in ("audit", "show p", "list", "next p", "status", "log", "log p 0", "report p",
                  "export p", "tree", "doctor", "waive p --list", "verify p 0"):  # fmt: skip
        assert signed.ask(*words.split()).exit != 9, words
    other = key(signed.boss.parent, "other")
    signed.signers({"boss@example.org": signed.boss, "other@example.org": other})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(other, "accept", "p").ok()
    signed.ask("audit").ok()


def test_who_spoils_the_first_pin_is_not_rid_of_the_signers(signed: Signed) -> None:
    with database(signed) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute("UPDATE ledger SET body = replace(body, 'SSH SIG', 'SSH GIS')")
    signed.write("todo_manager.yaml", "")
    assert signed.person(*KNOWN).exit == 9
    signed.by(signed.worker, *KNOWN).refused("integrity")


def test_an_approval_from_before_a_break_is_none(project: Project) -> None:
    signed = Signed(project.root, Path(project.env["HOME"])).make()
    signed.write("a.txt", "a")
    signed.plan("p", MIXED)
    clerk = key(signed.boss.parent, "clerk")
    signed.signers({"boss@example.org": signed.boss, "clerk@example.org": clerk})
    signed.pin().ok()
    signed.by(signed.boss, "accept", "p").ok()
    signed.by(clerk, "approve", "p", 0).ok()
    signed.ask("done", "p", 0).ok()
    with database(signed) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute(
            "UPDATE ledger SET body = replace(body, 'tester', 'forger') WHERE event = 'done'"
        )
    signed.by(signed.boss, *KNOWN).ok()
    signed.by(signed.boss, "accept", "p").ok()
    signed.ask("done", "p", 0).refused("check_failed")
    signed.by(clerk, "approve", "p", 0).ok()
    signed.ask("done", "p", 0).ok()
    signed.ask("audit").ok()


def test_a_signed_digest_is_that_of_the_phases_beside_it(signed: Signed) -> None:
    """The boss's acceptance, in whose event the worker has put weaker phases; chain, rows and HEAD fit."""
    accepted = whole(signed, signed.events("accepted")[0]["seq"])
    signed.write("todo_manager.yaml", "")
    signed.plan("weak", LACKING.replace("ready.txt", "plans/p.yaml"))
    phases = whole(signed, signed.events("imported")[1]["seq"])["data"]["phases"]
    signed.write("todo_manager.yaml", f"signers: {SIGNERS}\n")
    with database(signed) as db:
        for verb in ("update", "delete"):
            db.execute(f"DROP TRIGGER ledger_no_{verb}")
        db.execute("DELETE FROM ledger WHERE seq >= ?", (accepted["seq"],))
        for name in ("definition", "digest", "verify", "checks", "required"):
            there = f"(SELECT {name} FROM phases WHERE plan = 'weak')"
            db.execute(f"UPDATE phases SET {name} = {there} WHERE plan = 'p'")
        db.execute("DELETE FROM plans WHERE id = 'weak'")
        db.execute("DELETE FROM phases WHERE plan = 'weak'")
        db.execute("DELETE FROM files WHERE plan = 'weak'")
    append(signed, accepted | {"data": accepted["data"] | {"phases": phases}})
    signed.plan("p", LACKING.replace("ready.txt", "plans/p.yaml"), imported=False)
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("status", "p").refused("integrity")
    refused = signed.ask("audit").refused("integrity")
    assert "not that of its accepted phases" in refused.error["message"]


@pytest.mark.parametrize("gone", [("file", "sha256", "digest"), ("file",), ("sha256",)])
def test_what_a_signed_event_leaves_out_was_not_signed(signed: Signed, gone: tuple[str]) -> None:
    """A pin without its file would say that nobody has to sign any more."""
    pin = whole(signed, signed.events("signers")[0]["seq"])
    imported = whole(signed, 1)
    with database(signed) as db:
        db.execute("DROP TRIGGER ledger_no_delete")
        db.execute("DELETE FROM ledger WHERE seq >= ?", (pin["seq"],))
    data = {name: value for name, value in pin["data"].items() if name not in gone}
    append(signed, pin | {"data": data})
    append(signed, imported)
    signed.write("todo_manager.yaml", "")
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("audit").refused("integrity")


# Marks that rest on a word, when it counts no more


@pytest.fixture
def clerk(signed: Signed) -> Path:
    """The key of a second signer."""
    found = key(signed.boss.parent, "clerk")
    signed.signers({"boss@example.org": signed.boss, "clerk@example.org": found})
    signed.by(signed.boss, "signers", "--accept").ok()
    return found


def without_the_clerk(signed: Signed) -> list[str]:
    """Take the clerk out of the signers file; what became stale."""
    signed.signers({"boss@example.org": signed.boss})
    found: list[str] = signed.by(signed.boss, "signers", "--accept").ok().data["stale"]
    return found


def test_a_mark_goes_with_who_waived(signed: Signed, clerk: Path) -> None:
    signed.ask(*ASK).ok()
    signed.by(clerk, *GRANT).ok()
    assert signed.ask("done", "p", 0).ok().data["state"] == "done"
    assert without_the_clerk(signed) == ["p 0"]
    (phase,) = signed.ask("show", "p").ok().data["plan"]["phases"]
    assert phase["state"] == "stale"
    assert "the waiver of ready counts no more: clerk@example.org" in phase["reason"]
    signed.ask("audit").ok()
    signed.ask("done", "p", 0).refused("check_failed")
    signed.ask("verify", "p", 0).refused("check_failed")
    signed.ask(*ASK).ok()
    signed.by(signed.boss, *GRANT).ok()
    signed.ask("done", "p", 0).ok()
    signed.ask("audit").ok()


def test_a_mark_stays_with_who_stays(signed: Signed, clerk: Path) -> None:
    signed.ask(*ASK).ok()
    signed.by(signed.boss, *GRANT).ok()
    signed.ask("done", "p", 0).ok()
    assert without_the_clerk(signed) == []
    assert signed.states("p") == ["done"]


@pytest.mark.parametrize("phases", [MIXED, ALONE], ids=["mixed", "alone"])
def test_a_mark_goes_with_who_approved(signed: Signed, clerk: Path, phases: str) -> None:
    signed.write("a.txt", "a")
    signed.plan("m", phases)
    signed.by(signed.boss, "accept", "m").ok()
    signed.by(clerk, "approve", "m", 0).ok()
    signed.ask("done", "m", 0).ok()
    assert without_the_clerk(signed) == ["m 0"]
    assert signed.states("m") == ["stale"]
    signed.ask("verify", "m", 0).refused("check_failed")
    signed.ask("audit").ok()


def test_words_from_before_there_were_signers_count_no_more(plain: Forked) -> None:
    """A waiver and an approval that somebody gave at a terminal, and marks that rest on them."""
    signed = Signed(plain.root, Path(plain.env["HOME"]))
    for file in (signed.boss, signed.worker):
        key(file.parent, file.name)
    signed.plan("p", LACKING + "\n" + MIXED.replace("One", "Two"))
    signed.ask(*ASK).ok()
    signed.person("--actor", "approver", *GRANT).ok()
    signed.person("--actor", "approver", "approve", "p", 1).ok()
    assert signed.ask("done", "p", 0).ok().data["counts"]["waived"] == 1
    signed.ask("done", "p", 1).ok()
    signed.signers({"boss@example.org": signed.boss})
    signed.write("todo_manager.yaml", f"signers: {SIGNERS}\n")
    signed.pin().ok()
    signed.by(signed.boss, "accept", "p").ok()
    assert signed.states("p") == ["stale", "stale"]
    signed.ask("done", "p", 0).refused("check_failed")
    signed.write("ready.txt", "x")
    signed.ask("done", "p", 0).ok()
    signed.ask("done", "p", 1).refused("check_failed")
    signed.ask("audit").ok()


def test_who_accepted_it_themselves_stays_said_when_a_waiver_is_withdrawn(plain: Forked) -> None:
    plain.plan("p", LACKING)
    plain.ask(*ASK).ok()
    plain.person("--actor", "approver", *GRANT).ok()
    assert "self-accepted" in plain.ask("done", "p", 0).ok().data["reason"]
    plain.ask("waive", "p", 0, "ready", "--withdraw").ok()
    plain.write("ready.txt", "x")
    plain.ask("verify", "p", 0).ok()
    (phase,) = plain.ask("show", "p").ok().data["plan"]["phases"]
    assert (phase["state"], phase["reason"]) == ("done", "self-accepted")


def test_watch_looks_at_what_persons_approved(plain: Forked) -> None:
    """Its evidence may be another, and the approval may have been taken back by its term."""
    plain.write("seen.txt", "green")
    plain.plan("p", "- title: One\n  verify: [{manual: Is it so?, evidence: seen.txt}]")
    plain.person("--actor", "approver", "approve", "p", 0).ok()
    plain.ask("done", "p", 0).ok()
    plain.ask("watch", "p", "--once").ok()
    plain.write("seen.txt", "red")
    assert plain.ask("watch", "p", "--once").exit == 1
    assert plain.states("p") == ["regressed"]


# The command center


def test_a_run_of_the_command_center_is_never_called_signed(signed: Signed) -> None:
    """Whoever starts its worker by hand can say who they are, as with --actor, and not that they signed."""
    signed.write("ready.txt", "x")
    options = {
        "verb": "done",
        "plan": "p",
        "phase": 0,
        "actor": "boss@example.org",
        "how": "signed",
    }
    with subprocess.Popen(
        programs.ours("worker.py", json.dumps(options)),
        cwd=signed.root,
        env=signed.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as worker:
        assert worker.stdout is not None
        told = worker.stdout.read()
        assert worker.wait(timeout=60) == 0, told
    assert [event["how"] for event in signed.events("done")] == ["asserted"]
    signed.ask("audit").ok()


def test_the_worker_runs_no_program_of_the_project(signed: Signed) -> None:
    """Modules of our names and of Python's that lie in the project are not those that it imports."""
    signed.write("ready.txt", "x")
    planted = "open('planted', 'w').close()"
    for name in ("json.py", "sitecustomize.py", "todo_manager/__init__.py", "tui/__init__.py",
                 "tui/worker.py", "msgspec.py"):  # fmt: skip
        signed.write(name, planted)
    options = json.dumps({"verb": "done", "plan": "p", "phase": 0, "actor": "worker"})
    ran = subprocess.Popen(
        programs.ours("worker.py", options),
        cwd=signed.root,
        env=signed.env | {"PYTHONPATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with ran:
        assert ran.stdout is not None
        told = ran.stdout.read()
        assert ran.wait(timeout=60) == 0, told
    assert not (signed.root / "planted").exists()
    assert signed.states("p") == ["done"]
