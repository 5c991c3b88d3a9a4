"""The kind `log`, of containers on a real engine and of files: and what has fooled such checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import problems, retold, run, state, verdict, verdicts
from engine import Engine, until
from gated import new_project
from support import Project

pytestmark = pytest.mark.engine

ONCE = "if test -e /was; then echo again; else touch /was; echo first; fi; echo up; "
LONG = "busybox head -c 16380 /dev/zero | busybox tr '\\0' x; echo NEEDLE; echo end; sleep 600"
"""A line that the engine keeps in two pieces, with a word across the cut."""


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    engine.image("log:image")
    talk = "echo hello; echo ready in 3 s; echo warn: disk >&2; echo warn: net >&2; sleep 600"
    run(engine, "talk", "log:image", "--label", "app=talk", command=talk)
    run(engine, "terminal", "log:image", "-t", command=talk)
    run(engine, "kept-local", "log:image", "--log-driver", "local", command=talk)
    fill = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo a line that fills it up; done; "
    for name, size, files, command in (
        ("kept-little", "1k", 1, f"echo error; {fill} echo up; sleep 600"),
        ("kept-two", "1k", 2, f"echo error; {fill * 3} echo up; sleep 600"),
        ("kept-much", "1m", 3, talk),
    ):
        options = ("--log-opt", f"max-size={size}", "--log-opt", f"max-file={files}")
        run(engine, name, "log:image", *options, command=command)
    run(engine, "kept-nowhere", "log:image", "--log-driver", "none", command=talk)
    run(engine, "silent", "log:image", command="echo; sleep 600")
    run(engine, "long", "log:image", command=LONG)
    run(engine, "long-terminal", "log:image", "-t", command=LONG)
    run(engine, "binary", "log:image", command="echo control; printf 'e\\0r\\0r\\0\\n'; sleep 600")
    run(engine, "unended", "log:image", command="printf 'a\\ndone'")
    run(engine, "again", "log:image", command=ONCE + "sleep 600")
    run(engine, "crashed", "log:image", "--restart", "on-failure:1", command=ONCE + "exit 1")
    engine.docker("rm", "-f", "fresh")
    assert engine.docker("create", "--name", "fresh", "log:image", "true").returncode == 0
    for name, word in (("talk", "net"), ("terminal", "net"), ("kept-local", "net"),
                       ("long", "end"), ("long-terminal", "end"), ("binary", "control"), ("kept-little", "up"), ("kept-two", "up"),
                       ("kept-much", "net")):  # fmt: skip
        until(lambda n=name, w=word: w in wrote(engine, n), name)
    until(lambda: "up" in wrote(engine, "again"), "the first start")
    engine.docker("restart", "-t", "0", "again")
    until(lambda: "again" in wrote(engine, "again"), "the second start")
    until(lambda: engine.api.inspect_container("crashed")["RestartCount"] == 1, "crashed")
    for name in ("crashed", "unended"):
        until(lambda n=name: state(engine, n)["Status"] == "exited", name)
    found = new_project(tmp_path_factory.mktemp("log"))
    found.write("logs/app.log", "start\nwarn: disk\nwarn: net\nready in 3 s\ndone")
    found.write("app.log", "start\n")
    found.write("blank.log", "\n \n")
    found.write("empty.log", "")
    (found.root / "utf16.log").write_bytes("control\nerr\n".encode("utf-16"))
    (found.root / "out.log").symlink_to("/etc/passwd")
    yield found
    engine.remove_containers()


def wrote(engine: Engine, name: str) -> str:
    """Everything a container ever wrote, as Docker's own client has it."""
    ran = engine.docker("logs", name)
    return ran.stdout + ran.stderr


