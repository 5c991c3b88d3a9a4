"""The users' own documents, imported as they are. Skipped, saying so, where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import SHARED

IMPL = "docker_arch_impl_20250810"
BLUEPRINT = "docker_arch_blueprint_dual_machine_4090_3060_actionable_20250817"


def seed(name: str) -> Path:
    path = SHARED / "seeds" / name
    if not path.is_file():
        pytest.skip(f"the seed {name} is absent")
    return path


@pytest.fixture
def seeded(project):
    for name in ("002_2865665fb2d3342a.txt", "004_e801dcaa0b6c8ee7.txt"):
        project.run("import", seed(name)).ok()
    return project


def test_the_marks_of_the_first_are_a_documents_word(seeded):
    assert seeded.states(IMPL) == ["attested"] * 2 + ["blocked"] * 5
    attested = seeded.events("attested")
    assert [event["data"]["by"] for event in attested] == ["document", "document"]
    coming = seeded.ask("next", IMPL).ok().data
    assert (coming["phase"], coming["state"], coming["person"]) == (2, "blocked", True)


def test_the_second_is_repaired_and_nothing_of_it_is_done(seeded):
    plan = seeded.ask("show", BLUEPRINT).ok().data["plan"]
    assert len(plan["phases"]) == 9
    assert not {phase["state"] for phase in plan["phases"]} & {"done", "attested"}
    everything = " ".join(phase["title"] + phase["text"] for phase in plan["phases"])
    assert "→" in everything
    assert not any(broken in everything for broken in ("‚Ä", "ÔøΩ", "√", "¬ß"))
    assert seeded.ask("next", BLUEPRINT).ok().data["phase"] == 0


def test_list_has_both_newest_first(seeded):
    plans = seeded.ask("list").ok().data["plans"]
    assert [(plan["id"], plan["done"], plan["total"]) for plan in plans] == [
        (BLUEPRINT, 0, 9),
        (IMPL, 2, 7),
    ]


def test_the_hint_of_no_checks_followed_word_for_word_ends_in_done(seeded):
    hint = seeded.ask("done", IMPL, 2).refused("no_checks").error["hint"]
    script, trial, acceptance, marking, word = hint.split(" · ")
    assert script.startswith("write ")
    assert script.endswith(" (exit 0 passed, 1 not so)")
    seeded.write(script.split()[1], "test -s audit.md\n")
    assert seeded.run(*command(trial)).exit == 1
    seeded.write("audit.md", "ldd says nothing is missing")
    seeded.run(*command(trial)).ok()
    assert acceptance.startswith("a person: ")
    seeded.person(*command(acceptance)).ok()
    seeded.run(*command(marking)).ok()
    assert seeded.states(IMPL)[2] == "done"
    assert f"attest {IMPL} 2" in word
    seeded.run("audit").ok()


def test_the_other_road_of_the_hint_ends_in_attested(seeded):
    seeded.person("attest", IMPL, 2, "--reason", "looked through it myself").ok()
    assert seeded.states(IMPL)[2] == "attested"
    assert seeded.events("attested")[-1]["data"]["by"] == "person"


def command(part: str) -> list[str]:
    """The words after `todo_manager` in one part of a hint."""
    return part.split("todo_manager ", 1)[1].split()


def test_a_done_phase_says_that_it_rests_on_a_word(seeded):
    seeded.write(f"phases/{IMPL}/p2_check.sh", "test -d .\n")
    seeded.person("accept", IMPL).ok()
    seeded.run("done", IMPL, 2).ok()
    phase = seeded.ask("show", IMPL).ok().data["plan"]["phases"][2]
    assert (phase["state"], phase["reason"]) == ("done", "rests on attested 0, 1, self-accepted")
    assert "done, rests on attested 0, 1, self-accepted" in seeded.run("show", IMPL).out


def test_importing_again_brings_no_marks(seeded):
    again = seeded.ask("import", seed("002_2865665fb2d3342a.txt")).ok().data["plans"][0]
    assert (again["outcome"], again["attested"], again["marks_ignored"]) == ("updated", 0, 2)
    assert len(seeded.events("attested")) == 2
