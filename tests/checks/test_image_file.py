"""The kind `image_file` on a real engine: what it finds, and everything that has fooled such checks."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import verdict
from engine import DOCKER, Engine, until
from forked import Forked
from gated import new_project

from todo_manager.engines.left_over import LABEL, NAME, owner

pytestmark = pytest.mark.engine

LARGE = 17 * 2**20
HUGE = 250 * 2**20
"""Bytes it takes an engine more than a moment to hand over."""


def member(name: str, data: bytes = b"", **attributes: Any) -> tuple[tarfile.TarInfo, bytes]:
    """One member of an image's file system; a `link` is where a symbolic link leads."""
    found = tarfile.TarInfo(name)
    found.size, found.mode = len(data), 0o644
    if "link" in attributes:
        found.type, found.linkname = tarfile.SYMTYPE, attributes.pop("link")
    for key, value in attributes.items():
        setattr(found, key, value)
    return found, data


MEMBERS = [
    member("app/server.py", b"print('up')\n", mode=0o755, uid=10001, gid=10002),
    member("app/empty"),
    member("app/utf16", "secret=1".encode("utf-16")),
    member("app/large", b"x" * LARGE),
    member("app/set-uid", b"x", mode=0o4755),
    member("app/pipe", type=tarfile.FIFOTYPE),
    member("app/folder", type=tarfile.DIRTYPE, mode=0o750),
    member("app/broken", link="nowhere"),
    member("app/loop", link="loop"),
    member("app/up", link="../../../../../../app/server.py"),
    member("app/absolute", link="/app/server.py"),
    member("app/outside", link="/etc/machine-id-of-this-host"),
    member("other/deep/here", b"inside\n"),
    member("turn", link="other/deep"),
    member("other/server.py", b"the other one\n"),
    member("twist/back", link="x/../server.py"),
    member("twist/x", link="/other/deep"),
]


