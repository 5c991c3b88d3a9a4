"""Every attack, against the real command; TABLE.md says what came of each."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from redteam.data import Attack, attacks
from redteam.page import PAGE, lacking, line
from redteam.play import PEAK_MB, Seen, play
from required import absent

ATTACKS = attacks()
PARTS = {"engine": pytest.mark.engine, "root": pytest.mark.root, "git": pytest.mark.git}


def _case(attack: Attack) -> object:
    return pytest.param(attack, id=attack.id, marks=[PARTS[n] for n in attack.needs if n in PARTS])


@pytest.fixture(scope="session")
def ahead(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Seen]]]:
    """The attacks of this run that need no engine, carried out by as many processes as there are cores."""
    chosen = [item.callspec.params["attack"] for item in request.session.items if _is_here(item)]
    folder = tmp_path_factory.mktemp("redteam")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield {
            attack.id: pool.submit(play, attack, folder / str(number))
            for number, attack in enumerate(chosen)
            if "engine" not in attack.needs and not lacking(attack, None)
        }
        pool.shutdown(cancel_futures=True)


def _is_here(item: Any) -> bool:
    return getattr(item, "function", None) is test_it_gets_nowhere


@pytest.mark.parametrize("attack", [_case(attack) for attack in ATTACKS])
def test_it_gets_nowhere(attack: Attack, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engine = request.getfixturevalue("engine") if "engine" in attack.needs else None
    if part := lacking(attack, engine):
        absent(part, f"{part} is not installed")
    if engine:
        seen = play(attack, tmp_path, engine)
    else:
        seen = request.getfixturevalue("ahead")[attack.id].result()
    table = PAGE.read_text(encoding="utf-8").splitlines()
    assert line(attack, seen.told) in table, "TABLE.md is out of date: make redteam"


def test_what_the_tests_hold_is_not_counted(tmp_path: Path) -> None:
    attack = next(each for each in ATTACKS if not each.needs and not each.during)
    with mmap.mmap(-1, (PEAK_MB + 50) << 20) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        seen = play(attack, tmp_path)
    assert 10 < seen.peak_mb < 200
