"""Waivers: who may let what pass, for how long, and every way to have more than that."""

from __future__ import annotations

import json
import sqlite3

import pytest
from clocks import DAY, clocked, stamp
from support import Project, Ran

PLAN = """
- title: One
  verify:
    - {name: ready, file: ready.txt}
    - {name: other, file: other.txt}
    - {name: hint, file: hint.txt, required: false}
- title: Two
  verify: [{name: ready, file: ready.txt}]
"""
WHY = ["--reason", "no fix yet"]


@pytest.fixture
def ready(project: Project) -> Project:
    """A plan whose first phase lacks one file."""
    project.write("other.txt", "x")
    project.plan("p", PLAN)
    return project


def ask(project: Project, *words: object, actor: str = "worker", until: str = "30d") -> Ran:
    return project.run(
        "waive", "p", 0, "ready", *WHY, "--until", until, *words,
        env={"TODO_MANAGER_ACTOR": actor}, json=True,
    )  # fmt: skip


def approve(project: Project, *words: object, actor: str = "approver", k: int = 0) -> Ran:
    return project.person("--actor", actor, "waive", "p", k, "ready", "--approve", *words)


def waived(project: Project, *words: object, until: str = "30d") -> Ran:
    """A waiver that was asked for by one and granted by another."""
    ask(project, *words, until=until).ok()
    return approve(project, *words).ok()


def listed(project: Project) -> list[dict[str, str]]:
    found: list[dict[str, str]] = project.ask("waive", "p", "--list").ok().data["waivers"]
    return found


def test_asked_by_one_approved_by_the_other_expiring_phase_stale(ready: Project) -> None:
    ready.ask("done", "p", 0).refused("check_failed")
    asked = ask(ready).ok().data["waiver"]
    assert (asked["state"], asked["asked_by"], asked["check"]) == ("waiting", "worker", "ready")
    ready.ask("done", "p", 0).refused("check_failed")

    shown = approve(ready).ok().out
    assert "no fix yet" in shown
    assert "asked by:  worker (asserted), event 3" in shown
    assert listed(ready)[0]["state"] == "unused"

    done = ready.ask("done", "p", 0).ok().data
    assert done["state"] == "done"
    assert done["reason"] == f"1 waived until {asked['until'][:10]}, self-accepted"
    assert done["counts"] == {"passed": 1, "failed": 1, "error": 0, "waived": 1}
    (row,) = [check for check in done["checks"] if check["verdict"] == "waived"]
    assert row["id"] == "ready"
    assert row["facts"]["waivers"][0]["approved_by"] == "approver"
    assert "approved by approver" in row["message"]
    assert row["never_failed"] is False
    assert listed(ready)[0]["state"] == "used"
    ready.ask("audit").ok()

    later = clocked(ready, 31 * DAY)
    assert later.states("p") == ["stale", "blocked"]
    assert (
        "the waiver of ready ran out" in later.ask("show", "p").data["plan"]["phases"][0]["reason"]
    )
    assert listed(later)[0]["state"] == "expired"
    later.ask("done", "p", 0).refused("check_failed")
    later.ask("audit").ok()


def test_a_phase_that_needs_a_waived_one_says_so_and_goes_stale_with_it(ready: Project) -> None:
    waived(ready)
    ready.ask("done", "p", 0).ok()
    ready.write("ready.txt", "x")
    ready.ask("done", "p", 1).ok()
    assert clocked(ready, 31 * DAY).states("p") == ["stale", "stale"]


@pytest.mark.parametrize(
    "who",
    [
        "worker",
        "Worker",
        " WORKER ",
        "wor\u200bker",
        "ｗｏｒｋｅｒ",
        "Boss <worker>",
        "w o r k e r",
    ],
)
def test_who_asks_may_not_approve_under_any_spelling(ready: Project, who: str) -> None:
    ask(ready, actor="worker").ok()
    if "<" in who:
        ask(ready, actor="worker@example.org").ok()
        who = "Boss <Worker@Example.org>"
        ran = approve(ready, "--event", 3, actor=who)
    else:
        ran = approve(ready, actor=who)
    assert ran.exit == 6, ran
    assert "asked for this waiver" in ran.out
    assert "Type yes" not in ran.out
    ready.ask("done", "p", 0).refused("check_failed")
    assert ready.events("waived") == []


