"""Terms of proofs: `valid_for`, a clock that is moved, things that are no longer what was proven."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from clocks import DAY, clocked, stamp
from forked import Forked
from support import Project

WEEK = """
- {title: One, verify: [{file: a, valid_for: 7d}]}
- {title: Two, verify: [{name: other, file: a}]}
"""


@pytest.fixture
def week(project: Project) -> Project:
    """A plan that is done, whose first phase was proven for seven days."""
    project.write("a", "a")
    project.plan("p", WEEK)
    project.ask("done", "p", 0).ok()
    project.ask("done", "p", 1).ok()
    return project


def rests(project: Project) -> dict[str, str]:
    found: dict[str, str] = project.events("done")[0]["data"]["rests"]
    return found


def test_a_proof_runs_out_and_is_made_anew(week: Project) -> None:
    found = rests(week)
    assert stamp(7 * DAY - 60) <= found["until"] <= stamp(7 * DAY)
    assert found["from"] < stamp(-59)
    assert found["why"] == "v1 (valid_for 7d)"
    assert week.events("done")[0]["data"]["checks"][0]["facts"]["holds_until"] == found["until"]
    assert "until" not in week.events("done")[1]["data"]["rests"]
    assert week.states("p") == ["done", "done"]
    assert clocked(week, 7 * DAY - 30).states("p") == ["done", "done"]

    late = clocked(week, 7 * DAY)
    assert late.states("p") == ["stale", "stale"]
    told = late.ask("show", "p").data["plan"]["phases"][0]["reason"]
    assert told == f"v1 (valid_for 7d) ran out at {found['until']}"
    refused = late.ask("done", "p", 1).refused("needs_not_done").error
    assert refused["hint"] == "todo_manager show p, then: todo_manager done p 0"
    assert late.ask("done", "p", 0).ok().data["already"] is False
    assert late.states("p") == ["done", "done"]
    late.ask("audit").ok()


def test_a_verify_in_time_renews_it(week: Project) -> None:
    later = clocked(week, 6 * DAY)
    later.ask("verify", "p", 0).ok()
    assert clocked(week, 8 * DAY).states("p") == ["done", "done"]
    assert clocked(week, 13 * DAY).states("p") == ["stale", "stale"]


def test_a_failing_verify_takes_it_whatever_its_term(week: Project) -> None:
    (week.root / "a").unlink()
    week.ask("verify", "p", 0).refused("check_failed")
    assert week.states("p")[0] == "regressed"


def test_a_plan_whose_proof_ran_out_is_listed_again(week: Project) -> None:
    def names(project: Project, *words: str) -> list[tuple[str, str]]:
        return [(p["id"], p["status"]) for p in project.ask("list", *words).ok().data["plans"]]

    assert names(week) == []
    late = clocked(week, 8 * DAY)
    assert names(late) == [("p", "open")]
    assert names(late, "--status", "open") == [("p", "open")]
    assert names(late, "--status", "done") == []
    late.ask("status", "--exit-code").refused("not_done")
    week.ask("status", "--exit-code").ok()
    # A clock that says less than the newest event says nothing: it is looked at.
    assert names(clocked(week, -DAY)) == [("p", "open")]
    late.ask("verify", "p", 0).ok()
    assert names(late) == []
    assert names(late, "--status", "done") == [("p", "done")]


def test_pages_of_a_list_hold_what_ran_out_too(project: Project) -> None:
    project.write("a", "a")
    for n in range(60):
        term = ", valid_for: 1d" if n % 2 else ""
        project.plan(f"p{n:02}", f"- {{title: One, verify: [{{file: a{term}}}]}}", imported=False)
    project.ask("import", *(f"plans/p{n:02}.yaml" for n in range(60))).ok()
    quick = Forked(project.root, Path(project.env["HOME"]))
    for n in range(1, 60, 2):
        quick.ask("done", f"p{n:02}", 0).ok()
    assert len(project.ask("list").data["plans"]) == 30
    late = clocked(project, 2 * DAY)
    first = late.ask("list").ok().data
    assert ([p["id"] for p in first["plans"]], first["more"]) == (
        [f"p{n:02}" for n in range(59, 9, -1)], 10,
    )  # fmt: skip
    second = late.ask("list", "--after", "p10").ok().data
    assert ([p["id"] for p in second["plans"]], second["more"]) == (
        [f"p{n:02}" for n in range(9, -1, -1)], 0,
    )  # fmt: skip


def test_a_clock_set_back_does_not_lengthen_it(week: Project) -> None:
    """It ran out, and that was seen: then the clock is set back, and some event comes."""
    clocked(week, 8 * DAY).ask("claim", "p", 0).ok()
    assert week.states("p") == ["stale", "stale"]
    week.ask("claim", "p", 1).ok()
    assert week.states("p") == ["stale", "stale"]
    back = week.events("clock")
    assert [set(event["data"]) for event in back] == [{"was", "is"}]
    assert (
        "the clock was set back at event"
        in week.ask("show", "p").data["plan"]["phases"][0]["reason"]
    )
    told = week.run("audit").ok().out
    assert f"the clock went back at event {back[0]['seq']}" in told
    assert len(week.ask("audit").ok().data["notes"]) == 1
    week.ask("done", "p", 0).ok()
    assert week.states("p") == ["done", "done"]


def test_a_clock_set_back_in_small_steps_does_not_either(week: Project) -> None:
    """Each step is too small to be an event of its own; the ledger's time stands still, and then one is."""
    for step in range(4):
        clocked(week, -100 * step).ask("claim", "p", 0).ok()
    moments = [event["at"] for event in week.events()]
    assert moments == sorted(moments)
    clocked(week, -400).ask("claim", "p", 0).ok()
    assert len(week.events("clock")) == 1
    assert week.states("p") == ["stale", "stale"]


