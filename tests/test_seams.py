"""Where persons, waivers, terms, statements and breaks meet: what one of them does not know of the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from signed import Signed, append, whole
from support import Project

MIXED = "- title: One\n  verify: [{file: a.txt}, {name: ready, manual: Is it so?}]"
ALONE = "- title: One\n  verify: [{name: ready, manual: Is it so?}]"
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
