"""A break in a ledger whose persons sign: it is acknowledged by a signature, and no way past the signers."""

from __future__ import annotations

from pathlib import Path

import pytest
from signed import Signed
from spoiled import database
from support import Project

PLAN = "- title: One\n  verify: [{name: ready, file: ready.txt}]"
KNOWN = ("audit", "--acknowledge", "--reason", "restored from a backup")


@pytest.fixture
def broken(project: Project) -> Signed:
    """A plan that is done, accepted by the boss, in a store whose ledger was tampered with."""
    found = Signed(project.root, Path(project.env["HOME"])).make()
    found.write("ready.txt", "x")
    found.plan("p", PLAN)
    found.pin().ok()
    found.by(found.boss, "accept", "p").ok()
    found.ask("done", "p", 0).ok()
    with database(found) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute(
            "UPDATE ledger SET body = replace(body, 'tester', 'forger') WHERE event = 'done'"
        )
    yield found


def test_only_a_signature_acknowledges_it(broken: Signed) -> None:
    broken.ask("done", "p", 0).refused("integrity")
    broken.ask(*KNOWN).refused("not_signed")
    broken.by(broken.worker, *KNOWN).refused("signature")
    broken.by(broken.boss, *KNOWN).ok()
    found = broken.ask("audit").ok().data
    assert found["signatures"] >= 1
    assert found["acknowledged"] != []


def test_signers_stay_and_everything_is_accepted_and_proven_anew(broken: Signed) -> None:
    broken.by(broken.boss, *KNOWN).ok()
    assert broken.ask("signers").ok().data["pinned"]["file"] == "signers.txt"
    broken.ask("done", "p", 0).refused("unaccepted")
    broken.ask("accept", "p").refused("not_signed")
    broken.by(broken.boss, "accept", "p").ok()
    assert broken.ask("done", "p", 0).ok().data["state"] == "done"
    broken.ask("audit").ok()


def test_a_waiver_from_before_it_lets_nothing_pass(broken: Signed) -> None:
    broken.by(broken.boss, *KNOWN).ok()
    broken.by(broken.boss, "accept", "p").ok()
    ask = ("--actor", "worker", "waive", "p", 0, "ready", "--reason", "r", "--until", "30d")
    broken.ask(*ask).ok()
    broken.by(broken.boss, "waive", "p", 0, "ready", "--approve").ok()
    (broken.root / "ready.txt").unlink()
    assert broken.ask("done", "p", 0).ok().data["counts"]["waived"] == 1
    with database(broken) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute(
            "UPDATE ledger SET body = replace(body, 'tester', 'forger') WHERE event = 'done'"
        )
    broken.by(broken.boss, *KNOWN).ok()
    broken.by(broken.boss, "accept", "p").ok()
    broken.ask("done", "p", 0).refused("check_failed")
