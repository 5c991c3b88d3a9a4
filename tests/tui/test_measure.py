"""What `make screens` measures: each thing it fails for, on a screen that has it."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from tui.themes import DEFAULTS, THEMES
from tui.widgets.bar import Bar
from tui.widgets.table import Column, Row, Table

sys.path.insert(0, str(Path(__file__).parents[1] / "screens"))
from measure import measure, ratio


class Trial(App[None]):
    """A screen made of what it is given."""

    def __init__(self, *widgets: Any, css: str = "") -> None:
        super().__init__()
        self._widgets = widgets
        for each in THEMES.values():
            self.register_theme(each)
        self.theme = "dark"
        self.stylesheet.add_source(css)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def compose(self) -> ComposeResult:
        yield from self._widgets


def measured(*widgets: Any, css: str = "", fill: Any = None, width: int = 40) -> Any:
    async def go() -> Any:
        app = Trial(*widgets, css=css)
        async with app.run_test(size=(width, 8)) as pilot:
            if fill is not None:
                fill(app)
            await pilot.pause()
            return measure(pilot)

    return asyncio.run(go())


def test_a_screen_that_is_right_has_no_problem() -> None:
    table = Table((Column("STATE"), Column("PLAN", rest=True)))
    rows = [
        Row(n, ([("failed ✗", "failed")], "a plan of which a long name is cut")) for n in (1, 2)
    ]
    found = measured(table, fill=lambda app: table.show(rows))
    assert found.problems == []
    assert found.hues == 1
    assert 38 <= found.widest <= 40


def test_a_text_that_is_hard_to_read_is_a_problem() -> None:
    found = measured(Static("hardly there"), css="Static { color: #333333; background: #222222; }")
    assert any("contrast 1." in each for each in found.problems)


def test_what_the_palette_says_is_measured_too() -> None:
    async def go(css: str) -> Any:
        app = Trial(Static("below"), css=css)
        async with app.run_test(size=(60, 20)) as pilot:
            app.action_command_palette()
            end = time.monotonic() + 20
            while not app.screen.query("CommandList.--visible"):
                assert time.monotonic() < end
                await pilot.pause(0.02)
            return measure(pilot)

    assert asyncio.run(go("")).contrast < 21
    css = "CommandPalette .option-list--option { color: #333333; background: #222222; }"
    assert any("contrast 1." in each for each in asyncio.run(go(css)).problems)


def test_more_hues_than_four_are_a_problem() -> None:
    colours = ["#ff0000", "#00ff00", "#4444ff", "#ffff00", "#ff00ff"]
    texts = [Static("word", classes=f"c{n}") for n in range(5)]
    css = "".join(
        f".c{n} {{ color: {each}; background: #000000; }}" for n, each in enumerate(colours)
    )
    found = measured(*texts, css=css)
    assert any(each.startswith("5 hues") for each in found.problems)


def test_a_word_that_is_cut_without_a_sign_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.widgets import bar

    monkeypatch.setattr(bar, "cut", lambda line, width: [("x" * 200, "")])
    one = Bar()
    found = measured(one, fill=lambda app: one.put([("much too long", "")]))
    assert any(each.startswith("cut:") for each in found.problems)


def test_scrolling_sideways_is_a_problem() -> None:
    found = measured(Static("x" * 90), css="Screen { overflow-x: auto; } Static { width: 90; }")
    assert any("scrolls sideways" in each for each in found.problems)


def test_contrast_is_that_of_wcag() -> None:
    assert ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert ratio((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
