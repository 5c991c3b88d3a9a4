"""What people see on a terminal: the words of the plain answer at any width, and nothing that tricks."""

from __future__ import annotations

import re
import shutil

import pytest
from forked import Forked
from gated import new_project
from support import REPOSITORY, Project
from terminals import STYLE, Shown, show

from todo_manager.cli import VERBS
from todo_manager.render.markdown import LARGEST
from todo_manager.render.palette import ASCII, STYLES
from todo_manager.render.plain import GLYPHS

HOSTILE = r"""
- title: "x [red]markup[/red] \e[2J\e]0;title\a \u202eRTL\u2066 日本語のとても長いタイトル 😀"
  explain: "Say \e[31mred\e[0m [bold]loud[/bold] \u202e and **go** on \u009b31m."
  note: "Do \e[1Anot [link=http://example.org]click[/link]"
  verify:
    - {name: "日本語", file: "日本語日本語日本語日本語日本語日本語日本語日本語日本語.txt"}
    - {file: a, contains: ["\e[2K[on red]"]}
    - {command: "printf '\\033[2Jgone[/]\\n' >&2; exit 3"}
- title: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  explain: "one-word-that-is-longer-than-any-terminal-is-wide-and-has-no-blank-in-it-at-all-anywhere"
"""

MARKDOWN = """\
# The way back

Some **bold** prose that an editor has wrapped somewhere near its column
seventy, and that goes on.
Short lines
stay lines: a_name_with_marks, 2*3*4, *.md and src/*.py.

- first `code`
  - nested
1. number one

> quoted

```sh for bash
docker run --rm a-very-long-name-of-an-image:latest --with-an-option
```

| column | other |
|---|---|
| cell one | cell two |

[rollback](http://example.org/back "its title") ![picture](http://example.org/p.png)

<!-- a comment --> <b>tag</b> &#x202e;entity

[hidden]: http://example.org/definition "not shown elsewhere"
"""

WIDTHS = [24, 40, 80, 120, 200]
READS = ["list", "status", "show hostile --text", "show hostile 0", "show marked 0", "next hostile",
         "log", "log --run 5", "show demo --text", "show docker_rollout --text"]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Forked:
    """The bundled plans, one of hostile texts that was tried, one with Markdown; nothing changes it."""
    project = new_project(tmp_path_factory.mktemp("screen"))
    for name in ("plans", "phases"):
        shutil.copytree(REPOSITORY / name, project.root / name)
    for plan in ("demo", "example"):
        project.run("import", f"plans/{plan}.yaml").ok()
    project.plan("hostile", HOSTILE, head="tags: [urgent, ops]\n")
    body = MARKDOWN.replace("\n", "\n" + " " * 6)
    project.plan("marked", f"- title: Marked\n  explain: |\n      {body}\n  verify: [{{file: a}}]")
    assert project.run("done", "hostile", 0).exit == 1
    project.run("claim", "hostile", 0)
    return project


def words_of(plain: str) -> set[str]:
    """The words of a plain answer that a terminal must show too: not its bars, and nothing it cut."""
    found = {word.strip("[]|*`#>:,()") for word in plain.split() if "…" not in word}
    marks = {"", "-", "1.", "---|---", "sh", *GLYPHS.values()}
    return {"".join(word.split("`")) for word in found if word not in marks and "](" not in word}


@pytest.fixture(scope="module")
def plain(project) -> dict[str, set[str]]:
    """The words of every read as a pipe gets them, before anything else is tried."""
    return {words: words_of(project.run(*words.split()).ok().out) for words in READS}


@pytest.mark.parametrize("columns", WIDTHS)
def test_every_word_is_there_and_no_row_is_too_wide(project, plain, columns):
    for words in plain:
        shown = show(project, *words.split(), columns=columns)
        assert shown.exit == 0, shown
        assert shown.widest() <= columns, shown
        seen = shown.squeezed.replace("│", "")
        missing = {word for word in plain[words] if word not in seen}
        assert not missing, (words, missing, shown)


