"""What tests share: a project in a temporary folder, driven through the public command.

project.plan("p", PHASES)
project.run("done", "p", 0).refused("check_failed")
project.person("accept", "p")
"""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"
PROGRAM = [sys.executable, "-m", "todo_manager"]

EXITS = {
    "step_failed": 1, "preflight_failed": 1, "step_error": 5, "not_restored": 5, "not_allowed": 6,
    "check_failed": 1, "no_checks": 1, "has_checks": 1, "lint_failed": 1, "not_done": 1,
    "unknown_check": 2, "unknown_waiver": 2, "self_approved": 6,
    "usage": 2, "unknown_plan": 2, "ambiguous_plan": 2, "unknown_phase": 2, "archived": 2,
    "invalid_document": 2, "input_missing": 2,
    "store_missing": 3, "store_unreadable": 3, "store_read_only": 3, "store_newer": 3, "disk_full": 3,
    "not_written": 3,
    "needs_not_done": 4, "check_error": 5, "internal": 5,
    "source_changed": 6, "definition_changed": 6, "inputs_changed": 6, "person_required": 6, "declined": 6,
    "unaccepted": 6, "not_signed": 6, "signature": 6, "signers_changed": 6,
    "not_proven": 1, "untrusted_key": 6,
    "busy": 7, "claimed": 7, "integrity": 9, "interrupted": 130,
}  # fmt: skip
"""Every `error.kind` with its exit code."""


class Ran:
    """What a run of the command left: exit code, both streams, and the JSON document if asked for."""

    def __init__(self, exit: int, out: str, err: str) -> None:
        self.exit = exit
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit {self.exit}\n--- out\n{self.out}\n--- err\n{self.err}"

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        assert found["schema"] == "todo_manager/1"
        assert found["exit"] == self.exit
        assert found["ok"] == (self.exit == 0)
        assert ("error" in found) == (self.exit != 0)
        return found

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def error(self) -> Any:
        return self.json["error"]

    def ok(self) -> Ran:
        assert self.exit == 0, self
        return self

    def refused(self, kind: str) -> Ran:
        """It ended with this `error.kind` and the exit code that belongs to it (needs --json)."""
        assert self.json["error"]["kind"] == kind, self
        assert self.exit == EXITS[kind], self
        assert self.error["message"], self
        return self


class Project:
    """A project in a folder of its own, and the command that works in it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.program = PROGRAM
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            "TODO_MANAGER_ACTOR": "tester",
        }

    def write(self, path: str, text: str = "", *, mode: int = 0o644) -> Path:
        """A file of the project; the text is dedented."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        file.chmod(mode)
        return file

    def plan(self, id_: str, phases: str, *, head: str = "", imported: bool = True) -> Path:
        """A plan document in plans/; `phases` is the YAML list below `phases:`, `head` other keys."""
        text = f"schema: todo_manager/plan@1\nid: {id_}\ntitle: Plan {id_}\n{textwrap.dedent(head)}"
        text += "phases:\n" + textwrap.indent(textwrap.dedent(phases).strip("\n"), "  ") + "\n"
        file = self.root / "plans" / f"{id_}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if imported:
            self.run("import", f"plans/{id_}.yaml").ok()
        return file

    def start(
        self, *words: object, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start the command in the project, without a terminal."""
        return subprocess.Popen(
            [*self.program, *map(str, words)],
            cwd=self.root,
            env=self.env | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def run(self, *words: object, env: dict[str, str] | None = None, json: bool = False) -> Ran:
        """Run the command to its end; `json` adds --json."""
        process = self.start(*words, *(["--json"] if json else []), env=env)
        out, err = process.communicate(timeout=100)
        return Ran(process.returncode, out, err)

    def ask(self, *words: object, env: dict[str, str] | None = None) -> Ran:
        """Run the command with --json."""
        return self.run(*words, env=env, json=True)

    def person(self, *words: object, answer: str = "yes") -> Ran:
        """Run a person verb at a terminal of its own and answer its question."""
        return at_terminal([*self.program, *map(str, words)], self.root, self.env, answer)

    def states(self, plan: str) -> list[str]:
        """The state of every phase, as show has it."""
        return [phase["state"] for phase in self.ask("show", plan).ok().data["plan"]["phases"]]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The ledger's events, or those of one kind."""
        found = self.ask("log", "--last", "100000").ok().data["events"]
        return [event for event in found if not kind or event["event"] == kind]

    def store_bytes(self) -> bytes:
        """Everything the store holds, to compare before and after (it is quiet between runs)."""
        folder = self.root / ".todo_manager"
        if not folder.exists():
            return b""
        return b"".join(
            p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "shm" not in p.name
        )


def at_terminal(
    argv: list[str], cwd: Path, env: dict[str, str], answer: str, seconds: float = 60
) -> Ran:
    """Run a program on a pseudo-terminal, type `answer` when it asks for yes; out holds both streams."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        finally:
            os._exit(127)
    seen, asked, deadline = b"", False, time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.1)
        if ready:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk
        if not asked and b"Type yes" in seen:
            asked = True
            os.write(master, answer.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return Ran(
        os.waitstatus_to_exitcode(status), seen.decode("utf-8", "replace").replace("\r\n", "\n"), ""
    )
