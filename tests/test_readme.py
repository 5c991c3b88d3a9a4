"""The README is true: its session is run, its plan loads, its tables name what there is."""

from __future__ import annotations

import re

import pytest
import session
from forked import Forked
from support import EXITS, REPOSITORY

from todo_manager import cli
from todo_manager.checks import KINDS, load

README = session.README.read_text(encoding="utf-8")


def test_the_session_goes_as_it_is_told_and_what_stands_below_it_works():
    """`python tests/session.py` writes it anew, to be read before it is believed."""
    with session.begun() as place:
        for words, expected, seen in session.go_through(place):
            assert seen == expected, words
        more = [line for block in session.blocks("bash") for line in block.splitlines()]
        for words in more:
            ran = place.type(words)
            assert ran.exit == 0, (words, ran)
    assert len(more) >= 8


def test_every_verb_and_option_it_names_is_there(project):
    named = re.findall(r"(?:^|[`$ (<])todo_manager ([a-z]+)((?: [^`\n#|]*)?)", README, re.MULTILINE)
    spans = re.findall(r"`([a-z]+)( [^`\n]*--[^`\n]*)`", README)
    named += [(verb, rest) for verb, rest in spans if verb in cli.VERBS]
    wanted = {(verb, option) for verb, rest in named for option in re.findall(r"--[a-z-]+", rest)}
    assert {verb for verb, _ in named} <= set(cli.VERBS)
    assert len(wanted) >= 10
    forked = Forked(project.root, project.root)
    helps = {verb: forked.run(verb, "--help").ok().out for verb, _ in wanted}
    assert not {(verb, option) for verb, option in wanted if option not in helps[verb] + "--help"}


def test_the_plan_of_the_readme_loads(project):
    project.write("plans/docs_example.yaml", session.blocks("yaml")[0])
    project.write("checks/ready.sh", session.blocks("sh")[0])
    project.run("import", "plans/docs_example.yaml").ok()
    project.run("lint", "plans/docs_example.yaml").ok()
    checks = [
        c for p in project.ask("show", "docs_example").data["plan"]["phases"] for c in p["checks"]
    ]
    assert {check["kind"] for check in checks} == {"http", "command", "script", "file"}


def test_the_plan_that_is_executed_loads_under_the_policy(project):
    plan, policy = session.blocks("yaml")[1:3]
    project.write("plans/docs_steps.yaml", plan)
    project.write("policy.yaml", policy)
    project.run("import", "plans/docs_steps.yaml").ok()
    (phase,) = project.ask("show", "docs_steps").data["plan"]["phases"]
    assert [step["kind"] for step in phase["steps"]] == ["build", "push", "run"]
    assert phase["undo"]
    project.write("policy.yaml", policy.replace("5000/*", "6000/*"))
    project.ask("exec", "docs_steps", 0, "--run").refused("definition_changed")


def test_the_plan_that_runs_out_loads_and_the_settings_of_watch_too(project):
    plan, settings = session.blocks("yaml")[4:6]
    project.write("plans/docs_terms.yaml", plan)
    project.write("todo_manager.yaml", settings)
    project.run("import", "plans/docs_terms.yaml").ok()
    asked = ["waive", "docs_terms", 0, "v1", "--finding", "CVE-2026-1", "--reason", "no fix yet"]
    assert project.ask(*asked, "--until", "30d").ok().data["waiver"]["state"] == "waiting"
    assert "every 600s, hook ./tell.sh ops" in project.run("doctor").out


def test_the_plan_that_a_person_approves_loads(project):
    project.write("plans/docs_manual.yaml", session.blocks("yaml")[3])
    project.run("import", "plans/docs_manual.yaml").ok()
    (phase,) = project.ask("show", "docs_manual").data["plan"]["phases"]
    assert [check["kind"] for check in phase["checks"]] == ["manual"]


def test_its_kinds_are_the_registered_ones():
    told = re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE)
    assert sorted(told) == sorted(KINDS)
    assert all((load(kind).__doc__ or "").strip() for kind in KINDS)


def test_its_exit_codes_are_those_of_the_errors():
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)}
    assert told == {0, *EXITS.values()}


def test_its_pictures_are_there_and_ask_no_server():
    report, screen = re.findall(r"!\[[^]]+\]\((.+?)\)", README)
    picture = (REPOSITORY / screen).read_text(encoding="utf-8")
    assert "billing_release" in picture
    assert "url(http" not in picture
    assert (REPOSITORY / report).read_bytes().startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_are_targets(target):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert f"make {target}" in README
