"""What a person is shown before they accept: nothing in it may hide."""

from __future__ import annotations

import pytest
from support import Project

from todo_manager.difflines import exact, text_of, unified

HIDING = {
    "form feed": (
        "# demand it\ntest -s a\n",
        "# demand it\ftest -s a\n",
        r"+# demand it\x0ctest -s a",
    ),
    "carriage return": ("a\n", "exit 0\ra\n", r"+exit 0\x0da"),
    "line separator": ("a\nb\n", "a\u2028b\n", r"+a\u2028b"),
    "next line": ("a\nb\n", "a\x85b\n", r"+a\x85b"),
    "zero width": ("file: a\n", "file: a\u200b\n", r"+file: a\u200b"),
    "no-break blank": ("a b\n", "a\u00a0b\n", r"+a\xa0b"),
    "tag": ("a\n", "a\U000e0041\n", r"+a\U000e0041"),
    "filler": ("a\n", "a\u3164\n", r"+a\u3164"),
    "reordered": ("a\n", "\u202ea\n", r"+\u202ea"),
    "escape": ("a\n", "\x1b[2Ka\n", r"+\x1b[2Ka"),
    "no line end": ("a\n", "a", "+(without a line end)"),
    "other alphabet": (
        "scope\n",
        "s\u0441ope\n",
        "? s\u0441ope mixes alphabets: CYRILLIC SMALL LETTER ES",
    ),
}


@pytest.mark.parametrize("how", HIDING)
def test_what_would_hide_is_written_out(how: str) -> None:
    old, new, line = HIDING[how]
    assert line in unified(old, new, "x")


def test_bytes_that_are_no_text_differ() -> None:
    assert unified(text_of(b"\xff\n"), text_of(b"\xfe\n"), "x")[-2:] == ("-\\xff", "+\\xfe")


def test_what_is_seen_stays_as_it_is() -> None:
    for text in ("plain\ttext", "完成", "naïve café", "✔ done"):
        assert exact(text) == text
    assert unified("a\n", "a\n", "x") == ()


def test_pins_are_shown_as_the_texts_they_are(project: Project) -> None:
    project.write("limits.txt", "0\n")
    project.write("big.bin", "x" * 300_000)
    check = '{command: "test -s a", pins: [limits.txt, big.bin]}'
    project.plan("p", f"- title: Limits\n  verify: [{check}]")
    project.write("limits.txt", "900\n")
    project.write("big.bin", "y" * 300_000)
    diff = project.ask("diff", "p").ok().data["phases"][0]["diff"]
    assert "--- accepted/limits.txt\n+++ now/limits.txt\n@@ -1 +1 @@\n-0\n+900" in diff
    assert "big.bin: too large" in diff


def test_the_files_of_a_phase_that_got_another_key_are_shown_where_they_changed(
    project: Project,
) -> None:
    project.write("phases/p/p0_check.sh", "test -s a\n")
    project.write("phases/p/lib.sh", "true\n")
    project.plan("p", "- title: One\n  key: one")
    plan = project.root / "plans/p.yaml"
    plan.write_text(plan.read_text().replace("key: one", "key: other"))
    project.write("phases/p/p0_check.sh", "exit 0\n")
    phases = project.ask("diff", "p").ok().data["phases"]
    diff = {each["change"]: each["diff"] for each in phases}["added"]
    assert "-test -s a\n+exit 0" in diff
    assert "now/phases/p/lib.sh" not in diff