def archive(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return found.getvalue()


def load(engine: Engine, reference: str, tar: bytes, *changes: str) -> None:
    options = [word for change in changes for word in ("-c", change)]
    made = subprocess.run(
        [DOCKER, "-H", engine.url, "import", *options, "-", reference],
        input=tar,
        capture_output=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr.decode()


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    load(engine, "files:1", archive(MEMBERS), "VOLUME /app")
    return new_project(tmp_path_factory.mktemp("image_file"))  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def nothing_stays(engine: Engine) -> Iterator[None]:
    """Whatever came of a check, its container is gone, and so are the volumes of that."""
    before = engine.docker("volume", "ls", "-q").stdout
    yield
    assert engine.docker("ps", "-aq", "--filter", f"label={LABEL}").stdout == ""
    assert engine.docker("volume", "ls", "-q").stdout == before


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


OF = "of: 'files:1'"
GOOD = [
    f"image_file: /app/server.py, {OF}",
    f"image_file: /app/server.py, {OF}, mode: 0755, uid: 10001, gid: 10002",
    f"image_file: /app/server.py, {OF}, contains: print, lacks: secret",
    f"image_file: /app/server.py, {OF}, sha256: '{digest(MEMBERS[0][1])}'",
    f"image_file: /app/empty, {OF}, sha256: '{digest(b'')}'",
    f"image_file: /app/large, {OF}, sha256: '{digest(b'x' * LARGE)}'",
    f"image_file: /app/folder, {OF}, mode: 0750",
    f"image_file: /app/set-uid, {OF}, mode: 04755",
    f"image_file: /app/up, {OF}, contains: print",
    f"image_file: /app/absolute, {OF}, contains: print, mode: 0755",
    f"image_file: /turn/here, {OF}, contains: inside",
    f"image_file: /twist/back, {OF}, contains: the other one",
    f"image_file: /app/nothing, {OF}, exists: false",
    f"image_file: /nowhere/nothing, {OF}, exists: false",
    f"image_file: /app/server.py/below, {OF}, exists: false",
]
BAD = {
    "image_file: /app/server.py, of: 'files:gone'": "has no image files:gone",
    f"image_file: /app/nothing, {OF}": "it is not there",
    f"image_file: /app/server.py/below, {OF}": "it is not there",
    f"image_file: /app/server.py, {OF}, exists: false": "there: a file",
    f"image_file: /app/folder, {OF}, exists: false": "there: a folder",
    f"image_file: /app/broken, {OF}, exists: false": "there: a link",
    f"image_file: /app/broken, {OF}": "/app/broken leads to nowhere, which is not there",
    f"image_file: /app/outside, {OF}": "which is not there",
    f"image_file: /app/empty, {OF}": "it holds 0 B",
    f"image_file: /app/empty, {OF}, lacks: secret": "it is blank",
    f"image_file: /app/server.py, {OF}, contains: secret": "not in it",
    f"image_file: /app/server.py, {OF}, lacks: print": "in it",
    f"image_file: /app/server.py, {OF}, mode: 0644": "it has 0755",
    f"image_file: /app/set-uid, {OF}, mode: 0755": "it has 4755",
    f"image_file: /app/server.py, {OF}, uid: 0": "it has 10001",
    f"image_file: /app/server.py, {OF}, gid: 10001": "it has 10002",
    f"image_file: /app/server.py, {OF}, sha256: '{'0' * 64}'": f"it has {digest(MEMBERS[0][1])}",
    f"image_file: /app/folder, {OF}, contains: a": "it is a folder",
    f"image_file: /app/pipe, {OF}": "it is neither a file nor a folder",
}
UNCLEAR = {
    f"image_file: /app/loop, {OF}": "too many links",
    f"image_file: /app/utf16, {OF}, lacks: secret": "it is not UTF-8 text",
    f"image_file: /app/large, {OF}, lacks: secret": "larger than 16 MiB",
    f"image_file: /app/large, {OF}, contains: x": "larger than 16 MiB",
    "image_file: /app": "no image is named",
}
REFUSED = {
    f"image_file: app/server.py, {OF}": "from the root of the image",
    f"image_file: /app/../etc/passwd, {OF}": "write the path plainly",
    f"image_file: /app/, {OF}": "write the path plainly",
    f"image_file: /.dockerenv, {OF}": "every engine puts /.dockerenv into every container",
    f"image_file: /etc/hosts, {OF}, exists: false": "every engine puts /etc/hosts",
    f"image_file: /dev/null, {OF}": "every engine puts /dev/null",
    f"image_file: /a, {OF}, exists: false, mode: 0755": "exists: false says that nothing is there",
    f"image_file: /a, {OF}, contains: []": "asserts nothing",
    f"image_file: /a, {OF}, uid: root": "expected a whole number",
    "image_file: /a, of: 'A b'": "is not the name of an image",
}


@pytest.fixture(scope="module")
def rows(place: Forked, engine: Engine) -> dict[str, dict[str, Any]]:
    """The row of every check that loads, from one run of all of them side by side."""
    checks = [*GOOD, *BAD, *UNCLEAR]
    each = "".join(f"\n    - {{{check}}}" for check in checks)
    place.plan("all", f"- title: T\n  verify:{each}", head=engine.head())
    found = place.ask("verify", "all", 0).refused("check_failed").data["phases"][0]["checks"]
    return dict(zip(checks, found))


@pytest.mark.parametrize("check", GOOD)
def test_files_that_are_as_they_should_be(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "passed", row["actual"]
    assert row["facts"]["image"]["reference"] == "files:1"


@pytest.mark.parametrize("check", BAD)
def test_files_that_are_not(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "failed", row["actual"]
    assert BAD[check] in row["actual"]


@pytest.mark.parametrize("check", UNCLEAR)
def test_files_that_could_not_be_judged(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "error", row["actual"]
    assert UNCLEAR[check] in row["actual"]


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Forked, check: str) -> None:
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)


def test_nothing_of_the_image_is_started(place: Forked, engine: Engine) -> None:
    """Its entrypoint would write; and an image without any command can be looked into, too."""
    engine.image("files:shell", 'ENTRYPOINT ["/bin/sh", "-c", "echo ran > /mark"]')
    row = verdict(place, engine.head(), "image_file: /mark, of: 'files:shell', exists: false")
    assert row["verdict"] == "passed", row
    later = str(int(time.time()) + 2)  # whole seconds: until now would leave the newest out
    told = engine.docker("events", "--since", "10m", "--until", later, "--format", "{{.Action}} {{.Actor.Attributes.name}}")  # fmt: skip
    ours = [line for line in told.stdout.splitlines() if NAME in line]
    assert {line.split()[0] for line in ours} >= {"create", "destroy"}
    assert not [line for line in ours if line.startswith("start")]


def test_an_engine_that_is_not_there_is_no_absence(place: Forked) -> None:
    place.plan(
        "nowhere",
        f"- {{title: T, verify: [{{image_file: /a, {OF}, exists: false}}]}}",
        head='hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n',
    )
    ran = place.ask("done", "nowhere", 0).refused("check_error")
    assert "does not answer" in ran.error["message"]


class Lying:
    """Stands before an engine and answers some requests itself; everything else it passes on."""

    def __init__(self, engine: Engine, path: Path, lies: dict[str, bytes]) -> None:
        self._target = str(engine.socket)
        self._lies = lies
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self.head = f'hosts: {{local: {{docker: "unix://{path}"}}}}\n'
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request at a time, each over a connection of its own to the engine."""
        with client:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (chunk := client.recv(65536)):
                    return
                request += chunk
            for part, answer in self._lies.items():
                if re.search(part, request.split(b"\r\n")[0].decode()):
                    client.sendall(answer)
                    return
            head, _, body = request.partition(b"\r\n\r\n")
            head = head.replace(b"Connection: keep-alive", b"Connection: close")
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(self._target)
                server.sendall(head + b"\r\n\r\n" + body)
                back = threading.Thread(target=_copy, args=(client, server), daemon=True)
                back.start()
                _copy(server, client)

    def close(self) -> None:
        self._socket.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
    except OSError:
        pass


def answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


FOLDER = answer("200 OK", archive([member("/", type=tarfile.DIRTYPE)]))
ROOT, FILE, NO = r"/archive\?path=%2F ", r"/archive\?path=%2Fa ", b'{"message": "no such thing"}'
LIES = {
    "an error": {FILE: answer("500 Oops", NO)},
    "nothing can be listed": {ROOT: answer("404 Not Found", NO)},
    "the root is a file": {ROOT: answer("200 OK", archive([member("x", b"x")]))},
    "no archive": {FILE: answer("200 OK", b"<html>welcome</html>")},
    "an empty archive": {FILE: answer("200 OK", b"\0" * 10240)},
    "a link within a file": {FILE: answer("200 OK", archive([member("a", type=tarfile.LNKTYPE)])[:100])},
    "the container is gone": {
        FILE: answer("404 Not Found", NO),
        "/containers/[0-9a-f]{64}/json ": answer("404 Not Found", NO),
    },
}  # fmt: skip


@pytest.mark.parametrize("exists", ["true", "false"])
@pytest.mark.parametrize("lie", LIES)
def test_engines_that_do_not_say_what_is_there(
    place: Forked, engine: Engine, tmp_path: Path, lie: str, exists: str
) -> None:
    """Whatever is wanted, neither a presence nor an absence may be made of it."""
    lying = Lying(engine, tmp_path / "lying.sock", LIES[lie])
    id_ = f"lie{len(list(place.root.glob('plans/*')))}"
    place.plan(
        id_,
        f"- {{title: T, verify: [{{image_file: /a, {OF}, exists: {exists}}}]}}",
        head=lying.head,
    )
    row = place.ask("verify", id_, 0).data["phases"][0]["checks"][0]
    lying.close()
    assert row["verdict"] == "error", row


def test_containers_that_a_killed_run_left_behind(place: Forked, engine: Engine) -> None:
    """Those of processes that are gone are removed, by several checks at once; those of others who look
    right now are not."""
    mine = owner()
    machine, _, started = mine.rpartition(" ")
    dead = f"{machine} {int(started) + 1}"
    elsewhere = f"another-boot pid:[1] 1 {started}"
    for name, maker in (("mine", mine), ("1", dead), ("2", dead), ("elsewhere", elsewhere)):
        made = engine.docker(
            "create", "--name", NAME + name, "--label", f"{LABEL}={maker}", "files:1", "x"
        )
        assert made.returncode == 0, made.stderr
    engine.docker("create", "--name", "bystander", "files:1", "x")
    try:
        each = "".join(f"\n    - {{{check}}}" for check in GOOD[:8])
        place.plan("sweep", f"- title: T\n  verify:{each}", head=engine.head())
        place.ask("verify", "sweep", 0).ok()
        left = engine.docker("ps", "-a", "--format", "{{.Names}}").stdout.split()
        assert sorted(left) == sorted(["bystander", NAME + "elsewhere", NAME + "mine"])
    finally:
        engine.docker("rm", "-fv", "bystander", NAME + "elsewhere", NAME + "mine")


def test_interrupted_while_it_looks(place: Forked, engine: Engine, tmp_path: Path) -> None:
    """What a run that was broken off has left is removed by the next one (`nothing_stays` looks)."""
    load(engine, "files:huge", archive([member("huge", b"\0" * HUGE)]))
    place.plan(
        "huge",
        f"- {{title: T, verify: [{{image_file: /huge, of: 'files:huge', sha256: '{'0' * 64}'}}]}}",
        head=engine.head(),
    )
    running = place.start("verify", "huge", 0)
    looking = ("ps", "-aq", "--filter", f"label={LABEL}")
    until(lambda: engine.docker(*looking).stdout or running.poll() is not None, "the container")
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130
    row = verdict(place, engine.head(), f"image_file: /app/server.py, {OF}")
    assert row["verdict"] == "passed", row
    engine.docker("rmi", "files:huge")
