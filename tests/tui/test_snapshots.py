"""Every screen at 120 and at 60 columns, as text and tones, against what was looked at and accepted.

    SNAPSHOTS=write python -m pytest tests/tui/test_snapshots.py

writes them anew; the difference is to be read before it is committed. Times, durations and digests are
masked, each by as many cells, so that nothing else moves.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tui import lookout, words
from tui.themes import THEMES

sys.path.insert(0, str(Path(__file__).parents[1] / "screens"))
from measure import measure
from scenes import FINDINGS, SCENES, SERVICES, on
from story import build_all

ACCEPTED = Path(__file__).parent / "snapshots"
SIZES = {120: 30, 60: 24}
_TONES = {
    colour: tone
    for tone, colour in reversed(THEMES["dark"].variables.items())
    if tone.startswith("tone-")
}
"""By colour; of tones that share one, the first."""
_MASKED = (
    (re.compile(r"\d+\.\d+s|\d+m\d\ds"), "t"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "T"),
    (re.compile(r"\b[0-9a-f]{11,64}\b"), "h"),
    (re.compile(r"/tmp/todo_manager-\w{8}"), "p"),
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The projects that are shown, made once: `run` adds to it, so it is shown last.

    The path is as long on every machine, for it is shown, and wraps.
    """
    found = Path(tempfile.mkdtemp(prefix="todo_manager-", dir="/tmp"))
    build_all(found)
    yield found
    shutil.rmtree(found)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A clock that stands still, long after everything; and looks that find what is known."""
    monkeypatch.setattr(words, "clock", lambda: datetime(2999, 1, 1, tzinfo=UTC))
    monkeypatch.setenv("HOME", str(home))
    found = {"services": SERVICES, "doctor": FINDINGS}

    def look(self: lookout.Lookout) -> None:
        self._deliver(found.get(self._what, []), True)

    monkeypatch.setattr(lookout.Lookout, "look", look)


def rendered(pilot: Pilot[None]) -> Iterator[str]:
    """Each line as text, and below it where which tone stands."""
    for number, strip in enumerate(pilot.app.screen._compositor.render_strips()):
        text = masked(strip.text.rstrip())
        tones = " ".join(runs(strip))
        if text or tones:
            yield f"{number:2} {text}"
            yield f"   {tones}" if tones else "   -"


def masked(text: str) -> str:
    for pattern, sign in _MASKED:
        text = pattern.sub(lambda found, sign=sign: sign * len(found[0]), text)
    return text


def runs(strip: Any) -> Iterator[str]:
    """The tones of a line, each with the column it begins at; the ordinary one is not told."""
    column = 0
    told = ""
    for segment in strip:
        tone = tone_of(segment.style) if segment.text.strip() else told
        if tone != told:
            yield f"{column}:{tone or 'text'}"
            told = tone
        column += segment.cell_length


def tone_of(style: Any) -> str:
    """The tone of a style by its colour, and what else it is."""
    if style is None:
        return ""
    colour = style.color.name if style.color is not None else ""
    name = _TONES.get(colour, "").removeprefix("tone-") or ("" if colour == "default" else colour)
    name = "" if name == "text" else name
    ground = _TONES.get(style.bgcolor.name if style.bgcolor else "", "").removeprefix("tone-")
    parts = [name, f"on-{ground}" if ground in ("here", "beside") else ""]
    parts += [word for word in ("bold", "dim", "reverse") if getattr(style, word)]
    return "+".join(filter(None, parts))


CASES = [
    (name, width) for name in sorted(SCENES, key=lambda each: each == "run") for width in SIZES
]


@pytest.mark.parametrize(("name", "width"), CASES)
def test_a_screen_is_as_it_was_accepted(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    if SCENES[name].plain:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)

    async def look() -> tuple[str, list[str]]:
        async with on(name, home, (width, SIZES[width])) as pilot:
            return "\n".join(rendered(pilot)) + "\n", measure(pilot).problems

    found, problems = asyncio.run(look())
    assert problems == []
    file = ACCEPTED / f"{name}-{width}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    accepted = file.read_text(encoding="utf-8") if file.exists() else ""
    difference = difflib.unified_diff(accepted.splitlines(), found.splitlines(), lineterm="", n=0)
    assert found == accepted, "\n".join(difference)
