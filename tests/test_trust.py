"""What was accepted is what counts: documents, scripts, helpers and pins that change afterwards."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from forked import Forked
from gated import bound_plan, edit
from support import PROGRAM, Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture
def plan(project: Project) -> Path:
    """A plan with a document, a pin, a script and a helper; nothing is done."""
    return bound_plan(project)


# The document is a proposal


def test_new_texts_of_a_document_are_taken_over_without_a_person(project, plan):
    edit(plan, "Old words.", "New words.")
    edit(plan, "title: Plain", "title: Still plain")
    assert project.ask("show", "p").data["plan"]["source"]["state"] == "changed"
    project.ask("done", "p", 0).ok()
    shown = project.ask("show", "p").data["plan"]
    assert (shown["phases"][0]["title"], shown["phases"][0]["explain"]) == (
        "Still plain",
        "New words.",
    )
    assert shown["source"]["state"] == "same"
    assert [event["event"] for event in project.events()] == ["imported", "texts", "done"]
    assert project.states("p") == ["done", "ready", "ready"]
    project.run("audit").ok()


def test_a_phase_that_is_not_changed_goes_on_beside_one_that_is(project, plan):
    edit(plan, "verify: [{file: a, pins", "verify: [{file: b, pins")
    project.ask("done", "p", 0).ok()
    refused = project.ask("done", "p", 1).refused("source_changed")
    assert "phase 1 (bound) in plans/p.yaml differs" in refused.error["message"]
    assert "restore it" in refused.error["hint"]
    assert "a person: todo_manager accept p" in refused.error["hint"]
    assert project.states("p") == ["done", "ready", "ready"]
    edit(plan, "file: b", "file: a")
    project.ask("done", "p", 1).ok()


UNREADABLE = {
    "no YAML": "schema: [",
    "empty": "",
    "invalid": "schema: todo_manager/plan@1\nid: p\ntitle: T\nphases: [{title: T, verify: [{fil: a}]}]\n",
    "another plan": "schema: todo_manager/plan@1\nid: q\ntitle: T\nphases: [{title: T}]\n",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_document_that_does_not_load_any_more_refuses(project, plan, text):
    plan.write_text(text)
    project.ask("done", "p", 0).refused("source_changed")
    assert project.states("p") == ["ready", "ready", "ready"]
    assert project.run("verify", "p").exit == 2


def test_a_document_that_became_a_folder_a_pipe_or_a_link_out_refuses(project, plan):
    text = plan.read_text()
    outside = project.root.parent / "outside.yaml"
    outside.write_text(text)
    for spoil in (
        lambda: plan.mkdir(),
        lambda: os.mkfifo(plan),
        lambda: plan.symlink_to(outside),
        lambda: plan.symlink_to("nowhere.yaml"),
    ):
        plan.unlink()
        spoil()
        if plan.is_symlink() and not plan.exists():
            project.ask("done", "p", 0).ok()  # a link to nothing is a document that is gone
        else:
            project.ask("done", "p", 0).refused("source_changed")
        if plan.is_dir():
            plan.rmdir()
            plan.touch()


def test_a_document_that_is_gone_is_said_and_refuses_nothing(project, plan):
    plan.unlink()
    ran = project.run("done", "p", 0).ok()
    assert "plans/p.yaml is gone; the accepted definition is used" in ran.err
    assert "plans/p.yaml is gone" in project.run("show", "p").ok().out
    project.ask("done", "p", 2).ok()


def test_a_phase_that_left_the_document_refuses(project, plan):
    edit(plan, "- key: plain", "- key: other")
    refused = project.ask("done", "p", 0).refused("source_changed")
    assert "no longer has the phase plain" in refused.error["message"]


def test_a_new_order_of_phases_moves_the_scripts_to_other_phases(project, plan):
    head, _, script = plan.read_text().rpartition("  - key: script")
    first, phases = head.split("phases:\n")
    plan.write_text(f"{first}phases:\n  - key: script{script}{phases}")
    project.ask("done", "p", 2).refused("definition_changed")
    project.ask("done", "p", 0).refused("source_changed")


# Files


CHANGES = {
    "script edited": ("phases/p/p2_check.sh", "exit 0\n", 2),
    "script removed": ("phases/p/p2_check.sh", None, 2),
    "helper edited": ("phases/p/lib.sh", "exit 0 # so\n", 2),
    "helper removed": ("phases/p/lib.sh", None, 2),
    "helper added": ("phases/p/more/notes.txt", "x", 2),
    "second script": ("phases/p/p002_more.sh", "exit 0\n", 2),
    "script added": ("phases/p/p0_new.sh", "exit 0\n", 0),
    "pin edited": ("pins/one.txt", "2", 1),
    "pin added": ("pins/two.txt", "2", 1),
    "pin removed": ("pins/one.txt", None, 1),
}


@pytest.mark.parametrize(("name", "text", "index"), CHANGES.values(), ids=CHANGES)
def test_a_file_that_changed_refuses_its_phase_alone_until_it_is_accepted(
    project, plan, name, text, index
):
    project.ask("done", "p", index).ok()
    if text is None:
        (project.root / name).unlink()
    else:
        project.write(name, text)
    assert project.states("p")[index] == "stale"
    refused = project.ask("done", "p", index).refused("definition_changed")
    assert name in refused.error["message"] or "pins/*.txt" in refused.error["message"]
    assert refused.error["person"] is True
    for other in {0, 1, 2} - {index}:
        project.ask("done", "p", other).ok()
    kinds = [event["event"] for event in project.events()]
    assert kinds == ["imported", "done", "refused", "done", "done"]


def test_a_script_for_no_phase_and_one_nobody_can_run_are_errors(project, plan):
    project.write("phases/p/p3_none.sh", "exit 0\n")
    project.ask("done", "p", 2).refused("definition_changed")
    refused = project.run("lint", "plans/p.yaml")
    assert (refused.exit, "p3_none.sh is for phase 3, but the plan ends at 2" in refused.err) == (
        2,
        True,
    )
    (project.root / "phases/p/p3_none.sh").unlink()
    project.write("phases/p/p2_data.bin", "x")
    assert "nothing says how to run it" in project.run("lint", "plans/p.yaml").err


def test_a_name_with_control_characters_is_no_name_of_a_script(project, plan):
    project.write("phases/p/p2_x\n✔ p 2 (script): done, event 9.sh", "exit 0\n")
    refused = project.run("done", "p", 2)
    assert refused.exit == 6
    assert "\n✔" not in refused.out + refused.err


def test_accept_shows_the_difference_and_marks_stay_but_go_stale(project, plan):
    for index in (0, 1, 2):
        project.ask("done", "p", index).ok()
    project.write("phases/p/lib.sh", "exit 0 # stricter\n")
    edit(plan, "verify: [{file: a}]", "verify: [{file: a, min_size: 1}]")
    diff = project.ask("diff", "p").ok().data
    assert {p["key"]: p["change"] for p in diff["phases"]} == {
        "plain": "changed", "bound": "same", "script": "changed",
    }  # fmt: skip
    assert "+exit 0 # stricter" in diff["phases"][2]["diff"]
    shown = project.person("accept", "p").ok().out
    assert "+exit 0 # stricter" in shown
    assert "phase 2 (script) is done and would become stale" in shown
    assert "phase 1" not in shown
    assert project.states("p") == ["stale", "done", "stale"]
    project.ask("done", "p", 2).ok()
    project.run("audit").ok()


def test_what_was_accepted_before_may_be_accepted_again_and_its_proof_stands(project, plan):
    project.ask("done", "p", 0).ok()
    edit(plan, "file: a}]", "file: a, min_size: 2}]")
    project.person("accept", "p").ok()
    assert project.states("p")[0] == "stale"
    project.ask("done", "p", 0).refused("check_failed")
    edit(plan, "file: a, min_size: 2}]", "file: a}]")
    project.person("accept", "p").ok()
    assert project.states("p")[0] == "done"


def test_a_phase_that_leaves_and_comes_back_keeps_what_the_ledger_says_of_it(project, plan):
    project.ask("done", "p", 0).ok()
    project.ask("done", "p", 1).ok()
    whole = plan.read_text()
    without = whole.replace("key: plain", "key: other").replace("file: a, pins", "file: b, pins")
    plan.write_text(without)
    project.person("accept", "p").ok()
    assert project.states("p") == ["ready", "stale", "ready"]
    project.run("audit").ok()
    plan.write_text(whole)
    project.person("accept", "p").ok()
    assert project.states("p") == ["done", "done", "ready"]
    assert project.ask("done", "p", 0).ok().data["already"] is True
    project.run("audit").ok()


def test_accept_of_another_file_makes_it_the_source(project, plan):
    project.write(
        "drafts/new.yaml", plan.read_text().replace("file: a}]", "file: a, min_size: 1}]")
    )
    project.person("accept", "p", "drafts/new.yaml").ok()
    assert project.ask("show", "p").data["plan"]["source"]["path"] == "drafts/new.yaml"
    plan.unlink()
    assert "gone" not in project.run("done", "p", 0).ok().err


def test_what_changes_while_a_person_thinks_is_not_shown_as_accepted(project, plan):
    """The files were read before the question was asked; their state at the answer is another thing."""
    project.ask("done", "p", 2).ok()
    edit(plan, "file: a}]", "file: a, min_size: 1}]")
    helper = project.root / "phases/p/lib.sh"

    def spoil() -> None:
        helper.write_text("exit 1\n")
        edit(plan, "Old words.", "New words.")

    assert "p: accepted by tester" in accept_while(project, spoil)
    shown = project.ask("show", "p").ok().data["plan"]
    assert (shown["phases"][2]["state"], shown["source"]["state"]) == ("stale", "changed")
    project.ask("done", "p", 2).refused("definition_changed")


def accept_while(project: Project, act: Callable[[], None]) -> str:
    """Run `accept p` at a terminal, act when it asks, then answer yes; what the terminal showed."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(project.root)
        os.execvpe(PROGRAM[0], [*PROGRAM, "accept", "p"], project.env)
    with os.fdopen(master, "rb+", buffering=0) as terminal:
        shown = b""
        while b"Type yes" not in shown:
            shown += terminal.read(4096)
        act()
        terminal.write(b"yes\n")
        with suppress(OSError):
            while chunk := terminal.read(4096):
                shown += chunk
    assert os.waitpid(pid, 0)[1] == 0, shown
    return shown.decode()


