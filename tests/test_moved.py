"""Subjects that are another thing than what was proven, and waivers for what scanners find, for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import DAY, clocked
from engine import Engine
from gated import new_project
from scanners import ADVISORIES, Scanners
from support import Project, Ran

APP = "- {title: T, verify: [{image: 'app:stands'}]}\n- {title: U, verify: [{file: a}]}"


def test_an_image_that_is_another_one_makes_stale_and_done_proves_it(
    project: Project, engine: Engine
) -> None:
    project.write("a", "a")
    before = engine.image("app:stands", "ENV A=1")
    project.plan("p", APP, head=engine.head())
    project.ask("done", "p", 0).ok()
    project.ask("done", "p", 1).ok()
    assert project.ask("verify", "p", 0).ok().data["phases"][0]["state"] == "done"

    after = engine.image("app:stands", "ENV A=2")
    assert before != after
    found = project.ask("verify", "p", 0).ok().data["phases"][0]
    assert found["state"] == "stale"
    assert f"image of app:stands was {before[:19]} and is {after[:19]}" in found["reason"]
    assert [event["event"] for event in project.events()][-2:] == ["renewed", "moved"]
    assert project.states("p") == ["stale", "stale"]
    project.ask("audit").ok()
    project.ask("verify", "p", 0).ok()
    assert project.states("p") == ["stale", "stale"]

    assert project.ask("done", "p", 0).ok().data["already"] is False
    assert project.states("p") == ["done", "done"]
    project.ask("verify", "p").ok()
    assert project.states("p") == ["done", "done"]


def test_a_failure_in_between_does_not_let_another_image_in(
    project: Project, engine: Engine
) -> None:
    """regressed, then put right with another image: verify alone must not make that one done."""
    engine.image("app:between", "ENV A=1")
    project.plan("p", "- {title: T, verify: [{image: 'app:between'}]}", head=engine.head())
    project.ask("done", "p", 0).ok()
    engine.docker("image", "rm", "--force", "app:between")
    project.ask("verify", "p", 0).refused("check_failed")
    assert project.states("p") == ["regressed"]
    engine.image("app:between", "ENV A=3")
    project.ask("verify", "p", 0).ok()
    assert project.states("p") == ["stale"]
    project.ask("done", "p", 0).ok()
    assert project.states("p") == ["done"]


@pytest.fixture
def scanned(tmp_path: Path) -> Project:
    """A folder in which a scan finds one of HIGH and one of MEDIUM."""
    project = new_project(tmp_path)
    Scanners(project)
    project.write("app/requirements.txt", "flask==1.0\nrequests==2.0\n")
    project.plan("p", "- {title: T, verify: [{scan: ./app, fail_on: MEDIUM}]}")
    return project


def waived(project: Project, *words: str) -> Ran:
    project.run(
        "waive", "p", 0, "v1", "--reason", "no fix", "--until", "30d", *words,
        env={"TODO_MANAGER_ACTOR": "worker"},
    ).ok()  # fmt: skip
    return project.person("--actor", "boss", "waive", "p", 0, "v1", "--approve", *words).ok()


def test_findings_are_waived_one_by_one_and_only_all_of_them_open_the_gate(
    scanned: Project,
) -> None:
    ran = scanned.ask("done", "p", 0).refused("check_failed")
    assert ran.data["checks"][0]["facts"]["counting"] == ["CVE-2099-0003", "CVE-2099-0004"]
    waived(scanned, "--finding", "CVE-2099-0003")
    scanned.ask("done", "p", 0).refused("check_failed")
    for prefix in ("CVE-2099-000", "cve-2099-0004", "CVE-2099-00040"):
        waived(scanned, "--finding", prefix)
    scanned.ask("done", "p", 0).refused("check_failed")
    waived(scanned, "--finding", "CVE-2099-0004")
    done = scanned.ask("done", "p", 0).ok().data
    assert (done["state"], done["counts"]["waived"]) == ("done", 1)
    used = [row["findings"] for row in scanned.ask("waive", "p", "--list").data["waivers"]
            if row["state"] == "used"]  # fmt: skip
    assert used == [["CVE-2099-0003"], ["CVE-2099-0004"]]
    assert clocked(scanned, 31 * DAY).states("p") == ["stale"]


def test_a_finding_that_comes_later_is_not_waived(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    scanners = Scanners(project)
    project.write("app/requirements.txt", "flask==1.0\nrequests==2.0\n")
    project.plan("p", "- {title: T, verify: [{scan: ./app, fail_on: HIGH}]}")
    waived(project, "--finding", "CVE-2099-0004")
    project.ask("done", "p", 0).ok()
    new = {"id": "CVE-2099-0007", "package": "flask", "severity": "HIGH", "fixed": "1.1"}
    scanners.say(advisories=[*ADVISORIES, new])
    project.ask("verify", "p", 0).refused("check_failed")
    assert project.states("p") == ["regressed"]


def test_a_waiver_does_not_help_a_scan_that_could_not_look(tmp_path: Path) -> None:
    from scanners import days_ago

    project = new_project(tmp_path)
    scanners = Scanners(project)
    project.write("app/requirements.txt", "flask==1.0\nrequests==2.0\n")
    project.plan("p", "- {title: T, verify: [{scan: ./app, fail_on: HIGH}]}")
    waived(project)
    scanners.say(built=days_ago(90))
    ran = project.ask("done", "p", 0)
    assert (ran.exit, ran.data["counts"]["waived"]) == (5, 0)
