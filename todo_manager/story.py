"""The demo: the real command, run step by step in a temporary project, each exit code checked."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from todo_manager import bundled
from todo_manager.errors import Unevaluated
from todo_manager.render.output import Output
from todo_manager.render.plain import one_line

WIDTH = 160
"""Columns after which a line of a command's output is cut in the story."""
PROGRAM = (sys.executable, "-m", "todo_manager")


def tell(output: Output, *, keep: bool) -> dict[str, Any]:
    """Tell the story; returns its steps and the seconds it took. Raises Unevaluated when one differs."""
    started = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="todo_manager-demo-"))
    try:
        story = _Story(root, output)
        _told(story)
        seconds = round(time.monotonic() - started, 1)
        output.say(f"\nThat was the whole story: {len(story.steps)} commands in {seconds}s.")
        if keep:
            output.say(f"The project is in {root}")
        return {"steps": story.steps, "seconds": seconds, "folder": str(root) if keep else None}
    finally:
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def _told(story: _Story) -> None:
    story.prepare()
    story.chapter("A plan is taken in. Nothing of it is done.")
    story.expect(0, "import", "plans/demo.yaml")
    story.expect(0, "show", "demo")

    story.chapter("Somebody says phase 0 is done. The tool looks, and it is not so: exit 1.")
    story.expect(1, "done", "demo", "0")
    story.chapter("Somebody skips ahead. Order is part of the proof: exit 4.")
    story.expect(4, "done", "demo", "1")

    story.chapter("The work is really done, and now so is the phase.")
    story.write("docs/rollback.md", "# Taking billing back\nowner: the release team\n")
    story.expect(0, "done", "demo", "0")
    story.build()
    story.expect(0, "done", "demo", "1")

    story.chapter(
        "A script that was accepted is made easier to pass: exit 6, whatever it says now."
    )
    script = story.root / "phases/demo/p2_scan.py"
    honest = script.read_text(encoding="utf-8")
    script.write_text(honest.replace("sys.exit(2)", "sys.exit(0)"), encoding="utf-8")
    story.expect(6, "done", "demo", "2")
    story.expect(0, "diff", "demo")
    story.chapter("An agent cannot wave that through.")
    story.expect(6, "accept", "demo", "--json")

    story.chapter(
        "The script is put back and made stricter, and a person at a terminal accepts that."
    )
    stricter = honest.replace(
        "sys.exit(1 if found else 0)", "sys.exit(1 if found or not packages else 0)"
    )
    script.write_text(stricter, encoding="utf-8")
    story.person("accept", "demo")

    story.chapter("The advisories are missing. Unknown is not passed: exit 5.")
    story.expect(5, "done", "demo", "2")
    story.chapter("With them it can look, and finds nothing.")
    story.write("advisories.json", json.dumps([{"package": "leftpad"}]))
    story.expect(0, "done", "demo", "2")

    story.chapter("Everything that happened is in the ledger, with its evidence.")
    story.expect(0, "log", "demo")
    story.expect(0, "log", "--run", story.last_event("done"))
    story.expect(0, "audit")
    story.expect(0, "list", "--all")


class _Story:
    """Runs the commands of the story and prints them as a person would see them."""

    def __init__(self, root: Path, output: Output) -> None:
        self.root = root
        self.steps: list[dict[str, Any]] = []
        self._output = output
        # The very program that tells the story, installed or not.
        ours = str(Path(__file__).resolve().parents[1])
        self._env = os.environ | {"TODO_MANAGER_ACTOR": "demo", "PYTHONPATH": ours}

    def prepare(self) -> None:
        for name in ("plans/demo.yaml", "phases/demo"):
            source, target = bundled.folder() / name, self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)

    def chapter(self, text: str) -> None:
        self._output.say(f"\n# {text}")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self._output.say(f"$ echo ... > {path}")

    def build(self) -> None:
        self.write("build/billing.py", "print('paid')\n")
        self.write("build/sbom.json", json.dumps({"packages": [{"name": "billing"}]}))
        words = [sys.executable, "-m", "tarfile", "--create", "billing.tar", "billing.py"]
        subprocess.run(words, cwd=self.root / "build", check=True)
        self._output.say("$ tar ... build/billing.tar")

    def expect(self, code: int, *words: str) -> None:
        """Run the command without a terminal and see that it exits with this code."""
        found = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._step(words, found.stdout, found.returncode, code)

    def person(self, *words: str) -> None:
        """Run a person verb on a pseudo-terminal and type yes."""
        text, code = at_terminal([*PROGRAM, *words], self.root, self._env)
        self._step(words, text, code, 0)

    def last_event(self, kind: str) -> str:
        found = subprocess.run(
            [*PROGRAM, "log", "--json"],
            cwd=self.root,
            env=self._env,
            capture_output=True,
            check=True,
        )
        events = json.loads(found.stdout)["data"]["events"]
        return str([event["seq"] for event in events if event["event"] == kind][-1])

    def _step(self, words: tuple[str, ...], text: str, code: int, expected: int) -> None:
        self._output.say(f"$ todo_manager {' '.join(words)}")
        for line in text.rstrip().splitlines():
            self._output.say(f"  {one_line(line, WIDTH) if len(line) > WIDTH else line}")
        self._output.say(f"  [exit {code}]")
        self.steps.append({"command": list(words), "exit": code})
        if code != expected:
            raise Unevaluated(
                f"the demo expected exit {expected} of: todo_manager {' '.join(words)}; it was {code}",
                hint="todo_manager demo --keep, then look into the folder",
            )


def at_terminal(argv: list[str], cwd: Path, env: dict[str, str]) -> tuple[str, int]:
    """Run a program on a pseudo-terminal of its own, typing yes; what it showed, and its exit code."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    seen, answered = b"", False
    while True:
        select.select([master], [], [], 60)
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
        if not answered and b"Type yes" in seen:
            answered = True
            os.write(master, b"yes\n")
    os.close(master)
    _, status = os.waitpid(pid, 0)
    return seen.decode("utf-8", "replace").replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)