def test_only_a_person_approves(ready: Project) -> None:
    ask(ready).ok()
    boss = {"TODO_MANAGER_ACTOR": "boss"}
    told = ready.run("waive", "p", 0, "ready", "--approve", env=boss, json=True)
    assert told.refused("person_required").error["person"] is True
    assert (
        ready.person("--actor", "boss", "waive", "p", 0, "ready", "--approve", answer="no").exit
        == 6
    )
    assert listed(ready)[0]["state"] == "waiting"


def test_it_is_for_one_check_of_one_phase(ready: Project) -> None:
    waived(ready)
    ready.write("ready.txt", "x")
    (ready.root / "other.txt").unlink()
    ready.ask("done", "p", 0).refused("check_failed")
    ready.write("other.txt", "x")
    ready.ask("done", "p", 0).ok()
    (ready.root / "ready.txt").unlink()
    ready.ask("done", "p", 1).refused("check_failed")


def test_an_error_is_never_waived(project: Project) -> None:
    project.plan("p", "- {title: One, verify: [{name: ready, command: [no-such-program]}]}")
    waived(project)
    project.ask("done", "p", 0).refused("check_error")
    assert project.states("p") == ["errored"]


def test_it_is_for_the_definition_it_was_asked_for(ready: Project) -> None:
    ask(ready).ok()
    ready.plan("p", PLAN.replace("ready.txt", "late.txt"), imported=False)
    ready.person("accept", "p").ok()
    ran = approve(ready)
    assert ran.exit == 6, ran
    assert "another definition" in ran.out
    assert listed(ready)[0]["state"] == "outdated"
    ready.ask("done", "p", 0).refused("check_failed")


def test_a_granted_one_ends_with_its_definition_and_comes_back_with_it(ready: Project) -> None:
    waived(ready)
    ready.ask("done", "p", 0).ok()
    ready.plan("p", PLAN.replace("other.txt", "another.txt"), imported=False)
    ready.write("another.txt", "x")
    ready.person("accept", "p").ok()
    ready.ask("done", "p", 0).refused("check_failed")
    ready.plan("p", PLAN, imported=False)
    ready.person("accept", "p").ok()
    ready.ask("done", "p", 0).ok()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["--until", "2020-01-01"], "usage"),
        (["--until", "0s"], "usage"),
        (["--until", "91d"], "usage"),
        (["--until", "9999-12-31"], "usage"),
        (["--until", "36500d"], "usage"),
        (["--until", "99999999d"], "usage"),
        (["--until", "tomorrow"], "usage"),
        (["--until", "2026-13-01"], "usage"),
        (["--until", "2026-12-01T00:00:00+02:00"], "usage"),
        (["--until", ""], "usage"),
        (["--reason", "  "], "usage"),
        (["--finding", "CVE-1"], "usage"),
        (["--finding", ""], "usage"),
        (["--event", "3"], "usage"),
    ],
)  # fmt: skip
def test_what_may_not_be_asked_for(ready: Project, words: list[str], kind: str) -> None:
    before = ready.store_bytes()
    given = dict(zip(words[::2], words[1::2]))
    options = {"--reason": "x", "--until": "30d"} | given
    flat = [word for pair in options.items() for word in pair]
    told = ready.ask("waive", "p", 0, "ready", *flat).refused(kind)
    assert "todo_manager waive" in told.error["hint"] or "CVE" in told.error["hint"]
    assert ready.store_bytes() == before


def test_of_what_there_is_none(ready: Project) -> None:
    for words, kind in (
        (["p", 0, "nothing"], "unknown_check"),
        (["p", 0, "hint"], "unknown_check"),
        (["p", 9, "ready"], "unknown_phase"),
        (["q", 0, "ready"], "unknown_plan"),
        (["p", 0], "usage"),
        (["p"], "usage"),
    ):
        ready.ask("waive", *words, *WHY, "--until", "1d").refused(kind)
    told = ready.ask("waive", "p", 0, "nothing", *WHY, "--until", "1d").error
    assert "its required checks are ready, other" in told["message"]
    ready.ask("waive", "p", 0, "ready", "--approve").refused("unknown_waiver")
    ready.ask("waive", "p", 0, "ready", "--withdraw").refused("unknown_waiver")
    assert listed(ready) == []


