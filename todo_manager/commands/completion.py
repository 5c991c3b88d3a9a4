"""Print the completion of a shell, to be loaded by it:

    eval "$(todo_manager completion bash)"      in ~/.bashrc
    eval "$(todo_manager completion zsh)"       in ~/.zshrc, after compinit
    todo_manager completion fish | source       in ~/.config/fish/config.fish

It completes verbs, options, ids of plans, indexes of phases, kinds of checks
and files.

exit: 0
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # a shell asks while somebody types: nothing is imported that it need not be
    import argparse
    from collections.abc import Iterator
    from typing import Any

    from todo_manager.render.output import Output

SHELLS = ("bash", "zsh", "fish")


def arguments(parser: argparse.ArgumentParser) -> None:
    from argparse import SUPPRESS

    parser.add_argument("shell", nargs="?", choices=SHELLS, help="the shell")
    parser.add_argument("--list", nargs="+", default=None, help=SUPPRESS)


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    return {"shell": None, "list": words} if words and flags == {"--list"} else None


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print a script, or what is asked for while somebody types; always 0, but 2 without a shell."""
    if arguments.list:
        return _tell_words(arguments.list, output)
    if arguments.shell is None:
        from todo_manager.errors import UsageProblem

        raise UsageProblem(
            f"which shell? {', '.join(SHELLS)}", hint="todo_manager completion --help"
        )
    from todo_manager import completions

    script = completions.script(arguments.shell)
    output.data = {"shell": arguments.shell, "script": script}
    output.say(script.rstrip("\n"))
    return 0


def _tell_words(asked: list[str], output: Output) -> int:
    """One word a line, a title after a tab; nothing where there is nothing, whatever the reason."""
    try:
        words = list(_words(*asked))
    except Exception:  # an error has no place in a line that somebody is typing
        words = []
    output.data = {"words": words}
    for line in words:
        output.say(line)
    return 0


def _words(what: str, plan: str = "") -> Iterator[str]:
    if what == "kinds":
        from todo_manager.checks import KINDS

        yield from sorted(KINDS)
        return
    from todo_manager import reads
    from todo_manager.render.plain import one_line

    db = reads.open_snapshot(reads.find_root("."))
    if what == "plans":
        rows = db.execute("SELECT id, title FROM plans ORDER BY seq DESC")
    else:
        query = "SELECT idx, title FROM phases WHERE plan = ? ORDER BY idx"
        rows = db.execute(query, (reads.plan_id(db, plan),))
    for name, title in rows:
        yield f"{name}\t{one_line(title, 60)}"
