"""What a CI job does: a fresh clone, no terminal, no store, two commands, one exit code."""

from __future__ import annotations

import pytest

PLAN = """
- title: Documents
  verify: [{file: docs/rollback.md, contains: [owner]}]
- title: Probe
  verify:
    - command: [bin/probe, --ready]
      pins: [bin/probe]
- title: Later
"""


@pytest.fixture
def clone(project):
    project.plan("x", PLAN, imported=False)
    project.write("docs/rollback.md", "owner: ops")
    project.write("bin/probe", "#!/bin/sh\nexit 0\n", mode=0o755)
    return project


def test_everything_right_is_0(clone):
    clone.run("import", "plans/x.yaml").ok()
    found = clone.ask("verify", "x").ok().data
    assert [row["verdict"] for row in found["phases"]] == ["passed", "passed", "no checks"]
    assert clone.states("x") == ["ready", "blocked", "blocked"]


def test_one_thing_broken_is_1(clone):
    clone.write("docs/rollback.md", "nobody")
    clone.run("import", "plans/x.yaml").ok()
    error = clone.ask("verify", "x").refused("check_failed").error
    assert "docs/rollback.md" in error["message"]


def test_its_program_removed_is_5(clone):
    clone.run("import", "plans/x.yaml").ok()
    (clone.root / "bin/probe").unlink()
    error = clone.ask("verify", "x", 1).refused("check_error").error
    assert "bin/probe" in error["message"]
    assert clone.ask("verify", "x").exit == 5


def test_a_failure_wins_over_an_error(clone):
    clone.run("import", "plans/x.yaml").ok()
    clone.write("docs/rollback.md", "nobody")
    (clone.root / "bin/probe").unlink()
    clone.ask("verify", "x").refused("check_failed")


def test_a_plan_that_checks_nothing_is_not_0(clone):
    clone.plan("empty", "- title: Trust me")
    clone.ask("verify", "empty").refused("no_checks")
