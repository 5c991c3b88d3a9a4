"""`doctor`: says what works, finds what is broken, and changes nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from forked import Forked
from gated import WAITS, new_project
from support import PROGRAM, Project, at_terminal

from todo_manager import checks, doctor
from todo_manager.checks.tcp import Tcp
from todo_manager.processes.client import Nanny

PLAN = "- {key: zero, title: Zero, verify: [{file: a}]}\n- {title: One, verify: [{tcp: '127.0.0.1:9'}]}"
HEAD = "inputs: [DATE, TAG]\nsecrets: [API_TOKEN, PIN]\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a plan that declares names, whose first phase is done."""
    found = new_project(tmp_path_factory.mktemp("model"))
    found.write("a", "a")
    found.plan("p", PLAN, head=HEAD)
    found.run("done", "p", 0).ok()
    return found.root


@pytest.fixture
def project(model: Path, project: Project) -> Forked:
    """A copy of it."""
    shutil.copytree(model, project.root, dirs_exist_ok=True)
    return Forked(project.root, Path(project.env["HOME"]))


def findings(project: Project, **options: Any) -> dict[str, dict[str, Any]]:
    """What doctor said without a problem, by name."""
    return by_name(project.run("doctor", json=True, **options).ok().data)


def by_name(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in data["findings"]}


def refused(project: Project, kind: str, name: str, *, problems: int = 1) -> dict[str, Any]:
    """The finding that made doctor end with this kind; everything else was looked at as well."""
    ran = project.ask("doctor").refused(kind)
    found = by_name(ran.data)
    assert found[name]["level"] == "problem"
    assert found[name]["kind"] == kind
    assert ran.error["hint"]
    assert {"python", "kinds", "terminal"} <= set(found)
    assert ran.data["counts"]["problem"] == problems
    return found[name]


def store(project: Project) -> Path:
    return project.root / ".todo_manager"


def test_a_project_in_order_has_no_problem_and_is_left_as_it_is(project):
    before = project.store_bytes()
    found = findings(project)
    assert not [each for each in found.values() if each["level"] == "problem"]
    assert {"python", "program", "libraries", "project", "store", "ledger", "running", "settings",
            "PATH", "env file", "kinds", "disk", "programs", "terminal"} <= set(found)  # fmt: skip
    assert found["project"]["said"] == str(project.root)
    assert found["store"]["said"].startswith("version 6, 1 plan,")
    assert project.store_bytes() == before
    told = project.run("doctor").ok().out
    assert "ok ✔      store: version 6" in told
    assert "\n          next: " in told


def test_every_topic_of_the_registry_is_a_module_and_every_module_a_topic():
    folder = Path(doctor.__file__).parent
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__", "base"}
    assert set(doctor.TOPICS) == modules


def test_without_a_project_the_program_and_the_machine_are_looked_at(tmp_path, project):
    (tmp_path / "empty").mkdir()
    nowhere = Forked(tmp_path / "empty", tmp_path)
    found = findings(nowhere)
    assert found["project"]["hint"] == "todo_manager init"
    assert "programs" in found
    assert list(nowhere.root.iterdir()) == []


# The store


def test_a_store_without_its_file_is_3(project):
    (store(project) / "store.db").unlink()
    refused(project, "store_missing", "store")


def test_a_store_that_is_no_database_is_3(project):
    (store(project) / "store.db").write_bytes(b"no database" * 1000)
    refused(project, "store_unreadable", "store")


def test_a_damaged_store_is_3(project):
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outputs'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with open(store(project) / "store.db", "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    assert "damaged" in refused(project, "store_unreadable", "store")["said"]


def test_a_store_of_a_newer_version_is_3(project):
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("PRAGMA user_version = 99")
    assert "version 99" in refused(project, "store_newer", "store")["said"]


def test_a_ledger_that_was_cut_off_is_9(project):
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("DROP TRIGGER ledger_no_delete")
        db.execute("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)")
        db.commit()
    assert "ends before event 2" in refused(project, "integrity", "ledger")["said"]


def test_rows_that_were_damaged_are_9(project):
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("UPDATE phases SET checks = 'no list'")
        db.commit()
    refused(project, "integrity", "kinds")
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("UPDATE phases SET checks = '[]'")
        db.execute("UPDATE plans SET names = 'no names'")
        db.commit()
    # Hosts stand in the same row, so the engines cannot be told either.
    found = refused(project, "integrity", "names", problems=2)
    assert "the row of p is damaged" in found["said"]


