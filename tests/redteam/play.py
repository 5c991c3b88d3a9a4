"""Carries out one attack against the real command and judges how it answered."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import clocks
from engine import Engine
from redteam import held
from redteam.data import Attack
from redteam.moves import Ground
from support import PROGRAM, Ran

SECONDS = 30.0
"""What the command may take at the most: an attack that makes it hang has succeeded."""
PEAK_MB = 400
"""What it and the programs it starts may hold at once: an attack must not fill the machine."""
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What an answer never holds: a terminal would obey it."""
CLOSED = ("done", "attested")


@dataclass(frozen=True)
class Seen:
    """How the command answered."""

    ran: Ran
    kind: str
    state: str
    """Of the phase that was attacked, afterwards; empty when there is none, `?` when nobody can say."""
    peak_mb: int

    @property
    def told(self) -> str:
        return f"{self.ran.exit}, {self.kind}" if self.kind else str(self.ran.exit)


def play(attack: Attack, folder: Path, engine: Engine | None = None) -> Seen:
    """Carry it out; AssertionError where the honest form fails or the attack gets anywhere."""
    if not isinstance(attack.honest, str):
        _honest(attack, folder / "honest", engine)
    return _attacked(attack, folder / "attacked", engine)


def _ground(attack: Attack, world: Path, engine: Engine | None) -> Ground:
    """A project as the attack finds it."""
    for name in ("project", "home"):
        (world / name).mkdir(parents=True)
    ground = Ground(world / "project", world / "home", engine)
    ground.play([{"write": {path: text}} for path, text in attack.files.items()])
    ground.play(attack.setup)
    if attack.plan:
        ground.play([{"plan": {"phases": attack.plan, "head": attack.head}}])
        ground.play([{"todo": "import plans/p.yaml"}])
    ground.play(attack.before)
    return ground


def _honest(attack: Attack, world: Path, engine: Engine | None) -> None:
    assert isinstance(attack.honest, list)
    with closing(_ground(attack, world, engine)) as ground:
        ground.play(attack.honest)
        if attack.during:
            ran = _run(attack, ground, [])[0]
        else:
            ran = ground.project.run(*ground.words(attack.command))
        assert ran.exit == 0, f"without the attack it should succeed:\n{ran}"


def _attacked(attack: Attack, world: Path, engine: Engine | None) -> Seen:
    with closing(_ground(attack, world, engine)) as ground:
        ground.play(attack.tries)
        temporary = world / "tmp"
        temporary.mkdir()
        ground.project.env.setdefault("TMPDIR", str(temporary))
        ran, peak = _run(attack, ground, attack.during)
        left = _left(temporary)
        state = _state(attack, ground)
    seen = Seen(ran, _kind(attack, ran), state, peak)
    _judge(attack, seen, left)
    return seen


def program(attack: Attack) -> list[str]:
    """What is started: the command, or the command under a clock that is wrong."""
    return [sys.executable, clocks.__file__, str(attack.clock)] if attack.clock else PROGRAM


def _run(attack: Attack, ground: Ground, during: list[dict[str, object]]) -> tuple[Ran, int]:
    """Run the command as a process of its own; make the other moves once a check says that it runs."""
    if attack.during:
        for name in ("started", "go"):
            os.mkfifo(ground.project.root / name)
    words = [*ground.words(attack.command), *(["--json"] if attack.expect.json else [])]
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.NamedTemporaryFile("w+", encoding="utf-8") as held_file,
    ):
        asked = {"program": [*program(attack), *words], "environment": ground.project.env}
        json.dump(asked, held_file)
        held_file.flush()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", held.__file__, held_file.name], cwd=ground.project.root,
            env={}, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
        try:
            if attack.during:
                (ground.project.root / "started").read_text()
                ground.play(during)
                (ground.project.root / "go").write_text("on\n")
            _wait(process)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seen = json.loads(Path(held_file.name).read_text(encoding="utf-8"))
        code, peak = os.waitstatus_to_exitcode(seen["status"]), seen["peak"] // 1024
        told = []
        for stream in (out, err):
            stream.seek(0)
            told.append(stream.read().decode("utf-8", "replace"))
    return Ran(code, *told), peak


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Until it has ended; AssertionError when it takes too long."""
    pidfd = os.pidfd_open(process.pid)
    try:
        ready = select.select([pidfd], [], [], SECONDS)[0]
    finally:
        os.close(pidfd)
    assert ready, f"it hangs: no end within {SECONDS:g}s"
    assert process.wait() == 0, "how it ended was not written down"


def _kind(attack: Attack, ran: Ran) -> str:
    if not attack.expect.json:
        return ""
    try:
        return str(json.loads(ran.out).get("error", {}).get("kind", ""))
    except ValueError:
        return "not JSON"


def _state(attack: Attack, ground: Ground) -> str:
    """Where the phase that the command is about stands, asked without what was planted around us."""
    words = [word for word in ground.words(attack.command) if not word.startswith("-")]
    if len(words) < 3 or not words[2].isdecimal():
        return ""
    clean = {"PATH": os.environ["PATH"], "HOME": ground.names["HOME"]}
    ran = ground.project.ask("show", words[1], env=clean)
    if ran.exit != 0:
        return "?"
    return str(ran.data["plan"]["phases"][int(words[2])]["state"])


def _left(temporary: Path) -> list[str]:
    """Processes and files of the run that are still there."""
    deadline = time.monotonic() + 5
    while True:
        found = [str(path) for path in temporary.iterdir()]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
                line = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if line and str(temporary).encode() in environment:
                found.append(f"{pid} {line.decode('utf-8', 'replace')}")
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


def _judge(attack: Attack, seen: Seen, left: list[str]) -> None:
    expect, ran = attack.expect, seen.ran
    assert (ran.exit, seen.kind) == (expect.exit, expect.kind), f"{ran}\nstate {seen.state}"
    assert "Traceback" not in ran.out + ran.err, ran
    assert not CONTROLS.search(ran.out + ran.err), f"it sends control characters\n{ran!r}"
    if expect.says:
        assert re.search(expect.says, ran.out + ran.err), f"it never says {expect.says!r}\n{ran}"
    if expect.state:
        assert seen.state == expect.state, f"{seen.state}\n{ran}"
    elif attack.verdict == "refused":
        assert seen.state not in CLOSED, ran
    assert not left, f"left behind: {left}"
    assert seen.peak_mb <= PEAK_MB, f"it held {seen.peak_mb} MB"