def test_results_and_refusals_too(project):
    columns = 40
    for words, exit_ in (("verify hostile 0", 1), ("verify demo", 1), ("done hostile 0", 1),
                         ("done hostile 1", 4), ("show nothing", 2), ("done hostile x", 2)):  # fmt: skip
        shown = show(project, *words.split(), columns=columns)
        assert shown.exit == exit_, shown
        assert shown.widest() <= columns, shown
        ran = project.run(*words.split())
        seen = re.sub(r"\d+\.\ds", "0.0s", shown.squeezed)
        told = re.sub(r"\d+\.\ds", "0.0s", ran.out + re.sub(r"(?m)^ +\.\.\. .*", "", ran.err))
        assert not {word for word in words_of(told) if word not in seen}, (words, shown)


@pytest.mark.parametrize("columns", [40, 60])
def test_helps_fit_and_say_everything(project, columns):
    """Only a word, a line of an example or of a shell, may be wider than a narrow terminal."""
    helps = ["--help", "check --kinds", "check --help http", "check --help inventory"]
    for words in helps + [f"{verb} --help" for verb in VERBS]:
        told = project.run(*words.split()).ok().out
        shown = show(project, *words.split(), columns=columns, rows=400)
        assert shown.exit == 0, shown
        too_wide = [row for row in shown.text.splitlines() if len(row.rstrip()) > columns]
        assert not [row for row in too_wide if row not in told.splitlines()], (words, too_wide)
        if not words.startswith("check"):
            assert not too_wide, (words, too_wide)
        assert "".join(shown.text.split()) == "".join(told.split()), words


def test_nothing_a_plan_says_reaches_the_terminal_as_a_command(project):
    for words in (*READS, "verify hostile", "done hostile 0"):
        shown = show(project, *words.split(), columns=80)
        text = shown.text if words in READS else without_frames(shown)
        odd = [c for c in text if (ord(c) < 32 and c not in "\n\r") or c in "\u202e\u2066\x7f\x9b"]
        assert not odd, (words, text)
    text = show(project, "show", "hostile", 0).text
    for written in (r"\x1b[2J", r"\u202eRTL", "[red]markup[/red]", r"\x9b31m"):
        assert written in text


def without_frames(shown: Shown) -> str:
    """A text without what a moving display sends between its frames: erase, and up."""
    return re.sub(r"\x1b\[(?:K|J|\d+A|\?7[lh])", "", shown.text)


def test_markup_of_the_drawing_library_means_nothing(project):
    raw = show(project, "show", "hostile", 0, columns=200).raw
    assert "[red]markup[/red]" in STYLE.sub("", raw)
    assert "[bold]loud[/bold]" in STYLE.sub("", raw)
    assert "[link=http://example.org]click[/link]" in STYLE.sub("", raw)
    assert "\x1b]8" not in raw


def test_markdown_is_rendered_and_hides_nothing(project):
    shown = show(project, "show", "marked", 0, columns=100)
    text = shown.text
    assert re.search(r"\n +The way back\n", text)
    assert "Some bold prose" in text
    assert "somewhere near its column seventy, and that goes on." in " ".join(text.split())
    assert re.search(
        r"\n +Short lines\n +stay lines: a_name_with_marks, 2\*3\*4, \*\.md and src/\*\.py\.\n",
        text,
    )
    assert re.search(r"\n +• first code\n +• nested\n", text)
    assert re.search(r"\n +│ sh for bash\n +│ docker run --rm ", text)
    assert 'rollback (http://example.org/back) "its title"' in " ".join(text.split())
    assert "picture (http://example.org/p.png)" in " ".join(text.split())
    for hidden in (
        "<!-- a comment -->",
        "<b>tag</b>",
        "&#x202e;entity",
        "[hidden]: ",
        "definition",
    ):
        assert hidden in text
    assert "**" not in text
    assert re.search(r"\x1b\[[0-9;]*1m\s*bold", shown.raw)


