"""The completion scripts of bash, zsh and fish, from one description (`completion.py`)."""

from __future__ import annotations

from collections.abc import Iterator

from todo_manager.completion import Option, Verb, What, Word, general, verbs
from todo_manager.completion_scripts import BASH, FISH, ZSH
from todo_manager.shellword import word as quoted


def script(shell: str) -> str:
    """The script of bash, zsh or fish."""
    found = verbs()
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](found).lstrip("\n")


def _bash(found: list[Verb]) -> str:
    return _posix(BASH, found, "words")


def _zsh(found: list[Verb]) -> str:
    described = "\n".join(
        " " * 12 + quoted(f"{verb.name}:{verb.summary.replace(':', chr(92) + ':')}")
        for verb in found
    )
    return _posix(ZSH, found, "expected").replace("@DESCRIBED@", described)


def _posix(template: str, found: list[Verb], variable: str) -> str:
    """A script whose tables are `case` statements, which bash and zsh read alike."""
    names = " ".join(name for option in general() for name in option.names)
    return (
        template.replace("@TABLE@", "\n".join(_case(verb, variable) for verb in found))
        .replace("@VALUES@", "\n".join(line for verb in found for line in _values(verb)))
        .replace("@VERBS@", " ".join(verb.name for verb in found))
        .replace("@GENERAL@", names)
    )


def _case(verb: Verb, variable: str) -> str:
    names = " ".join(name for option in verb.options for name in option.names)
    valued = " ".join(name for option in verb.options if option.value for name in option.names)
    words = " ".join(quoted(_sort(word)) for word in verb.words)
    return (
        f"        {verb.name})\n"
        f"            options={quoted(names)} valued={quoted(valued)}\n"
        f"            {variable}=({words}) ;;"
    )


def _values(verb: Verb) -> Iterator[str]:
    for option in verb.options:
        if option.value and option.value.what != What.ANYTHING:
            for name in option.names:
                words = _sort(option.value)
                yield f"        {quoted(f'{verb.name} {name}')}) _todo_manager_propose {words} ;;"


def _sort(word: Word) -> str:
    """A word as the shell functions take it: its sort, and what may be chosen."""
    return " ".join((*(["many"] if word.many else []), word.what, *word.choices))


def _fish(found: list[Verb]) -> str:
    lines = [_fish_option("test -z (__todo_manager_words)[1]", each) for each in general()]
    for verb in found:
        condition = "test -z (__todo_manager_words)[1]"
        lines.append(_fish_line(condition, f"-a {verb.name} -d {_text(verb.summary)}"))
    for verb in found:
        for place, word in enumerate(verb.words):
            more = " more" if word.many else ""
            condition = f"__todo_manager_at {verb.name} {place}{more}"
            if proposal := _fish_proposal(word):
                lines.append(_fish_line(condition, proposal))
        lines += [_fish_option(f"__todo_manager_at {verb.name} 0 more", o) for o in verb.options]
    valued = sorted({name for v in found for o in v.options if o.value for name in o.names})
    return FISH.replace("@VALUED@", " ".join(valued)).replace("@LINES@", "\n".join(lines))


def _fish_line(condition: str, rest: str) -> str:
    return f"complete -c todo_manager -n {_text(condition)} {rest}"


def _fish_option(condition: str, option: Option) -> str:
    names = " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    )
    value = ""
    if option.value:
        takes = "-r" if option.value.what == What.FILE else "-x"
        value = f" {takes} {_fish_proposal(option.value)}".rstrip()
    return _fish_line(condition, f"{names} -d {_text(option.help)}{value}")


def _fish_proposal(word: Word) -> str:
    if word.what == What.CHOICE:
        return f"-a {_text(' '.join(word.choices))}"
    asked = {What.PLAN: "plans", What.PHASE: "phases", What.KIND: "kinds"}
    if word.what in asked:
        return f"-k -a '(__todo_manager_ask {asked[word.what]})'"
    return {What.FILE: "-F", What.FOLDER: "-a '(__fish_complete_directories)'"}.get(word.what, "")


def _text(text: str) -> str:
    """A text in single quotes, as fish reads them."""
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"
