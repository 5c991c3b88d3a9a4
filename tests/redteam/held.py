"""Runs a program and writes down how it ended and how much memory it and what it started held.

    python -I -S held.py FILE

FILE holds JSON, `program` and `environment`, and afterwards `status` (of wait) and `peak` (in kB). This process
stands between because the peak of a program counts what its parent held when it was forked, and whoever runs
the tests may hold more than any attack.
"""

import json
import os
import signal
import sys


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        asked = json.load(file)
    program, environment = asked["program"], asked["environment"]
    pid = os.posix_spawn(
        program[0], program, environment, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
    )
    _, status, usage = os.wait4(pid, 0)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"status": status, "peak": usage.ru_maxrss}, file)


if __name__ == "__main__":
    main(sys.argv[1])
