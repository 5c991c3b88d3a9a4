"""The table of all attacks, as a page: TABLE.md. Run as a program it carries them out and writes it.

make redteam                 all of them; without an engine, those that need one are counted
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

from engine import Engine, NotStarted, missing
from redteam.data import FOLDER, Attack, attacks, rows
from redteam.play import play
from scanners import SYFT

PAGE = FOLDER / "TABLE.md"
HEAD = """# What was tried, and what came of it

Each line is one attack of `attacks/`, carried out against the real command by `make redteam`; its honest
form succeeds in the same world. `rows.yaml` has the known ways to be fooled that they try.

"""
COLUMNS = ("attack", "world", "attempt", "expected exit, kind", "seen", "verdict")
_WIDTH = 110


def line(attack: Attack, seen: str) -> str:
    """The row of one attack; `seen` is how the command really answered."""
    expect = attack.expect
    expected = f"{expect.exit}, {expect.kind}" if expect.kind else str(expect.exit)
    cells = (attack.attack, _world(attack), _attempt(attack), expected, seen, attack.verdict)
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _world(attack: Attack) -> str:
    told = [*attack.needs, " ".join(attack.plan.split()) if attack.plan else "no plan yet"]
    return _code(" · ".join(told))


def _attempt(attack: Attack) -> str:
    moves = [_move(move) for move in (*attack.tries, *attack.during)]
    return _code(" · ".join([*moves, f"todo_manager {attack.command}"]))


def _move(move: dict[str, object]) -> str:
    ((name, value),) = move.items()
    if isinstance(value, dict):
        value = ", ".join(map(str, value))
    return f"{name} {' '.join(str(value).split())}"


def _code(text: str) -> str:
    text = text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
    return f"`{text.replace('`', chr(39))}`"


def _cell(text: str) -> str:
    printable = "".join(char if char.isprintable() else "�" for char in text)
    return printable.replace("|", "\\|")


def page(seen: dict[str, str]) -> str:
    """The whole page, from what was seen of each attack by its id."""
    every = attacks()
    table = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    table += [line(attack, seen[attack.id]) for attack in every]
    refused = sum(attack.verdict == "refused" for attack in every)
    count = (
        f"{len(every)} attacks against {len(rows())} known ways to be fooled and the gate itself: "
        f"{refused} refused, {len(every) - refused} detected.\n\n"
    )
    return HEAD + count + "\n".join(table) + "\n"


def lacking(attack: Attack, engine: Engine | None) -> str:
    """The part that an attack needs and that is not here; empty when all are."""
    there = {
        "engine": engine is not None,
        "syft": SYFT.exists(),
        "root": os.geteuid() == 0,
    }
    for part in attack.needs:
        if not there.get(part, shutil.which(part)):
            return part
    return ""


def carried_out(
    wanted: list[Attack], engine: Engine | None, seen: dict[str, str]
) -> Iterator[tuple[Attack, str]]:
    """Carry out what can be; each with what went wrong, if it got somewhere. `seen` is filled in."""
    for attack in wanted:
        if lacking(attack, engine):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                seen[attack.id] = play(attack, Path(folder), engine).told
                yield attack, ""
            except AssertionError as wrong:
                yield attack, str(wrong)


def kept() -> dict[str, str]:
    """What the page says was seen of the attacks that are still as they were."""
    found = {}
    if PAGE.exists():
        table = [text.split(" | ") for text in PAGE.read_text(encoding="utf-8").splitlines()]
        known = {tuple(cells[:4]): cells[4] for cells in table if len(cells) == len(COLUMNS)}
        for attack in attacks():
            told = known.get(tuple(line(attack, "").split(" | ")[:4]))
            found |= {} if told is None else {attack.id: told}
    return found


def main(words: list[str]) -> int:
    """Print the table as it grows, and write the page once there is something to say of every attack.

    With words, only attacks whose id holds one of them are carried out; the page keeps what it has.
    """
    wanted = [each for each in attacks() if not words or any(word in each.id for word in words)]
    engine = None if missing() else Engine(Path(tempfile.mkdtemp()))
    seen: dict[str, str] = {}
    wrong = 0
    try:
        if engine and any("engine" in attack.needs for attack in wanted):
            engine.start()
        for attack, why in carried_out(wanted, engine, seen):
            print(f"{attack.id}: {why}" if why else line(attack, seen[attack.id]), flush=True)
            wrong += bool(why)
    except NotStarted as why:
        print(why, file=sys.stderr)
    finally:
        if engine:
            engine.stop()
    skipped = len(wanted) - len(seen) - wrong
    print(
        f"{len(seen)} refused or detected, {wrong} got somewhere, {skipped} skipped for want of a part"
    )
    known = kept() | seen
    if not wrong and all(attack.id in known for attack in attacks()):
        PAGE.write_text(page(known), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
