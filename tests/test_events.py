"""`--events`: what programs hear while checks run, a JSON object a line."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from forked import Forked
from gated import WAITS
from support import EXITS, Project

PHASES = """
- {key: good, title: Good, verify: [{name: there, file: a}, {command: [test, -s, a]}]}
- {key: bad, title: Bad, needs: [], verify: [{file: missing}, {file: a}]}
- {key: blind, title: Blind, needs: [], verify: [{command: [no-such-program]}]}
- {key: late, title: Late, needs: [bad], verify: [{file: a}]}
- {key: none, title: None, needs: []}
- {key: again, title: Again, needs: [], verify: [{file: missing, within: 300ms, every: 100ms}]}
"""
WHERE = {"schema", "event", "plan", "phase", "key", "part"}
FIELDS = {
    "check_started": WHERE | {"id", "kind", "subject"},
    "check_wrote": WHERE | {"id", "stream", "text", "last"},
    "attempt_made": WHERE | {"id", "attempt", "verdict", "message", "wait_s"},
    "check_finished": WHERE | {"check"},
}


@pytest.fixture
def project(project: Project) -> Forked:
    """Commands run in forks; nothing of these plans is done."""
    quick = Forked(project.root, project.root.parent / "home")
    quick.write("a", "a")
    quick.plan("p", PHASES)
    return quick


def lines(out: str) -> list[dict[str, Any]]:
    """The objects of an answer, each of which says what it is."""
    found = [json.loads(line) for line in out.splitlines()]
    assert out == "" or out.endswith("\n")
    for line in found:
        assert line["schema"] == "todo_manager/1"
        assert set(line) == FIELDS.get(line["event"], set(line))
    return found


def heard(project: Project, *words: object) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of a run with --events but the last one, and that one, which must tell the exit code."""
    ran = project.run(*words, "--events")
    *before, last = lines(ran.out)
    assert last["event"] == "result"
    assert [line for line in before if line["event"] == "result"] == []
    assert (last["exit"], last["ok"]) == (ran.exit, ran.exit == 0)
    assert ran.err == ""
    return before, last


def settled(document: dict[str, Any]) -> dict[str, Any]:
    """Without what differs between two runs of the same."""
    text = json.dumps({name: value for name, value in document.items() if name != "event"})
    found: dict[str, Any] = json.loads(text, object_hook=_settled)
    return found


def _settled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if name in ("duration_s", "run") else value for name, value in row.items()}


def test_a_check_starts_and_finishes_and_the_last_line_is_the_document(project):
    before, last = heard(project, "done", "p", 0)
    assert [line["event"] for line in before].count("check_started") == 2
    for id_ in ("there", "v2"):
        steps = [e for e in before if id_ in (e.get("id"), e.get("check", {}).get("id"))]
        assert [step["event"] for step in steps] == ["check_started", "check_finished"]
        assert {(e["plan"], e["phase"], e["key"], e["part"]) for e in steps} == {
            ("p", 0, "good", None)
        }
        assert steps[0]["subject"]
    assert last["data"]["state"] == "done"
    rows = {row["id"]: row for row in last["data"]["checks"]}
    assert {e["check"]["id"]: e["check"] for e in before if "check" in e} == rows


@pytest.mark.parametrize(
    "words", [("verify", "p"), ("verify", "p", 1), ("done", "p", 1), ("done", "p", 2)]
)
def test_the_last_line_is_what_json_prints(project, words):
    before, last = heard(project, *words)
    assert before
    assert settled(last) == settled(project.ask(*words).json)
    both = project.run(*words, "--events", "--json")
    assert settled(lines(both.out)[-1]) == settled(last)
    assert len(lines(both.out)) == len(before) + 1


def test_verify_of_all_phases_names_the_phase_in_every_line(project):
    before, last = heard(project, "verify", "p")
    assert [e["phase"] for e in before] == sorted(e["phase"] for e in before)
    assert {e["key"] for e in before} == {"good", "bad", "blind", "late", "again"}
    assert len(last["data"]["phases"]) == 6


def test_attempts_tell_why_and_when_it_is_tried_again(project):
    before, last = heard(project, "done", "p", 5)
    attempts = [event for event in before if event["event"] == "attempt_made"]
    assert [event["attempt"] for event in attempts] == list(range(1, len(attempts) + 1))
    assert attempts
    for event in attempts:
        assert (event["verdict"], event["wait_s"]) == ("failed", 0.1)
        assert event["message"]
    assert last["data"]["checks"][0]["attempts"] == len(attempts) + 1


