"""States of phases from rows alone: the first match wins, and needs decide."""

from __future__ import annotations

import pytest

from todo_manager.states import derive


def phase(idx, *needs, mark="open", required=1, last="", mark_digest="d", inputs=None, rests=None):
    return {
        "idx": idx,
        "key": f"k{idx}",
        "needs": [f"k{need}" for need in needs],
        "required": required,
        "digest": "d",
        "mark": mark,
        "mark_digest": mark_digest if mark != "open" else None,
        "mark_inputs": inputs or {},
        "mark_rests": rests or {},
        "last_verdict": last,
        "last_digest": "d" if last else None,
    }


def states(*phases, bound=None, **options):
    return [standing.state for standing in derive(phases, bound or {}, **options)]


@pytest.mark.parametrize(
    ("phases", "options", "wanted"),
    [
        ([phase(0)], {}, ["ready"]),
        ([phase(0, last="failed")], {}, ["failed"]),
        ([phase(0, last="error")], {}, ["errored"]),
        ([phase(0, required=0)], {}, ["blocked"]),
        ([phase(0), phase(1, 0)], {}, ["ready", "blocked"]),
        ([phase(0, mark="done"), phase(1, 0)], {}, ["done", "ready"]),
        ([phase(0, mark="attested", required=0), phase(1, 0)], {}, ["attested", "ready"]),
        ([phase(0, mark="done", mark_digest="old")], {}, ["stale"]),
        ([phase(0, mark="done", inputs={"D": "1"})], {"bound": {"D": "1"}}, ["done"]),
        ([phase(0, mark="done", inputs={"D": "1"})], {"bound": {"D": "2"}}, ["stale"]),
        ([phase(0, mark="done")], {"changed": {0: "x differs"}}, ["stale"]),
        ([phase(0, mark="regressed"), phase(1, 0, mark="done")], {}, ["regressed", "stale"]),
        ([phase(0, mark="regressed"), phase(1, 0)], {}, ["regressed", "blocked"]),
        ([phase(0, mark="regressed")], {"running": frozenset({0})}, ["running"]),
        ([phase(0, mark="done")], {"archived": True}, ["archived"]),
    ],
)
def test_first_match_wins(phases, options, wanted):
    assert states(*phases, **options) == wanted


def test_what_a_done_phase_rests_on_is_said_through_its_needs():
    found = derive(
        [phase(0, mark="attested", required=0), phase(1, 0, mark="done"), phase(2, 1, mark="done")],
        {},
    )
    assert [each.reason for each in found] == ["", "rests on attested 0", "rests on attested 0"]


def test_thousands_of_phases_needing_the_next_are_no_trouble():
    count = 5000
    chain = [phase(n, n + 1) for n in range(count - 1)] + [phase(count - 1)]
    assert states(*chain) == ["blocked"] * (count - 1) + ["ready"]


def test_rows_edited_into_a_circle_are_blocked_not_endless():
    found = derive([phase(0, 1), phase(1, 0), phase(2, 2, mark="done"), phase(3)], {})
    assert [each.state for each in found] == ["blocked", "blocked", "blocked", "ready"]


LONG_AGO, FAR_OFF = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("rests", "state", "said"),
    [
        ({}, "done", ""),
        ({"from": LONG_AGO, "until": FAR_OFF, "why": "v1 (valid_for 1d)"}, "done", ""),
        ({"from": LONG_AGO, "until": LONG_AGO, "why": "v1 (valid_for 1d)"}, "stale", "v1 (valid_for 1d) ran out"),
        ({"from": FAR_OFF, "until": FAR_OFF + "9"}, "stale", "before it was proven"),
        ({"waived": [["v1", "2999-02-01T00:00:00Z"], ["v2", FAR_OFF]]}, "done", "2 waived until 2999-01-01"),
        ({"persons": 1}, "done", "persons: 1"),
    ],
)  # fmt: skip
def test_what_a_mark_rests_on(rests, state, said):
    found, waiting = derive([phase(0, mark="done", rests=rests), phase(1, 0)], {})
    assert (found.state, said in found.reason) == (state, True), found
    assert waiting.state == ("ready" if state == "done" else "blocked")


def test_a_subject_that_moved_makes_stale():
    (found,) = derive([phase(0, mark="moved", rests={"why": "app:1 is another image"})], {})
    assert found == ("stale", "app:1 is another image")
