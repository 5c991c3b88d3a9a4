"""Preflight: demanded before anything is executed, never by `done`; and of free arguments."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


PLAN = """
- title: One
  preflight: [{file: ready, min_size: 0}]
  steps: [{run: echo > made}]
  verify: [{file: proof, min_size: 0}]
- title: Two
  needs: []
  steps: [{run: echo > made}]
  verify: [{file: proof, min_size: 0}]
"""
HEAD = "preflight: [{file: machine, min_size: 0}]\n"


@pytest.fixture
def planned(project: Forked) -> Forked:
    project.plan("p", PLAN, head=HEAD)
    return project


@pytest.mark.parametrize("words", [("run", "p", 0), ("exec", "p", 0, "--run"), ("run", "p")])
def test_nothing_is_executed_before_it_holds(planned: Forked, words: tuple[object, ...]) -> None:
    planned.write("proof")
    ran = planned.ask(*words).refused("preflight_failed")
    assert "2 of 2" in ran.error["message"]
    planned.write("machine")
    ran = planned.ask(*words).refused("preflight_failed")
    assert "file ready: does not exist" in ran.error["message"]
    assert not (planned.root / "made").exists()
    events = planned.events("ran")
    assert [event["data"]["verdict"] for event in events] == ["refused", "refused"]
    assert [row["verdict"] for row in events[1]["data"]["checks"]] == ["passed", "failed"]
    assert events[1]["data"]["steps"] == []
    planned.write("ready")
    planned.ask(*words).ok()
    assert (planned.root / "made").exists()


def test_done_does_not_ask_for_it(planned: Forked) -> None:
    planned.write("proof")
    planned.ask("done", "p", 0).ok()


def test_undo_demands_it_too(project: Forked) -> None:
    project.plan("p", "- {title: T, verify: [{file: a}], undo: [{run: touch undone}]}", head=HEAD)
    project.ask("run", "p", 0, "--undo").refused("preflight_failed")
    project.write("machine")
    project.ask("run", "p", 0, "--undo").ok()


def test_what_cannot_be_looked_at_is_an_error(project: Forked) -> None:
    project.plan("p", steps_with("[{command: [no-such-program]}]"))
    ran = project.ask("run", "p", 0).refused("check_error")
    assert "needs no-such-program" in ran.error["message"]
    assert not (project.root / "made").exists()


def test_what_is_not_required_stops_nothing(project: Forked) -> None:
    project.plan("p", steps_with("[{file: nothing, required: false}]"))
    project.write("proof")
    project.ask("run", "p", 0).ok()


def steps_with(preflight: str) -> str:
    return f"""
- title: T
  preflight: {preflight}
  steps: [{{run: echo > made}}]
  verify: [{{file: proof, min_size: 0}}]
"""


# The verb, of a plan


def test_of_a_plan_and_of_a_phase(planned: Forked) -> None:
    planned.write("machine")
    found = planned.ask("preflight", "p").refused("preflight_failed").data["preflight"]
    assert [(row["phase"], row["id"], row["verdict"]) for row in found] == [
        (0, "p1", "passed"), (0, "p1-2", "failed"), (1, "p1", "passed"),
    ]  # fmt: skip
    planned.ask("preflight", "p", 1).ok()
    planned.ask("preflight", "p", 0).refused("preflight_failed")
    planned.ask("preflight", "p", 0, "--warn").ok()
    assert "warning: phase 0" in planned.run("preflight", "p", 0, "--warn").ok().err
    planned.ask("preflight", "p", 7).refused("unknown_phase")
    planned.ask("preflight", "p", 0, 1).refused("usage")
    planned.ask("preflight", "nothing").refused("unknown_plan")
    assert len(planned.events()) == 1, "it records nothing"


def test_a_script_of_the_preflight_is_bound(project: Forked) -> None:
    project.write("tools/ready.sh", "exit 0\n")
    project.plan("p", steps_with("[{script: tools/ready.sh}]"))
    project.ask("preflight", "p", 0).ok()
    project.write("tools/ready.sh", "touch planted\n")
    project.ask("preflight", "p", 0).refused("definition_changed")
    project.ask("run", "p", 0).refused("definition_changed")
    assert not (project.root / "planted").exists()


# The verb, of free arguments


@pytest.fixture
def port() -> Iterator[int]:
    """A web server that answers 200 to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/absent" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nothing listens, and nothing will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def test_without_a_project_and_without_a_store(project: Forked, port: int) -> None:
    project.write("ready")
    words = (
        f"127.0.0.1:{port}",
        f"http://127.0.0.1:{port}/health",
        "./ready",
        f"{project.root}/ready",
    )
    project.ask("preflight", *words).ok()
    assert not (project.root / ".todo_manager").exists()


def test_what_is_missing_is_named(project: Forked, port: int, closed: int) -> None:
    words = (f"127.0.0.1:{closed}", f"http://127.0.0.1:{port}/absent", "./nothing", f"localhost:{port}")  # fmt: skip
    ran = project.ask("preflight", *words).refused("preflight_failed")
    assert "3 of 4" in ran.error["message"]
    for word in (f"127.0.0.1:{closed}: ", "/absent: ", "./nothing: "):
        assert word in ran.error["message"]
    assert "preflight: 3 of 4 that must" in project.run("preflight", *words).err
    ran = project.run("preflight", *words, "--warn")
    assert ran.exit == 0
    assert "warning: 3 of 4 that must" in ran.err


def test_a_name_that_does_not_resolve_is_an_error(project: Forked) -> None:
    project.ask("preflight", "no-such-host.invalid:80").refused("check_error")


def test_each_has_a_deadline_of_its_own(project: Forked, closed: int) -> None:
    began = time.monotonic()
    words = [f"127.0.0.1:{closed}", f"http://127.0.0.1:{closed}/", "./nothing"]
    rows = project.ask("preflight", *words, "--timeout", 1, "--every", "100ms")
    took = time.monotonic() - began
    found = rows.refused("preflight_failed").data["preflight"]
    assert 0.8 < took < 5
    assert all(row["attempts"] > 2 for row in found)


def test_it_waits_until_it_is_there(project: Forked) -> None:
    project.write("flag")
    (project.root / "flag").unlink()
    timer = threading.Timer(0.4, lambda: project.write("flag"))
    timer.start()
    project.ask("preflight", "./flag", "--timeout", 30, "--every", "50ms").ok()
    timer.join()


BAD = {
    "an unknown scheme": (("ftp://a/b",), "usage"),
    "a port that is none": (("a:99999",), "usage"),
    "a time that is none": (("a:1", "--timeout", "soon"), "usage"),
    "nothing": ((), "usage"),
    "a plan without a store": (("p",), "store_missing"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_makes_no_sense(project: Forked, what: str) -> None:
    words, kind = BAD[what]
    project.ask("preflight", *words).refused(kind)
