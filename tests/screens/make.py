"""Writes the pictures of the command center from the real program on a real store: `make screens`.

It prints what it measures of each screen, and fails where a word is cut short, something scrolls
sideways, there are more hues than there are things to tell apart, or a text is hard to read.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY), str(HERE)]

SIZES = ((120, 30), (60, 24))
README = "plan"
"""The picture that the README shows."""
COLUMNS = 3
"""Pictures side by side in the sheet."""


async def _all(home: Path, theme: str) -> tuple[dict[str, str], list[str]]:
    """The wide pictures by name, and what is wrong; prints a line for each screen and width."""
    from measure import measure
    from scenes import SCENES, lines, on

    pictures, wrong = {}, []
    for name, scene in SCENES.items():
        for size in SIZES:
            if scene.plain:
                os.environ["NO_COLOR"] = "1"
            async with on(name, home, size, theme) as pilot:
                found = measure(pilot)
                svg = pilot.app.export_screenshot(title="todo_manager tui")
                text = lines(pilot)
            os.environ.pop("NO_COLOR", None)
            wrong += [f"{name} at {size[0]}, {theme}: {each}" for each in found.problems]
            contrast = f"{found.contrast:4.1f}" if found.contrast < 21 else "   -"
            print(
                f"{theme:6} {name:14} {size[0]:4} columns  widest line {found.widest:4}  "
                f"hues {found.hues}  lowest contrast {contrast}  {'ok' if not found.problems else 'NOT OK'}"
            )
            if found.widest > size[0]:
                wrong.append(f"{name}: a line of {found.widest} cells; {max(text, key=len)!r}")
            if size == SIZES[0]:
                pictures[name] = _own(svg)
    return pictures, wrong


def _own(svg: str) -> str:
    """The fonts of the export come from a server; a picture asks nobody."""
    kept = [line for line in svg.splitlines() if "url(" not in line or "clip-path" in line]
    return "\n".join(line.rstrip() for line in kept) + "\n"


def _sheet(pictures: dict[str, str]) -> str:
    """All pictures in one, each below its name."""
    sizes = {name: _size(svg) for name, svg in pictures.items()}
    wide = max(width for width, _ in sizes.values())
    high = max(height for _, height in sizes.values()) + 60
    rows = -(-len(pictures) // COLUMNS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide * COLUMNS} {high * rows}">',
        f'<rect width="{wide * COLUMNS}" height="{high * rows}" fill="#3a3f47"/>',
    ]
    for place, (name, svg) in enumerate(pictures.items()):
        x, y = place % COLUMNS * wide, place // COLUMNS * high
        parts.append(
            f'<text x="{x + 20}" y="{y + 40}" font-family="monospace" font-size="28" fill="#fff">{name}</text>'
        )
        width, height = sizes[name]
        inner = re.sub(
            r"<svg ", f'<svg x="{x}" y="{y + 60}" width="{width}" height="{height}" ', svg, count=1
        )
        parts.append(inner)
    return "\n".join([*parts, "</svg>\n"])


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    return float(found[1]), float(found[2])


def main() -> int:
    import story

    from tui.themes import DARK, LIGHT

    home = Path(tempfile.mkdtemp(prefix="todo_manager-screens-"))
    os.environ["HOME"] = str(home)
    os.environ.pop("NO_COLOR", None)
    try:
        story.build_all(home)
        pictures, wrong = asyncio.run(_all(home, DARK))
        wrong += asyncio.run(_all(home, LIGHT))[1]
    finally:
        shutil.rmtree(home)
    (HERE / f"{README}.svg").write_text(pictures[README], encoding="utf-8")
    (HERE / "sheet.svg").write_text(_sheet(pictures), encoding="utf-8")
    for name in (f"{README}.svg", "sheet.svg"):
        print((HERE / name).relative_to(REPOSITORY))
    for each in wrong:
        print(f"wrong: {each}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
