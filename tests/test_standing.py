"""What state a phase is in and why, and what `done` and `verify` make of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


# States


def test_every_state_and_its_reason_first_match_first(project):
    project.write("a", "a")
    project.write("gone", "x")
    phases = """
    - {key: done, title: T, needs: [], verify: [{file: a}]}
    - {key: attested, title: T, needs: []}
    - {key: rests, title: T, needs: [attested], verify: [{file: a}]}
    - {key: regressed, title: T, needs: [], verify: [{file: gone}]}
    - {key: stale-need, title: T, needs: [regressed], verify: [{file: a}]}
    - {key: stale-input, title: T, needs: [], verify: [{command: 'test -n "$X"'}]}
    - {key: stale-definition, title: T, needs: [], verify: [{file: a}]}
    - {key: stale-file, title: T, needs: [], verify: [{file: a, pins: pinned}]}
    - {key: blocked-need, title: T, needs: [failed], verify: [{file: a}]}
    - {key: blocked-stale, title: T, needs: [stale-need], verify: [{file: a}]}
    - {key: no-checks, title: T, needs: []}
    - {key: optional, title: T, needs: [], verify: [{file: a, required: false}]}
    - {key: errored, title: T, needs: [], verify: [{command: [no-such-program]}]}
    - {key: failed, title: T, needs: [], verify: [{file: absent}]}
    - {key: ready, title: T, needs: [], verify: [{file: a}]}
    """
    project.write("pinned", "pinned")
    plan = project.plan("p", phases, head="inputs: [X]\n")
    keys = [phase["key"] for phase in project.ask("show", "p").data["plan"]["phases"]]
    assert set(project.states("p")) == {"ready", "blocked"}
    project.person("attest", "p", 1, "--reason", "seen it").ok()
    for key in ("done", "rests", "regressed", "stale-need", "stale-definition", "stale-file"):
        project.ask("done", "p", keys.index(key)).ok()
    project.ask("done", "p", keys.index("stale-input"), "--var", "X=1").ok()
    project.write("gone", "")
    project.ask("verify", "p", keys.index("regressed")).refused("check_failed")
    project.ask("set", "p", "X=2").ok()
    project.ask("done", "p", keys.index("errored")).refused("check_error")
    project.ask("done", "p", keys.index("failed")).refused("check_failed")
    old = "{key: stale-definition, title: T, needs: [], verify: [{file: a}]}"
    assert old in plan.read_text()
    plan.write_text(
        plan.read_text().replace(old, old.replace("{file: a}", "{file: a, min_size: 1}"))
    )
    project.person("accept", "p").ok()
    project.write("pinned", "other")

    found = {p["key"]: p for p in project.ask("show", "p").ok().data["plan"]["phases"]}
    expected = {
        "done": ("done", "self-accepted"),
        "attested": ("attested", ""),
        "rests": ("done", "rests on attested 1, self-accepted"),
        "regressed": ("regressed", "a later verify failed"),
        "stale-need": ("stale", "it needs phase 3, which is regressed"),
        "stale-input": ("stale", "the input X was '1' then and is '2' now"),
        "stale-definition": ("stale", "its definition was changed and accepted after it was done"),
        "stale-file": ("stale", "pinned was changed since it was accepted"),
        "blocked-need": ("blocked", "it needs phase 13, which is failed"),
        "blocked-stale": ("blocked", "it needs phase 4, which is stale"),
        "no-checks": ("blocked", "it has no required check"),
        "optional": ("blocked", "it has no required check"),
        "errored": ("errored", "at the last attempt a check could not be evaluated"),
        "failed": ("failed", "a check failed at the last attempt"),
        "ready": ("ready", ""),
    }
    assert {key: (p["state"], p["reason"]) for key, p in found.items()} == expected

    text = project.run("show", "p").ok().out
    ticks = [line.split()[1] for line in text.splitlines() if line.startswith("[✔]")]
    assert ticks == ["0.", "1.", "2."]
    assert "done, rests on attested 1" in text
    (summary,) = project.ask("list").ok().data["plans"]
    assert (summary["done"], summary["total"], summary["status"]) == (4, 15, "open")
    following = project.ask("next", "p").ok().data
    assert (following["phase"], following["key"], following["state"]) == (
        3,
        "regressed",
        "regressed",
    )
    for key in ("stale-need", "blocked-need", "blocked-stale"):
        project.ask("done", "p", keys.index(key)).refused("needs_not_done")


def test_a_plan_is_done_when_all_its_phases_are_and_open_again_when_one_went_stale(project):
    project.plan("p", "- title: One\n  verify: [{command: 'test -n \"$X\"'}]", head="inputs: [X]\n")
    project.ask("done", "p", 0, "--var", "X=1").ok()
    assert project.ask("show", "p").data["plan"]["status"] == "done"
    assert project.ask("next", "p").ok().data["phase"] is None
    assert project.ask("list").ok().data["plans"] == []
    assert [p["status"] for p in project.ask("list", "--all").data["plans"]] == ["done"]
    project.ask("set", "p", "X=2").ok()
    assert [p["status"] for p in project.ask("list").data["plans"]] == ["open"]


# done


def test_done_on_a_done_phase_runs_nothing_and_on_a_stale_one_runs_anew(project):
    project.plan(
        "p", '- title: One\n  verify: [{command: "echo x >> count", pins: pinned}]', imported=False
    )
    project.write("pinned", "1")
    project.run("import", "plans/p.yaml").ok()
    first = project.ask("done", "p", 0).ok().data
    again = project.ask("done", "p", 0).ok().data
    assert (first["already"], again["already"], again["run"]) == (False, True, None)
    assert again["state"] == "done"
    assert (project.root / "count").read_text() == "x\n"
    project.write("pinned", "2")
    project.person("accept", "p").ok()
    assert project.states("p") == ["stale"]
    assert project.ask("done", "p", 0).ok().data["already"] is False
    assert (project.root / "count").read_text() == "x\nx\n"
    assert len(project.events("done")) == 2


def test_a_phase_without_a_required_check_is_refused_and_its_hint_ends_in_done(project):
    project.plan(
        "p", "- title: One\n- title: Two\n  needs: []\n  verify: [{file: a, required: false}]"
    )
    project.write("a", "a")
    refused = project.ask("done", "p", 0).refused("no_checks")
    assert refused.error["person"] is True
    for part in ("write phases/p/p0_check.sh", "verify p 0", "a person: todo_manager accept p",
                 "todo_manager done p 0", "todo_manager attest p 0 --reason"):  # fmt: skip
        assert part in refused.error["hint"]
    assert refused.data["checks"] == []
    project.ask("done", "p", 1).refused("no_checks")
    project.write("phases/p/p0_check.sh", "test -s a\n")
    tried = project.ask("verify", "p", 0).ok().data["phases"][0]
    assert "phases/p/p0_check.sh" in tried["does_not_count"]
    project.ask("done", "p", 0).refused("definition_changed")
    project.person("accept", "p").ok()
    project.ask("done", "p", 0).ok()
    assert project.states("p") == ["done", "blocked"]


# verify


def test_verify_alone_never_marks_and_reports_by_verdicts_alone(project):
    project.write("a", "a")
    project.plan(
        "p",
        """
        - {key: k0, title: T, verify: [{file: a}]}
        - {key: k1, title: T, needs: [k2], verify: [{file: a}]}
        - {key: k2, title: T, needs: []}
        - {key: k3, title: T, needs: [], verify: [{file: a, required: false}]}
        """,
    )
    found = project.ask("verify", "p").ok().data
    assert [(row["key"], row["verdict"]) for row in found["phases"]] == [
        ("k0", "passed"),
        ("k1", "passed"),
        ("k2", "no checks"),
        ("k3", "no checks"),
    ]
    assert found["phases"][3]["checks"][0]["verdict"] == "passed"
    assert project.states("p") == ["ready", "blocked", "blocked", "blocked"]
    assert not project.events("done")
    project.ask("verify", "p", 2).refused("no_checks")
    project.ask("verify", "p", 3).refused("no_checks")
    project.write("a", "")
    assert project.run("verify", "p").exit == 1


def test_verify_of_a_plan_that_nothing_can_prove_is_refused(project):
    project.plan("p", "- title: One\n- title: Two")
    project.ask("verify", "p").refused("no_checks")


def test_a_later_verify_renews_regresses_or_leaves_the_state(project):
    project.write("a", "a")
    project.plan("p", "- title: One\n  verify: [{command: 'test -s a', pins: pin}]", imported=False)
    project.write("pin", "1")
    project.run("import", "plans/p.yaml").ok()
    project.ask("done", "p", 0).ok()
    project.ask("verify", "p", 0).ok()
    assert (project.states("p"), len(project.events("renewed"))) == (["done"], 1)
    project.write("a", "")
    found = project.ask("verify", "p", 0).refused("check_failed").data["phases"][0]
    assert (found["state"], found["does_not_count"]) == ("regressed", None)
    assert project.states("p") == ["regressed"]
    project.write("a", "a")
    assert project.ask("done", "p", 0).ok().data["already"] is False
    assert project.states("p") == ["done"]
    # What cannot be evaluated, or is not the accepted definition, moves nothing.
    (project.root / "a").unlink()
    project.write("pin", "2")
    found = project.ask("verify", "p", 0).refused("check_failed").data["phases"][0]
    assert "pin differs from what was accepted" in found["does_not_count"]
    project.write("pin", "1")
    assert project.states("p") == ["done"]
    assert [event["event"] for event in project.events()] == [
        "imported", "done", "renewed", "regressed", "done", "verified",
    ]  # fmt: skip
    project.run("audit").ok()


def test_a_verify_that_cannot_look_leaves_a_done_phase_and_says_so(project):
    tool = project.write("../tools/tool", "#!/bin/sh\nexit 0\n", mode=0o755)
    project.write("todo_manager.yaml", f"path: [{tool.resolve().parent}]\n")
    project.plan("p", "- title: One\n  verify: [{command: 'tool'}]")
    project.ask("done", "p", 0).ok()
    tool.unlink()
    found = project.ask("verify", "p", 0).refused("check_error").data["phases"][0]
    assert (found["verdict"], found["state"], found["does_not_count"]) == ("error", "done", None)
    assert project.states("p") == ["done"]
