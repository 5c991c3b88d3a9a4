"""The commands that crash.py kills: what they do, which points they pass, how to see what came of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from support import Project

from todo_manager import reads

LONG = 31.4159
"""Seconds of the check that is running when it is killed; nothing ever waits for its end."""

PLAN = f"""
- key: passes
  title: Passes, with evidence
  verify:
    - command: [cat, evidence.txt]
    - file: evidence.txt
      contains: [proof]
- key: slow
  title: Is running when it is killed, with a child that has left its session
  needs: []
  verify:
    - command: |
        if [ -e slow ]; then setsid sleep {LONG} & sleep {LONG}; fi
        cat evidence.txt
- key: fails
  title: Fails until it is put right
  needs: []
  verify:
    - command: "cat evidence.txt; test -e right"
- key: was-done
  title: Is done in the template
  needs: []
  verify:
    - command: [cat, evidence.txt]
- key: bare
  title: Only a person can vouch for it
  needs: []
- key: uses
  title: Uses an input
  needs: []
  verify:
    - command: [echo, "${{N}}"]
"""
CHANGING = "- {title: Changes, verify: [{file: evidence.txt, contains: [WORD]}]}"
QUEUE = [
    {"id": f"queue-{n}", "todos": [{"text": "one", "done": True}, {"text": "two", "done": n == 1}]}
    for n in (1, 2)
]

_STORE = ("store-begun", "store-created", "store-migrated")
_COMMIT = (
    "transaction-begun",
    "ledger-appended",
    "before-commit",
    "after-commit",
    "head-temporary",
    "head-written",
)
_RUN = (
    "lock-held",
    "before-run",
    "check-running",
    "check-finished",
    "after-run",
    "outputs-stored",
)


def _nothing(project: Project) -> None:
    pass


class Scene(NamedTuple):
    """One command to be killed."""

    name: str
    words: tuple[object, ...]
    points: tuple[str, ...]
    """The named points it passes."""
    happened: Callable[[Project], bool]
    """Whether the store holds what the command was to record; AssertionError if twice."""
    passes: Mapping[str, int] = {}
    """How often it passes a point; once where nothing is said."""
    again: tuple[object, ...] = ()
    """What is called afterwards, and must end in 0; the command itself when empty."""
    prepare: Callable[[Project], object] = _nothing
    put_right: Callable[[Project], object] = _nothing
    person: bool = False
    """Whether it asks at a terminal."""
    makes_store: bool = False


def _rows(project: Project, sql: str, *values: object) -> list[tuple[object, ...]]:
    db = reads.open_store(str(project.root))
    try:
        return [tuple(row) for row in db.execute(sql, values)]
    finally:
        db.close()


def _once(event: str, key: str) -> Callable[[Project], bool]:
    """Whether the ledger holds this event about a phase of the plan p, and the phase its mark."""
    mark = {"done": "done", "attested": "attested", "renewed": "done"}[event]

    def happened(project: Project) -> bool:
        sql = "SELECT seq FROM ledger WHERE event = ? AND plan = 'p' AND key = ?"
        found = _rows(project, sql, event, key)
        assert len(found) <= 1 or event == "renewed", f"{event} {len(found)} times"
        marked = _rows(project, "SELECT mark, mark_seq FROM phases WHERE plan='p' AND key=?", key)
        if found:
            assert marked == [(mark, found[-1][0])], f"{marked} beside {event} {found}"
        else:
            assert marked[0][0] == ("done" if event == "renewed" else "open"), marked
        return bool(found)

    return happened


def _bound(project: Project) -> bool:
    events = _rows(project, "SELECT seq FROM ledger WHERE event = 'set'")
    bound = _rows(project, "SELECT value FROM inputs WHERE plan = 'p' AND name = 'N'")
    assert len(events) == len(bound) <= 1, (events, bound)
    return bound == [("7",)]


def _imported(*plans: str) -> Callable[[Project], bool]:
    def happened(project: Project) -> bool:
        found = [
            (len(_rows(project, "SELECT 1 FROM ledger WHERE event='imported' AND plan=?", plan)),
             len(_rows(project, "SELECT 1 FROM plans WHERE id = ?", plan)))
            for plan in plans
        ]  # fmt: skip
        assert set(found) in ({(0, 0)}, {(1, 1)}), f"imported in part: {found}"
        return found[0] == (1, 1)

    return happened


def _texts(project: Project) -> bool:
    return _rows(project, "SELECT title FROM plans WHERE id = 'p'") == [("New words",)]


def _accepted(project: Project) -> bool:
    events = _rows(project, "SELECT seq FROM ledger WHERE event = 'accepted'")
    now = _rows(
        project, "SELECT accepted_seq, verify FROM plans JOIN phases ON plan = id WHERE id = 'c'"
    )
    assert len(events) <= 1
    assert ("proof" in str(now[0][1])) == bool(events), now
    return bool(events)


def _has_store(project: Project) -> bool:
    return _rows(project, "PRAGMA user_version") != [(0,)]


def _without_store(project: Project) -> None:
    shutil.rmtree(project.root / ".todo_manager")


def _new_words(project: Project) -> None:
    file = project.root / "plans" / "p.yaml"
    file.write_text(file.read_text().replace("title: Plan p", "title: New words"))


_RUNNING = (*_RUN, *_COMMIT)
_ALL = (
    Scene("done", ("done", "p", 0), (*_RUNNING, "state-written"), _once("done", "passes"),
          passes={"check-finished": 3, "check-running": 2}),
    Scene("done, still running", ("done", "p", 1), ("lock-held", "before-run", "check-running"),
          _once("done", "slow"),
          prepare=lambda project: project.write("slow"),
          put_right=lambda project: (project.root / "slow").unlink()),
    Scene("done, refused", ("done", "p", 2), _RUNNING, _once("done", "fails"),
          put_right=lambda project: project.write("right")),
    Scene("verify", ("verify", "p", 3), (*_RUNNING, "state-written"), _once("renewed", "was-done")),
    Scene("set", ("set", "p", "N=7"), _COMMIT, _bound),
    Scene("attest", ("attest", "p", 4, "--reason", "seen"), (*_COMMIT, "state-written"),
          _once("attested", "bare"), person=True),
    Scene("accept", ("accept", "c"), _COMMIT, _accepted, person=True),
    Scene("import", ("import", "queue.json"), (*_COMMIT, "state-written"),
          _imported("queue-1", "queue-2"), passes={"ledger-appended": 5, "state-written": 3}),
    Scene("import, known", ("import", "plans/p.yaml"), _COMMIT, _texts, prepare=_new_words),
    Scene("import, first", ("import", "plans/p.yaml", "plans/c.yaml"), (*_STORE, *_COMMIT),
          _imported("p", "c"), passes={"ledger-appended": 2}, prepare=_without_store,
          makes_store=True),
    Scene("init", ("init",), _STORE, _has_store, prepare=_without_store, makes_store=True),
)  # fmt: skip
SCENES = {scene.name: scene for scene in _ALL}


def build_template(root: Path, home: Path) -> None:
    """The project every round begins with a copy of."""
    root.mkdir()
    project = Project(root, home)
    project.write("evidence.txt", "proof\n" * 2000)
    project.write("phases/p/p0_check.sh", "cat evidence.txt\ngrep -q proof evidence.txt\n")
    project.write("queue.json", json.dumps({"tasks": QUEUE}))
    project.plan("p", PLAN, head="inputs: [N]\n")
    project.run("done", "p", 3).ok()
    project.plan("c", CHANGING)
    project.plan("c", CHANGING.replace("WORD", "proof"), imported=False)
