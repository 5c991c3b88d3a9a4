"""`lint`: every wrong plan is told with its line, what is wrong, and what to write instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bad import GOOD
from forked import Forked

WRONG = sorted((Path(__file__).parent / "wrong_plans").glob("*.yaml"))
EXPECTED = re.compile(r"# expect: (\d+): (.+)\n# write: (.+)")


class Expected(NamedTuple):
    """What the head of a wrong plan says of one finding."""

    line: int
    words: str
    example: str


def head(path: Path) -> tuple[int, list[str], list[Expected]]:
    """The exit code, the files it needs beside it, and its findings."""
    text = path.read_bytes().decode("utf-8", "replace")
    code = re.search(r"^# exit: (\d)", text, re.MULTILINE)
    found = [Expected(int(line), words, example) for line, words, example in EXPECTED.findall(text)]
    return int(code[1]) if code else 2, re.findall(r"^# file: (\S+)", text, re.MULTILINE), found


@pytest.fixture
def project(project: Any) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def test_there_are_enough_of_them() -> None:
    assert len(WRONG) >= 30
    assert all(head(path)[2] for path in WRONG)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_a_wrong_plan_is_explained(project: Forked, path: Path) -> None:
    """Each finding has its file, line, words and example; for people, and with --json."""
    code, files, expected = head(path)
    (project.root / "plans").mkdir()
    (project.root / "plans/wrong.yaml").write_bytes(path.read_bytes())
    for file in files:
        project.write(file, "echo\n")
    ran = project.ask("lint", "plans/wrong.yaml")
    assert ran.exit == code, ran
    findings = ran.data["findings"]
    level = "warning" if code == 0 else "error"
    for finding, wanted in zip(findings, expected, strict=True):
        text = f"{finding['path']}: {finding['message']}".removeprefix(": ")
        assert text.startswith(wanted.words)
        assert (finding["file"], finding["line"]) == ("plans/wrong.yaml", wanted.line)
        assert (finding["level"], bool(finding["rule"])) == (level, True)
        assert " ".join(finding["example"].split()).startswith(" ".join(wanted.example.split()))
    said = project.run("lint", "plans/wrong.yaml")
    told = " ".join((said.out + said.err).split())
    for wanted in expected:
        place = f"plans/wrong.yaml:{wanted.line}: " if wanted.line else "plans/wrong.yaml: "
        assert place + wanted.words in told
        assert f"write: {' '.join(wanted.example.split())}" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_it_stores_nothing(project: Forked, path: Path) -> None:
    (project.root / "wrong.yaml").write_bytes(path.read_bytes())
    project.run("lint", "wrong.yaml")
    assert [each.name for each in project.root.iterdir()] == ["wrong.yaml"]


def test_the_example_of_a_misspelt_word_loads(project: Forked) -> None:
    """What it says to write is the author's own line, put right: with it the plan loads."""
    text = GOOD.replace("file: one.txt", "file: one.txt, conatins: x")
    project.write("p.yaml", text)
    (finding,) = project.ask("lint", "p.yaml").data["findings"]
    lines = text.splitlines()
    assert lines[finding["line"] - 1].strip() != finding["example"]
    indent = len(lines[finding["line"] - 1]) - len(lines[finding["line"] - 1].lstrip())
    lines[finding["line"] - 1] = " " * indent + finding["example"]
    project.write("p.yaml", "\n".join(lines) + "\n")
    project.ask("lint", "p.yaml").ok()


def test_all_files_are_told_at_once(project: Forked) -> None:
    project.write("a.yaml", GOOD.replace("title: One", "titel: One"))
    project.write("b.yaml", GOOD.replace("id: good", "id: Good"))
    project.write("c.yaml", GOOD)
    ran = project.ask("lint", "a.yaml", "b.yaml", "c.yaml", "gone.yaml").refused("invalid_document")
    files = [finding["file"] for finding in ran.data["findings"] if finding["level"] == "error"]
    assert sorted(set(files)) == ["a.yaml", "b.yaml", "gone.yaml"]
    assert ran.data["problems"] == ran.error["message"].splitlines()
    assert [line.partition(":")[0] for line in ran.data["warnings"]] == ["c.yaml"]


def test_what_can_never_be_done_is_1_and_what_does_not_load_is_2(project: Forked) -> None:
    project.write("never.yaml", GOOD.replace("verify: [{file: one.txt}]", "verify: []"))
    project.write("wrong.yaml", "id: x\n")
    ran = project.ask("lint", "never.yaml").refused("lint_failed")
    assert len(ran.data["errors"]) == 1
    project.ask("lint", "never.yaml", "wrong.yaml").refused("invalid_document")


def test_nothing_to_say(project: Forked) -> None:
    good = GOOD + "    explain: What is to be done.\n"
    project.write("p.yaml", good)
    ran = project.ask("lint", "p.yaml").ok()
    assert ran.data == {"errors": [], "warnings": [], "findings": []}
    assert project.run("lint", "p.yaml").ok().out == "1 document loads; 0 warnings\n"


def test_what_for_each_repeats_is_told_once(project: Forked) -> None:
    check = "{http: 'http://127.0.0.1:${port}/', for_each: {port: [80, 81, 82]}}"
    project.write("p.yaml", GOOD.replace("{file: one.txt}", check) + "    explain: All answer.\n")
    (finding,) = project.ask("lint", "p.yaml").ok().data["findings"]
    assert finding["rule"] == "status_alone"


def test_equal_checks_of_two_phases_are_no_twins(project: Forked) -> None:
    second = "  - {title: Two, explain: Again., verify: [{file: one.txt}]}\n"
    project.write("p.yaml", GOOD + "    explain: First.\n" + second)
    assert project.ask("lint", "p.yaml").ok().data["findings"] == []


def test_imported_formats_are_looked_at_too(project: Forked) -> None:
    """Their phases have no checks: that is an error of each, with no line."""
    project.write("queue.json", '[{"id": "q", "description": "d", "todos": [{"text": "Do it"}]}]')
    ran = project.ask("lint", "queue.json")
    assert [finding["rule"] for finding in ran.data["findings"]] == ["no_required_check"]
