"""Every known way to be fooled is tried by an attack, and the list of ways is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from redteam.data import Row, attacks, rows
from redteam.page import HEAD, PAGE, line
from support import SHARED

from todo_manager.checks import KINDS

ROWS = rows()


def test_each_way_is_tried() -> None:
    tried = {name for attack in attacks() for name in attack.against}
    assert {row.id for row in ROWS if row.of in ("field", *KINDS)} - tried == set()
    assert tried - {row.id for row in ROWS} == set()


def test_attacks_are_told_apart() -> None:
    found = [attack.id for attack in attacks()]
    assert sorted(set(found)) == sorted(found)


def test_no_attack_expects_nothing() -> None:
    """One that ends in peace was noticed: by what words, stands in it."""
    for attack in attacks():
        assert attack.honest != "", attack.id
        assert attack.expect.exit or attack.expect.says, attack.id


def test_the_page_has_every_attack_and_no_other() -> None:
    """What was seen is compared where each is carried out; here, that none is missing or left over."""
    table = [text for text in PAGE.read_text(encoding="utf-8").splitlines() if text[:2] == "| "]
    made = [line(attack, "").split(" | ")[:4] for attack in attacks()]
    assert [text.split(" | ")[:4] for text in table[1:]] == made
    assert PAGE.read_text(encoding="utf-8").startswith(HEAD)


def published(name: str) -> str:
    """A page that lists ways to be fooled; it is not part of the repository."""
    path: Path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not here to compare with")
    return path.read_text(encoding="utf-8")


def matching(segment: str, candidates: list[Row]) -> list[Row]:
    return [row for row in candidates if all(tell in segment for tell in row.tells)]


def test_every_false_pass_seen_in_the_field_is_a_row() -> None:
    text = published("EVIDENCE.md")
    listed = text.split("(each must be impossible here)\n")[1].split("\n\n")[0]
    segments = [" ".join(each.split()) for each in listed.split("·")]
    field = [row for row in ROWS if row.of == "field"]
    for segment in segments:
        assert len(matching(segment, field)) == 1, segment
    assert len(segments) == len(field)


def test_everything_checks_are_fooled_by_is_a_row() -> None:
    text = published("CHECKS.md")
    for cells in re.findall(r"^\| `(.*)$", text.split("## Actions")[0], re.MULTILINE):
        kind = cells.split(":")[0].split("`")[0]
        fooled = re.split(r"(?<!\\)\|", cells)[-2]
        if kind not in KINDS:
            continue
        wanted = [row for row in ROWS if row.of == kind]
        plain = re.sub(r"`[^`]*`", lambda code: code[0].replace(";", ","), fooled)
        for segment in filter(str.strip, plain.split(";")):
            assert matching(segment, wanted), f"{kind}: {segment}"
        for row in wanted:
            assert matching(fooled, [row]), f"{row.id} is not published"