def test_a_head_that_is_gone_or_of_another_ledger_is_9(project):
    head = store(project) / "HEAD"
    text = head.read_text()
    head.write_text(text.split()[0] + " " + "f" * 64 + "\n")
    assert "is not the one HEAD has seen" in refused(project, "integrity", "ledger")["said"]
    head.unlink()
    refused(project, "integrity", "store")


def test_a_head_left_behind_by_a_crash_is_right_and_stays_as_it_is(project):
    head = store(project) / "HEAD"
    before = head.read_text()
    project.run("set", "p", "DATE=1").ok()
    head.write_text(before)
    assert "HEAD is 1 behind" in findings(project)["ledger"]["said"]
    assert head.read_text() == before


# Who holds a phase


@pytest.fixture
def running(project: Forked) -> Any:
    """A `done` in the middle of its check."""
    project.plan("q", f"- {{title: Waits, verify: [{WAITS}]}}")
    for name in ("started", "go"):
        os.mkfifo(project.root / name)
    process = project.start("done", "q", 0, "--json")
    (project.root / "started").read_text()
    yield process
    process.send_signal(signal.SIGCONT)
    (project.root / "go").write_text("on\n")
    process.communicate(timeout=60)


def test_a_phase_that_is_held_is_named_with_its_process(project, running):
    said = findings(project)["running"]["said"]
    assert said == f"q 0 held by process {running.pid}"


def test_a_stopped_process_that_holds_a_phase_is_7_with_the_way_out(project, running):
    running.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT)
    found = refused(project, "busy", "running")
    assert f"kill -CONT {running.pid}" in found["hint"]
    assert found["said"] == f"q 0 held by process {running.pid}, which is stopped: {running.pid}"


# Settings


def test_each_setting_is_told_with_its_origin(project):
    project.write("todo_manager.yaml", "# first\npath: [bin, /opt]\nenv_file: x.env\n")
    (project.root / "bin").mkdir()
    found = findings(project)
    assert found["path"]["said"] == "bin, /opt (todo_manager.yaml:2)"
    assert found["env_file"]["said"] == "x.env (todo_manager.yaml:3)"
    assert found["tools"]["said"] == "none (default)"
    assert (
        f":/opt:{os.path.dirname(PROGRAM[0])}; shell texts and scripts do not search bin"
        in (found["PATH"]["said"])
    )


def test_a_folder_of_the_path_that_is_not_there_is_a_warning(project):
    project.write("todo_manager.yaml", "path: [nowhere]\n")
    found = findings(project)["PATH"]
    assert (found["level"], "nowhere" in found["said"]) == ("warning", True)


def test_settings_that_do_not_load_are_2_with_their_line(project):
    project.write("todo_manager.yaml", "env_file: .env\npaht: [x]\n")
    assert "todo_manager.yaml:2" in refused(project, "invalid_document", "settings")["said"]


def test_a_tool_that_is_not_the_one_that_was_named_is_5(project):
    project.write("todo_manager.yaml", f"tools: {{sh: {{path: /bin/sh, sha256: '{'0' * 64}'}}}}\n")
    assert "is not the sh of the settings" in refused(project, "check_error", "tool sh")["said"]


def test_the_editor_schema_of_another_version_is_a_warning(project):
    project.run("init").ok()
    assert findings(project)["editor schema"]["level"] == "ok"
    (project.root / "plans/.schema.json").write_text("{}")
    found = findings(project)["editor schema"]
    assert found["level"] == "warning"
    command = found["hint"].replace("todo_manager", " ".join(PROGRAM), 1)
    assert os.system(f"cd {project.root} && PYTHONPATH={project.env['PYTHONPATH']} {command}") == 0
    assert findings(project)["editor schema"]["level"] == "ok"


# Inputs and secrets