BODIES = {
    "deeper than any parser goes": "> " * 200 + "deep",
    "lists in lists": "\n".join("  " * n + "- item" for n in range(60)),
    "numbers that would be counted anew": "7. seven\n7. seven again\n9. nine",
    "a table wider than the terminal": "|"
    + "col|" * 80
    + "\n|"
    + "---|" * 80
    + "\n|"
    + "cell|" * 80,
    "larger than is rendered": "**word** " * (LARGEST // 9 + 1),
    "brackets without end": "[" * 3000 + "x",
    "one line of stars": "*a" * 4000,
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_a_renderer_would_lose_or_choke_on(tmp_path, name):
    project = new_project(tmp_path)
    body = "\n".join("      " + line for line in BODIES[name].split("\n"))
    project.plan("p", f"- title: T\n  explain: |\n{body}\n  verify: [{{file: a}}]")
    shown = show(project, "show", "p", 0, columns=40)
    assert shown.exit == 0
    assert shown.widest() <= 40
    seen = shown.squeezed
    letters = "".join(char for char in BODIES[name] if char.isalnum())
    shown_letters = "".join(char for char in seen if char.isalnum())
    assert len(shown_letters) >= len(letters)
    assert all(shown_letters.count(char) >= letters.count(char) for char in set(letters))


@pytest.mark.parametrize("columns", [40, 100])
def test_the_important_note_stands_apart(project, columns):
    rows = show(project, "show", "docker_rollout", 0, columns=columns).rows()
    first = next(n for n, row in enumerate(rows) if "IMPORTANT NOTE" in row)
    last = next(n for n, row in enumerate(rows) if n > first and set(row.strip()) == {"━"})
    assert set(rows[first].strip()) > {"━"}
    assert "Nothing is built before" in " ".join(row.strip() for row in rows[first:last])
    assert len(rows[first]) == len(rows[last])


# Words, glyphs, colours


def test_failed_and_error_share_neither_glyph_nor_colour(project):
    for one, other in (("failed", "error"), ("failed", "errored"), ("passed", "failed")):
        assert GLYPHS[one] != GLYPHS[other]
        assert STYLES[one] != STYLES[other]
        assert ASCII.get(GLYPHS[one], GLYPHS[one]) != ASCII.get(GLYPHS[other], GLYPHS[other])
    shown = show(project, "verify", "demo", 2, columns=100)
    failed = re.search(r"\x1b\[([0-9;]+)mfailed ✗", shown.raw)
    error = re.search(r"\x1b\[([0-9;]+)merror  !", shown.raw)
    assert failed
    assert error
    assert failed[1] != error[1]


def test_every_state_has_a_word_a_glyph_and_a_style():
    assert set(GLYPHS) <= set(STYLES)


def colours(raw: str) -> list[str]:
    codes = [code for codes in re.findall(r"\x1b\[([0-9;]*)m", raw) for code in codes.split(";")]
    return [code for code in codes if code.isdecimal() and 30 <= int(code) < 110]


def test_no_color(project):
    assert colours(show(project, "show", "hostile").raw)
    shown = show(project, "show", "hostile", NO_COLOR="1")
    assert not colours(shown.raw)
    assert shown.text == show(project, "show", "hostile", NO_COLOR="").text


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_understands_no_escapes(project, term):
    for words in (
        ("show", "hostile", 0),
        ("list",),
        ("verify", "hostile", 0),
        ("done", "hostile", 1),
    ):
        shown = show(project, *words, TERM=term)
        assert "\x1b" not in shown.raw
        assert shown.widest() <= 80 or words[0] == "verify"
    assert "  ... v2: file a" in show(project, "verify", "hostile", 0, TERM=term).text


@pytest.mark.parametrize("words", ["show demo --text", "list", "verify demo", "done demo 0"])
def test_the_ascii_set(project, words):
    shown = show(project, *words.split(), columns=60, TODO_MANAGER_ASCII="1")
    said = without_frames(shown)
    if words != "list":
        assert said.isascii(), said
    assert not set(said) & set(ASCII)
    if words.startswith("verify"):
        assert "failed x  v1: file build/sbom.json" in said
        assert "error  !  p2_scan.py" in said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_that_lacks_the_letters(project, encoding, tmp_path):
    """What stands for a letter is wider than the letter, and the row still fits."""
    from terminals import Terminal

    plain = Project(project.root, tmp_path)
    with Terminal(
        plain, "show", "hostile", 0, columns=40, rows=90, PYTHONIOENCODING=encoding
    ) as terminal:
        assert terminal.end() == 0
    shown = Shown(terminal.raw, 40, 0)
    assert shown.widest() <= 40
    assert "failed x" in shown.text
    assert r"\u65e5" in shown.squeezed


# What is on the screen, and when


def test_progress_and_what_comes_next(project):
    assert "hostile  [open]  0/2" in show(project, "show", "hostile").rows()[0]
    text = show(project, "show", "demo", columns=100).text
    assert re.search(r"\n  next: (ready ○|failed ✗)  0\. Write down how to go back$", text.rstrip())
    listed = show(project, "list", columns=100).text
    assert re.search(
        r"docker_rollout +0/3  Roll out the container images\n +next: ready ○  0\. Write the procedure down",
        listed,
    )
    assert re.search(r"tags: urgent, ops", show(project, "show", "hostile").text)


def test_the_head_line_waits_for_nothing(project, tmp_path):
    """It is on the screen before what draws the rest is loaded: here that ends the program."""
    from terminals import Terminal

    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("import os; os._exit(77)")
    plain = Project(project.root, tmp_path)
    plain.env["PYTHONPATH"] = f"{tmp_path}:{plain.env['PYTHONPATH']}"
    for words, head in ((("show", "demo"), "demo  [open]  0/3"), (("list",), "4 plans")):
        with Terminal(plain, *words) as terminal:
            assert terminal.end() == 77
            assert terminal.rows == [head]


def test_roads_of_a_hint_stand_below_each_other(project):
    rows = show(project, "done", "marked", 0, columns=40).rows()
    place = rows.index("  next:")
    assert rows[place + 1 :] == ["    put it right, then:", "    todo_manager done marked 0"]
    rows = show(project, "done", "marked", 0, columns=100).rows()
    assert rows[-1] == "  next: put it right, then: todo_manager done marked 0"


def test_on_a_pipe_nothing_is_drawn(project):
    for words in READS:
        ran = project.run(*words.split(), env={"TERM": "xterm-256color", "FORCE_COLOR": "1"})
        assert "\x1b" not in ran.out + ran.err
        assert "next: 0 Write the procedure down  [○ ready]" in ran.out or words != "list"


def test_a_claim_and_parts_are_shown(tmp_path):
    project = new_project(tmp_path)
    project.plan(
        "p",
        """
        - title: Whole
          verify: [{file: a}]
          parts:
            - {title: Core, explain: The inner half., note: Mind it., verify: [{file: core.txt}]}
            - {title: Edge, verify: [{file: edge.txt}]}
        """,
    )
    project.run("claim", "p", 0).ok()
    text = show(project, "show", "p", 0, columns=90).text
    assert re.search(r"claimed by tester until \d{4}-", text)
    assert re.search(r"0\.1 Core\n +- 1\.v1: file core\.txt\n +0\.2 Edge\n", text)
    assert "The inner half." in text
    plain = project.run("show", "p", 0).out
    assert "      0.1 Core\n      - 1.v1: file core.txt\n      0.2 Edge\n" in plain
    assert "      | Mind it." in plain