GOOD = [
    "log: talk",
    "log: app=talk, contains: hello",
    "log: talk, contains: [hello, 'warn: disk'], lacks: [error], since: started",
    "log: talk, matches: '^ready in [0-9]+ s$', since: 1h",
    "log: talk, contains: 'warn:', times: 2",
    "log: talk, matches: '^warn', times: {ge: 2}",
    "log: terminal, contains: hello, matches: '^ready in 3 s$', lacks: error",
    "log: terminal, contains: 'warn:', times: 2",
    "log: kept-local, contains: [hello, 'warn: net'], lacks: error",
    "log: kept-little, contains: up",
    "log: kept-two, contains: a line, times: {ge: 2}",
    "log: kept-much, contains: hello, lacks: error",
    "log: kept-much, contains: 'warn:', times: 2",
    "log: again, contains: [again, up], lacks: first",
    "log: again, contains: up, times: 1",
    "log: crashed, contains: [again, up], lacks: first",
    "log: long, contains: xxxxNEEDLE, matches: '^x+NEEDLE$'",
    "log: long-terminal, contains: xxxxNEEDLE, lacks: error",
    "log: unended, matches: '^done$'",
    "log: logs/app.log, contains: start, lacks: error",
    "log: ./app.log, matches: '^start$'",
    "log: logs/app.log, contains: 'warn:', times: 2",
    "log: logs/app.log, contains: done",
]
BAD = {
    "log: nobody": "has no container nobody",
    "log: tal": "has no container tal",
    "log: app=tal": "has no container with the label app=tal",
    "log: app.log": "has no container app.log; for the file write ./app.log",
    "log: fresh": "it was never started",
    "log: silent": "it holds none",
    "log: silent, contains: x, lacks: error": "it holds none",
    "log: talk, contains: [hello, bye]": "no line of it does",
    "log: talk, contains: bye, lacks: error": "no line of it does",
    "log: talk, contains: hello, lacks: 'warn: disk'": "a line of it holds that",
    "log: terminal, contains: hello, lacks: 'warn: disk'": "a line of it holds that",
    "log: talk, matches: '^disk'": "no line of it does",
    "log: talk, contains: 'warn:', times: 3": "in 2",
    "log: talk, contains: 'warn:', times: {gt: 2}": "in 2",
    "log: again, contains: first": "no line of it does",
    "log: crashed, contains: first": "no line of it does",
    "log: logs/none.log": "logs/none.log does not exist",
    "log: logs/app.log, matches: '^done$'": "no line of it does",
    "log: logs/app.log, contains: start, lacks: 'warn:'": "a line of it holds that",
    "log: ./blank.log": "it holds none",
    "log: ./empty.log": "it holds none",
    "log: ./logs": "it is not a regular file",
}
ERRORS = {
    "log: kept-little, contains: up, lacks: error": "keeps only some (max-file=1, max-size=1k)",
    "log: kept-two, contains: up, lacks: error": "lines may be gone",
    "log: kept-two, contains: a line, times: 20": "lines may be gone",
    "log: kept-nowhere": "cannot be read (driver none)",
    "log: binary, contains: control, lacks: err": "it holds NUL bytes",
    "log: ./utf16.log, matches: 'c', lacks: err": "it holds NUL bytes",
    "log: ./out.log": "leaves the project through a symlink",
}
REFUSED = {
    "log: talk, lacks: error": "also passes on an empty log",
    "log: talk, times: 2": "times counts the lines of one text",
    "log: talk, contains: [a, b], times: 2": "times counts the lines of one text",
    "log: talk, contains: a, matches: b, times: 2": "times counts the lines of one text",
    "log: talk, contains: a, times: 0": "use lacks for that",
    "log: talk, contains: a, times: {le: 5}": "use lacks for that",
    "log: talk, contains: a, times: x": "expected a number from 1",
    "log: talk, contains: ''": "asserts nothing",
    "log: talk, matches: 'a*'": "asserts nothing",
    "log: talk, since: yesterday": "expected a duration",
    "log: /talk/": "a folder is no log",
    "log: ../app.log": "no `..` in it",
    "log: a b": "is not the name of a container",
    "log: logs/app.log, since: started": "nothing says when a line of a file was written",
    "log: talk, host: pc9": "there is no host 'pc9'",
}


@pytest.fixture(scope="module")
def rows(place: Project, engine: Engine) -> dict[str, dict[str, Any]]:
    return verdicts(place, engine.head(), [*GOOD, *BAD, *ERRORS])


@pytest.mark.parametrize("check", GOOD)
def test_logs_that_are_as_they_should_be(rows: dict[str, Any], check: str) -> None:
    assert rows[check]["verdict"] == "passed", rows[check]


@pytest.mark.parametrize("check", BAD)
def test_logs_that_are_not(rows: dict[str, Any], check: str) -> None:
    assert rows[check]["verdict"] == "failed", rows[check]
    assert BAD[check] in rows[check]["actual"]


@pytest.mark.parametrize("check", ERRORS)
def test_logs_that_cannot_be_judged(rows: dict[str, Any], check: str) -> None:
    assert rows[check]["verdict"] == "error", rows[check]
    assert ERRORS[check] in rows[check]["actual"]


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Project, check: str) -> None:
    assert REFUSED[check] in problems(place, check)


