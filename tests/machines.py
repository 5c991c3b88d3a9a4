"""A second machine for tests: a name, an id and a network of its own, behind a real OpenSSH server.

The server takes connections of this machine's loopback and answers from within the other's namespaces, so
what is checked over ssh is looked at from there. An engine of its own can be started in it. Needs Debian's
openssh-server and iproute2, and root.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import mounts
from engine import DOCKERD, Engine, until

SSHD = "/usr/sbin/sshd"
IP = "/usr/sbin/ip"
ID_FILE = "/etc/machine-id"
PARTS = {
    SSHD: "openssh-server",
    IP: "iproute2",
    "/usr/bin/nsenter": "util-linux",
}


def missing_machine() -> str:
    """Why no second machine can be made here; empty when one can."""
    if os.geteuid() != 0:
        return "a second machine needs root"
    absent = [package for path, package in PARTS.items() if not os.path.exists(path)]
    return f"not installed: {', '.join(absent)}" if absent else ""


class Machine:
    """A machine of the given name, whose files are this machine's, but for its id and /usr/local/sbin."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.engine_socket = folder / "docker.sock"
        self.identity = folder / "identity"
        self.known_hosts = folder / "known_hosts"
        self.id = hashlib.md5(str(folder).encode()).hexdigest()
        self.programs = folder / "sbin"
        self._held: IO[str] | None = None
        self._holder: subprocess.Popen[bytes] | None = None
        self._sessions: list[subprocess.Popen[bytes]] = []
        self._door = socket.socket()
        self._doorman = threading.Thread(target=self._serve, daemon=True)

    @property
    def pid(self) -> int:
        """A process in its namespaces."""
        assert self._holder is not None
        return self._holder.pid

    @property
    def port(self) -> int:
        """Where its ssh server takes connections, on 127.0.0.1."""
        return int(self._door.getsockname()[1])

    def start(self) -> None:
        # Held by the machine, not by an engine of it, which comes and goes.
        self._held = mounts.hold(self.folder)
        self.programs.mkdir()
        self.call_it(self.id)
        own = f"mount --bind {self.folder}/machine-id {ID_FILE} && mount --bind {self.programs} /usr/local/sbin"
        inner = f"{own} && hostname {self.name}; {IP} link set lo up; exec sleep infinity"
        self._holder = subprocess.Popen(
            # It ends when the test run is killed.
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                "--net",
                "--uts",
                "--mount",
                "bash",
                "-c",
                inner,
            ],
            start_new_session=True,
        )
        until(lambda: self.run("hostname").stdout.strip() == self.name, self.name)
        until(lambda: "UP" in self.run(IP, "link", "show", "lo").stdout, "its loopback")
        for key in ("host_key", "identity", "stranger"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key], check=True
            )
        self._door.bind(("127.0.0.1", 0))
        self._door.listen(64)
        self._settle()
        self._doorman.start()

    def stop(self) -> None:
        """End it with everything that runs in it."""
        if self._doorman.is_alive():
            self._door.shutdown(socket.SHUT_RDWR)
            self._doorman.join()
        self._door.close()
        for process in [*self._sessions, *([self._holder] if self._holder else [])]:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if self._held is not None:
            self._held.close()

    def call_it(self, id_: str) -> None:
        """What its /etc/machine-id holds from now on."""
        (self.folder / "machine-id").write_text(f"{id_}\n")

    @contextmanager
    def before_each(self, text: str) -> Iterator[Path]:
        """The file of a key for which a shell text is run before every program of a session."""
        key, keys = self.folder / "special", self.identity.with_suffix(".pub")
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        before = keys.read_text()
        wrapped = f'command="{text}; eval \\"$SSH_ORIGINAL_COMMAND\\"" '
        keys.write_text(f"{before}{wrapped}{key.with_suffix('.pub').read_text()}")
        try:
            yield key
        finally:
            keys.write_text(before)

    def hang_up(self) -> None:
        """Break off every connection."""
        for process in self._sessions:
            process.kill()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in it, not over ssh."""
        return subprocess.run([*self.entry(), *words], capture_output=True, text=True, timeout=60)

    def entry(self) -> list[str]:
        """The words before a command by which it runs there; it sees this machine's files."""
        return ["nsenter", "-t", str(self.pid), "-n", "-u", "--"]

    def host(self, **changes: str) -> str:
        """What a plan says of it under `hosts`; changes of the empty text leave a key out."""
        login = f"root@127.0.0.1:{self.port}"
        keys = {
            "docker": f"ssh://{login}",
            "ssh": login,
            "known_hosts": str(self.known_hosts),
            "identity": str(self.identity),
        } | changes
        inner = ", ".join(f'{key}: "{value}"' for key, value in keys.items() if value)
        return f"  {self.name}: {{{inner}}}\n"

    def head(self, **changes: str) -> str:
        """The lines of a plan that name it."""
        return f"hosts:\n{self.host(**changes)}"

    def _settle(self) -> None:
        key = (self.folder / "host_key.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key[0]} {key[1]}\n")
        os.makedirs("/run/sshd", exist_ok=True)
        (self.folder / "sshd_config").write_text(
            f"HostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.identity}.pub\n"
            "PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
            f"SetEnv DOCKER_HOST=unix://{self.engine_socket} PATH=/usr/bin:/bin:/usr/sbin:/sbin\n"
        )

    def _serve(self) -> None:
        while True:
            try:
                connection = self._door.accept()[0]
            except OSError:
                return
            with connection, open(self.folder / "sshd.log", "ab") as log:
                argv = [
                    *self.entry()[:-1],
                    "-m",
                    "--",
                    SSHD,
                    "-i",
                    "-e",
                    "-f",
                    str(self.folder / "sshd_config"),
                ]
                self._sessions.append(
                    subprocess.Popen(
                        argv,
                        stdin=connection,
                        stdout=connection,
                        stderr=log,
                        start_new_session=True,
                    )
                )


class MachineEngine(Engine):
    """The engine of a second machine, without a registry."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.folder / "engine")
        self.folder.mkdir()
        self.socket = machine.engine_socket
        self.url = f"unix://{self.socket}"
        self._machine = machine

    def start(self) -> None:
        folder = self.folder
        self._start(
            *self._machine.entry(), DOCKERD, "--data-root", folder / "data", "--exec-root",
            folder / "exec", "-H", self.url, "--pidfile", folder / "pid", "--shutdown-timeout", "2",
        )  # fmt: skip
        until(lambda: self.docker("version").returncode == 0, f"the engine of {self._machine.name}")

    def stop_engine(self) -> None:
        """End the engine with its containers; its files stay for the machine."""
        self.remove_containers()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    def stop(self) -> None:
        if any(process.poll() is None for process in self._processes):
            self.stop_engine()
        mounts.remove(self.folder)
        if self._held is not None:
            self._held.close()
