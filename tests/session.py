"""The sessions of the README: told apart into commands and output, and gone through in a terminal.

    python tests/session.py     writes them into the README as they go at this moment

All blocks are one session in one project, as a newcomer would type them. A question of a person verb
is answered with yes.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import REPOSITORY, Project, Ran, at_terminal

README = REPOSITORY / "README.md"
FOLDER = "/home/ann/shop"
"""What the project's folder is called in the README."""
_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_SIZE = "stty cols 100 rows 40 2>/dev/null; "


def steps(block: str) -> list[tuple[str, str]]:
    """Commands of a console block with the output shown below each; here-documents belong to theirs."""
    found: list[tuple[str, str]] = []
    lines = iter(block.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            command, output = found[-1]
            found[-1] = (command, output + line + "\n")
            continue
        command = line[2:]
        if "<<'EOF'" in command:
            for more in lines:
                command += "\n" + more
                if more == "EOF":
                    break
        found.append((command, ""))
    return found


def blocks(language: str = "console") -> list[str]:
    """The blocks of a language in the README, in order."""
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Session:
    """A project that is not there yet, a terminal, and somebody at it."""

    def __init__(self, folder: Path, term: str = "dumb") -> None:
        """With the terminal `dumb` there are neither colours nor live lines."""
        home, bin_ = folder / "home", folder / "bin"
        project = Project(folder / "shop", home)
        self.root = project.root
        for path in (self.root, home, bin_):
            path.mkdir()
        command = bin_ / "todo_manager"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m todo_manager "$@"\n')
        command.chmod(0o755)
        self.env = project.env | {"PATH": f"{bin_}:{project.env['PATH']}", "TERM": term}
        self.env["TODO_MANAGER_ACTOR"] = "ann"

    def type(self, words: str) -> Ran:
        """Run a command on a terminal of 100 columns, and answer yes where it asks."""
        return at_terminal(["bash", "-c", _SIZE + words], self.root, self.env, "yes")

    def told(self, words: str) -> str:
        """What a command leaves on the terminal, as the README tells it.

        Folder and durations are settled, and an exit code that is not 0 is named.
        """
        ran = self.type(words)
        text = re.sub(r"\(\d+\.\ds", "(0.0s", ran.out.replace(str(self.root), FOLDER))
        return text + (f"[exit {ran.exit}]\n" if ran.exit else "")


@contextmanager
def begun(term: str = "dumb") -> Iterator[Session]:
    """A session in a temporary folder of a short path, so that lines wrap as they would at home."""
    with tempfile.TemporaryDirectory() as folder:
        yield Session(Path(folder), term)


def go_through(session: Session) -> Iterator[tuple[str, str, str]]:
    """Every command of the sessions with what the README says and what it says in truth."""
    for block in blocks():
        for words, expected in steps(block):
            yield words, expected, session.told(words)


def rewrite() -> None:
    """Put what the commands say in truth into the README."""
    with begun() as session:
        said = iter([seen for _, _, seen in go_through(session)])
    text = README.read_text(encoding="utf-8")

    def anew(block: re.Match[str]) -> str:
        return "".join(f"$ {words}\n{next(said)}" for words, _ in steps(block[1]))

    README.write_text(_BLOCK.sub(anew, text), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
