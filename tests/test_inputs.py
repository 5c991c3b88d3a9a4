"""Inputs are bound once, and claims are compared with what they are bound to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


PHASES = """
- {key: date, title: T, needs: [], verify: [{command: 'test "$DATE" = 20250810'}]}
- {key: argv, title: T, needs: [], verify: [{command: [test, "${DATE}-${SHA}", "=", 20250810-1a2b]}]}
- {key: var, title: T, needs: [], verify: [{command: 'test "$tag" = "v20250810"'}]}
- {key: none, title: T, needs: [], verify: [{file: a}]}
"""
HEAD = """
inputs: [DATE, SHA, SPARE]
vars: {tag: "v${DATE}"}
"""


@pytest.fixture
def plan(project: Project) -> Project:
    project.write("a", "a")
    project.plan("p", PHASES, head=HEAD)
    return project


def bound(project: Project) -> dict[str, str]:
    found = project.ask("show", "p").ok().data["plan"]["inputs"]
    assert isinstance(found, dict)
    return found


def test_the_first_done_binds_the_inputs_it_used(plan):
    done = plan.ask("done", "p", 0, "--var", "DATE=20250810", "--var", "SPARE=x").ok().data
    assert done["inputs"] == {"DATE": "20250810"}
    assert bound(plan) == {"DATE": "20250810"}
    assert plan.events("done")[0]["data"]["inputs"] == {"DATE": "20250810"}
    assert plan.ask("done", "p", 2).ok().data["inputs"] == {"DATE": "20250810"}
    refused = plan.ask("done", "p", 1).refused("input_missing")
    assert "the input SHA of p has no value" in refused.error["message"]
    assert "todo_manager set p SHA=" in refused.error["hint"]
    assert plan.ask("done", "p", 3).ok().data["inputs"] == {}


def test_what_fails_or_is_only_verified_binds_nothing(plan):
    plan.ask("done", "p", 0, "--var", "DATE=1").refused("check_failed")
    found = plan.ask("verify", "p", 0, "--var", "DATE=20250810").ok().data["phases"][0]
    assert found["does_not_count"] == "the input DATE is not bound yet"
    assert bound(plan) == {}
    assert plan.states("p")[0] == "failed"


@pytest.mark.parametrize("where", ["env", "file", "both"])
def test_environment_and_env_file_bind_an_unbound_input_the_environment_first(plan, where):
    if where != "env":
        plan.write(".env", "DATE=2\n" if where == "both" else "export DATE='20250810'\nOTHER=x\n")
    env = None if where == "file" else {"DATE": "20250810"}
    assert plan.ask("done", "p", 0, env=env).ok().data["inputs"] == {"DATE": "20250810"}


def test_another_value_around_is_ignored_and_said_once_bound(plan):
    plan.ask("done", "p", 0, "--var", "DATE=20250810").ok()
    plan.write(".env", "DATE=20250811\n")
    ran = plan.ask("done", "p", 2, env={"DATE": "20250812"}).ok()
    assert ran.data["inputs_ignored"] == {"DATE": "20250812"}
    assert ran.err.count("DATE") == 1
    assert "DATE is bound to '20250810'" in ran.err
    assert bound(plan) == {"DATE": "20250810"}


CLAIMS = {
    "on an open phase": (2, "DATE=1"),
    "on a done phase": (0, "DATE=1"),
    "where the phase does not use it": (3, "DATE=1"),
    "on a done phase that does not use it": (0, "SHA=1"),
    "with a blank": (0, "DATE=1 2"),
}


@pytest.mark.parametrize(("index", "claim"), CLAIMS.values(), ids=CLAIMS)
def test_a_claim_of_another_value_is_refused_and_names_the_way(plan, index, claim):
    plan.ask("done", "p", 0, "--var", "DATE=20250810").ok()
    plan.ask("set", "p", "SHA=1a2b").ok()
    refused = plan.ask("done", "p", index, "--var", claim).refused("inputs_changed")
    name = claim.partition("=")[0]
    assert f"the input {name} is bound to" in refused.error["message"]
    shown = f"'{claim}'" if " " in claim else claim
    assert f"todo_manager set p {shown}" in refused.error["hint"]
    assert ("phases 0 would become stale" in refused.error["hint"]) == (name == "DATE")
    assert bound(plan) == {"DATE": "20250810", "SHA": "1a2b"}


def test_a_claim_of_the_bound_value_is_no_claim(plan):
    plan.ask("done", "p", 0, "--var", "DATE=20250810").ok()
    assert plan.ask("done", "p", 0, "--var", "DATE=20250810").ok().data["already"] is True
    plan.ask("done", "p", 2, "--var", "DATE=20250810").ok()


def test_verify_may_try_another_value_and_never_counts(plan):
    plan.ask("done", "p", 0, "--var", "DATE=20250810").ok()
    found = plan.ask("verify", "p", 0, "--var", "DATE=1").refused("check_failed").data["phases"][0]
    assert "another value than the bound one" in found["does_not_count"]
    assert found["inputs"] == {"DATE": "1"}
    assert plan.states("p")[0] == "done"
    assert bound(plan) == {"DATE": "20250810"}


def test_set_makes_the_phases_stale_that_used_it(plan):
    plan.ask("done", "p", 0, "--var", "DATE=20250810").ok()
    plan.ask("done", "p", 3).ok()
    found = plan.ask("set", "p", "DATE=20250811", "SHA=1a2b").ok().data
    assert found["stale"] == [0]
    assert found["bound"] == {"DATE": "20250811", "SHA": "1a2b"}
    assert plan.states("p") == ["stale", "ready", "ready", "done"]
    assert [e["data"]["before"] for e in plan.events("set")] == ["20250810", None]
    plan.ask("done", "p", 0).refused("check_failed")
    plan.ask("set", "p", "DATE=20250810").ok()
    assert plan.states("p")[0] == "done"
    plan.ask("set", "p", "DATE=20250810").ok()
    assert len(plan.events("set")) == 3
    plan.run("audit").ok()


WRONG_ASSIGNMENTS = ["DATE", "=1", "1DATE=x", "OTHER=1", "tag=1"]


@pytest.mark.parametrize("word", WRONG_ASSIGNMENTS)
def test_an_assignment_that_is_none_or_of_no_input_is_usage(plan, word):
    plan.ask("set", "p", word).refused("usage")
    plan.ask("done", "p", 0, "--var", word).refused("usage")
    plan.ask("verify", "p", 0, "--var", word).refused("usage")


def test_an_input_set_while_a_phase_runs_is_not_done_by_that_run(project):
    project.plan(
        "p",
        '- title: One\n  verify: [{command: "echo $X > started && read -r _ < go"}]',
        head="inputs: [X]\n",
    )
    for name in ("started", "go"):
        os.mkfifo(project.root / name)
    process = project.start("done", "p", 0, "--var", "X=1", "--json")
    assert (project.root / "started").read_text() == "1\n"
    project.ask("set", "p", "X=2").ok()
    (project.root / "go").write_text("on\n")
    out, _ = process.communicate(timeout=60)
    assert json.loads(out)["error"]["kind"] == "inputs_changed"
    assert project.states("p") == ["ready"]


def test_of_the_env_file_only_declared_names_are_given(project):
    project.write(".env", "DATE=1\nUNDECLARED=2\nPATH=/nowhere\nBASH_ENV=evil\n")
    project.write("s.sh", 'echo "$DATE,${UNDECLARED-unset},${PATH%%:*},${BASH_ENV-unset}"\n')
    project.plan("p", "- title: One\n  verify: [{script: s.sh}]", head="inputs: [DATE]\n")
    project.ask("done", "p", 0).ok()
    text = project.run("log", "--run", 2).ok().out
    assert "| 1,unset,/" in text
    assert ",unset\n" in text


def test_nothing_of_the_callers_environment_reaches_a_check_but_what_is_handed_over(
    project: Project,
):
    project.write("s.sh", "env | sed 's/=.*//' | sort | tr '\\n' ' '; : DATE\n")
    project.plan("p", "- title: One\n  verify: [{script: s.sh}]", head="inputs: [DATE, SHA]\n")
    env = {
        "DATE": "1",
        "SHA": "2",
        "EDITOR": "vi",
        "TZ": "UTC",
        "LC_ALL": "C",
        "SECRET": "abcdefgh",
    }
    project.ask("done", "p", 0, env=env).ok()
    (line,) = [
        line for line in project.run("log", "--run", 2).ok().out.splitlines() if "| " in line
    ]
    names = set(line.partition("| ")[2].split()) - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {
        "DATE", "HOME", "LANG", "PATH", "TMPDIR", "TZ", "TODO_MANAGER_FACTS", "TODO_MANAGER_KEY",
        "TODO_MANAGER_PHASE", "TODO_MANAGER_PLAN", "TODO_MANAGER_PROJECT", "TODO_MANAGER_SCRIPT_DIR",
    }  # fmt: skip


def test_a_script_is_handed_exactly_the_names_that_occur_in_it_or_its_helpers(
    project: Project,
) -> None:
    project.write("phases/p/p0_check.sh", '. "$(dirname "$0")/lib.sh"\necho "${SHA-unset}"\n')
    project.write("phases/p/lib.sh", 'echo "$DATE ${DATES-unset}"\n')
    project.plan("p", "- title: One", head="inputs: [DATE, DATES, SPARE]\nvars: {SHA: 1a2b}\n")
    found = project.ask("done", "p", 0, "--var", "DATE=1", "--var", "DATES=2", "--var", "SPARE=3")
    assert found.ok().data["inputs"] == {"DATE": "1", "DATES": "2"}
    assert "| 1 2\n        | 1a2b" in project.run("log", "--run", 2).ok().out


def test_an_env_file_that_leads_out_of_the_project_is_refused(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "outside.env").write_text("DATE=1\n")
    project.plan("p", "- title: One\n  verify: [{command: 'echo $DATE'}]", head="inputs: [DATE]\n")
    (project.root / ".env").symlink_to(tmp_path / "outside.env")
    project.ask("done", "p", 0).refused("usage")