def test_a_proof_made_with_the_clock_ahead_is_none(project: Project) -> None:
    project.write("a", "a")
    project.plan("p", WEEK)
    ahead = clocked(project, 365 * DAY)
    ahead.ask("done", "p", 0).ok()
    assert project.states("p")[0] == "stale"
    project.ask("claim", "p", 1).ok()
    assert clocked(project, 366 * DAY).states("p")[0] == "stale"
    project.ask("done", "p", 0).ok()
    assert project.states("p")[0] == "done"


def test_a_clock_set_back_before_the_proof_makes_it_stale(week: Project) -> None:
    back = clocked(week, -DAY)
    assert back.states("p") == ["stale", "stale"]
    assert "before it was proven" in back.ask("show", "p").data["plan"]["phases"][0]["reason"]
    back.ask("done", "p", 1).refused("needs_not_done")
    assert week.states("p") == ["stale", "stale"]


def test_proofs_without_a_term_do_not_mind_the_clock(project: Project) -> None:
    project.write("a", "a")
    project.plan("p", "- {title: One, verify: [{file: a}]}")
    clocked(project, 365 * DAY).ask("done", "p", 0).ok()
    project.ask("claim", "p", 0).ok()
    assert project.states("p") == ["done"]


def test_the_row_of_a_term_that_was_edited_is_found(week: Project) -> None:
    with sqlite3.connect(week.root / ".todo_manager" / "store.db") as db:
        db.execute(
            'UPDATE phases SET mark_rests = replace(mark_rests, \'"until": "2\', \'"until": "3\')'
        )
    db.close()
    for words in (["show", "p"], ["done", "p", 1], ["status"], ["audit"]):
        week.ask(*words).refused("integrity")


def test_valid_for_is_part_of_the_definition(week: Project) -> None:
    week.plan("p", WEEK.replace("7d", "70d"), imported=False)
    week.ask("done", "p", 0).refused("source_changed")


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("{file: a, valid_for: 0s}", "must be longer than 0"),
        ("{file: a, valid_for: soon}", "expected a duration"),
        ('{file: a, valid_for: "${I}"}', "may not steer how a check is judged"),
        ("{file: a, valid_for: 1d, required: false}", "nothing would run out"),
        ("{file: a, valid_for: 36501d}", "longer than a hundred years"),
    ],
)
def test_what_may_not_stand_in_valid_for(project: Project, check: str, told: str) -> None:
    head = "inputs: [I]\n" if "${I}" in check else ""
    project.plan("p", f"- {{title: One, verify: [{check}]}}", head=head, imported=False)
    assert (
        told in project.ask("import", "plans/p.yaml").refused("invalid_document").error["message"]
    )


def test_the_earliest_term_is_the_one(project: Project) -> None:
    project.write("a", "a")
    project.plan(
        "p",
        "- {title: One, verify: [{file: a, valid_for: 9d}, {file: a, valid_for: 3d}, {file: a}]}",
    )
    project.ask("done", "p", 0).ok()
    assert rests(project)["why"] == "v2 (valid_for 3d)"


