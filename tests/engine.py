"""A real Docker engine and a real registry of the tests' own, started once a session and ended with it.

Both come from Debian's packages docker.io and docker-registry and need root. Images are made without a
network, from this machine's static busybox and tini.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

import mounts
from bridges import IP, Bridge, claim
from ports import free_port

DOCKERD = "/usr/sbin/dockerd"
DOCKER = "/usr/bin/docker"
REGISTRY = "/usr/bin/docker-registry"
BUSYBOX = "/bin/busybox"
TINI = "/usr/bin/tini"
PARTS = {DOCKERD: "docker.io", REGISTRY: "docker-registry", BUSYBOX: "busybox-static", TINI: "tini",
         IP: "iproute2"}  # fmt: skip

APPLETS = ("sh", "httpd", "sleep", "cat", "ls", "wget", "nc", "true", "false", "echo", "test", "touch",
           "rm", "kill", "id", "date", "mkdir", "head", "tail", "grep", "env", "hostname")  # fmt: skip


def missing() -> str:
    """Why no engine can be started here; empty when one can."""
    if os.geteuid() != 0:
        return "a Docker engine of the tests' own needs root"
    absent = [package for path, package in PARTS.items() if not os.path.exists(path)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def until(ready: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until `ready()` is true, without raising in between."""
    deadline = time.monotonic() + seconds
    last: BaseException | None = None
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (OSError, subprocess.SubprocessError) as problem:
            last = problem
        time.sleep(0.05)
    raise AssertionError(f"{what} was not ready within {seconds:g}s: {last}")


STARTED: list[Engine] = []
"""The engines of this test run that are up."""


class NotStarted(Exception):
    """Everything is installed, and yet this machine lets no engine run."""


class Engine:
    """An engine and a registry below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.port = free_port()
        self.registry = f"127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._api: Any = None
        self._logs: list[Path] = []
        self._held: IO[str] | None = None
        self._bridge: Bridge | None = None

    def start(self) -> None:
        """Start both. Raises NotStarted when this machine has no bridge for it, or the engine ends."""
        self._held = mounts.hold(self.folder)
        try:
            self._bridge = claim(Path(self._held.name))
        except OSError as why:
            raise NotStarted(str(why)) from why
        self._start_registry()
        self._start(
            DOCKERD, "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
            "-H", self.url, "--pidfile", self.folder / "pid", "--shutdown-timeout", "2",
            *self._bridge.words(),
        )  # fmt: skip
        until(lambda: self._alive() and self.docker("version").returncode == 0, "the engine")
        until(
            lambda: (
                self._alive() and urlopen(f"http://{self.registry}/v2/", timeout=2).status == 200
            ),
            "the registry",
        )
        STARTED.append(self)

    def _alive(self) -> bool:
        for process, log in zip(self._processes, self._logs):
            if process.poll() is not None:
                last = "".join(log.read_text(errors="replace").splitlines()[-1:])
                said = f"{log.stem} ended with {process.returncode}: {last}"
                # Only the engine needs what a machine may refuse.
                raise (AssertionError if log.stem == Path(REGISTRY).name else NotStarted)(said)
        return True

    def _start_registry(self) -> None:
        settings = self.folder / "registry.yml"
        settings.write_text(
            "version: 0.1\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder / 'registry'}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '{self.registry}'}}\n",
            encoding="utf-8",
        )
        self._start(REGISTRY, "serve", settings)

    def _start(self, *argv: object) -> None:
        self._logs.append(self.folder / f"{Path(str(argv[0])).name}.log")
        with open(self._logs[-1], "wb") as log:
            self._processes.append(
                subprocess.Popen(
                    # It ends, with its containers, when the test run is killed.
                    ["setpriv", "--pdeathsig", "TERM", *map(str, argv)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def stop(self) -> None:
        """End both, all containers first; nothing stays mounted."""
        if self in STARTED:
            STARTED.remove(self)
        if self._api is not None:
            self.remove_containers()
            self._api.close()
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._bridge is not None:
            self._bridge.remove()
        mounts.remove(self.folder)
        if self._held is not None:
            self._held.close()

    @property
    def api(self) -> Any:
        """The SDK's low-level client of this engine."""
        if self._api is None:
            import docker

            self._api = docker.APIClient(base_url=self.url, version="auto", timeout=60)
        return self._api

    def docker(self, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run Debian's client against this engine."""
        return subprocess.run(
            [DOCKER, "-H", self.url, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    def image(self, reference: str, *changes: str, files: dict[str, str] | None = None) -> str:
        """Import an image of busybox and tini under a reference; its id. `changes` as in a Dockerfile."""
        options = [word for change in changes for word in ("-c", change)]
        made = subprocess.run(
            [DOCKER, "-H", self.url, "import", *options, "-", reference],
            input=layer(files or {}),
            capture_output=True,
            timeout=120,
        )
        assert made.returncode == 0, made.stderr.decode()
        return made.stdout.decode().strip()

    def push(self, reference: str) -> str:
        """Push an image to the registry; the digest of its manifest there."""
        ran = self.docker("push", reference)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.rsplit("digest: ", 1)[1].split()[0]

    def remove_containers(self) -> None:
        """Remove every container, running or not."""
        names = self.docker("ps", "-aq").stdout.split()
        if names:
            self.docker("rm", "-f", *names)

    def head(self) -> str:
        """The lines of a plan by which its checks ask this engine as `local`."""
        return f'hosts: {{local: {{docker: "{self.url}"}}}}\n'


def layer(files: dict[str, str]) -> bytes:
    """A root file system as a tar: busybox with its names, tini, the user app 10001, and `files`."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        _add(tar, "bin/busybox", Path(BUSYBOX).read_bytes(), 0o755)
        _add(tar, "usr/bin/tini", Path(TINI).read_bytes(), 0o755)
        for needed in _libraries(TINI):
            _add(tar, needed.lstrip("/"), Path(needed).read_bytes(), 0o755)
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _add(
            tar,
            "etc/passwd",
            b"root:x:0:0::/root:/bin/sh\napp:x:10001:10001::/app:/bin/sh\n",
            0o644,
        )
        _add(tar, "etc/group", b"root:x:0:\napp:x:10001:\n", 0o644)
        for name, text in sorted(files.items()):
            _add(tar, name, text.encode(), 0o755 if text.startswith("#!") else 0o644)
    return found.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), mode, 0
    tar.addfile(member, io.BytesIO(data))


def _libraries(program: str) -> list[str]:
    ran = subprocess.run(["ldd", program], capture_output=True, text=True)
    return [word for word in ran.stdout.split() if word.startswith("/")]