def test_a_file_is_on_this_machine(place: Project) -> None:
    place.plan("bad", "- {title: T, verify: [{log: ./app.log, host: pc2}]}", imported=False,
               head='hosts: {pc2: {docker: "unix:///run/pc2.sock"}}\n')  # fmt: skip
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert "a file is looked at on this machine only" in "\n".join(told)


def test_the_lines_are_evidence(rows: dict[str, Any]) -> None:
    found = rows["log: talk"]
    assert [(each["stream"], each["size"]) for each in found["outputs"]] == [
        ("stdout", len("hello\nready in 3 s\n")),
        ("stderr", len("warn: disk\nwarn: net\n")),
    ]
    assert found["facts"]["container"]["name"] == "talk"


def test_a_line_that_comes_in_time(place: Project, engine: Engine) -> None:
    run(engine, "slow", "log:image", command="echo start; sleep 1; echo ready; sleep 600")
    row = verdict(place, engine.head(), "log: slow, contains: ready, within: 20s, every: 100ms")
    assert row["verdict"] == "passed", row
    assert row["attempts"] > 1


def test_lines_that_are_too_old(place: Project, engine: Engine, tmp_path: Path) -> None:
    """An hour later by the clock of the engine, which is the one its lines are timed by."""

    def change(path: str, document: Any) -> Any:
        if path == "/info":
            year, rest = document["SystemTime"].split("-", 1)
            document["SystemTime"] = f"{int(year) + 1}-{rest}"
        return document

    with retold(engine, tmp_path, change) as head:
        checks = ["log: talk, contains: hello, since: 10m", "log: talk, contains: hello"]
        found = verdicts(place, head, checks)
    assert [found[check]["verdict"] for check in checks] == ["failed", "passed"]


LONGER = {
    "log: long, contains: xxxx": "passed",
    "log: long, contains: end": "error",
    "log: long, contains: xxxx, lacks: nothing like it": "error",
    "log: long, contains: xxxx, times: 1": "error",
    "log: terminal, contains: hello": "passed",
    "log: terminal, contains: 'warn: net'": "error",
    "log: logs/app.log, contains: start": "passed",
    "log: logs/app.log, contains: nothing like it": "error",
    "log: logs/app.log, contains: start, lacks: nothing like it": "error",
}


def test_a_log_that_is_longer_than_is_searched(
    place: Project, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is seen in its beginning is there; nothing can be said of the rest."""
    monkeypatch.setattr("todo_manager.checks.log.CONTENT_LIMIT", 10)
    monkeypatch.setattr("todo_manager.checks.ground.CONTENT_LIMIT", 10)
    found = verdicts(place, engine.head(), LONGER)
    assert {check: row["verdict"] for check, row in found.items()} == LONGER


BROKEN = {
    "log: talk, contains: hello": {
        "could not read the log to its end: disk trouble": b"\3\0\0\0\0\0\0\x0ddisk trouble\n",
        "stopped in the middle of the log": b"\1\0\0\0\0\0\0\x09bye",
    },
    "log: terminal, contains: hello": {
        "could not read the log to its end: Error grabbing logs: x": b"Error grabbing logs: x\r\n",
    },
}


@pytest.mark.parametrize("check", BROKEN)
def test_an_engine_that_cannot_read_on_is_an_error(
    place: Project, engine: Engine, tmp_path: Path, check: str
) -> None:
    for expected, more in BROKEN[check].items():

        def change(path: str, document: Any, more: bytes = more) -> Any:
            return document + more if path.endswith("/logs") else document

        with retold(engine, tmp_path, change) as head:
            row = verdict(place, head, check)
        assert row["verdict"] == "error", row
        assert expected in row["actual"]


def test_a_container_that_is_started_again_while_its_log_is_read(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    run(engine, "sudden", "log:image", command=ONCE + "sleep 600")

    def change(path: str, document: Any) -> Any:
        if path.endswith("/logs"):
            engine.docker("restart", "-t", "0", "sudden")
        return document

    until(lambda: "up" in wrote(engine, "sudden"), "sudden")
    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "log: sudden, contains: first")
    assert row["verdict"] == "error", row
    assert "was started again while its log was read" in row["actual"]


def test_an_engine_that_is_not_there_is_an_error(place: Project) -> None:
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    row = verdict(place, head, "log: talk")
    assert row["verdict"] == "error"
    assert "does not answer" in row["message"]
