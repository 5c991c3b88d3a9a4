"""Command lines in full: the parser of one verb, the help, and the words for what makes no sense.

Imported only when it is needed: argparse costs more than a whole read, and reads are mostly typed so
plainly that `cli.py` takes them apart by itself.
"""

from __future__ import annotations

import argparse
import difflib
import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from todo_manager import __version__
from todo_manager.errors import EnvironmentProblem, Kind, UsageProblem
from todo_manager.render import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from todo_manager.render.output import Output

_HELP = """usage: todo_manager [-C DIR] [--json] [--actor NAME] VERB ...

A plan tracker in which "done" has to be proven.

verbs:
{verbs}

  -C DIR        work in the project of this folder
  --json        one JSON document on standard output
  --actor NAME  who is asking (default: TODO_MANAGER_ACTOR, git's user.email,
                the user)
  --version     print the version

todo_manager VERB --help tells more of one verb.
exit: 0 done · 1 refused · 2 usage · 3 environment · 4 order · 5 error ·
      6 untrusted · 7 busy · 9 integrity · 130 interrupted
"""
SIGNING = ("accept", "approve", "attest", "audit", "reopen", "signers", "waive")
"""Verbs by which a person says something: they take the key to sign it with."""


class _Help(argparse.HelpFormatter):
    """Fills paragraphs; a block that is indented stands as it is."""

    def __init__(self, prog: str) -> None:
        columns = terminal.text_columns()
        super().__init__(prog, max_help_position=min(26, columns // 4), width=columns - 1)

    def format_help(self) -> str:
        """A narrow terminal has no room for the usage beside the name of the verb."""
        usage, blank, rest = super().format_help().partition("\n\n")
        width = self._width + 1
        return (
            _filled(usage, width, 4) + blank + rest
            if _is_wide(usage, width)
            else usage + blank + rest
        )

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(_paragraph(part, width) for part in text.strip().split("\n\n"))


def _paragraph(part: str, width: int) -> str:
    if part.startswith("    "):
        return _narrowed(part, width)
    return _filled(part, width, 6 if part.startswith("exit:") else 0)


def _filled(part: str, width: int, indent: int) -> str:
    return textwrap.fill(" ".join(part.split()), width, subsequent_indent=" " * indent)


def _is_wide(text: str, width: int) -> bool:
    return any(len(line) > width for line in text.splitlines())


def _narrowed(text: str, width: int) -> str:
    """A text whose lines stand as they are, but for those that are wider than the terminal."""
    return "\n".join(_narrow(line, width) for line in text.split("\n"))


def _narrow(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    # In a narrow terminal what stands beside a word goes below it, a step further in.
    return textwrap.fill(
        " ".join(line.split()), width, initial_indent=indent, subsequent_indent=f"{indent}    "
    )


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument as an error of ours, so that --json gets a document too."""

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(message, hint=f"todo_manager {self._verb()} --help")

    def format_help(self) -> str:
        """The help with the exit codes, for which nothing is imported before it is asked for."""
        if "\nexit" not in (self.description or ""):
            from todo_manager import error_kinds

            self.epilog = error_kinds.of_verb(self._verb())
        return super().format_help()

    def _verb(self) -> str:
        return self.prog.split()[-1]


def index(text: str) -> int:
    """The index of a phase: decimal digits; leading zeros are ignored."""
    if re.fullmatch(r"[0-9]+\.[0-9]+", text):
        whole = text.partition(".")[0]
        raise argparse.ArgumentTypeError(
            f"{text!r} is a part, which has no mark of its own; the phase is {whole}"
        )
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 100):
        raise argparse.ArgumentTypeError(f"{text!r} is not the index of a phase: 0, 1, 2 …")
    return int(text)


class Place(NamedTuple):
    """A phase, or one of its parts."""

    phase: int
    part: int | None = None


def place(text: str) -> Place:
    """The index of a phase, or `K.N` for part N (from 1) of phase K."""
    if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", text):
        whole, _, part = text.partition(".")
        return Place(int(whole), int(part))
    return Place(index(text))


def parse(verb: str, module: ModuleType, options: list[str]) -> argparse.Namespace | None:
    """The arguments of a verb; None when its help was asked for and printed. Raises UsageProblem."""
    try:
        return parser_of(verb, module).parse_args(options)
    except SystemExit:
        return None


def parser_of(verb: str, module: ModuleType) -> argparse.ArgumentParser:
    """The parser of one verb; `OWN_HELP` in its module says that it answers --help itself."""
    parser = _Parser(
        prog=f"todo_manager {verb}",
        description=module.__doc__,
        allow_abbrev=False,
        add_help=not getattr(module, "OWN_HELP", False),
        formatter_class=_Help,
    )
    parser.add_argument("-C", dest="folder", metavar="DIR", default=".", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--actor", metavar="NAME", help=argparse.SUPPRESS)
    if verb in SIGNING:
        parser.add_argument(
            "--key", metavar="FILE", help="sign with this SSH key (default: TODO_MANAGER_KEY)"
        )
    module.arguments(parser)
    return parser


def general(options: list[str], verbs: Mapping[str, str], output: Output) -> int:
    """Answer a command line without a verb: the version or the help; UsageProblem for others."""
    if "--version" in options:
        output.say(f"todo_manager {__version__}")
        return 0
    if options and not {"-h", "--help"} & set(options):
        raise UsageProblem("a verb is missing", hint="todo_manager --help")
    width, columns = max(map(len, verbs)), terminal.text_columns()
    lines = "\n".join(
        textwrap.fill(f"  {verb:{width}}  {summary}", columns, subsequent_indent=" " * (width + 4))
        for verb, summary in verbs.items()
    )
    output.say(_narrowed(_HELP.format(verbs=lines).rstrip("\n"), columns))
    return 0


def unknown_verb(verb: str, verbs: Iterable[str]) -> UsageProblem:
    near = difflib.get_close_matches(verb, verbs, n=1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    return UsageProblem(f"there is no verb {verb!r}{guess}", hint="todo_manager --help")


def undecodable(word: str) -> UsageProblem:
    return UsageProblem(f"the argument {word!a} is not UTF-8 text", hint="todo_manager --help")


def no_such_folder(folder: str, problem: Exception) -> UsageProblem:
    """-C names a folder that cannot be entered."""
    reason = getattr(problem, "strerror", None) or problem
    return UsageProblem(f"-C {folder}: {reason}", hint="todo_manager --help")


def folder_gone(problem: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the folder this runs in is gone or closed to you: {problem.strerror}",
        kind=Kind.STORE_MISSING,
        hint="cd to the project, or todo_manager -C DIR",
    )