REFUSALS = {
    "needs_not_done": ("done", "p", 3),
    "no_checks": ("done", "p", 4),
    "unknown_plan": ("done", "zz", 0),
    "unknown_phase": ("verify", "p", 99),
    "usage": ("done", "p"),
    "source_changed": ("done", "p", 0),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_before_anything_runs_is_one_line(project, kind):
    if kind == "source_changed":
        file = project.root / "plans/p.yaml"
        file.write_text(file.read_text().replace("file: a}", "file: b}"))
    before, last = heard(project, *REFUSALS[kind])
    assert before == []
    kinds = {"source_changed", "definition_changed"} if kind == "source_changed" else {kind}
    assert last["error"]["kind"] in kinds
    assert last["exit"] == EXITS[kind]


def test_a_verb_that_runs_nothing_does_not_take_it(project):
    before, last = heard(project, "set", "p", "X=1")
    assert (before, last["error"]["kind"]) == ([], "usage")


def test_a_part_is_named(project):
    project.plan(
        "parts",
        "- {title: T, parts: [{title: One, verify: [{file: a}]}, {title: Two, verify: [{file: a}]}]}",
    )
    before, _ = heard(project, "verify", "parts", "0.2")
    assert {(e["part"], e.get("id", "2.v1")) for e in before} == {(2, "2.v1")}


def test_secrets_are_masked_in_every_line(project):
    project.plan(
        "s",
        """
        - title: T
          verify:
            - command: 'echo "$REGISTRY_TOKEN" >&2; [ -e again ] || { touch again; exit 1; }'
              within: 30s
              every: 100ms
            - {command: 'echo "$REGISTRY_TOKEN" >&2; exit 1'}
        """,
        head="secrets: [REGISTRY_TOKEN]\n",
    )
    token = "hunter2-hunter2"
    ran = project.run("done", "s", 0, "--events", env={"REGISTRY_TOKEN": token})
    assert ran.exit == 1
    assert token not in ran.out + ran.err
    attempts = [line for line in lines(ran.out) if line["event"] == "attempt_made"]
    assert attempts
    wrote = [line for line in lines(ran.out) if line["event"] == "check_wrote"]
    assert [(line["stream"], line["text"]) for line in wrote] == [
        ("stderr", "\u2022\u2022\u2022")
    ] * 3
    assert all("\u2022\u2022\u2022" in line["message"] for line in attempts)


# While it runs


@pytest.fixture
def waiting(project) -> Project:
    """A plan whose check waits for `go`; its commands are processes of their own."""
    project.plan("w", f"- title: T\n  verify:\n    - {WAITS}\n    - {{file: missing}}")
    for name in ("started", "go"):
        os.mkfifo(project.root / name)
    return Project(project.root, project.root.parent / "home")


@pytest.mark.parametrize("verb", ["done", "verify"])
def test_a_line_is_there_as_soon_as_it_happens(waiting, verb):
    process = waiting.start(verb, "w", 0, "--events")
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline()) for _ in range(3)]
    finished = [line["check"] for line in seen if line["event"] == "check_finished"]
    assert [(check["id"], check["verdict"]) for check in finished] == [("v2", "failed")]
    assert process.poll() is None
    (waiting.root / "started").read_text()
    (waiting.root / "go").write_text("on\n")
    out, err = process.communicate(timeout=60)
    assert [line["event"] for line in lines(out)] == ["check_finished", "result"]
    assert (process.returncode, err) == (1, "")


@pytest.mark.parametrize("verb", ["done", "verify"])
def test_a_reader_that_leaves_stops_nothing(waiting, verb):
    process = waiting.start(verb, "w", 0, "--events")
    assert process.stdout is not None
    process.stdout.readline()
    (waiting.root / "started").read_text()
    process.stdout.close()
    (waiting.root / "go").write_text("on\n")
    assert process.wait(timeout=60) == 1
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    recorded = waiting.events("refused" if verb == "done" else "verified")[-1]
    verdicts = {row["id"]: row["verdict"] for row in recorded["data"]["checks"]}
    assert verdicts == {"v1": "passed", "v2": "failed"}


def test_an_interrupt_is_the_last_line(waiting):
    process = waiting.start("done", "w", 0, "--events")
    (waiting.root / "started").read_text()
    process.terminate()
    out, err = process.communicate(timeout=60)
    *_, last = lines(out)
    assert (last["event"], last["error"]["kind"]) == ("result", "interrupted")
    assert (process.returncode, err) == (130, "")


@pytest.mark.parametrize("verb", ["done", "verify"])
def test_the_help_tells_every_event_and_field(project, verb):
    help_ = project.run(verb, "--help").ok().out
    assert "--events" in help_
    for event, fields in FIELDS.items():
        assert event in help_
        assert not [field for field in fields if field not in help_]
