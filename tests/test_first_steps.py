from __future__ import annotations

import pytest

PHASES = """
- title: Protocol
  verify: [{file: docs/protocol.md, contains: [rollback]}]
- title: Build
  verify:
    - command: [test, -s, built.txt]
    - command: "grep -q ok built.txt"
"""


@pytest.fixture
def two(project):
    project.plan("roll-out", PHASES)
    return project


def test_a_phase_is_done_only_when_its_checks_pass(two):
    refused = two.ask("done", "roll-out", 0).refused("check_failed")
    assert "docs/protocol.md" in refused.error["message"]
    assert two.states("roll-out") == ["failed", "blocked"]
    two.ask("done", "roll-out", 1).refused("needs_not_done")
    two.write("docs/protocol.md", "how a rollback goes")
    done = two.ask("done", "roll-out", 0).ok().data
    assert (done["state"], done["already"]) == ("done", False)
    assert two.ask("done", "roll-out", 0).ok().data["already"] is True
    assert len(two.events("done")) == 1
    two.write("built.txt", "ok")
    two.ask("done", "roll", 1).ok()
    assert two.states("roll-out") == ["done", "done"]
    two.run("audit").ok()
