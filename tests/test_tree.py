"""`tree`: every phase once, below everything it needs."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from forked import Forked
from support import PROGRAM, Project, at_terminal

from todo_manager import needs
from todo_manager.render.cells import cells

PHASES = """
- {key: a, title: Protocol, verify: [{file: a}]}
- {key: b, title: Build, verify: [{file: b}]}
- {key: c, title: Docs, needs: [a], verify: [{file: c}, {name: nice, file: z, required: false}]}
- {key: d, title: Release, needs: [b, c], verify: [{file: d}]}
- {key: e, title: Afterwards, verify: [{file: d}], parts: [{title: Core, verify: [{file: q}]}]}
- {key: f, title: Alone, needs: [], verify: [{file: d}]}
"""


@pytest.fixture
def project(project: Project) -> Project:
    return Forked(project.root, Path(project.env["HOME"]))


def test_a_phase_stands_below_the_last_of_what_it_needs_and_names_the_others(project) -> None:
    project.write("a", "a")
    project.plan("p", PHASES)
    project.run("done", "p", 0).ok()
    assert project.run("tree", "p").ok().out == (
        "p  [open]  Plan p\n"
        "├ ✔ 0. Protocol  [done]\n"
        "│ ├ ○ 1. Build  [ready]\n"
        "│ └ ○ 2. Docs  [ready]\n"
        "│   · 3. Release  [blocked] needs 1 too\n"
        "│   · 4. Afterwards  [blocked]\n"
        "└ ○ 5. Alone  [ready]\n"
    )


def test_checks_and_parts_stand_below_their_phase(project) -> None:
    project.write("a", "a")
    project.plan("p", PHASES)
    project.run("done", "p", 0).ok()
    out = project.run("tree", "p", "--checks").ok().out
    assert "│ │   ✔ v1: file a\n" in out
    assert "nice: file z (not required)" in out
    assert out.index("part 1: Core") < out.index("1.v1: file q") < out.index("5. Alone")


def test_programs_get_the_order_and_where_each_phase_stands(project) -> None:
    project.plan("p", PHASES)
    (plan,) = project.ask("tree", "p").ok().data["plans"]
    rows = [(row["index"], row["under"], row["depth"], row["needs"]) for row in plan["phases"]]
    assert rows == [
        (0, None, 1, []), (1, 0, 2, [0]), (2, 0, 2, [0]), (3, 2, 2, [1, 2]), (4, 3, 2, [3]),
        (5, None, 1, []),
    ]  # fmt: skip
    assert plan["phases"][4]["parts"][0]["title"] == "Core"
    assert {check["part"] for check in plan["phases"][4]["checks"]} == {None, 1}


def test_a_plan_in_which_each_phase_needs_the_one_before_is_a_straight_list(project) -> None:
    project.plan("big", "\n".join(f"- {{title: P{n}, verify: [{{file: a}}]}}" for n in range(500)))
    lines = project.run("tree", "big").ok().out.splitlines()[1:]
    assert len(lines) == 500
    assert lines[499] == "· 499. P499  [blocked]"


def test_without_a_plan_all_open_ones_are_told(project) -> None:
    project.plan("p", PHASES)
    project.plan("q", "- {title: One, verify: [{file: a}]}")
    told = [plan["id"] for plan in project.ask("tree").ok().data["plans"]]
    assert {"p", "q"} <= set(told)
    assert "\n\np  [open]" in project.run("tree").ok().out


def test_lines_keep_to_a_terminal_of_40_columns(project) -> None:
    phases = PHASES.replace("Release", "Release of everything there is to be released")
    project.plan("p", phases.replace("Alone", "旧いクラスタを片付ける旧いクラスタを片付ける"))
    argv = ["bash", "-c", 'stty columns 40; exec "$@"', "-"]
    ran = at_terminal(
        [*argv, *PROGRAM, "tree", "p", "--checks"], project.root, project.env, answer=""
    )
    lines = ran.out.splitlines()
    assert any("5. 旧い" in line and "…" in line for line in lines)
    assert any("3. Release" in line and "…" in line for line in lines)
    assert max(map(cells, lines)) == 40


def test_a_terminal_without_other_letters_gets_ascii(project) -> None:
    project.plan("p", PHASES)
    env = project.env | {"TODO_MANAGER_ASCII": "1"}
    ran = at_terminal([*PROGRAM, "tree", "p"], project.root, env, answer="")
    assert ran.out.isascii()
    assert "| | . 1. Build  [blocked]\n| ` . 2. Docs  [blocked]\n" in ran.out


def test_wrong_words_are_told(project) -> None:
    project.plan("p", PHASES)
    project.ask("tree", "zz").refused("unknown_plan")
    project.ask("tree", "p", 1).refused("usage")


def test_no_title_can_pass_for_a_line_of_ours(project) -> None:
    forged = r"x\n✔ 9. Other  [done]\e[2J\u202e"
    project.plan("p", f'- {{title: "{forged}", verify: [{{name: "{forged}", file: none}}]}}')
    lines = project.run("tree", "p", "--checks").ok().out.splitlines()
    assert len(lines) == 3
    assert not [line for line in lines if line.startswith("✔") or {"\x1b", "\u202e"} & set(line)]


# Any graph


def graphs(seed: int) -> list[list[int]]:
    """Needs of up to 30 phases, each on some of those before it."""
    chance = random.Random(seed)
    size = chance.randrange(30)
    return [
        sorted(chance.sample(range(n), chance.randrange(min(n, 4) + 1))) if n else []
        for n in range(size)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_every_phase_is_told_once_after_all_it_needs(seed: int) -> None:
    graph = graphs(seed)
    places = needs.tree(graph)
    order = {place.phase: n for n, place in enumerate(places)}
    assert sorted(order) == list(range(len(graph)))
    for place in places:
        assert all(order[need] < order[place.phase] for need in graph[place.phase])
        last = max(graph[place.phase], key=order.__getitem__, default=None)
        assert place.under == last


@pytest.mark.parametrize("seed", range(60))
def test_a_need_is_left_out_exactly_when_it_follows_from_others(seed: int) -> None:
    graph = graphs(seed)
    drawn = needs.reduced(graph)
    assert reach(drawn) == reach(graph)
    for index, below in enumerate(drawn):
        for need in below:
            fewer = [[n for n in row if (i, n) != (index, need)] for i, row in enumerate(drawn)]
            assert reach(fewer) != reach(graph), "it could have been left out"


def reach(graph: list[list[int]]) -> list[set[int]]:
    found: list[set[int]] = []
    for below in graph:
        found.append(set(below).union(*(found[need] for need in below)))
    return found


def test_a_circle_hides_nothing() -> None:
    places = needs.tree([[1], [0], []])
    assert sorted(place.phase for place in places) == [0, 1, 2]
    assert len(needs.reduced([[1], [0]])) == 2
    assert list(itertools.chain(*needs.needed_by([[1], [0]]))) == [1, 0]
