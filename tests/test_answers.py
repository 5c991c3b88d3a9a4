"""What programs and people are told: the fields agents rely on, and what every refusal names."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from gated import new_project
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


REFUSALS = {
    "check_failed": ("done", "p", 0),
    "check_error": ("done", "p", 1),
    "no_checks": ("done", "p", 2),
    "needs_not_done": ("done", "p", 3),
    "definition_changed": ("done", "p", 4),
    "input_missing": ("done", "p", 5),
    "inputs_changed": ("done", "p", 6, "--var", "Y=2"),
    "unknown_phase": ("done", "p", 99),
    "unknown_plan": ("done", "pq", 0),
    "has_checks": ("attest", "p", 0, "--reason", "x"),
    "person_required": ("attest", "p", 2, "--reason", "x"),
    "store_missing": ("-C", "elsewhere", "done", "p", 0),
}


@pytest.fixture(scope="module")
def refusing(tmp_path_factory) -> Project:
    project = new_project(tmp_path_factory.mktemp("refusing"))
    project.write("pinned", "x")
    project.plan(
        "p",
        """
        - {key: k0, title: T, needs: [], verify: [{name: the report, file: docs/report.md}]}
        - {key: k1, title: T, needs: [], verify: [{name: the scan, command: [no-such-scanner]}]}
        - {key: k2, title: T, needs: []}
        - {key: k3, title: T, needs: [k0], verify: [{file: a}]}
        - {key: k4, title: T, needs: [], verify: [{file: a, pins: pinned}]}
        - {key: k5, title: T, needs: [], verify: [{command: 'test -n "$X"'}]}
        - {key: k6, title: T, needs: [], verify: [{command: 'test -n "$Y"'}]}
        """,
        head="inputs: [X, Y]\n",
    )
    project.run("set", "p", "Y=1").ok()
    project.write("pinned", "y")
    (project.root.parent / "elsewhere").mkdir()
    return project


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_says_what_to_type_next_to_people_and_to_programs(refusing, kind):
    words = [
        str(refusing.root.parent / word) if word == "elsewhere" else word for word in REFUSALS[kind]
    ]
    asked = refusing.ask(*words).refused(kind)
    assert "todo_manager " in asked.error["hint"]
    said = refusing.run(*words)
    assert said.exit == asked.exit
    assert asked.error["message"] in said.err
    assert f"next: {asked.error['hint']}" in said.err
    if asked.error["person"]:
        assert "a person: " in asked.error["hint"]


def test_a_refusal_names_the_check_what_was_expected_and_what_was_seen(refusing):
    failed = refusing.ask("done", "p", 0).error["message"]
    assert "check the-report (file docs/report.md)" in failed
    assert "expected docs/report.md exists; does not exist" in failed
    errored = refusing.ask("done", "p", 1).error["message"]
    assert (
        "check the-scan (command no-such-scanner) expected exits 0; needs no-such-scanner"
        in errored
    )


# The fields agents rely on

CHECK = {"id", "kind", "subject", "name", "required", "verdict", "expected", "actual", "message",
         "attempts", "duration_s"}  # fmt: skip
DONE = {"plan", "phase", "key", "digest", "state", "already", "run", "counts", "inputs", "checks"}
SHOWN = {"index", "key", "title", "text", "note", "state", "reason", "needs", "digest",
         "accepted_by", "steps", "checks", "last_run"}  # fmt: skip


def test_the_fields_agents_rely_on_are_there(project):
    project.write("a", "a")
    project.plan("p", "- title: One\n  verify: [{name: the file, file: a}]\n- title: Two")
    done = project.ask("done", "p", 0).ok().json
    assert set(done) == {"schema", "command", "ok", "exit", "data"}
    assert done["command"] == "done"
    assert set(done["data"]) >= DONE
    (check,) = done["data"]["checks"]
    assert set(check) >= CHECK
    assert (check["id"], check["name"], check["kind"], check["subject"]) == (
        "the-file", "the file", "file", "a",
    )  # fmt: skip

    refused = project.ask("done", "p", 1).refused("no_checks").json
    assert set(refused) == {"schema", "command", "ok", "exit", "data", "error"}
    assert set(refused["error"]) == {"kind", "message", "hint", "person"}
    assert set(refused["data"]) >= DONE

    verified = project.ask("verify", "p").ok().data
    assert set(verified) >= {"plan", "phases"}
    for row in verified["phases"]:
        assert set(row) >= DONE | {"does_not_count"}

    listed = project.ask("list").ok().data
    assert set(listed) == {"plans", "more", "signers"}
    assert set(listed["plans"][0]) >= {"id", "title", "status", "done", "total", "next"}
    plan = project.ask("show", "p").ok().data["plan"]
    assert set(plan) >= {
        "id", "title", "description", "status", "created", "updated", "source", "digest", "phases",
    }  # fmt: skip
    for phase in plan["phases"]:
        assert set(phase) >= SHOWN
    assert plan["phases"][0]["last_run"]["run"] == project.events("renewed")[-1]["seq"]
    assert set(plan["phases"][0]["checks"][0]) >= {"id", "kind", "subject", "name", "required"}
    following = project.ask("next", "p").ok().data
    assert set(following) >= {"plan", "phase", "key", "state", "reason", "person"}
    assert (following["phase"], following["person"]) == (1, True)
