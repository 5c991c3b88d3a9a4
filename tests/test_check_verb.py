"""`check`: one check is run as a phase would run it, nothing is recorded, and its YAML can be pasted."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from forked import Forked

from todo_manager.canonical import Map, Scalar, Seq, encode
from todo_manager.checks import KINDS
from todo_manager.checks.docs import docs
from todo_manager.documents import loader, yaml_text


@pytest.fixture
def project(project: Any) -> Forked:
    """Commands in forks; a file to look at."""
    found = Forked(project.root, Path(project.env["HOME"]))
    found.write("README.md", "# Read me\nowner: ops\n")
    return found


def one(project: Forked, *words: str, exit: int = 0, **options: Any) -> dict[str, Any]:
    """The one result of a check that was tried."""
    ran = project.ask("check", *words, **options)
    assert ran.exit == exit, ran
    (row,) = ran.data["checks"]
    assert row["verdict"] == {0: "passed", 1: "failed", 5: "error"}[exit]
    return dict(row)


WAYS = {
    "YAML in one word": ("file: README.md",),
    "a mapping in one word": ("{file: README.md, contains: owner}",),
    "an item of a list": ("- file: README.md\n  contains: owner\n",),
    "a kind and a subject": ("file", "README.md"),
    "with a parameter": ("file", "README.md", "contains=owner"),
    "with a list": ("file", "README.md", "contains=[owner, Read]"),
    "with an equals sign in it": ("command", "test a != b", "name=a=a"),
    "as YAML": ("--yaml", "{file: README.md}"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_ways_of_writing_a_check(project: Forked, way: str) -> None:
    one(project, *WAYS[way])


VERDICTS = {
    # check: exit code, what was expected, what was seen
    ("file", "README.md"): (0, "holds at least 1 B", "21 B"),
    ("file", "README.md", "contains=nobody"): (1, "contains 'nobody'", "not in it"),
    ("file", "absent.md"): (1, "absent.md exists", "does not exist"),
    ("file", "README.md/x", "exists=false"): (0, "", ""),
    ("command", "grep -q owner README.md"): (0, "exits 0", "exited 0"),
    ("command", "grep -q nobody README.md"): (1, "exits 0", "exited 1"),
    ("command", "no-such-program"): (5, "exits 0", "127"),
    ("command", "kill -9 $$"): (5, "exits 0", "killed by signal 9"),
    ("command: [no-such-program]",): (5, "exits 0", "no-such-program"),
    ("tcp", "127.0.0.1:1"): (1, "accepts", "refused"),
    ("tcp", "no-such-host.invalid:1"): (5, "accepts", "resolve"),
}


@pytest.mark.parametrize("words", VERDICTS, ids=" ".join)
def test_the_verdict_is_the_exit_code(project: Forked, words: tuple[str, ...]) -> None:
    code, expected, seen = VERDICTS[words]
    row = one(project, *words, exit=code)
    assert expected in row["expected"]
    assert seen in row["actual"] + row["message"]
    said = project.run("check", *words)
    assert said.exit == code
    assert "below verify: in a plan it is" in said.out
    if code:
        assert "expected" in said.err
        assert "next: todo_manager check --help" in said.err


def test_a_check_that_decides_nothing_still_says_what_it_saw(project: Forked) -> None:
    """In a plan it would open or close nothing; here its verdict is the answer."""
    one(project, "file", "absent", "required=false", exit=1)


def test_it_shows_facts_and_output(project: Forked) -> None:
    said = project.run("check", "command", "printf 'one\\ntwo\\n'; test -s README.md").ok().out
    assert "exit: 0" in said
    assert "stdout (8 bytes):\n        | one\n        | two\n" in said
    long = project.run("check", "command", "seq 50; test -s README.md").ok().out
    assert "the last 20 lines of 50" in long
    assert "| 31\n" in long
    assert "| 30\n" not in long


def test_nothing_is_recorded_and_no_store_is_made(project: Forked) -> None:
    one(project, "file", "README.md")
    assert not (project.root / ".todo_manager").exists()
    project.plan("p", "- title: T\n  verify: [{file: README.md}]")
    before = project.store_bytes()
    one(project, "file", "README.md")
    one(project, "file", "absent", exit=1)
    assert project.store_bytes() == before
    assert project.states("p") == ["ready"]


def test_it_stands_in_the_project_that_is_found(project: Forked) -> None:
    project.write("below/deep/own.txt", "x")
    project.run("init", "--bare")
    assert (project.root / ".todo_manager").is_dir()
    inner = Forked(project.root / "below/deep", Path(project.env["HOME"]))
    one(inner, "file", "README.md")
    one(inner, "file", "own.txt", exit=1)


def test_settings_and_the_rules_of_programs_hold(project: Forked) -> None:
    """A program of the project is no program, as in a phase; the settings are those of the project."""
    project.write("tools/lie", "#!/bin/sh\nexit 0\n", mode=0o755)
    one(project, "command", "lie", exit=5)
    one(project, "command: [tools/lie]", exit=5)
    project.write("todo_manager.yaml", "unknown: 1\n")
    assert "unknown setting" in project.ask("check", "file", "a").refused("invalid_document").out


def test_scripts_and_pins_are_bound(project: Forked) -> None:
    project.write("ready.sh", 'test -s README.md && echo \'{"n": 3}\' > "$TODO_MANAGER_FACTS"\n')
    row = one(project, "script", "ready.sh", "expect={n: {ge: 3}}", "pins=README.md")
    assert row["facts"]["facts"] == {"n": 3}
    ran = project.ask("check", "script", "gone.sh").refused("invalid_document")
    assert "gone.sh: No such file or directory" in ran.error["message"]
    ran = project.ask("check", "file", "README.md", "pins=*.nothing").refused("invalid_document")
    assert "matches no file" in ran.error["message"]


def test_names_are_handed_over(project: Forked) -> None:
    one(project, "--var", "NAME=README", "file: ${NAME}.md")
    one(project, "--var", "NAME=owner", "command", 'grep -q "$NAME" README.md')
    one(project, "command", 'test -n "${NAME:-}"', exit=1)
    assert "is not declared" in project.ask("check", "file", "${NAME}").refused(
        "invalid_document"
    ).out  # fmt: skip
    for name in ("PATH=x", "LD_PRELOAD=x"):
        project.ask("check", "--var", name, "file", "README.md").refused("usage")


def test_a_secret_is_masked(project: Forked) -> None:
    words = ("check", "--secret", "DOOR", "command", 'echo "$DOOR"; test "$DOOR" = swordfish-1')
    for ran in (
        project.run(*words, env={"DOOR": "swordfish-1"}).ok(),
        project.ask(*words, env={"DOOR": "swordfish-1"}).ok(),
    ):
        assert "swordfish-1" not in ran.out.replace("= swordfish-1", "")
        assert "•••" in ran.out or "\\u2022" in ran.out
    assert "DOOR has no value" in project.ask(*words).refused("check_error").out


def test_for_each_runs_every_item(project: Forked) -> None:
    ran = project.ask("check", "{for_each: {f: [README.md, absent]}, file: '${f}'}")
    assert ran.exit == 1
    assert [row["verdict"] for row in ran.data["checks"]] == ["passed", "failed"]


WRONG = {
    (): ("usage", "a check is missing"),
    ("--yaml", "file: a", "file"): ("usage", "in words or in --yaml"),
    ("flie", "a"): ("usage", "there is no kind of check 'flie' (did you mean file?)"),
    ("file",): ("usage", "its subject is missing"),
    ("file", "a", "contains"): ("usage", "'contains' is not PARAMETER=VALUE"),
    ("file", "a", "mode=600", "mode=644"): ("usage", "stands twice"),
    ("file", "a", "conatins=x"): ("invalid_document", "conatins: unknown parameter (did you mean"),
    ("file", "a", "contains=[x"): ("invalid_document", "is not YAML"),
    ("file", "a", "max_age=soon"): ("invalid_document", "expected a duration"),
    ("command", "true"): ("invalid_document", "it asserts nothing"),
    ("command", "make || true"): ("invalid_document", "it asserts nothing"),
    ("just words",): ("invalid_document", "is a mapping"),
    ("[]",): ("invalid_document", "is a mapping"),
    ("{a: b",): ("invalid_document", "is not YAML"),
    ("{file: a, http: 'http://a/'}",): ("invalid_document", "names 2 kinds"),
    ("{attestation: a}",): ("invalid_document", "say what it is about"),
    ("--help", "flie"): ("usage", "did you mean file?"),
    ("--var", "x", "file: a"): ("usage", "is not NAME=VALUE"),
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_is_no_check(project: Forked, words: tuple[str, ...]) -> None:
    kind, message = WRONG[words]
    ran = project.ask("check", *words).refused(kind)
    assert message in ran.error["message"]
    assert "Traceback" not in ran.out + ran.err
    assert not (project.root / ".todo_manager").exists()


def test_yaml_from_standard_input(project: Forked, tmp_path: Path) -> None:
    """Standard input is empty in these tests, which is no check."""
    project.ask("check", "--yaml", "-").refused("invalid_document")


# What it prints

TREES = [
    {"file": "a", "contains": Seq([Scalar("x: y"), Scalar("- z"), Scalar("12")])},
    {"command": Seq([Scalar("sh"), Scalar("-c"), Scalar("a #b")]), "exit": Scalar("3", plain=True)},
    {"command": "one\n  two\n\nthree"},
    {"command": "one\ntwo\n"},
    {"command": "one\ntwo\n\n"},
    {"command": " one\ntwo"},
    {"command": 'say "it"\tnow \\ \u0007 ✔ \u2028 \ufeff'},
    {"file": "yes", "name": "null", "lacks": "~", "owner": "on", "sha256": "1e5"},
    {"file": "", "name": " blank ", "matches": "{a}", "contains": "[b]", "send": "*&!%@`"},
    {"http": "http://a/?b={c}", "json": Map({"a b": Scalar("1.50", plain=True), "c: d": "e"})},
    {"file": "true", "required": Scalar("true", plain=True), "x": Scalar("", plain=True)},
    {"no": "no", "12": "12", "file": "a,b", "k": Seq([]), "m": Map({})},
]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: ascii(tree)[:40])
def test_the_yaml_reads_back_as_the_very_check(tree: dict[str, Any]) -> None:
    whole = {k: v if isinstance(v, (Scalar, list, dict)) else Scalar(v) for k, v in tree.items()}
    for key, value in whole.items():
        if isinstance(value, dict):
            whole[key] = {k: v if isinstance(v, Scalar) else Scalar(v) for k, v in value.items()}
    written = textwrap.indent(yaml_text.item(whole), "      ")
    read = loader.read_tree(f"verify:\n{written}", "x")["verify"]
    assert [encode(each) for each in read] == [encode(whole)]


def test_what_it_prints_goes_into_a_plan(project: Forked) -> None:
    words = ("command", "for f in README.md; do\n  grep -q owner $f\ndone", "name=it's: here")
    yaml = project.ask("check", *words).ok().data["yaml"]
    assert yaml in project.run("check", *words).ok().out
    project.plan("p", f"- title: T\n  verify:\n{textwrap.indent(yaml, '  ')}")
    (check,) = project.ask("verify", "p", 0).ok().data["phases"][0]["checks"]
    assert (check["name"], check["subject"]) == ("it's: here", words[1])


# The kinds


@pytest.mark.parametrize("kind", KINDS)
def test_help_of_a_kind(project: Forked, kind: str) -> None:
    found = docs(kind)
    for words in (("--help", kind), (kind, "--help"), ("--kinds", kind)):
        said = project.run("check", *words).ok().out
        assert said.startswith(f"{kind}: ")
    assert all(len(line) <= 80 for line in said.splitlines() if line.strip() not in found.example)
    flat = " ".join(said.split())
    for parameter in found.parameters:
        assert f" {parameter.name}: " in flat
        assert " ".join(parameter.doc.split()) in flat
    assert " ".join(found.example.split()) in flat
    (row,) = project.ask("check", "--help", kind).ok().data["kinds"]
    assert row["kind"] == kind
    assert [p["name"] for p in row["parameters"]] == [p.name for p in found.parameters]


def test_the_list_of_kinds(project: Forked) -> None:
    said = project.run("check", "--kinds").ok().out
    for kind in KINDS:
        assert f"\n{kind} " in f"\n{said}"
    assert all(len(line) <= 80 for line in said.splitlines())
    rows = project.ask("check", "--kinds").ok().data["kinds"]
    assert [row["kind"] for row in rows] == sorted(KINDS)


def test_its_own_help(project: Forked) -> None:
    for words in ("--help", "-h"):
        assert project.run("check", words).ok().out.startswith("usage: todo_manager check")
