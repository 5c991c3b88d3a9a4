"""Writes the pictures of a report, from the real command and a real browser: `make report-picture`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY), str(HERE.parent)]


def main() -> None:
    import twenty
    from browser import Browser, program
    from gated import new_project

    path = program()
    if path is None:
        raise SystemExit("Chromium is missing; on Debian and Ubuntu: apt install chromium")
    home = Path(tempfile.mkdtemp(prefix="todo_manager-report-"))
    try:
        project = twenty.build(new_project(home))
        project.run("report", twenty.ID, "--html", "report.html").ok()
        address = (project.root / "report.html").as_uri()
        with Browser(path) as browser:
            for name, width, height in (("report", 1180, 1500), ("report-phone", 390, 844)):
                target = HERE / f"{name}.png"
                browser.open(address, width=width, height=height).picture(target)
                print(target.relative_to(REPOSITORY))
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
