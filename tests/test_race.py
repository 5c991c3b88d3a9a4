"""The races of race.py with fewer processes; `make race` holds them with 32."""

from __future__ import annotations

import pytest
import race


@pytest.mark.parametrize("name", race.RACES)
def test_at_once(project, name):
    figures = race.hold(name, project, processes=8, seconds=0.5)
    print(figures)
    assert figures["processes"] >= 8


def test_the_barrier_lets_them_begin_together(project):
    """Were they to begin one after another, no race would be held at all: all must overlap."""
    project.plan("p", '- title: T\n  verify: [{command: [sleep, "0.5"]}]')
    found = race.at_once(project, [["done", "p", 0]] * 4)
    assert sorted(ran.exit for ran in found) == [0, 7, 7, 7]


def test_a_race_that_goes_wrong_is_noticed(project, monkeypatch):
    """The judge is not blind: a phase whose `done` got lost on the way does not pass."""
    real = race.at_once
    monkeypatch.setattr(race, "at_once", lambda project, commands: real(project, commands[1:]))
    with pytest.raises(AssertionError):
        race.every_phase(project, 2, 0.1)
