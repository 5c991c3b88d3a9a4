"""Runs the checks or steps of a phase for the command center, in a process of its own.

It consumes the very generators that the verbs consume, and writes each of their events as one line of
JSON. It ends as a verb does when it is interrupted: by SIGINT, by SIGTERM, or when nobody is at the
other end of its standard input any more. Then its programs are ended, and nothing is half recorded.

    worker.py OPTIONS     one JSON object: verb, plan, phase (absent: all), actor,
                          only, service; the verb `watch` goes on until it is interrupted
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from todo_manager import attempts, endings, evidence, executable, plans, running, verifying
from todo_manager.attempt import Attempted, Wanted
from todo_manager.errors import TodoError
from todo_manager.executing import Event, PhaseBegun
from todo_manager.ledger import Actor
from todo_manager.model import Result
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Plan
from todo_manager.runner import AttemptMade, CheckFinished, CheckStarted, CheckWrote
from todo_manager.stepping import StepFinished, StepStarted, StepWrote
from todo_manager.workspace import Project

TAIL = 200
"""Lines of a check's output that are told; all that was kept is in the evidence."""

Running = Generator[Event, None, Attempted]


def main() -> None:
    """Work through the phases that are wanted, and leave at once with what the verb would exit with."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    endings.listen()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    options = json.loads(sys.argv[1])
    error: TodoError | None = None
    try:
        error = _work(options)
    except (KeyboardInterrupt, Exception) as problem:
        error = problem if isinstance(problem, TodoError) else endings.told(problem)
    _tell(_ending(error))
    os._exit(error.exit if error else 0)


def _leave_with_parent() -> None:
    """Interrupt the work when the other end of standard input is closed."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _work(options: dict[str, Any]) -> TodoError | None:
    """Run the verb for each phase wanted; the refusal that counts."""
    project = Project(Path.cwd())
    plan = plans.load(project.db, plans.resolve_id(project.db, options["plan"]))
    actor = Actor(options["actor"])  # runs are asserted: nobody signs them
    if options["verb"] == "watch":
        from tui import watched  # which no other run needs

        watched.follow(project, plan.id, actor, _tell)
    chosen = options.get("phase")
    indexes = [each.idx for each in plan.phases] if chosen is None else [chosen]
    start = _starter(project, plan, options)
    refusals = []
    for index in indexes:
        phase = plan.phase(index)
        if chosen is None and not _has_checks(phase):
            continue
        _demand_shown(plan, phase, options.get("only", ""))
        _tell(
            {
                "e": "phase_begins",
                "phase": index,
                "key": phase.key,
                "title": phase.title,
                "note": phase.note,
            }
        )
        found = _followed(start(Wanted(plan=plan.id, index=index, actor=actor)))
        if found.refusal is not None:
            refusals.append(found.refusal)
        _tell(_phase_end(found))
    # As the verb has it: a failure is told before what could not be looked at.
    return min(refusals, key=lambda each: each.exit, default=None)


def _demand_shown(plan: Plan, phase: plans.Phase, only: str) -> None:
    """Steps that were shown to somebody are executed, or none: what was accepted since was not."""
    if only and only.removeprefix("sha256:") != phase.step_digest:
        raise executable.other(plan, phase, only)


def _has_checks(phase: plans.Phase) -> bool:
    return bool(phase.verify) or any(phase.parts) or phase.required > 0


def _starter(project: Project, plan: Plan, options: dict[str, Any]) -> Callable[[Wanted], Running]:
    disk = OnDisk(project.root, project.settings, plan)
    starters: dict[str, Callable[[Wanted], Running]] = {
        "verify": lambda wanted: verifying.verify(project, wanted, disk),
        "done": lambda wanted: attempts.done(project, wanted),
        "run": lambda wanted: running.run(project, wanted),
        "exec": lambda wanted: running.execute(project, wanted, options.get("only", "")),
        "undo": lambda wanted: running.undo(project, wanted),
        **{kind: _service(project, kind, options) for kind in ("deploy", "rollback")},
    }
    return starters[options["verb"]]


def _service(project: Project, kind: str, options: dict[str, Any]) -> Callable[[Wanted], Running]:
    """The one step that deploys a service, or takes it back."""
    service = (kind, options.get("service", ""))
    only = options.get("only", "")
    return lambda wanted: running.execute(project, wanted, only, service=service)


def _followed(generator: Running) -> Attempted:
    """Tell every event; what the run returns. It is closed however it ends."""
    live: set[str] = set()
    try:
        while True:
            for line in _lines(next(generator), live):
                _tell(line)
    except StopIteration as end:
        found: Attempted = end.value
    finally:
        generator.close()
    return found


def _lines(event: Event, live: set[str]) -> Iterator[dict[str, Any]]:
    """One event as the objects that are told of it; `live` are checks whose whole output was told."""
    match event:
        case CheckStarted() | StepStarted():
            step = isinstance(event, StepStarted)
            yield {"e": "started", "id": event.id, "kind": event.kind, "subject": event.subject,
                   "step": step}  # fmt: skip
        case AttemptMade():
            yield {"e": "attempt", "id": event.id, "attempt": event.attempt,
                   "verdict": str(event.verdict), "message": event.message,
                   "wait": event.wait_s}  # fmt: skip
        case StepWrote():
            yield {"e": "wrote", "id": "", "stream": event.stream, "text": event.text}
        case CheckWrote():
            (live.discard if event.last else live.add)(event.id)
            yield {"e": "wrote", "id": event.id, "stream": event.stream, "text": event.text}
        case StepFinished():
            yield {"e": "finished", "check": evidence.as_row(event.result), "output": []}
        case CheckFinished():
            output = [] if event.result.id in live else _tail(event.result)
            yield {"e": "finished", "check": evidence.as_row(event.result), "output": output}
        case PhaseBegun():
            pass  # its phase was told already


def _tail(result: Result) -> list[list[str]]:
    """The last lines that a check's program wrote, each with its stream."""
    found = []
    for output in result.outputs:
        text = output.kept[-64_000:].decode("utf-8", "replace")
        found += [[output.stream, line] for line in text.splitlines()[-TAIL:]]
    return found


def _phase_end(found: Attempted) -> dict[str, Any]:
    data = {name: value for name, value in found.data.items() if name not in ("checks", "steps")}
    return {"e": "phase_end", "data": data, "error": _error(found.refusal), "notes": found.notes}


def _ending(error: TodoError | None) -> dict[str, Any]:
    return {"e": "end", "exit": error.exit if error else 0, "error": _error(error)}


def _error(error: TodoError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {
        "kind": str(error.kind),
        "message": error.message,
        "hint": error.hint,
        "person": error.person,
    }


def _tell(told: dict[str, Any]) -> None:
    try:
        sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
    except OSError:
        pass  # nobody reads: what is under way is decided by who asked for it, and that was said


if __name__ == "__main__":
    main()
