"""How soon something is on the screen: `list` and `show` on a terminal, as a ratio to the floor.

    python tests/bench/first_byte.py [--plans 50] [--rounds 25]

Each command runs on a pseudo-terminal of its own. What is measured are the times from its start to the
first visible character, and to its end. The floor is that of cold_start.py: Python itself with sqlite3
and one SELECT, to its end, on such a terminal too. All take turns within every round; what is printed
are medians. Exit 1 when a first character comes later than the limit.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from cold_start import ENVIRONMENT, FLOOR, REPOSITORY, build

LIMIT = 8.0
"""The ratio the first character must not exceed."""
SIZE = (40, 100)
"""Rows and columns of the terminal."""
VISIBLE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|[\s\x07]")
"""What is written to a terminal and cannot be seen."""

TEXT = """\
schema: todo_manager/plan@1
id: {id}
title: Roll the twin out to the second machine
description: |
  From base images to a **drilled** rollback:

  - what is built is scanned,
  - what is scanned is signed.
phases:
  - title: Setup and protocol
    explain: |
      ## Before anything

      Read `docs/protocol.md` first; it says *who* may stop the roll-out, and how.

      1. Copy it.
      2. Have somebody else read it.
    note: Nothing is pushed before the scan.
    verify: [{{file: docs/protocol.md, contains: [rollback]}}]
"""


def main() -> int:
    """Build a store, measure on terminals, print; the exit code."""
    options = _arguments()
    ENVIRONMENT["TERM"] = "xterm-256color"
    command = _command()
    with tempfile.TemporaryDirectory(prefix="todo_manager-bench-") as folder:
        root = Path(folder)
        build(root, options.plans, command)
        (root / "text.yaml").write_text(TEXT.format(id="markdown"))
        subprocess.run(
            [*command, "import", "text.yaml"],
            cwd=root,
            env=ENVIRONMENT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found = measure(root, command, options.rounds)
    floor = found.pop("floor")[1]
    print(f"floor {floor:.1f} ms; {options.plans} plans, {options.rounds} rounds, medians")
    print(f"{'on a terminal':>24} {'first character':>20} {'end':>20}")
    for name, times in found.items():
        cells = [f"{took:7.1f} ms ({took / floor:5.2f})" for took in times]
        print(f"{name:>24} {cells[0]:>20} {cells[1]:>20}")
    worst = max(first for first, _ in found.values()) / floor
    print(f"worst ratio to the first character {worst:.2f}; at most {LIMIT:g}")
    return int(worst > LIMIT)


def measure(root: Path, command: list[str], rounds: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds to the first visible character and to the end, by name of the command."""
    commands = {
        "floor": [sys.executable, "-c", FLOOR, ".todo_manager/store.db", "plan-0"],
        "list": [*command, "list"],
        "show": [*command, "show", "plan-0"],
        "show, Markdown": [*command, "show", "markdown", "0"],
        "next": [*command, "next", "plan-0"],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for round_ in range(rounds + 1):
        for name, argv in commands.items():
            times = at_terminal(argv, root)
            if round_:
                taken[name].append(times)
    return {
        name: (
            statistics.median(first for first, _ in times),
            statistics.median(end for _, end in times),
        )
        for name, times in taken.items()
    }


def at_terminal(argv: list[str], cwd: Path) -> tuple[float, float]:
    """Milliseconds from the start of a program to its first visible character, and to its end."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        argv, cwd=cwd, env=ENVIRONMENT, stdin=slave, stdout=slave, stderr=slave, close_fds=True
    )
    os.close(slave)
    first, seen = 0.0, b""
    while chunk := _read(master):
        seen += chunk
        if not first and VISIBLE.sub(b"", seen):
            first = time.perf_counter()
    code = process.wait()
    end = time.perf_counter()
    os.close(master)
    assert code == 0, (argv, seen)
    assert first, argv
    return (first - began) * 1000, (end - began) * 1000


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # the program is gone and with it the terminal's other end
        return b""


def _command() -> list[str]:
    script = Path(sys.executable).with_name("todo_manager")
    if script.exists():
        return [str(script)]
    ENVIRONMENT["PYTHONPATH"] = str(REPOSITORY)
    return [sys.executable, "-m", "todo_manager"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plans", type=int, default=50, help="plans in the store")
    parser.add_argument("--rounds", type=int, default=25, help="measured rounds, at least 15")
    options = parser.parse_args()
    if options.rounds < 15:
        parser.error("fewer than 15 rounds say nothing")
    return options


if __name__ == "__main__":
    sys.exit(main())
