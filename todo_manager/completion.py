"""What can be typed after each verb, taken from the parsers themselves; `completions.py` says it in shell.

What only the store knows (ids of plans, phases) is asked for while somebody types, by the hidden
`completion --list`; everything else stands in the script.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module

from msgspec import Struct

from todo_manager import cli, usage


class What(StrEnum):
    """What a word is."""

    PLAN = "plan"
    PHASE = "phase"
    KIND = "kind"
    FILE = "file"
    FOLDER = "folder"
    CHOICE = "choice"
    ANYTHING = "anything"
    """Nothing can be proposed."""


class Word(Struct, frozen=True):
    """One word that is expected."""

    what: What
    choices: tuple[str, ...] = ()
    many: bool = False
    """Whether more of them may follow."""


class Option(Struct, frozen=True):
    """One option of a verb, under all its names."""

    names: tuple[str, ...]
    help: str
    value: Word | None
    """What follows it; None for one that stands alone, or may."""


class Verb(Struct, frozen=True):
    """One verb: its options, and its words in order."""

    name: str
    summary: str
    options: tuple[Option, ...]
    words: tuple[Word, ...]


_BY_NAME = {
    "plan": What.PLAN,
    "phase": What.PHASE,
    "CHECK": What.KIND,
    "KIND": What.KIND,
    "FILE": What.FILE,
    "FILE|git": What.FILE,
    "PUB": What.FILE,
    "DIR": What.FOLDER,
    "ID": What.PLAN,
}
"""What an argument is by its metavar or name; all others are anything."""


def verbs() -> list[Verb]:
    """Every verb of the program, in the order of the help."""
    return [_verb(name, summary) for name, summary in cli.VERBS.items()]


def general() -> tuple[Option, ...]:
    """The options that may also stand before the verb."""
    return (
        Option(("-C",), "work in the project of this folder", Word(What.FOLDER)),
        Option(("--json",), "one JSON document on standard output", None),
        Option(("--actor",), "who is asking", Word(What.ANYTHING)),
        Option(("--help",), "the help", None),
        Option(("--version",), "the version", None),
    )


def _verb(name: str, summary: str) -> Verb:
    module = import_module(f"todo_manager.commands.{cli._module(name)}")
    options: list[Option] = []
    words: list[Word] = []
    for action in _actions(usage.parser_of(name, module)):
        if action.option_strings and action.help != argparse.SUPPRESS:
            options.append(_option(action))
        elif not action.option_strings:
            words.append(_word(action))
    return Verb(name, summary, tuple(options), tuple(words))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a parser; of one with words of its own (`add PLAN phase`) the options of each."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            seen = {name for each in parser._actions for name in each.option_strings}
            for below in action.choices.values():
                for each in below._actions:
                    if each.option_strings and not seen & set(each.option_strings):
                        seen |= set(each.option_strings)
                        yield each


def _option(action: argparse.Action) -> Option:
    alone = action.nargs in (0, "?")
    return Option(tuple(action.option_strings), action.help or "", None if alone else _word(action))


def _word(action: argparse.Action) -> Word:
    if action.choices is not None:
        return Word(What.CHOICE, tuple(map(str, action.choices)))
    name = action.metavar if isinstance(action.metavar, str) else action.dest
    return Word(_BY_NAME.get(name, What.ANYTHING), many=action.nargs in ("*", "+"))
