"""The demo with containers: the plan docker_arch_impl from nothing to every phase done, on a real engine.

It is carried out in a temporary project, verified once more without building anything, and taken back:
no container, image, network or process is left. What was pushed stays in a registry that was given.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from todo_manager import bundled
from todo_manager.engines.address import local_engine
from todo_manager.errors import Unevaluated
from todo_manager.render.output import Output
from todo_manager.story import PROGRAM

PLAN = "docker_arch_impl"
UNDONE = (4, 1)
"""The phases whose undo removes what the plan has made on the engine, in this order."""
REGISTRY = "docker-registry"
"""The program of Debian's package of that name; it is started where no registry is given."""
STARTING = 10.0
"""Seconds in which a registry must have come up."""


def tell(output: Output, *, engine: str, registry: str, keep: bool) -> dict[str, Any]:
    """Carry the plan out; the phases with the seconds each took.

    `engine` is where the engine listens, like `unix:///run/docker.sock`, empty for the one of this
    machine; `registry` is HOST:PORT, empty to start one for as long as it is needed. Raises
    Unevaluated for a phase that is not done, with the exit code and `error.kind` that stopped it.
    """
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="todo_manager-containers-"))
    try:
        with _registry(root, registry) as address:
            roll_out = RollOut(root / "project", engine or str(local_engine()), address)
            try:
                phases = _told(roll_out, output)
            finally:
                for problem in [] if keep else roll_out.take_back():
                    output.talk(problem)
        seconds = round(time.monotonic() - began, 1)
        output.say(f"\nThat was the whole plan, done and verified once more, in {seconds}s.")
        if keep:
            output.say(f"The project is in {roll_out.root}")
        return {
            "phases": phases,
            "seconds": seconds,
            "folder": str(roll_out.root) if keep else None,
        }
    finally:
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def _told(roll_out: RollOut, output: Output) -> list[dict[str, Any]]:
    """Every phase executed, then every phase verified; both with their seconds."""
    roll_out.prepare()
    roll_out.told("import", f"plans/{PLAN}.yaml")
    rows: list[dict[str, Any]] = []
    output.say("# Every phase is executed, and is done when its checks pass.")
    for index, title in enumerate(roll_out.titles()):
        row: dict[str, Any] = {"phase": index, "title": title}
        row["run_s"] = roll_out.timed("run", index)
        output.say(f"  ✔ {index} {title}: done in {row['run_s']}s")
        rows.append(row)
    output.say("\n# Once more: everything is done already, so nothing is built.")
    output.say(f"  ✔ run: nothing to do, {roll_out.timed('run')}s")
    output.say("\n# And verified anew, against the same images and containers.")
    for row in rows:
        row["verify_s"] = roll_out.timed("verify", row["phase"])
        output.say(f"  ✔ {row['phase']} {row['title']}: still so, {row['verify_s']}s")
    return rows


class RollOut:
    """The plan in a project of its own, with an engine, a registry and ports of its own."""

    def __init__(self, root: Path, engine: str, registry: str) -> None:
        self.root = root
        self.scope = f"demo-{secrets.token_hex(3)}"
        """The label of all that is made, so that nothing else is ever removed."""
        self._engine = engine
        self._registry = registry
        # The very program that tells the story, installed or not.
        ours = str(Path(__file__).resolve().parents[1])
        self._env = os.environ | {"TODO_MANAGER_ACTOR": "demo", "PYTHONPATH": ours}

    def prepare(self) -> None:
        """Copy the plan with its scripts, with the vars of this machine."""
        source = bundled.folder()
        (self.root / "plans").mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            source / "phases" / PLAN,
            self.root / "phases" / PLAN,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        text = (source / "plans" / f"{PLAN}.yaml").read_text(encoding="utf-8")
        (self.root / f"plans/{PLAN}.yaml").write_text(self._chosen(text), encoding="utf-8")

    def _chosen(self, text: str) -> str:
        """The text of the plan with the vars of this machine."""
        chosen = {"engine": self._engine, "registry": self._registry, "scope": self.scope}
        text = "".join(_line_of_var(line, chosen) for line in text.splitlines(keepends=True))
        written = sorted(set(re.findall(r"port: (\d+)", text)))
        for old, new in zip(written, free_ports(len(written))):
            text = re.sub(rf"port: {old}\b", f"port: {new}", text)
        return text

    def titles(self) -> list[str]:
        """The titles of the phases."""
        phases = self.told("show", PLAN)["data"]["plan"]["phases"]
        return [str(phase["title"]) for phase in phases]

    def timed(self, verb: str, phase: int | None = None) -> float:
        """Run a verb on a phase, or on the plan; the seconds it took."""
        began = time.monotonic()
        self.told(verb, PLAN, *([] if phase is None else [str(phase)]))
        return round(time.monotonic() - began, 1)

    def told(self, *words: str) -> dict[str, Any]:
        """Run the command with --json; its document. Raises Unevaluated when it exits with another code than 0."""
        ran = subprocess.run(
            [*PROGRAM, *words, "--json"],
            cwd=self.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        try:
            found: dict[str, Any] = json.loads(ran.stdout)
        except ValueError:
            raise Unevaluated(f"todo_manager {' '.join(words)}: {ran.stderr.strip()}") from None
        if ran.returncode != 0:
            error = found["error"]
            raise Unevaluated(
                f"todo_manager {' '.join(words)} ended with {ran.returncode}, {error['kind']}: {error['message']}",
                hint="todo_manager demo --containers --keep, then look into the folder",
            )
        return found

    def take_back(self) -> list[str]:
        """Remove containers, network and images; why something may be left, empty when nothing is."""
        problems = []
        for phase in UNDONE:
            try:
                self.told("run", PLAN, str(phase), "--undo")
            except (Unevaluated, OSError) as problem:
                problems.append(f"what phase {phase} has made may be left: {problem}")
        return problems


def _line_of_var(line: str, chosen: dict[str, str]) -> str:
    """A line of the plan; one that gives a var its value, with the chosen one."""
    name, colon, _ = line.partition(":")
    if colon and name.startswith("  ") and name[2:] in chosen:
        return f"{name}: {json.dumps(chosen[name[2:]])}\n"
    return line


@contextmanager
def _registry(root: Path, given: str) -> Iterator[str]:
    """The address of a registry: the one given, else one that is started here and ended again."""
    if given:
        yield given
        return
    program = shutil.which(REGISTRY)
    if program is None:
        raise Unevaluated(
            f"no registry is given, and the program {REGISTRY} is not installed",
            hint="todo_manager demo --containers --registry localhost:5000",
        )
    address = f"127.0.0.1:{free_ports(1)[0]}"
    settings = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(root / "registry")}},
        "http": {"addr": address},
    }
    # JSON is YAML, too.
    (root / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
    with open(root / "registry.log", "wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(root / "registry.yml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STARTING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody accepts connections there; raises Unevaluated when nobody does."""
    host, _, port = address.partition(":")
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Unevaluated(f"the registry at {address} did not come up within {STARTING:g}s")


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback nobody listens on at this moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]
