"""A waiver from its request to its end, on the command line: asked by one, approved by the other.

    python tests/waiver_story.py

It takes a minute: the waiver runs out while a watch looks on. Exit 1 where anything is not as it
should be.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from support import Project

PLAN = """
- title: Release notes
  verify: [{name: notes, file: notes.md}]
- title: Ship
  verify: [{file: shipped}]
"""
WORKER, APPROVER = "worker@example.org", "approver@example.org"


def main() -> int:
    """Tell the story in a temporary project; the exit code."""
    with tempfile.TemporaryDirectory(prefix="todo_manager-story-") as folder:
        root = Path(folder)
        (root / "home").mkdir()
        (root / "project").mkdir()
        project = Project(root / "project", root / "home")
        project.write("shipped")
        project.plan("p", PLAN)
        return tell(project)


def tell(project: Project) -> int:
    """Every command with its answer; 0 when all of them were as they should be."""
    say = Teller(project)
    say("Nothing is waived yet.", 1, WORKER, "done", "p", 0)
    say("The worker asks.", 0, WORKER, "waive", "p", 0, "notes", "--reason", "written on Friday",
        "--until", "40s")  # fmt: skip
    say("A request is no waiver.", 1, WORKER, "done", "p", 0)
    approve = ("waive", "p", 0, "notes", "--approve")
    say("Who asks cannot approve.", 6, WORKER.upper(), *approve, person=True)
    say("Without a person nobody can.", 6, APPROVER, *approve)
    say("The other one approves.", 0, APPROVER, *approve, person=True)
    say("Now it can be done, and is shown as waived.", 0, WORKER, "done", "p", 0)
    say("It is listed as used.", 0, WORKER, "waive", "p", "--list")
    print("\n# A watch sees it run out: stale, and regressed as soon as it has looked.")
    watch = project.start("watch", "p", "--every", "1h", "--events")
    assert watch.stdout is not None
    for line in watch.stdout:
        event = json.loads(line)
        if event["event"] == "change":
            print(
                f"{event['plan']} {event['phase']}: {event['was']} -> {event['state']}: {event['reason']}"
            )
            say.fine = say.fine and event["state"] in ("stale", "regressed")
            if event["state"] == "regressed":
                break
    watch.kill()
    watch.communicate()
    say("What needs it is refused.", 4, WORKER, "done", "p", 1)
    say("The waiver is over.", 0, WORKER, "waive", "p", "--list")
    print("\nas it should be" if say.fine else "\nNOT as it should be")
    return 0 if say.fine else 1


class Teller:
    """Runs commands, prints what they say, and remembers whether each ended as it should."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.fine = True

    def __call__(
        self, why: str, exit: int, actor: str, *words: object, person: bool = False
    ) -> None:
        line = ("--actor", actor, *words)
        ran = self._project.person(*line) if person else self._project.run(*line)
        print(
            f"\n# {why}\n$ todo_manager {' '.join(map(str, line))}\n{ran.out}{ran.err}[exit {ran.exit}]"
        )
        self.fine = self.fine and ran.exit == exit


if __name__ == "__main__":
    sys.exit(main())
