"""The kind `script`: a file of the project, hashed into the definition and run from a private copy."""

from __future__ import annotations

import json
import os
import stat
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Check, Outcome, Ran, Unresolvable, World, conclude, unanswered
from todo_manager.checks.command import run_facts, tail_of, why_no_exit_code
from todo_manager.checks.expect import (
    Expectation,
    Judgement,
    judge_paths,
    load_json,
    paths,
    show,
)
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.model import Verdict

MAX_FACTS = 2**20


def project_path(tree: Tree) -> str:
    """A relative path below the project root, written without `.` and `..` parts."""
    value = fields.text(tree)
    parts = value.split("/")
    if value.startswith("/") or "\0" in value or any(part in ("", ".", "..") for part in parts):
        raise Wrong(f"{value!r} is not a plain path inside the project, like checks/ready.sh")
    return value


class Script(Check, frozen=True, kw_only=True):
    """A script of the project exits 0; 1 is failed, everything else an error.

    Its bytes are part of the phase's definition; what runs is a private copy of the bytes that were
    hashed. JSON objects written to `$TODO_MANAGER_FACTS`, one a line, become facts.

        - script: checks/replicas.py
          args: [--min, "3"]
          expect: {lag_seconds: {lt: 5}}
    """

    kind: ClassVar[str] = "script"
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(project_path, expects=True)]
    """The script, relative to the project root."""
    args: fields.Texts = ()
    """Arguments it is given."""
    expect: Annotated[dict[str, Expectation], Convert(paths, expects=True)] = {}
    """What its facts must be."""
    timeout: fields.Timeout = 600.0
    """Seconds one attempt may take."""

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = "exits 0"
        try:
            script = world.script(self.subject)
        except (Unresolvable, OSError) as problem:
            return unanswered(expected, str(problem))
        argv = [*script.argv, *self.args]
        ran = world.run(argv, timeout=timeout, env=script.env, tell=world.tell)
        facts = {"script_sha256": script.sha256} | run_facts(ran)
        outputs = (ran.stdout, ran.stderr)
        problem_text = why_no_exit_code(ran, timeout, self.subject)
        if not problem_text and (touched := script.touched()):
            problem_text = f"{', '.join(touched)}: the private copy was written while it ran"
        if not problem_text and ran.exit not in (0, 1):
            problem_text = f"it exited {ran.exit}, and only 0 and 1 are answers{tail_of(ran)}"
        if problem_text:
            return unanswered(expected, problem_text, facts=facts, outputs=outputs)
        return self._judge(ran, script.facts, facts)

    def _judge(self, ran: Ran, path: str, facts: dict[str, Any]) -> Outcome:
        verdict = Verdict.PASSED if ran.exit == 0 else Verdict.FAILED
        found = [Judgement(verdict, "exits 0", f"exited {ran.exit}{tail_of(ran)}")]
        try:
            written = read_facts(path)
        except (OSError, ValueError) as problem:
            found.append(Judgement(Verdict.ERROR, "facts are JSON objects", f"facts: {problem}"))
        else:
            found += judge_paths(written, self.expect)
            facts |= {"facts": json.loads(json.dumps(written, default=str))} if written else {}
        return conclude(found, facts=facts, outputs=(ran.stdout, ran.stderr))


def read_facts(path: str) -> dict[str, Any]:
    """The facts a script wrote, later lines over earlier ones; raises ValueError for anything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("what was written to is no file any more")
        data = file.read(MAX_FACTS + 1)
    if len(data) > MAX_FACTS:
        raise ValueError("more than 1 MiB was written")
    found: dict[str, Any] = {}
    for line in data.decode().splitlines():
        if line.strip():
            fact = load_json(line)
            if not isinstance(fact, dict):
                raise ValueError(f"{show(line)} is not a JSON object")
            found |= fact
    return found
