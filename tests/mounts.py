"""What an engine leaves mounted below its folder, and what engines of killed test runs have left.

An engine ends its containers when it is told to, but keeps the network of `--network host` mounted; one
that was killed keeps everything. A folder with a mount in it cannot be removed, and removing it while
files of the project are mounted in it would remove those.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from glob import glob
from pathlib import Path
from typing import IO

_HELD = "held"
"""A file in the folder of an engine, locked as long as its test run lives."""


def below(folder: Path) -> list[str]:
    """What is mounted at a folder or below it, the last mounted first."""
    top = str(folder.resolve())
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        points = [_plain(line.split()[4]) for line in table]
    return [point for point in reversed(points) if point == top or point.startswith(f"{top}/")]


def remove(folder: Path) -> None:
    """Unmount everything below a folder, then remove it; what cannot be unmounted stays as it is."""
    for point in below(folder):
        subprocess.run(["umount", "--lazy", "--", point], capture_output=True, timeout=30)
    if not below(folder):
        shutil.rmtree(folder, ignore_errors=True)


def hold(folder: Path) -> IO[str]:
    """Say that a folder is in use, until the file is closed or this process ends."""
    file = open(folder / _HELD, "w", encoding="utf-8")  # noqa: SIM115
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def sweep(runs: Path) -> None:
    """Remove the folders of engines whose test run was killed, among the folders of all test runs.

    Those of a worker lie one folder deeper, in that of its run.
    """
    for folder in runs.glob("garbage-*"):  # put aside by pytest, which could not remove it
        if below(folder):
            remove(folder)
    # Unlike the glob of Path this one goes on where another run removes a folder meanwhile.
    found = [each for depth in ("*/*", "*/*/*") for each in glob(f"{depth}/{_HELD}", root_dir=runs)]
    for held in sorted(runs / each for each in found):
        try:
            with open(held, encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(held.parent)
        except OSError:
            continue  # its test run lives, or another one sweeps as well


def _plain(text: str) -> str:
    r"""A path as it is: blanks are written \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
