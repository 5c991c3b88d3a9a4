"""Waivers where persons sign: a grant counts by its signature, and by nobody's who asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from signed import Signed, append, key, public, whole
from support import Project

from todo_manager.people import SCHEMA

PLAN = "- title: One\n  verify: [{name: ready, file: ready.txt}]"
ASK = ("--actor", "worker", "waive", "p", 0, "ready", "--reason", "no fix yet", "--until", "30d")
GRANT = ("waive", "p", 0, "ready", "--approve")


@pytest.fixture
def signed(project: Project) -> Signed:
    """A plan accepted by the boss, whose first phase lacks a file, and signers that are pinned."""
    found = Signed(project.root, Path(project.env["HOME"])).make()
    found.plan("p", PLAN)
    found.pin().ok()
    found.by(found.boss, "accept", "p").ok()
    return found


def asked_again(signed: Signed) -> tuple[dict[str, Any], dict[str, Any]]:
    """A grant that was withdrawn, and what it would say of a request that nobody has granted."""
    signed.ask(*ASK).ok()
    signed.by(signed.boss, *GRANT).ok()
    (granted,) = signed.events("waived")
    signed.by(signed.boss, "waive", "p", 0, "ready", "--withdraw").ok()
    signed.ask(*ASK).ok()
    (_, asked) = signed.events("waiver_asked")
    until = whole(signed, asked["seq"])["data"]["until"]
    more = {"request": asked["seq"], "request_hash": asked["hash"], "until": until}
    return whole(signed, granted["seq"]), more


def test_a_signed_grant_lets_pass_and_is_verified(signed: Signed) -> None:
    signed.ask(*ASK).ok()
    signed.by(signed.worker, *GRANT).refused("signature")
    signed.ask(*GRANT).refused("not_signed")
    signed.ask("done", "p", 0).refused("check_failed")
    signed.by(signed.boss, *GRANT).ok()
    found = signed.ask("done", "p", 0).ok().data
    assert (found["state"], found["counts"]["waived"]) == ("done", 1)
    (granted,) = signed.events("waived")
    assert (granted["actor"], granted["how"]) == ("boss@example.org", "signed")
    assert signed.ask("audit").ok().data["signatures"] >= 2
    assert SCHEMA in whole(signed, granted["seq"])["data"]["statement"]


def test_a_grant_that_nobody_signed_lets_nothing_pass(signed: Signed) -> None:
    event, more = asked_again(signed)
    signature = ("statement", "signature", "signed_by")
    data = {name: value for name, value in event["data"].items() if name not in signature}
    append(signed, event | {"how": "asserted", "data": data | more})
    signed.ask("done", "p", 0).refused("check_failed")


def test_a_signature_of_one_grant_in_another_is_found(signed: Signed) -> None:
    event, more = asked_again(signed)
    append(signed, event | {"data": event["data"] | more})
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("audit").refused("integrity")


def test_another_name_with_the_same_key_is_the_same_person(signed: Signed) -> None:
    signed.ask("--actor", "chief@example.org", *ASK[2:]).ok()
    signed.signers({"boss@example.org": signed.boss, "chief@example.org": signed.boss})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(signed.boss, *GRANT).refused("self_approved")


def test_who_left_the_signers_file_waives_nothing_any_more(signed: Signed) -> None:
    signed.ask(*ASK).ok()
    signed.by(signed.boss, *GRANT).ok()
    other = key(signed.boss.parent, "other")
    signed.write("signers.txt", f"other@example.org {public(other)}\n")
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(other, "accept", "p").ok()
    signed.ask("done", "p", 0).refused("check_failed")