def test_the_longest_is_a_setting(ready: Project) -> None:
    ready.write("todo_manager.yaml", "waivers: {max: 2d}\n")
    assert "more than 2d away" in ask(ready, until="3d").refused("usage").error["message"]
    ask(ready, until="2d").ok()
    for text, told in (
        ("waivers: {maximum: 2d}\n", "maximum: unknown setting (did you mean max?)"),
        ("waivers: 2d\n", "expected a mapping of max"),
        ("waivers: {max: 0s}\n", "must be longer than 0"),
    ):
        ready.write("todo_manager.yaml", text)
        assert told in ask(ready).refused("invalid_document").error["message"]


def test_a_subject_that_is_named_must_be_the_one(project: Project) -> None:
    project.plan("p", '- {title: One, verify: [{name: ready, file: "${F}"}]}', head="inputs: [F]\n")
    waived(project, "--subject", "a.txt")
    ran = project.ask("done", "p", 0, "--var", "F=b.txt").refused("check_failed")
    assert ran.data["counts"]["waived"] == 0
    assert project.ask("done", "p", 0, "--var", "F=a.txt").ok().data["counts"]["waived"] == 1


def test_several_that_wait_are_told_apart_by_number(ready: Project) -> None:
    ask(ready).ok()
    ask(ready, until="2d").ok()
    told = approve(ready)
    assert told.exit == 2, told
    assert "events 2, 3" in told.out
    approve(ready, "--event", 3).ok()
    assert [row["state"] for row in listed(ready)] == ["waiting", "unused"]


def test_withdrawn_before_and_after_it_was_used(ready: Project) -> None:
    ask(ready).ok()
    ready.ask("waive", "p", 0, "ready", "--withdraw").ok()
    assert approve(ready).exit == 2
    waived(ready)
    ready.ask("done", "p", 0).ok()
    found = ready.ask("waive", "p", 0, "ready", "--withdraw").ok().data["waiver"]
    assert found["state"] == "withdrawn"
    assert ready.states("p") == ["stale", "blocked"]
    assert "withdrawn by tester" in ready.ask("show", "p").data["plan"]["phases"][0]["reason"]
    ready.ask("audit").ok()
    ready.ask("done", "p", 0).refused("check_failed")
    ready.write("ready.txt", "x")
    assert ready.ask("done", "p", 0).ok().data["counts"]["waived"] == 0


def test_it_is_over_at_its_second(ready: Project) -> None:
    """Not a second later: at that very second it no longer lets anything pass."""
    from todo_manager import waivers

    (seen,) = [waivers.Waiver("c", "d", "", [], "r", "2026-12-01T00:00:00Z", 1, {}, None, None, "")]
    assert not waivers.is_over(seen, "2026-11-30T23:59:59.999Z")
    assert waivers.is_over(seen, "2026-12-01T00:00:00.000Z")
    assert waivers.is_over(seen, "2026-12-01T00:00:00Z")
    waived(ready, until=stamp(3600))
    assert clocked(ready, 3590).ask("done", "p", 0).ok().data["counts"]["waived"] == 1
    after = clocked(ready, 3601)
    assert after.states("p")[0] == "stale"
    after.ask("done", "p", 0).refused("check_failed")


def test_setting_the_clock_back_does_not_bring_it_back(ready: Project) -> None:
    waived(ready)
    late = clocked(ready, 31 * DAY)
    late.ask("done", "p", 0).refused("check_failed")
    ready.ask("done", "p", 0).refused("check_failed")
    assert [row["state"] for row in listed(ready)] == ["void"]
    assert "the clock was set back at event" in listed(ready)[0]["why"]


