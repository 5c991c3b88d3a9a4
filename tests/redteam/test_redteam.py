"""Every attack, against the real command; TABLE.md says what came of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from redteam.data import Attack, attacks
from redteam.page import PAGE, lacking, line
from redteam.play import play
from required import absent

ATTACKS = attacks()
PARTS = {"engine": pytest.mark.engine, "root": pytest.mark.root, "git": pytest.mark.git}


def _case(attack: Attack) -> object:
    return pytest.param(attack, id=attack.id, marks=[PARTS[n] for n in attack.needs if n in PARTS])


@pytest.mark.parametrize("attack", [_case(attack) for attack in ATTACKS])
def test_it_gets_nowhere(attack: Attack, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engine = request.getfixturevalue("engine") if "engine" in attack.needs else None
    if part := lacking(attack, engine):
        absent(part, f"{part} is not installed")
    seen = play(attack, tmp_path, engine)
    table = PAGE.read_text(encoding="utf-8").splitlines()
    assert line(attack, seen.told) in table, "TABLE.md is out of date: make redteam"