# Import


def test_import_of_a_known_plan_changes_no_gate(project, plan):
    project.ask("done", "p", 0).ok()
    edit(plan, "Old words.", "New words.")
    taken = project.ask("import", "plans/p.yaml").ok().data["plans"][0]
    assert taken["outcome"] == "updated"
    edit(plan, "file: a}]", "file: b}]")
    before = project.ask("show", "p").data["plan"]
    refused = project.ask("import", "plans/p.yaml").refused("source_changed")
    assert "todo_manager diff p plans/p.yaml" in refused.error["hint"]
    assert "a person: todo_manager accept p plans/p.yaml" in refused.error["hint"]
    after = project.ask("show", "p").data["plan"]
    assert (after["digest"], after["phases"]) == (before["digest"], before["phases"])
    assert project.states("p")[0] == "done"


def test_a_plan_that_is_accepted_elsewhere_meanwhile_keeps_its_texts(project, plan):
    """What `done` takes over belongs to the definition it compared with, or to none."""
    from todo_manager import binding, documents, intake
    from todo_manager.errors import Untrusted
    from todo_manager.ledger import Actor
    from todo_manager.workspace import Project as Opened

    edit(plan, "Old words.", "New words.")
    opened = Opened(project.root)
    document = documents.read(plan, "plans/p.yaml")
    (bound,) = binding.bind(project.root, opened.settings, document, "plans/p.yaml")
    edit(plan, "file: a}]", "file: a, min_size: 1}]")
    project.person("accept", "p").ok()
    with pytest.raises(Untrusted, match="accepted meanwhile"):
        intake.take_texts(opened, bound, Actor("tester"))
    opened.close()
    project.run("audit").ok()
