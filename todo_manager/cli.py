"""Dispatch of a command line, and the one place that turns errors into exit codes.

Standard library only, and little of it: this is on the path of every read. What only other verbs or
errors need is imported where it is used.
"""

from __future__ import annotations

import os
import sys

from todo_manager.render.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, NoReturn

    from todo_manager.errors import TodoError

VERBS = {
    "init": "make a project here: its store, a first plan, settings",
    "new": "begin a plan: its document with a first phase",
    "import": "take in a plan document (YAML, task queue, command-center text)",
    "export": "a plan as YAML or JSON, as a task queue, the original, or a signed bundle of its proof",
    "add": "add a phase, a check or a note to a plan",
    "move": "move a phase to another place of its plan",
    "list": "the open plans, newest first",
    "show": "one plan: its phases, their states and why",
    "next": "the first phase that is neither done nor attested",
    "verify": "run the checks of a phase, or of all; marks nothing done",
    "done": "run the checks of a phase and mark it done if they pass",
    "run": "execute the steps of a phase, or of all from the next on, asking the gate after each",
    "exec": "show the steps of a phase and their digest; with --run execute them",
    "deploy": "put a service of a plan into its place, by the step a phase has for it",
    "rollback": "take a service of a plan back, by the step a phase has for it",
    "preflight": "whether what must be there before anything is executed is there",
    "diff": "how a plan's files differ from what was accepted",
    "accept": "a person: accept the plan as its files are now",
    "approve": "a person: answer the question of a check with yes",
    "attest": "a person: vouch for a phase that has no checks",
    "waive": "let a check that fails pass for a while: one asks, another person approves",
    "watch": "verify what is done again and again, and tell what changed",
    "reopen": "take the mark of a phase away, with a reason",
    "claim": "say that you are at work on a phase",
    "release": "end the claim on a phase",
    "signers": "whose signatures count; a person: pin the file of their keys",
    "archive": "put a plan away, or take it back",
    "set": "bind an input of a plan to a value",
    "log": "what happened, from the ledger, with evidence",
    "audit": "verify the whole ledger, every state and every output; keep its head elsewhere",
    "lint": "what is wrong or weak in a plan document",
    "check": "try one check without a plan, or read about the kinds of checks",
    "schema": "the JSON Schema of plan documents, or every error.kind",
    "status": "where every plan stands, a line each; for CI with --exit-code, offline with --bundle",
    "tree": "the phases of a plan below what they are for",
    "report": "one page of a plan: states, evidence, history; HTML with --html",
    "doctor": "what works here and what does not, with what to type",
    "completion": "what a shell completes: bash, zsh, fish",
    "tui": "the command center",
    "demo": "the whole story in a temporary project",
}
"""Verb → one line of help, in the order of the help. Its module is `commands/<verb>.py`."""

_UNGUARDED = ("list", "show", "next", "completion", "tui")
"""Verbs that have nothing to tidy up when a signal ends them, or see to it themselves."""


def main() -> NoReturn:
    """The console script: run a verb, leave without tearing down what the OS frees anyway."""
    _open_streams()
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        from todo_manager.errors import Interrupted

        code = Interrupted.exit
    os._exit(code)


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; everything it prints goes to the two streams."""
    output = Output(json="--json" in argv, events="--events" in argv)
    command, error = "", None
    try:
        _refuse_undecodable(argv)
        command, options = _split(argv)
        code = _dispatch(command, options, output) if command else _general(options, output)
    except (KeyboardInterrupt, Exception) as problem:
        error = _told(problem)
        code = error.exit
    return _ended(output, command, code, error)


def _told(problem: BaseException) -> TodoError:
    """What ended the run, in words."""
    from todo_manager.errors import TodoError

    if isinstance(problem, TodoError):
        return problem
    from todo_manager import endings

    return endings.told(problem)


def _ended(output: Output, command: str, code: int, error: TodoError | None) -> int:
    """Tell how it ended. An answer that could not be written is no success, whatever it was."""
    if command or error:
        output.end(command, code, error)
    output.flush()
    if output.lost is None or code != 0:
        return code
    from todo_manager.errors import EnvironmentProblem, Kind

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
            from todo_manager import usage

            raise usage.undecodable(word) from None


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
        from todo_manager import usage

        raise usage.unknown_verb(verb, VERBS)
    return verb, before + rest


def _general(options: list[str], output: Output) -> int:
    from todo_manager import usage

    return usage.general(options, VERBS, output)


def _dispatch(verb: str, options: list[str], output: Output) -> int:
    module = __import__(f"todo_manager.commands.{_module(verb)}", fromlist=["run"])
    arguments = _plain_arguments(module, options) or _parsed(verb, module, options)
    if arguments is None:
        output.json = False  # it asked for help, which is text
        return 0
    _enter(arguments.folder)
    if verb not in _UNGUARDED:
        from todo_manager import endings

        endings.listen()
    code = module.run(arguments, output)
    return int(code)


def _plain_arguments(module: ModuleType, options: list[str]) -> Any:
    """The arguments of a read as they are mostly typed; None leaves them to the parser.

    A read offers `plain(words, flags)`, which returns what its parser would make of them, or None.
    """
    plain = getattr(module, "plain", None)
    words = [option for option in options if not option.startswith("-")]
    flags = {option for option in options if option.startswith("-")} - {"--json"}
    found = plain(words, flags) if plain else None
    if found is None:
        return None
    from types import SimpleNamespace

    return SimpleNamespace(folder=".", json="--json" in options, actor=None, **found)


def _parsed(verb: str, module: ModuleType, options: list[str]) -> Any:
    from todo_manager import usage

    return usage.parse(verb, module, options)


def _enter(folder: str) -> None:
    try:
        if folder != ".":
            os.chdir(folder)
    except (OSError, ValueError) as problem:
        from todo_manager import usage

        raise usage.no_such_folder(folder, problem) from None
    try:
        os.getcwd()
    except OSError as problem:
        from todo_manager import usage

        raise usage.folder_gone(problem) from None


def _module(verb: str) -> str:
    """`import` is a word of Python, `list` and `set` would hide its types: all carry an underscore."""
    return verb + "_" if verb in ("import", "list", "set", "next") else verb
