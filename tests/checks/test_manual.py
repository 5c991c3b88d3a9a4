"""`manual` and the verb `approve`: whose yes counts, of what, and what would get past it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from forked import Forked
from gated import WAITS, edit, while_it_runs
from signed import Signed, append, key, public, whole
from spoiled import database, forged
from support import Project

ASK = "{manual: Is it green?, approvers: [boss@example.org, clerk@example.org], evidence: seen.txt}"
PLAN = f"""
- {{key: alone, title: Alone, verify: [{ASK}]}}
- {{key: mixed, title: Mixed, verify: [{{file: a.txt}}, {{manual: Is it good?}}]}}
"""


@pytest.fixture
def signed(project: Project) -> Signed:
    """A plan of the worker, accepted by the boss."""
    found = Signed(project.root, Path(project.env["HOME"])).make()
    found.env["TODO_MANAGER_ACTOR"] = "worker@example.org"
    found.write("a.txt", "a")
    found.write("seen.txt", "all green")
    found.plan("p", PLAN)
    assert found.pin().exit == 0
    found.by(found.boss, "accept", "p").ok()
    return found


@pytest.fixture
def plain(project: Project) -> Iterator[Project]:
    """The same without signers."""
    found = Forked(project.root, Path(project.env["HOME"]))
    found.write("a.txt", "a")
    found.write("seen.txt", "all green")
    found.plan("p", PLAN)
    yield found


def actual(project: Project, phase: int) -> str:
    return str(project.ask("verify", "p", phase).data["phases"][0]["checks"][-1]["actual"])


def test_what_persons_say_is_attested_and_mixed_says_so(signed: Signed) -> None:
    refused = signed.ask("done", "p", 0).refused("check_failed")
    assert refused.error["hint"].startswith("a person: todo_manager approve p 0 v1, then:")
    assert refused.error["person"]
    assert "nobody has approved it" in refused.error["message"]
    signed.ask("approve", "p", 0).refused("not_signed")
    signed.by(signed.worker, "approve", "p", 0).refused("signature")
    found = signed.by(signed.boss, "approve", "p", 0).ok().data
    assert (found["by"], found["how"], found["check"]) == ("boss@example.org", "signed", "v1")
    done = signed.ask("done", "p", 0).ok().data
    assert done["state"] == "attested"
    assert done["checks"][0]["facts"]["approved_by"] == "boss@example.org"
    (event,) = signed.events("attested")
    assert event["data"]["by"] == "approval"
    signed.by(signed.boss, "approve", "p", 1).ok()
    mixed = signed.ask("done", "p", 1).ok().data
    assert (mixed["state"], mixed["reason"]) == ("done", "persons: 1, rests on attested 0")
    signed.ask("audit").ok()
    assert signed.ask("done", "p", 0).ok().data["already"]


def test_verify_renews_what_is_attested_by_approval_and_never_makes_it_done(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.ask("done", "p", 0).ok()
    signed.ask("verify", "p", 0).ok()
    assert signed.states("p")[0] == "attested"
    signed.write("seen.txt", "one red")
    signed.ask("verify", "p", 0).refused("check_failed")
    assert signed.states("p")[0] == "regressed"
    signed.write("seen.txt", "all green")
    signed.ask("verify", "p", 0).ok()
    assert signed.states("p")[0] == "attested"
    assert not signed.events("done")
    signed.ask("audit").ok()


def test_evidence_that_changed_is_other_evidence(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.write("seen.txt", "one red")
    signed.ask("done", "p", 0).refused("check_failed")
    assert actual(signed, 0) == "boss@example.org approved another seen.txt"
    (signed.root / "seen.txt").unlink()
    signed.ask("done", "p", 0).refused("check_failed")
    assert actual(signed, 0) == "there is no seen.txt"
    signed.by(signed.boss, "approve", "p", 0).refused("usage")
    (signed.root / "seen.txt").mkdir()
    signed.ask("done", "p", 0).refused("check_error")


def test_an_approval_of_an_older_definition_is_none(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    edit(signed.root / "plans/p.yaml", "Is it green?", "Is it there?")
    signed.by(signed.boss, "accept", "p", "--author", "worker@example.org").ok()
    signed.ask("done", "p", 0).refused("check_failed")
    assert actual(signed, 0) == "boss@example.org approved another definition"
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.ask("done", "p", 0).ok()


def test_an_approval_with_other_inputs_is_none(signed: Signed) -> None:
    ask = "[{command: 'test -n \"$X\"'}, {manual: Is it good?}]"
    signed.plan("q", f"- {{key: a, title: A, verify: {ask}}}", head="inputs: [X]\n")
    signed.by(signed.boss, "accept", "q").ok()
    refused = signed.by(signed.boss, "approve", "q", 0).refused("input_missing")
    assert "todo_manager set q X=" in refused.error["hint"]
    signed.ask("set", "q", "X=1").ok()
    signed.by(signed.boss, "approve", "q", 0).ok()
    signed.ask("set", "q", "X=2").ok()
    signed.ask("done", "q", 0).refused("check_failed")
    signed.ask("set", "q", "X=1").ok()
    signed.ask("done", "q", 0).ok()


def test_an_approval_runs_out(signed: Signed) -> None:
    plan = "- {key: a, title: A, verify: [{manual: Good?, expires: 1h}]}"
    signed.plan("q", plan)
    signed.by(signed.boss, "accept", "q").ok()
    signed.by(signed.boss, "approve", "q", 0).ok()
    signed.ask("done", "q", 0).ok()
    rests = signed.events("attested")[0]["data"]["rests"]
    assert rests["until"] > rests["from"]
    assert rests["persons"] == 1
    event = whole(signed, signed.events("approved")[0]["seq"])
    with_pin = signed.ask("show", "q").data["plan"]["phases"][0]
    assert with_pin["state"] == "attested"
    assert event["data"]["check"] == "v1"


def test_an_approval_that_ran_out_by_the_ledger_is_none(plain: Project) -> None:
    plan = "- {key: a, title: A, verify: [{manual: Good?, expires: 1h}]}"
    plain.plan("q", plan)
    plain.env["TODO_MANAGER_ACTOR"] = "boss"
    assert plain.person("approve", "q", 0).exit == 0
    event = whole(plain, plain.events("approved")[0]["seq"])
    append(
        plain,
        whole(plain, 1) | {"event": "withdrawn", "plan": "q", "key": "a", "data": {"check": "v1"}},
    )
    assert actual_of(plain, "q") == "nobody has approved it"
    append(plain, event | {"at": "2020-01-01T00:00:00.000Z"})
    assert "ran out at 2020-01-01T01:00:00Z" in actual_of(plain, "q")
    append(plain, event | {"at": "2999-01-01T00:00:00.000Z"})
    assert "at a time that has not come yet" in actual_of(plain, "q")


def actual_of(project: Project, plan: str) -> str:
    return str(project.ask("verify", plan, 0).data["phases"][0]["checks"][0]["actual"])


# Who may


def test_who_wrote_it_does_not_approve_it(plain: Project) -> None:
    for spelling in ("tester", "TESTER", "  Tester ", "ｔester", "Tes\u200bter", "T <tester>"):
        plain.env["TODO_MANAGER_ACTOR"] = spelling
        ran = plain.person("approve", "p", 1)
        assert ran.exit == 6, ran
        assert "wrote the definition" in ran.out
    assert not plain.events("approved")
    plain.env["TODO_MANAGER_ACTOR"] = "another"
    assert plain.person("approve", "p", 1).exit == 0
    plain.ask("approve", "p", 1).refused("person_required")
    assert plain.person("approve", "p", 1, answer="no").exit == 6


def test_an_approver_who_is_not_named_may_not(plain: Project) -> None:
    plain.env["TODO_MANAGER_ACTOR"] = "somebody@example.org"
    assert "is none of its approvers" in plain.person("approve", "p", 0).out
    plain.env["TODO_MANAGER_ACTOR"] = "The Boss <Boss@Example.org>"
    assert plain.person("approve", "p", 0).exit == 0
    plain.ask("done", "p", 0).ok()


def test_who_does_the_work_does_not_approve_it(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.ask("done", "p", 0, "--actor", "Boss@Example.org").refused("check_failed")
    signed.ask("claim", "p", 0, "--actor", "boss@example.org").ok()
    refused = signed.by(signed.boss, "approve", "p", 0).refused("self_approved")
    assert "does the work" in refused.error["message"]
    assert refused.error["hint"].endswith(" --key FILE"), "where persons sign, so does another"
    assert "does the work" in actual(signed, 0)
    signed.ask("release", "p", 0).ok()
    signed.ask("done", "p", 0).ok()


def test_who_asked_for_it_to_be_attested_does_not_approve_it_later(
    signed: Signed, tmp_path: Path
) -> None:
    clerk = key(tmp_path, "clerk")
    signed.signers({"boss@example.org": signed.boss, "clerk@example.org": clerk})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.ask("done", "p", 0, "--actor", "clerk@example.org").ok()
    signed.by(signed.boss, "approve", "p", 0, "--withdraw").ok()
    refused = signed.by(clerk, "approve", "p", 0).refused("self_approved")
    assert "does the work" in refused.error["message"]


def test_two_names_of_one_key_are_one_person(signed: Signed) -> None:
    signed.signers(
        {"boss@example.org": signed.boss, "worker@example.org,clerk@example.org": signed.worker}
    )
    signed.by(signed.boss, "signers", "--accept").ok()
    for words in (("p", 0), ("p", 1)):
        refused = signed.by(signed.worker, "approve", *words).refused("self_approved")
        assert "wrote the definition" in refused.error["message"]


def test_a_key_that_two_persons_share_makes_them_one(signed: Signed, tmp_path: Path) -> None:
    own = key(tmp_path, "own")
    file = signed.signers({"boss@example.org": signed.boss, "clerk@example.org": own})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(own, "approve", "p", 0).ok()
    file.write_text(
        file.read_text()
        + f"clerk@example.org {public(signed.worker)}\nworker@example.org {public(signed.worker)}\n"
    )
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(own, "approve", "p", 1).refused("self_approved")
    assert "wrote the definition as worker@example.org" in actual(signed, 0)
    signed.ask("done", "p", 0).refused("check_failed")


def test_an_approval_by_a_key_that_is_gone_is_none(signed: Signed, tmp_path: Path) -> None:
    clerk = key(tmp_path, "clerk")
    signed.signers({"boss@example.org": signed.boss, "clerk@example.org": clerk})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(clerk, "approve", "p", 0).ok()
    signed.signers({"boss@example.org": signed.boss})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.ask("done", "p", 0).refused("check_failed")
    assert "no key in the signers file any more" in actual(signed, 0)


def test_an_approval_that_nobody_signed_is_none(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    event = whole(signed, signed.events("approved")[0]["seq"])
    signed.by(signed.boss, "approve", "p", 0, "--withdraw").ok()
    for name in ("statement", "signature", "signed_by"):
        del event["data"][name]
    append(signed, event | {"how": "asserted"})
    signed.ask("done", "p", 0).refused("check_failed")
    assert "did not sign it" in actual(signed, 0)


def test_an_approval_given_once_cannot_be_given_again(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0).ok()
    event = whole(signed, signed.events("approved")[0]["seq"])
    signed.by(signed.boss, "approve", "p", 0, "--withdraw").ok()
    signed.ask("done", "p", 0).refused("check_failed")
    append(signed, event)
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("audit").refused("integrity")


def test_an_approval_for_another_check_or_phase_is_none(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 1).ok()
    event = whole(signed, signed.events("approved")[0]["seq"])
    append(signed, event | {"key": "alone"})
    signed.ask("done", "p", 0).refused("integrity")


# Taking it back


def test_what_is_withdrawn_takes_the_mark_with_it(signed: Signed) -> None:
    signed.by(signed.boss, "approve", "p", 0, "--withdraw").refused("usage")
    signed.by(signed.boss, "approve", "p", 0).ok()
    signed.ask("done", "p", 0).ok()
    signed.by(signed.worker, "approve", "p", 0, "--withdraw").refused("signature")
    signed.by(signed.boss, "approve", "p", 0, "--withdraw").ok()
    shown = signed.ask("show", "p").data["plan"]["phases"][0]
    assert (shown["state"], shown["last_run"]["checks"]) == ("ready", {"v1": "withdrawn"})
    assert "  < withdrawn" in signed.run("show", "p").out
    assert "since:    the approval was withdrawn" in signed.run("report", "p").out
    assert "withdrawn since" in signed.run("report", "p", "--html", "-").out
    signed.ask("done", "p", 0).refused("check_failed")
    assert signed.ask("show", "p").data["plan"]["phases"][0]["last_run"]["checks"]["v1"] == "failed"
    signed.ask("audit").ok()


def test_what_is_withdrawn_while_it_is_being_checked_opens_nothing(signed: Signed) -> None:
    signed.plan("q", f"- {{key: a, title: A, verify: [{{manual: Good?}}, {WAITS}]}}")
    signed.by(signed.boss, "accept", "q").ok()
    signed.by(signed.boss, "approve", "q", 0, "v1").ok()
    with while_it_runs(signed, "done", "q", 0) as ended:
        signed.by(signed.boss, "approve", "q", 0, "v1", "--withdraw").ok()
    assert ended[0].exit == 6, ended
    assert "withdrawn while it was being checked" in ended[0].error["message"]
    assert signed.states("q") == ["ready"]


def test_who_is_taken_out_of_the_signers_while_it_is_being_checked_approved_nothing(
    signed: Signed, tmp_path: Path
) -> None:
    clerk = key(tmp_path, "clerk")
    signed.signers({"boss@example.org": signed.boss, "clerk@example.org": clerk})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.plan("q", f"- {{key: a, title: A, verify: [{{manual: Good?}}, {WAITS}]}}")
    signed.by(signed.boss, "accept", "q").ok()
    signed.by(clerk, "approve", "q", 0, "v1").ok()
    with while_it_runs(signed, "done", "q", 0) as ended:
        signed.signers({"boss@example.org": signed.boss})
        signed.by(signed.boss, "signers", "--accept").ok()
    assert ended[0].exit == 6, ended
    assert "has no key in the signers file any more" in ended[0].error["message"]
    assert not signed.events("done")


def test_how_long_an_approval_counts_is_told_from_what_was_signed(signed: Signed) -> None:
    signed.plan("q", "- {key: a, title: A, verify: [{manual: Good?, expires: 1h}]}")
    signed.by(signed.boss, "accept", "q").ok()
    signed.by(signed.boss, "approve", "q", 0).ok()
    event = whole(signed, signed.events("approved")[0]["seq"])
    with database(signed) as db:
        another = "2020-01-01T00:00:00.000Z"
        hashed = forged(db, event["seq"], at=another)
        db.execute("UPDATE ledger SET at = ? WHERE seq = ?", (another, event["seq"]))
    (signed.root / ".todo_manager/HEAD").write_text(f"{event['seq']} {hashed}\n")
    facts = signed.ask("done", "q", 0).ok().data["checks"][0]["facts"]
    assert facts["at"] == event["data"]["at"] != another


# As it is written


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("{manual: ' '}", "asks nothing"),
        ("{manual: Is $X good?, approvers: []}", "asserts nothing"),
        ("{manual: 'Is ${X} good?'}", "may not stand in an expectation"),
        ("{manual: Good?, evidence: /etc/passwd}", "a file of the project"),
        ("{manual: Good?, expires: 0}", "longer than 0"),
    ],
)
def test_what_is_not_read(plain: Project, check: str, wrong: str) -> None:
    head = "schema: todo_manager/plan@1\nid: q\ntitle: Q\ninputs: [X]\nphases:\n"
    plain.write("plans/q.yaml", f"{head}  - {{key: a, title: A, verify: [{check}]}}\n")
    assert wrong in plain.ask("import", "plans/q.yaml").refused("invalid_document").error["message"]


def test_nobody_approves_a_preflight(plain: Project) -> None:
    head = "schema: todo_manager/plan@1\nid: q\ntitle: Q\npreflight: [{manual: Here?}]\n"
    plain.write("plans/q.yaml", f"{head}phases: [{{title: A, verify: [{{file: a.txt}}]}}]\n")
    refused = plain.ask("import", "plans/q.yaml").refused("invalid_document")
    assert "a person approves under verify" in refused.error["message"]


def test_where_nothing_is_to_be_approved(plain: Project) -> None:
    plain.plan(
        "q",
        "- {key: a, title: A, verify: [{manual: One?}, {manual: Two?}, {file: a.txt}]}\n- title: B",
    )
    plain.ask("approve", "q", 0).refused("usage")
    plain.ask("approve", "q", 0, "v3").refused("usage")
    plain.ask("approve", "q", 1).refused("usage")
    ran = plain.ask("check", "manual", "Good?")
    assert ran.exit == 5, ran