def test_setting_the_clock_forward_to_grant_a_long_one_is_for_nothing(ready: Project) -> None:
    ahead = clocked(ready, 365 * DAY)
    waived(ahead, until="30d")
    ahead.ask("done", "p", 0).ok()
    assert ready.states("p") == ["stale", "blocked"]
    ready.ask("done", "p", 0).refused("check_failed")
    assert clocked(ready, 366 * DAY).states("p")[0] == "stale"


@pytest.mark.parametrize(
    ("event", "column", "old", "new"),
    [
        ("waiver_asked", "body", '"check":"ready"', '"check":"other"'),
        ("waived", "body", '"check":"ready"', '"check":"other"'),
        ("waived", "body", '"actor":"approver"', '"actor":"chief"'),
        ("waived", "actor", "approver", "chief"),
    ],
)
def test_an_edited_event_is_found(
    ready: Project, event: str, column: str, old: str, new: str
) -> None:
    waived(ready)
    with sqlite3.connect(ready.root / ".todo_manager" / "store.db") as db:
        db.execute("DROP TRIGGER ledger_no_update")
        changed = db.execute(
            f"UPDATE ledger SET {column} = replace({column}, ?, ?) WHERE event = ?",
            (old, new, event),
        )
        assert changed.rowcount == 1
    db.close()
    for words in (["done", "p", 0], ["waive", "p", "--list"], ["show", "p"], ["audit"]):
        ready.ask(*words).refused("integrity")


def test_without_a_plan_the_waivers_of_all_plans_are_listed(ready: Project) -> None:
    assert ready.run("waive", "--list").ok().out == "no waivers\n"
    waived(ready)
    ready.plan("other", "- {title: One, verify: [{name: ready, file: ready.txt}]}")
    ready.ask("waive", "other", 0, "ready", "--reason", "r", "--until", "1d").ok()
    found = ready.ask("waive", "--list").ok().data
    assert found["plan"] is None
    assert [(row["plan"], row["state"]) for row in found["waivers"]] == [
        ("p", "unused"), ("other", "waiting"),
    ]  # fmt: skip
    assert "other: waiting" in ready.run("waive", "--list").out
    ready.ask("waive").refused("usage")


def test_a_row_that_claims_a_waiver_is_found(ready: Project) -> None:
    ready.ask("done", "p", 0).refused("check_failed")
    ready.write("ready.txt", "x")
    ready.ask("done", "p", 0).ok()
    rests = json.dumps({"waived": [["ready", "2999-01-01T00:00:00Z"]], "waivers": [1]})
    with sqlite3.connect(ready.root / ".todo_manager" / "store.db") as db:
        db.execute("UPDATE phases SET mark_rests = ? WHERE idx = 0", (rests,))
    db.close()
    for words in (["done", "p", 1], ["show", "p"], ["audit"], ["status"]):
        ready.ask(*words).refused("integrity")


def test_it_is_told_wherever_the_state_is_and_never_as_verified(ready: Project) -> None:
    waived(ready)
    assert "w waived  ready: file ready.txt" in ready.run("done", "p", 0).ok().out
    shown = ready.run("show", "p").ok().out
    assert "1 waived until" in shown
    assert "waiver: used  phase 0 check ready" in shown
    told = ready.ask("report", "p").ok().data["waivers"]
    assert [(row["check"], row["state"]) for row in told] == [("ready", "used")]
    assert "used, until" in told[0]["message"]
    verified = ready.ask("verify", "p", 0).ok().data["phases"][0]
    assert verified["counts"]["waived"] == 1
    assert verified["state"] == "done"
    assert "1 waived until" in verified["reason"]
    assert 'skipped message="waived: ' in ready.run("verify", "p", 0, "--format", "junit").ok().out
    assert "# SKIP waived" in ready.run("verify", "p", 0, "--format", "tap").ok().out


def test_verify_renews_with_a_waiver_and_regresses_when_it_has_run_out(ready: Project) -> None:
    waived(ready)
    ready.ask("done", "p", 0).ok()
    late = clocked(ready, 31 * DAY)
    late.ask("verify", "p", 0).refused("check_failed")
    assert late.states("p")[0] == "regressed"
