"""Writes the pictures of the command center from the real program on a real store: `make screens`."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(REPOSITORY))

PLAN = """schema: todo_manager/plan@1
id: {id}
title: {title}
phases:
  - title: {first}
    verify: [{{file: {file}}}]
  - title: {second}
    verify: [{{command: [test, -s, {file}]}}]
"""
PLANS = (
    (
        "billing_release",
        "Ship the billing service",
        "Runbook",
        "Build the package",
        "docs/runbook.md",
    ),
    ("base_images", "Rebuild the base images", "Inventory", "Push and scan", "docs/inventory.md"),
    ("observability", "Every service reports its build", "Collector", "Receipts", "missing.md"),
)


def command(folder: Path, *words: str) -> None:
    """Run the command in a folder, whatever it exits with."""
    subprocess.run(
        [sys.executable, "-m", "todo_manager", "-C", str(folder), "--actor", "ops", *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def build(folder: Path) -> None:
    """A project with plans in several states."""
    for name in ("docs/runbook.md", "docs/inventory.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("who, what, how\n", encoding="utf-8")
    (folder / "plans").mkdir()
    for id_, title, first, second, file in PLANS:
        text = PLAN.format(id=id_, title=title, first=first, second=second, file=file)
        (folder / f"plans/{id_}.yaml").write_text(text, encoding="utf-8")
        command(folder, "import", f"plans/{id_}.yaml")
    command(folder, "done", "billing_release", "0")
    command(folder, "done", "observability", "0")


async def picture(folder: Path, columns: int, rows: int) -> str:
    """The screen as an SVG, once its rows are there."""
    from tui.app import CommandCenter

    app = CommandCenter(str(folder))
    async with app.run_test(size=(columns, rows)) as pilot:
        for _ in range(100):
            await pilot.pause(0.05)
            svg = app.export_screenshot(title="todo_manager tui")
            if "billing_release" in svg:
                return svg
    raise SystemExit("the rows never came")


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="todo_manager-screens-"))
    os.environ["HOME"] = str(home)
    folder = home / "release"
    folder.mkdir()
    try:
        command(folder, "init")
        build(folder)
        svg = asyncio.run(picture(folder, 100, 16))
    finally:
        shutil.rmtree(home)
    # The fonts of the export come from a server; a picture asks nobody.
    kept = [line for line in svg.splitlines() if "url(" not in line or "clip-path" in line]
    target = HERE / "plans.svg"
    target.write_text("\n".join(line.rstrip() for line in kept) + "\n", encoding="utf-8")
    print(target.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
