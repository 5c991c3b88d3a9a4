"""Whatever is given to the program: a clear message with its place, exit 2, and the store as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

BAD_PLANS = sorted((Path(__file__).parent / "bad_plans").glob("*.yaml"))
MARK = "  # ! "


def expected(file: Path) -> list[tuple[int, str]]:
    """The problems a document announces itself: `# ! path: message`, several divided by ` ## `."""
    return [
        (number, problem)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if MARK in line
        for problem in line.split(MARK)[1].split(" ## ")
    ]


@pytest.mark.parametrize("file", BAD_PLANS, ids=lambda file: file.stem)
def test_every_mistake_is_told_at_once_with_its_line(project, file):
    project.write("plans/x.yaml", file.read_text(encoding="utf-8"))
    told = project.ask("import", "plans/x.yaml").refused("invalid_document").data["problems"]
    wanted = sorted(expected(file))
    found = sorted((int(line.split(":")[1]), line.split(": ", 1)[1]) for line in told)
    unmatched = list(found)
    missing = []
    for number, problem in wanted:
        hit = next((f for f in unmatched if f[0] == number and problem in f[1]), None)
        if hit:
            unmatched.remove(hit)
        else:
            missing.append((number, problem))
    assert (missing, unmatched) == ([], [])
    assert not (project.root / ".todo_manager").exists()
