"""Plan documents put before the command: what lint says of them, in this very process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from todo_manager import cli


class Linted(NamedTuple):
    """Exit code, and the lines lint gives: problems refuse the document, the others do not."""

    exit: int
    problems: list[str]
    warnings: list[str]
    errors: list[str]

    def loads(self) -> Linted:
        """It was not refused."""
        assert not self.problems, self
        assert self.exit in (0, 1), self
        return self


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Linted]:
    """Put a document before `todo_manager lint`; its name is `plans/x.yaml`."""
    file = tmp_path / "plans/x.yaml"
    file.parent.mkdir()

    def run(text: str | bytes) -> Linted:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        code = cli.run(["lint", "--json", "plans/x.yaml"])
        found = json.loads(capsys.readouterr().out)
        assert found["exit"] == code
        if code == 2:
            assert found["error"]["kind"] == "invalid_document", found
        data = found.get("data", {})
        return Linted(
            code, data.get("problems", []), data.get("warnings", []), data.get("errors", [])
        )

    return run


HEAD = """\
schema: todo_manager/plan@1
id: x
title: X
"""
"""Three lines with which every plan of these tests begins."""


@pytest.fixture
def plan() -> Callable[..., str]:
    """A plan from what stands between its head and its phases, and the checks of its one phase."""

    def make(*checks: str, names: str = "") -> str:
        lines = "".join(f"      - {check}\n" for check in checks) or "      - file: a\n"
        return f"{HEAD}{names}phases:\n  - title: One\n    verify:\n{lines}"

    return make
