"""`make race`: many processes at once on one store. Nothing may be lost, and nothing may lie.

    python tests/race.py [--processes 32] [--seconds 5]

Every process has imported the program and waits at a barrier, so that they all begin within a
millisecond. Prints one line of figures a race; exits 1 when one of them went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forked import Forked, fork
from support import Project, Ran

AT_THE_BARRIER = """
import os, sys
ready, go = int(sys.argv.pop(1)), int(sys.argv.pop(1))
from todo_manager import attempts, cli, intake, migrations
os.write(ready, b".")
os.read(go, 1)
cli.main()
"""
"""The command itself, held up between its imports and its first step until `go` is closed."""


def at_once(project: Project, commands: Sequence[Sequence[object]]) -> list[Ran]:
    """Run these commands, all with --json, all beginning at the same moment."""
    ready, is_ready = os.pipe()
    go, hold = os.pipe()
    held_up = [sys.executable, "-c", AT_THE_BARRIER, str(is_ready), str(go)]
    crowd = [
        subprocess.Popen(
            [*held_up, *map(str, words), "--json"],
            cwd=project.root,
            env=project.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[is_ready, go],
        )
        for words in commands
    ]
    os.close(is_ready)
    os.close(go)
    waiting = len(crowd)
    while waiting:
        arrived = len(os.read(ready, waiting))
        assert arrived, "a process ended before the race began"
        waiting -= arrived
    os.close(hold)
    os.close(ready)
    answers = [process.communicate(timeout=100) for process in crowd]
    return [Ran(process.returncode, *answer) for process, answer in zip(crowd, answers)]


def one_phase(project: Project, processes: int, seconds: float) -> list[Ran]:
    """All of them do the same phase: one does it, for all others it is busy or done already."""
    project.plan("one", f'- title: Slow\n  verify: [{{command: [sleep, "{seconds:g}"]}}]')
    found = at_once(project, [["done", "one", 0]] * processes)
    did = [ran for ran in found if ran.exit == 0 and not ran.data["already"]]
    assert len(did) == 1, found
    assert all(ran.exit in (0, 7) for ran in found), found
    assert len(project.events("done")) == 1
    assert project.events("done")[0]["seq"] == did[0].data["run"]
    assert project.states("one") == ["done"]
    return found


def one_phase_in_line(project: Project, processes: int, seconds: float) -> list[Ran]:
    """The same, but everybody waits: nobody is refused, and it is still done only once."""
    project.plan("line", f'- title: Slow\n  verify: [{{command: [sleep, "{seconds:g}"]}}]')
    found = at_once(project, [["done", "line", 0, "--wait", "90s"]] * processes)
    assert [ran.exit for ran in found] == [0] * processes, found
    assert [ran.data["already"] for ran in found].count(False) == 1
    assert len(project.events("done")) == 1
    return found


def every_phase(project: Project, processes: int, seconds: float) -> list[Ran]:
    """Each does a phase of its own, with readers and a verify in between: every mark is there."""
    phase = "- {{title: Phase {}, needs: [], verify: [{{command: [echo, phase-{}]}}]}}"
    project.plan("all", "\n".join(phase.format(k, k) for k in range(processes)))
    readers = [["list"], ["show", "all"], ["next", "all"], ["log"], ["audit"], ["verify", "all", 0]]
    found = at_once(project, [["done", "all", k] for k in range(processes)] + readers)
    # The verify may come to phase 0 just before its `done`: then one of the two finds it busy.
    busy = {ran.error["message"].split(" is ")[0] for ran in found if ran.exit == 7}
    assert busy <= {"all 0"}, found
    assert all(ran.exit in (0, 7) for ran in found), found
    if found[0].exit == 7:
        project.ask("done", "all", 0).ok()
    assert Counter(event["key"] for event in project.events("done")) == Counter(
        f"phase-{k}" for k in range(processes)
    )
    assert project.states("all") == ["done"] * processes
    return found


def first_store(project: Project, processes: int, seconds: float) -> list[Ran]:
    """All of them make the store: by importing a plan each, the same one, or with init."""
    phase = "- {title: P, verify: [{file: x}]}"
    for k in range(processes):
        project.plan(f"plan-{k}", phase, imported=False)
    third = processes // 3
    commands: list[list[object]] = [["import", f"plans/plan-{k}.yaml"] for k in range(processes)]
    commands += [["import", "plans/plan-0.yaml"] for _ in range(third)]
    commands += [["init"] for _ in range(third)]
    assert not (project.root / ".todo_manager").exists()
    found = at_once(project, commands)
    assert [ran.exit for ran in found] == [0] * len(commands), found
    assert sum(ran.data.get("new", False) for ran in found[-third:]) <= 1
    events = Counter(event["plan"] for event in project.events("imported"))
    assert events == Counter(f"plan-{k}" for k in range(processes))
    assert len(project.ask("list", "--all").ok().data["plans"]) == processes
    return found


def mixed_writers(project: Project, processes: int, seconds: float) -> list[Ran]:
    """Set, import, verify and done on the same few plans: the ledger has every one that was told."""
    project.plan("mix", "- {title: P, verify: [{command: [echo, '${N}']}]}", head="inputs: [N]\n")
    project.run("set", "mix", "N=start").ok()
    others: list[list[object]] = [
        ["import", "plans/mix.yaml"],
        ["done", "mix", 0],
        ["verify", "mix", 0],
    ]
    commands = [others[k % 3] for k in range(processes)]
    commands += [["set", "mix", f"N={k}"] for k in range(processes)]
    before = {kind: len(project.events(kind)) for kind in ("set", "texts")}
    found = at_once(project, commands)
    assert all(ran.exit in (0, 6, 7) for ran in found), found
    told = Counter(words[0] for words, ran in zip(commands, found) if ran.exit == 0)
    assert len(project.events("set")) - before["set"] == told["set"] == processes
    assert len(project.events("texts")) - before["texts"] == told["import"]
    runs = {ran.data["run"] for ran in found if ran.exit == 0 and ran.data.get("run")}
    assert runs <= {event["seq"] for event in project.events()}
    return found


def readers_and_writers(project: Project, processes: int, seconds: float) -> list[Ran]:
    """Half of them write without a pause, the others look: nobody ever sees a store half written."""
    phases = "- {title: P, verify: [{file: plans}]}"
    project.plan("busy", phases, head="inputs: [N]\n")
    project.run("done", "busy", 0).ok()
    reads = [[verb, "busy"] for verb in ("show", "next", "log")]
    reads += [["list"], ["audit"], ["done", "busy", 0], ["diff", "busy"]]
    work: list[list[list[object]]] = []
    for k in range(processes):
        writes = [["set", "busy", f"N={k}-{n}"] for n in range(14)]
        work.append([*writes, ["verify", "busy", 0]] if k % 2 else reads * 2)
    before = len(project.events("set"))
    found = one_after_another(project, work)
    assert all(ran.exit == 0 or (ran.exit == 7 and "verify" in ran.out) for ran in found), found
    assert len(project.events("set")) - before == 14 * (processes // 2)
    return found


def one_after_another(project: Project, work: Sequence[Sequence[Sequence[object]]]) -> list[Ran]:
    """One process for each list of commands; it runs them in forks, without a pause between them."""
    forks = Forked(project.root, Path(project.env["HOME"]))
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for number, commands in enumerate(work):
            pid = fork()
            if pid == 0:
                try:
                    ran = [forks.ask(*words) for words in commands]
                    told = json.dumps([[each.exit, each.out, each.err] for each in ran])
                    Path(folder, str(number)).write_text(told)
                finally:
                    os._exit(0)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        told = [json.loads(Path(folder, str(n)).read_text()) for n in range(len(work))]
    return [Ran(*each) for many in told for each in many]


RACES: dict[str, Callable[[Project, int, float], list[Ran]]] = {
    race.__name__: race
    for race in (
        one_phase,
        one_phase_in_line,
        every_phase,
        first_store,
        mixed_writers,
        readers_and_writers,
    )
}


def hold(name: str, project: Project, processes: int, seconds: float) -> dict[str, Any]:
    """Hold one race in an empty project, audit its store, and return its figures."""
    began = time.monotonic()
    found = RACES[name](project, processes, seconds)
    wall = time.monotonic() - began
    audit = project.ask("audit").ok().data
    assert audit["breaks"] == []
    assert audit["head"]["seq"] == audit["events"], "HEAD is behind although nobody crashed"
    return {
        "race": name,
        "processes": len(found),
        "wall_s": round(wall, 2),
        "exits": dict(sorted(Counter(ran.exit for ran in found).items())),
        "events": audit["events"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the slow check takes")
    parser.add_argument("--only", choices=RACES, action="append", help="hold this race alone")
    arguments = parser.parse_args()
    for name in arguments.only or RACES:
        with tempfile.TemporaryDirectory(prefix="race-") as folder:
            root, home = Path(folder, "project"), Path(folder, "home")
            root.mkdir()
            home.mkdir()
            project = Project(root, home)
            print(
                json.dumps(hold(name, project, arguments.processes, arguments.seconds)), flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
