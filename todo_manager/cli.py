"""Parsing and dispatch: one parser for the verb at hand, one place that turns errors into exit codes.

Standard library only, and little of it: this is on the path of every read.
"""

from __future__ import annotations

import argparse
import os
import sys

from todo_manager.errors import (
    EnvironmentProblem,
    Interrupted,
    Kind,
    TodoError,
    UsageProblem,
)
from todo_manager.render.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

VERBS = {
    "init": "make the store of a project here",
    "import": "take in a plan document (YAML, task queue, command-center text)",
    "list": "the open plans, newest first",
    "show": "one plan: its phases, their states and why",
    "next": "the first phase that is neither done nor attested",
    "verify": "run the checks of a phase, or of all; marks nothing done",
    "done": "run the checks of a phase and mark it done if they pass",
    "diff": "how a plan's files differ from what was accepted",
    "accept": "a person: accept the plan as its files are now",
    "attest": "a person: vouch for a phase that has no checks",
    "set": "bind an input of a plan to a value",
    "log": "what happened, from the ledger, with evidence",
    "audit": "verify the whole ledger, every state and every output",
    "lint": "what is wrong or weak in a plan document",
    "tui": "the command center",
    "demo": "the whole story in a temporary project",
}
"""Verb → one line of help, in the order of the help. Its module is `commands/<verb>.py`."""

_UNGUARDED = ("list", "show", "next", "tui")
"""Verbs that have nothing to tidy up when a signal ends them, or see to it themselves."""

_HELP = """usage: todo_manager [-C DIR] [--json] [--actor NAME] VERB ...

A plan tracker in which "done" has to be proven.

verbs:
{verbs}

  -C DIR        work in the project of this folder
  --json        one JSON document on standard output
  --actor NAME  who is asking (default: TODO_MANAGER_ACTOR, git's user.email, the user)
  --version     print the version

todo_manager VERB --help tells more of one verb.
exit: 0 done · 1 refused · 2 usage · 3 environment · 4 order · 5 error · 6 untrusted · 7 busy · 9 integrity
"""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument as an error of ours, so that --json gets a document too."""

    def error(self, message: str) -> NoReturn:
        verb = self.prog.split()[-1]
        raise UsageProblem(message, hint=f"todo_manager {verb} --help")


def main() -> NoReturn:
    """The console script: run a verb, leave without tearing down what the OS frees anyway."""
    _open_streams()
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = Interrupted.exit
    os._exit(code)


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; everything it prints goes to the two streams."""
    output = Output(json="--json" in argv)
    command, error = "", None
    try:
        _refuse_undecodable(argv)
        command, options = _split(argv)
        code = _dispatch(command, options, output) if command else _general(options, output)
    except TodoError as problem:
        error, code = problem, problem.exit
    except (KeyboardInterrupt, Exception) as problem:
        from todo_manager import endings

        error = endings.told(problem)
        code = error.exit
    return _ended(output, command, code, error)


def _ended(output: Output, command: str, code: int, error: TodoError | None) -> int:
    """Tell how it ended. An answer that could not be written is no success, whatever it was."""
    if command or error:
        output.end(command, code, error)
    output.flush()
    if output.lost is None or code != 0:
        return code
    problem = EnvironmentProblem(f"standard output: {output.lost.strerror}", kind=Kind.DISK_FULL)
    output.talk(f"todo_manager {command}: {problem.message}")
    output.flush()
    return problem.exit


def _open_streams() -> None:
    """Lead closed streams (`>&-`) nowhere, so that no file of ours gets their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as in render/output.py


def _refuse_undecodable(argv: list[str]) -> None:
    for word in argv:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageProblem(
                f"the argument {word!a} is not UTF-8 text", hint="todo_manager --help"
            ) from None


def _split(argv: list[str]) -> tuple[str, list[str]]:
    """The verb, and everything else in order; options of the program may stand before the verb."""
    rest = list(argv)
    before: list[str] = []
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        before.append(option)
        if option in ("-C", "--actor") and rest:
            before.append(rest.pop(0))
    if not rest:
        return "", before
    verb = rest.pop(0)
    if verb not in VERBS:
        import difflib

        near = difflib.get_close_matches(verb, VERBS, n=1)
        guess = f" (did you mean {near[0]}?)" if near else ""
        raise UsageProblem(f"there is no verb {verb!r}{guess}", hint="todo_manager --help")
    return verb, before + rest


def _general(options: list[str], output: Output) -> int:
    if "--version" in options:
        from todo_manager import __version__

        output.say(f"todo_manager {__version__}")
        return 0
    if options and not {"-h", "--help"} & set(options):
        raise UsageProblem("a verb is missing", hint="todo_manager --help")
    verbs = "\n".join(f"  {verb:8} {summary}" for verb, summary in VERBS.items())
    output.say(_HELP.format(verbs=verbs).rstrip("\n"))
    return 0


def _dispatch(verb: str, options: list[str], output: Output) -> int:
    module = __import__(f"todo_manager.commands.{_module(verb)}", fromlist=["run"])
    parser = _Parser(
        prog=f"todo_manager {verb}",
        description=module.__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-C", dest="folder", metavar="DIR", default=".", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--actor", metavar="NAME", help=argparse.SUPPRESS)
    module.arguments(parser)
    try:
        arguments = parser.parse_args(options)
    except SystemExit:
        output.json = False  # it asked for help, which is text
        return 0
    _enter(arguments.folder)
    if verb not in _UNGUARDED:
        from todo_manager import endings

        endings.listen()
    code = module.run(arguments, output)
    return int(code)


def _enter(folder: str) -> None:
    try:
        if folder != ".":
            os.chdir(folder)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise UsageProblem(f"-C {folder}: {reason}", hint="todo_manager --help") from None
    try:
        os.getcwd()
    except OSError as problem:
        raise EnvironmentProblem(
            f"the folder this runs in is gone or closed to you: {problem.strerror}",
            kind=Kind.STORE_MISSING,
            hint="cd to the project, or todo_manager -C DIR",
        ) from None


def _module(verb: str) -> str:
    """`import` is a word of Python, `list` and `set` would hide its types: all carry an underscore."""
    return verb + "_" if verb in ("import", "list", "set", "next") else verb


def arguments_of(**values: Any) -> argparse.Namespace:
    """A namespace as the parser makes it, for callers that are not a command line."""
    return argparse.Namespace(**{"folder": ".", "json": False, "actor": None} | values)