def test_names_are_told_with_where_they_come_from_and_never_with_their_values(project):
    project.write(".env", "API_TOKEN=hidden-from-everybody\nTAG=seen-in-file\nOTHER=1\n")
    found = findings(project, env={"DATE": "from-around", "PIN": "12"})
    assert found["env file"]["said"] == ".env gives API_TOKEN, TAG; no open plan asks for OTHER"
    assert "value from the environment" in found["input DATE"]["said"]
    assert "value from .env" in found["input TAG"]["said"]
    assert found["secret API_TOKEN"]["said"] == "of p: from .env, masked"
    assert found["secret PIN"]["level"] == "warning"
    told = str(found) + project.run("doctor", env={"PIN": "12345"}).ok().out
    for value in ("hidden-from-everybody", "seen-in-file", "from-around", "12345"):
        assert value not in told


def test_names_without_a_value_are_warnings_with_what_to_type(project):
    found = findings(project)
    assert found["input DATE"]["hint"] == "todo_manager set p DATE=…"
    assert found["secret API_TOKEN"]["level"] == "warning"
    project.run("set", "p", "DATE=1").ok()
    assert "input DATE" not in findings(project)


def test_an_env_file_that_does_not_load_is_2_and_shows_no_value(project):
    project.write(".env", "API_TOKEN='not-closed-secret\n")
    found = refused(project, "invalid_document", "names")
    assert ".env:1" in found["said"]
    assert "not-closed" not in project.run("doctor").out


# Kinds and programs


def test_kinds_name_what_they_need():
    needs = {name: checks.load(name).needs for name in checks.KINDS}
    assert needs["git"] == ("git",)
    assert needs["pytest"] == ("python -m pytest",)
    assert needs["dependency_audit"] == ("pip-audit",)
    assert checks.load("machine").needs_for["gpu"] == "nvidia-smi"
    assert not needs["file"]


def test_a_kind_without_its_program_is_a_warning_and_in_an_open_plan_5(project, monkeypatch):
    monkeypatch.setattr(Tcp, "needs", ("no-such-program",))
    assert "p has such a check" in refused(project, "check_error", "kind tcp")["said"]
    project.run("archive", "p").ok()
    found = findings(project)["kind tcp"]
    assert (found["level"], found["said"].startswith("needs no-such-program")) == ("warning", True)


def test_a_kind_that_lacks_something_for_a_parameter_says_which(project, monkeypatch):
    monkeypatch.setattr(Tcp, "needs_for", {"listening": "python -m no_such_module"})
    said = findings(project)["kind tcp"]["said"]
    assert said.startswith("can look here, but not with `listening`: needs no_such_module")


def test_a_module_that_lies_in_the_project_does_not_count(project, monkeypatch):
    project.write("planted_module.py", "")
    monkeypatch.setattr(Tcp, "needs", ("python -m planted_module",))
    refused(project, "check_error", "kind tcp")


def test_a_machine_that_starts_no_programs_is_5(project, monkeypatch):
    def start(nanny: Nanny) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(Nanny, "start", start)
    assert "no more processes" in refused(project, "check_error", "programs")["said"]


@pytest.mark.parametrize(
    ("free", "level"), [(10**5, "problem"), (5 * 10**7, "warning"), (10**9, "ok")]
)
def test_room_on_the_disk(project, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    ran = project.ask("doctor")
    assert by_name(ran.data)["disk"]["level"] == level
    if level == "problem":
        ran.refused("disk_full")


def test_the_terminal_is_told_as_it_is(project):
    argv = [*PROGRAM, "doctor"]
    assert "terminal: none" in project.run("doctor").ok().out
    env = project.env | {"TERM": "xterm", "NO_COLOR": "1"}
    assert "xterm, no colour, utf-8" in at_terminal(argv, project.root, env, "").ok().out
    ran = at_terminal(argv, project.root, env | {"PYTHONIOENCODING": "ascii"}, "").ok()
    assert "glyphs are shown in ASCII" in ran.out
    assert ran.out.isascii()


@pytest.mark.parametrize("columns", [40, 120])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(project, columns):
    said = project.run("doctor").ok().out
    words = f"stty cols {columns}; exec {shlex.join([*PROGRAM, 'doctor'])}"
    env = project.env | {"TERM": "dumb"}
    shown = at_terminal(["bash", "-c", words], project.root, env, "").ok().out
    assert max(map(len, shown.splitlines())) <= columns
    assert squeezed(shown) == squeezed(said)


def squeezed(text: str) -> str:
    """Everything but the terminal's own line, blanks and the room on the disks."""
    return re.sub(r"\s|[\d.]+ GB", "", text.partition("terminal: ")[0])
