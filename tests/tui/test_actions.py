"""The one registry of actions: every key does something, says what, and is where it belongs."""

from __future__ import annotations

import inspect
import re

import pytest

from tui import actions
from tui.actions import ACTIONS, ANY, LISTS, Effect
from tui.screens.base import StoreScreen
from tui.screens.configuration import ConfigurationScreen
from tui.screens.evidence import EvidenceScreen
from tui.screens.ledger import LedgerScreen
from tui.screens.panes import PanedScreen
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.preflight import PreflightScreen
from tui.screens.run import RunScreen
from tui.screens.services import ServicesScreen
from tui.widgets.table import Column, widths
from tui.words import TONES, age, fit, seconds, state_text, tone_of, wrap

SCREENS: dict[str, type[StoreScreen]] = {
    each.SCOPE: each
    for each in (
        PlansScreen, PlanScreen, RunScreen, EvidenceScreen, LedgerScreen, ServicesScreen,
        PreflightScreen, ConfigurationScreen,
    )
}  # fmt: skip


def test_every_scope_is_a_screen_and_every_screen_a_scope() -> None:
    assert set(SCREENS) == set(LISTS)
    assert {scope for action in ACTIONS for scope in action.scopes} <= {ANY, *LISTS}


@pytest.mark.parametrize("scope", LISTS)
@pytest.mark.parametrize("read_only", [False, True])
def test_every_key_of_a_screen_does_one_thing_there_is(scope: str, read_only: bool) -> None:
    found = actions.of(scope, read_only=read_only)
    keys = [key for action in found for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    for action in found:
        method = getattr(SCREENS[scope], f"action_{action.name}")
        assert inspect.isfunction(method)
    bound = actions.bindings(scope, read_only=read_only)
    assert {key for each in bound for key in each.key.split(",")} == set(keys)


@pytest.mark.parametrize("scope", LISTS)
def test_an_action_of_a_screen_is_overridden_there(scope: str) -> None:
    """An own action must not end in the empty one that all screens have."""
    for action in ACTIONS:
        if scope in action.scopes:
            assert f"action_{action.name}" in vars(SCREENS[scope]) or any(
                f"action_{action.name}" in vars(each)
                for each in SCREENS[scope].__mro__[1:]
                if each not in (StoreScreen, PanedScreen)
            )


def test_upper_case_is_for_what_asks() -> None:
    for action in ACTIONS:
        first = action.keys.split(",")[0]
        upper = len(first) == 1 and first.isupper() and first != "G"  # which pagers have taught
        assert upper == (action.effect in (Effect.OUTSIDE, Effect.PERSON)), action


def test_read_only_has_nothing_that_records() -> None:
    for scope in LISTS:
        for action in actions.of(scope, read_only=True):
            assert action.effect is Effect.LOOKS
            assert action.name not in ("done", "verify", "run", "accept", "cancel", "edit")


def test_nothing_forces_done() -> None:
    done = [action for action in ACTIONS if "done" in action.command]
    assert [action.command for action in done] == ["todo_manager done {plan} {phase}"]


def test_commands_are_quoted_and_need_their_names() -> None:
    done = next(action for action in ACTIONS if action.name == "done")
    assert (
        actions.command(done, {"plan": "a b; rm", "phase": "2"}) == "todo_manager done 'a b; rm' 2"
    )
    assert actions.command(done, {"plan": "a"}) == ""


def test_a_command_of_the_registry_is_one_the_program_has() -> None:
    from todo_manager.cli import VERBS

    for action in ACTIONS:
        if found := re.match(r"todo_manager ([a-z]+)", action.command):
            assert found[1] in VERBS


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("plain", 8, "plain   "),
        ("two\nlines\tof it", 20, "two lines of it     "),
        ("a longer one", 8, "a longe…"),
        ("設定ファイル", 7, "設定フ…"),
        ("設定ファイル", 6, "設定 …"),
        ("\x1b[31m", 10, "\\x1b[31m  "),
        ("anything", 0, ""),
    ],
)
def test_texts_are_cut_to_cells(text: str, width: int, cut: str) -> None:
    assert fit(text, width) == cut


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("short", 10, ["short"]),
        ("one two three four", 12, ["one two ", "  three four"]),
        ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
        ("設定ファイル", 5, ["設定", "ファ", "イル"]),
        ("a\x1b[2J", 20, ["a\\x1b[2J"]),
    ],
)
def test_texts_wrap_between_words(text: str, width: int, rows: list[str]) -> None:
    hang = 2 if " " in text else 0
    found = ["".join(piece for piece, _ in row) for row in wrap([(text, "")], width, hang)]
    assert found == rows


def test_columns_fill_the_width_they_have() -> None:
    columns = (
        Column("A", most=12), Column("B", share=40), Column("C", since=40, right=True),
        Column("D", since=60, rest=True), Column("E", since=80),
    )  # fmt: skip
    for width in range(1, 200):
        found = widths(columns, [11, 30, 5, 50, 9], width)
        shown = [cells for cells in found if cells]
        assert found[0] >= 1
        assert 3 + sum(shown) + 2 * (len(shown) - 1) <= max(width, 4)
        if found[3]:
            assert 3 + sum(shown) + 2 * (len(shown) - 1) == width
    assert widths(columns, [11, 30, 5, 50, 9], 30)[2:] == [0, 0, 0]


def test_states_are_words_then_glyphs_then_tones() -> None:
    from todo_manager.model import State, Verdict
    from todo_manager.render.plain import GLYPHS

    for word in (*State, *Verdict):
        assert state_text(word) == f"{word} {GLYPHS[word]}"
        assert tone_of(word) in TONES
    for one, other in (("failed", "errored"), ("failed", "error")):
        assert GLYPHS[one] != GLYPHS[other]
        assert tone_of(one) != tone_of(other)
    assert tone_of("attested") != tone_of("done")  # never shown as verified
    assert state_text("done, 1 waived until 2026-12-01") == "done, 1 waived until 2026-12-01 ✔"
    assert state_text("something new") == "something new"


def test_durations_and_ages_are_short() -> None:
    assert [seconds(each) for each in (0.04, 12.34, 245, 7800)] == [
        "0.04s",
        "12.3s",
        "4m05s",
        "2h10m",
    ]
    assert age("2000-01-01T00:00:00.000Z").endswith("y")
    assert age("no time") == ""
