"""`tui --web`: a real server, a real browser, and nothing left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
from required import absent
from support import PROGRAM

from tui.web import allowed

SECONDS = 30


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextlib.contextmanager
def served(project: Any, port: int) -> Iterator[subprocess.Popen[str]]:
    """The server of a project, once it says that it listens."""
    process = subprocess.Popen(
        [*PROGRAM, "tui", "--web", "--port", str(port)],
        cwd=project.root,
        env=project.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        ready, _, _ = select.select([process.stderr], [], [], SECONDS)
        assert ready
        line = process.stderr.readline()
        assert f"http://127.0.0.1:{port}/" in line, line
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(port: int, path: str = "/", **headers: str) -> int:
    """The status of an answer."""
    end = time.monotonic() + SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)
        finally:
            connection.close()


def pages(port: int) -> list[int]:
    """The processes that show pages: those that were told to by a server of this session."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            place = Path(f"/proc/{pid}/environ").read_bytes()
            if (
                any(word.endswith((b"web_page.py", b"look.py")) for word in words)
                and b"TEXTUAL_DRIVER" in place
            ):
                found.append(int(pid))
    return found


def until(true: Any) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_only_this_machine_is_answered_and_no_page_of_others(project: Any) -> None:
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    port = free_port()
    with served(project, port) as process:
        here = f"127.0.0.1:{port}"
        assert asked(port, Host=here) == 200
        assert asked(port, Host=f"evil.example:{port}") == 403
        assert asked(port, "/ws", Host=here, Origin="http://evil.example") == 403
        assert asked(port, Host=here, Origin="null") == 403
        listening = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True)
        mine = [line for line in listening.stdout.decode().splitlines() if f":{port:04X} " in line]
        assert [line.split()[1] for line in mine if line.split()[3] == "0A"] == [
            f"0100007F:{port:04X}"
        ]
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("host", "origin", "answered"),
    [
        ("127.0.0.1:80", None, True),
        ("localhost:80", "http://localhost:80", True),
        ("localhost:80", "https://localhost:80", False),
        ("127.0.0.1:81", None, False),
        ("127.0.0.1.evil.example:80", None, False),
        ("", None, False),
        ("localhost:80", "http://localhost:8080", False),
    ],
)
def test_what_is_answered(host: str, origin: str | None, answered: bool) -> None:
    assert allowed(host, origin, 80) is answered


def test_a_port_that_is_taken_is_said(project: Any) -> None:
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = project.run("tui", "--web", "--port", port)
    assert found.exit == 3
    assert "cannot be listened at" in found.err
    assert "todo_manager tui --web --port" in found.err


TYPED = """
(() => {{
  const field = document.querySelector("textarea.xterm-helper-textarea");
  const init = {{key: "{key}", bubbles: true, cancelable: true}};
  field.dispatchEvent(new KeyboardEvent("keydown", init));
  const press = new KeyboardEvent("keypress", init);
  Object.defineProperty(press, "charCode", {{value: "{key}".charCodeAt(0)}});
  field.dispatchEvent(press);
}})()
"""
"""Types a key into the terminal of the page."""


def test_a_browser_shows_it_read_only_and_nothing_stays_behind(
    project: Any, tmp_path: Path
) -> None:
    path = browser.program()
    if path is None:
        absent("browser", "no Chromium is installed")
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    before = project.store_bytes()
    port = free_port()
    with served(project, port) as process:
        with browser.Browser(path) as chromium:
            page = chromium.open(f"http://127.0.0.1:{port}/", width=1200, height=700)
            until(lambda: b"shop" in page.received and b"RO" in page.received)
            page.picture(tmp_path / "page.png")
            for key in ("v", "d"):
                page.evaluate(TYPED.format(key=key))
            page.evaluate(TYPED.format(key="?"))
            until(lambda: b"keys of plans" in page.received)
            assert {url.split("/")[2] for url in page.requests} == {f"127.0.0.1:{port}"}
            assert not [each for each in page.errors if '"level": "error"' in each]
            assert len(pages(port)) >= 1
        until(lambda: not pages(port))  # the browser has gone, and the page with it
        with browser.Browser(path) as chromium:
            page = chromium.open(f"http://127.0.0.1:{port}/", width=600, height=400)
            until(lambda: b"shop" in page.received)
            process.kill()  # the server is gone without a word, and the page with it
            until(lambda: not pages(port))
    assert project.store_bytes() == before
