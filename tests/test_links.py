"""Links in a project: none leads out of it, and what one leads to is bound by its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from gated import bound_plan
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture
def plan(project: Project) -> Path:
    """A plan with a document, a pin, a script and a helper; nothing is done."""
    return bound_plan(project)


def test_scripts_and_folders_that_lead_out_of_the_project_are_refused(project, plan):
    outside = project.root.parent / "outside"
    outside.mkdir()
    (outside / "p2_check.sh").write_text("exit 0\n")
    script = project.root / "phases/p/p2_check.sh"
    script.unlink()
    script.symlink_to(outside / "p2_check.sh")
    refused = project.ask("done", "p", 2).refused("definition_changed")
    assert "leaves the project through a symlink" in refused.error["message"]
    folder = project.root / "phases/p"
    folder.rename(project.root / "phases/was")
    folder.symlink_to(outside)
    project.ask("done", "p", 2).refused("definition_changed")
    project.ask("done", "p", 0).refused("definition_changed")
    assert project.run("lint", "plans/p.yaml").exit == 2


def test_a_link_inside_the_project_is_read_as_what_it_leads_to(project):
    project.write("real/check.sh", "exit 0\n")
    (project.root / "phases/p").mkdir(parents=True)
    (project.root / "phases/p/p0_check.sh").symlink_to("../../real/check.sh")
    (project.root / "phases/p/lib").symlink_to("../../real")
    project.plan("p", "- title: One")
    project.ask("done", "p", 0).ok()
    assert project.states("p") == ["done"]
    project.write("real/check.sh", "exit 0 # other\n")
    assert project.states("p") == ["stale"]
    project.ask("done", "p", 0).refused("definition_changed")


def test_a_pin_through_a_link_is_bound_by_content_and_may_not_lead_out(project):
    project.write("real/data", "1")
    (project.root / "data").symlink_to("real/data")
    project.plan("p", "- title: One\n  verify: [{file: real/data, pins: data}]")
    project.ask("done", "p", 0).ok()
    project.write("real/data", "2")
    assert project.states("p") == ["stale"]
    (project.root / "data").unlink()
    (project.root / "data").symlink_to("/etc/hostname")
    project.ask("done", "p", 0).refused("definition_changed")


def test_a_pin_that_was_swapped_and_put_back_while_checks_ran_is_noticed(project):
    project.write("data", "honest\n")
    swap = '{command: "cp data keep; echo forged > data; grep -q forged data; cp keep data", pins: data}'
    project.plan("p", f"- title: One\n  verify: [{swap}]")
    refused = project.ask("done", "p", 0).refused("definition_changed")
    assert "data: pinned, and written while it was being checked" in refused.error["message"]
    assert refused.data["counts"]["passed"] == 1
    found = project.ask("verify", "p", 0).ok().data["phases"][0]
    assert "written while" in found["does_not_count"]