def test_a_phase_that_could_not_be_looked_at_is_left_as_it_is(project: Project) -> None:
    script = project.write("ok.sh", "#!/bin/sh\nexit $(cat code)\n")
    project.write("code", "0")
    project.plan("p", "- {title: One, verify: [{script: ok.sh}]}")
    project.ask("done", "p", 0).ok()
    project.write("code", "7")
    ran = project.run("verify", "p", 0)
    assert ran.exit == 5, ran
    assert "phase 0 (one) stays done: a check could not be evaluated" in ran.err
    assert project.states("p") == ["done"]
    assert script.exists()


def test_what_is_remembered_of_things_that_move() -> None:
    from todo_manager.freshness import moved
    from todo_manager.model import Result, Verdict

    def result(kind: str, facts: dict[str, object], **more: object) -> Result:
        return Result(
            id="v1", kind=kind, subject="app:1", name="", required=True, verdict=Verdict.PASSED,
            expected="", actual="", message="", attempts=1, duration_s=0.0, facts=facts,
        )  # fmt: skip

    def before(kind: str, facts: dict[str, object]) -> dict[str, object]:
        return {"checks": [{"id": "v1", "kind": kind, "facts": facts}]}

    one, two = {"image": {"id": "sha256:1"}}, {"image": {"id": "sha256:2"}}
    assert moved(before("image", one), [result("image", one)]) == ""
    assert "was sha256:1 and is sha256:2" in moved(before("scan", one), [result("scan", two)])
    assert moved(before("scan", {}), [result("scan", two)]) == ""
    assert moved({}, [result("scan", two)]) == ""
    held, other = {"container": {"id": "a", "image": "1"}}, {"container": {"id": "b", "image": "1"}}
    assert moved(before("container", held), [result("container", other)]) == ""
    other = {"container": {"id": "b", "image": "2"}}
    assert "the image of the container" in moved(before("log", held), [result("log", other)])
    assert "the digest" in moved(
        before("registry", {"digest": "a"}), [result("registry", {"digest": "b"})]
    )


def test_what_a_list_asks_of_plans_is_answered_by_indexes(week: Project) -> None:
    from todo_manager import reads

    db = reads.open_store(str(week.root))
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    reads.list_plans(db, "")
    db.set_trace_callback(None)
    asked = [each for each in asked if "FROM plans" in each]
    assert len(asked) == 1
    details = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    plans = [each for each in details if " plans" in each]
    assert len(plans) == 2
    assert all(each.startswith("SEARCH plans USING INDEX") for each in plans), details


@pytest.mark.parametrize("said", ["", "soon", None, 7, "2999-01-01", "2999-01-01T00:00:00+00:00"])
def test_a_term_that_is_none_has_run_out(said: object) -> None:
    from todo_manager import freshness
    from todo_manager.canonical import Scalar
    from todo_manager.definition import Definition, Names
    from todo_manager.model import Result, Verdict

    definition = Definition(
        key="k", needs=(), checks=(("v1", {"file": Scalar("a")}),), text="", digest="", names=Names(),
        inputs=(), files={}, coupled=(), helpers=(), pins={},
    )  # fmt: skip
    result = Result(
        id="v1", kind="file", subject="a", name="", required=True, verdict=Verdict.PASSED, expected="",
        actual="", message="", attempts=1, duration_s=0.0, facts={"holds_until": said},
    )  # fmt: skip
    found = freshness.rests(definition, [result], "2026-01-01T00:00:00.000Z")
    assert found["until"] == "0001-01-01T00:00:00Z"


def test_a_check_cannot_waive_itself() -> None:
    from typing import ClassVar

    from todo_manager.checks.base import Check, Outcome, World
    from todo_manager.model import Verdict
    from todo_manager.runner import guarded

    class Lenient(Check, frozen=True, kw_only=True):
        kind: ClassVar[str] = "lenient"

        def attempt(self, world: World, timeout: float) -> Outcome:
            return Outcome(verdict=Verdict.WAIVED, expected="nothing")

    found = guarded(Lenient(), None)  # type: ignore[arg-type]
    assert found.verdict == Verdict.ERROR
    assert "cannot waive itself" in found.message
