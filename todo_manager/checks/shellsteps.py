"""Which commands a shell text of somebody else runs, and whether the text fails when one of them does.

Such a text (a step of a workflow, a HEALTHCHECK) runs with the rules of its own shell, often without
`pipefail`. A command counts where it stands plainly in the text; inside a condition, a loop, a function
or a group its failure may be swallowed, so it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from msgspec import Struct

from todo_manager.checks.shellbefore import folder, is_failure, spoiled
from todo_manager.checks.shellnames import changes
from todo_manager.checks.shellscan import ASSIGNMENT, PIPES, Placed, Scan, scanned
from todo_manager.checks.shellwords import TooDeep, tokens

_SAYING = frozenset(
    ["echo", "printf", "cat", "tee", "ls", "head", "tail", "sort", "wc", "date", "sleep", "unset",
     "uniq", "tr", "cut", "export", "pwd", "hostname", "id", "whoami", "uname", "cd"]
)  # fmt: skip
"""Commands that succeed at the end of a pipe or list whatever came before."""
_TOO_DEEP = "it is nested too deeply to be judged"
_JOINS = frozenset(["|", "|&", "&&", "||"])
_ENDS = frozenset(["\n", ";", "&", ""])
_SAYS_ONLY = frozenset(
    [
        "--help",
        "-h",
        "--version",
        "--collect-only",
        "--co",
        "--dry-run",
        "--fixtures",
        "--markers",
        "--setup-plan",
        "--setup-only",
    ]
)
"""Options with which a command tells what it is or would do, and does not do it."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_DEPTH = 3
"""How many variables may stand for each other."""
_MOST = 1000
"""Words of a command that are looked at."""
_IDLE = {
    "make": re.compile(
        r"-[a-zA-Z]*[ntqifCIEoW].*"
        r"|--(?:just-print|recon|touch|question|ignore-errors|eval|(?:make)?file|directory)(?:=.*)?"
    ),
    "go": re.compile("-(?:n|c|list|exec)(?:=.*)?"),
    "cargo": re.compile("--no-run"),
    "npm": re.compile("--if-present|--ignore-scripts"),
    "mvn": re.compile(
        r"-D(?:skipTests|skipITs|maven\.test\.(?:skip|failure\.ignore)).*|-fn|--fail-never"
    ),
    "gradlew": re.compile("-x|--exclude-task|-m"),
}
_IDLE |= {"gmake": _IDLE["make"], "gradle": _IDLE["gradlew"], "mvnw": _IDLE["mvn"]}
"""Options by which a program runs something else, or passes whatever happens."""


class Rules(Struct, frozen=True, kw_only=True):
    """What the shell of a text does with failures, and where."""

    errexit: bool
    pipefail: bool
    begins: str = "."
    """The folder in which it starts."""
    within: str = "."
    """The folder in which the command is meant to run."""


def why_hidden(
    text: str,
    wanted: list[str],
    rules: Rules,
    unknown: int = -1,
    given: Mapping[str, str] | None = None,
) -> str | None:
    """Why a text passes although the wanted command fails; empty when it fails too, None without it.

    At `unknown` something stands that is replaced before the shell reads the text; -1 where nothing does.
    `given` are variables it has.
    Where the command stands several times, one place that counts is enough.
    """
    scan = scanned(text)
    if scan is None:
        return _TOO_DEEP
    reasons = [
        _says_only(wanted, _valued(scan, place, given or {}))
        or _hidden(scan, place, rules, text)
        or _replaced(scan, place, text, unknown)
        for place, placed in enumerate(scan.found)
        if fits(wanted, placed.words)
    ]
    return min(reasons, key=bool) if reasons else None


def ends_in_words(text: str) -> str:
    """Why a text passes in a shell that goes on after failures: its end only says something.

    Empty where the last command can fail, or joins (`&&`) what can.
    """
    scan = scanned(text)
    if scan is None:
        return _TOO_DEEP
    last = scan.found[-1] if scan.found else None
    if last is None or last.nested or last.before == "&&":
        return ""
    if len(scan.found) == 1 and len(last.words) > 1:
        return ""  # alone it may well fail: `cat /run/ready`
    words = last.words or last.assigned[-1:]
    assigns = not last.words and not re.search(r"[$`]", words[0])
    if not assigns and words[0] not in _SAYING:
        return ""
    return f"it ends in `{' '.join(words)[:40]}`, whatever came before"


def words_of(text: str) -> list[str]:
    """The words of one plain command; empty when it is none, or more than one."""
    try:
        found = tokens(text)
    except (TooDeep, RecursionError):
        return []
    plain = found and not any(token.operator or token.inner for token in found)
    return [token.text for token in found] if plain else []


def fits(wanted: list[str], words: list[str]) -> bool:
    """Whether a command begins with the wanted words and has the wanted options, in any order.

    An option that is given twice might be taken back, so it counts only once.
    """
    have = _split(words)
    first, *options = _chunks(_split(wanted))
    if have[: len(first)] != first:
        return False
    for chunk in options:
        places = [n for n in range(len(have)) if have[n : n + len(chunk)] == chunk]
        if len(places) != 1 or have.count(chunk[0]) != 1:
            return False
    return True


def _says_only(wanted: list[str], words: list[str]) -> str:
    """Why a command does not do what it is for; empty when it does."""
    if len(words) > _MOST:
        return f"it has more than {_MOST} words"
    if not fits(wanted, words):
        return f"it is `{' '.join(words)[:60]}`, with what its variables stand for"
    more = [word for word in words[1:] if word not in wanted]
    found = sorted(_SAYS_ONLY.intersection(more))
    if found:
        return f"with {found[0]} it only tells, and does nothing"
    idle = _IDLE.get(words[0].rsplit("/", 1)[-1])
    for word in more:
        name, sign, value = word.partition("=")
        if (idle and idle.fullmatch(word)) or (sign and changes(name, value)):
            return f"with {word} it does something else, or passes whatever happens"
    return ""


def _valued(scan: Scan, place: int, given: Mapping[str, str]) -> list[str]:
    """The words of a command, with variables that are words of their own as what was assigned to them."""
    values = dict(given)
    for placed in scan.found[:place]:
        for word in [*placed.assigned, *placed.words[1:]]:
            if match := ASSIGNMENT.match(word):
                values[match[1]] = word[match.end() :]
    found = scan.found[place].words
    for _ in range(_DEPTH):
        known = [(word, _VARIABLE.fullmatch(word)) for word in found]
        each = (
            one
            for word, name in known
            for one in (values[name[1]].split() if name and name[1] in values else [word])
        )
        found = list(islice(each, _MOST + 1))
    return found


def _split(words: list[str]) -> list[str]:
    """`--name=value` as two words."""
    found: list[str] = []
    for word in words:
        found += word.split("=", 1) if word.startswith("--") else [word]
    return found


def _chunks(words: list[str]) -> list[list[str]]:
    """The words before the first option, then each option with what follows it."""
    found: list[list[str]] = [[]]
    for word in words:
        if word.startswith("-"):
            found.append([])
        found[-1].append(word)
    return found


def _hidden(scan: Scan, place: int, rules: Rules, text: str) -> str:
    """Why a failure of the command at a place does not end the text."""
    placed = scan.found[place]
    if placed.nested or placed.negated:
        return "it stands inside a condition, a loop, a function or a group"
    if not rules.errexit:
        return "its shell goes on after a failure: it is started without -e"
    return (
        spoiled(scan, place, text)
        or _elsewhere(scan, place, rules)
        or _joined(scan, place, pipefail=rules.pipefail or _sets_pipefail(scan, place))
        or ""
    )


def _replaced(scan: Scan, place: int, text: str, unknown: int) -> str:
    """Why a text that is not the one the shell gets says nothing of the command at a place."""
    last = next((each for each in scan.found[place:] if each.after in _ENDS), scan.found[-1])
    end = len(text) if last is scan.found[-1] else max(last.end, scan.found[place].end)
    if not 0 <= unknown < end:
        return ""
    shown = text[unknown : unknown + 50].split("\n")[0]
    return f"what `{shown}` stands for, only a run can tell: hand it over under `env` as a variable"


def _elsewhere(scan: Scan, place: int, rules: Rules) -> str:
    """Why the command at a place runs in another folder than is meant; empty when it does not."""
    found, why = folder(scan, place, rules.begins)
    if why or found == rules.within:
        return why
    return f"it runs in the folder {found}, not in {rules.within}: if that is meant, state folder: {found}"


def _sets_pipefail(scan: Scan, place: int) -> bool:
    return any(
        placed.words[:1] == ["set"]
        and re.search(r"-[a-z]*o pipefail", " ".join(placed.words))
        and placed.before in _ENDS
        and placed.after in ("\n", ";")
        for placed in scan.found[:place]
        if not placed.nested
    )


def _begin_of_pipe(scan: Scan, place: int) -> tuple[str, str]:
    """The operator before the pipe a command stands in; with it, why that is not known."""
    first = place
    while first and scan.found[first].before in PIPES:
        first -= 1
        if scan.found[first].compound or scan.found[first].nested:
            return (
                "",
                "a group hands something to it by a pipe, and what is before that is not read",
            )
    return scan.found[first].before, ""


def _joined(scan: Scan, place: int, *, pipefail: bool) -> str:
    """Why the list a command stands in passes although it fails."""
    begin, unread = _begin_of_pipe(scan, place)
    if unread or begin == "||":
        return unread or "it only runs where something before it has failed (`||`)"
    signs = [begin]
    for number in range(place, len(scan.found)):
        sign = scan.found[number].after
        following = scan.found[number + 1 : number + 2]
        shown = " ".join(following[0].words if following else [])[:40]
        if reason := _onward(sign, following, pipefail):
            return reason
        if sign == "||":
            fails = _ends_it(scan, number + 1)
            return "" if fails else f"`|| {shown}` hides its failure"
        signs.append(sign)
        if sign in _ENDS:
            last = number == len(scan.found) - 1
            break
    else:
        last = True
    if signs[-1] == "&":
        return "it runs in the background (`&`)"
    if "&&" in signs and not last:
        return "it is part of an `&&` list, whose failure the commands after it hide"
    return ""


def _onward(sign: str, following: list[Placed], pipefail: bool) -> str:
    """Why what a command is joined to by an operator hides that it fails, whatever that is."""
    for each in following:
        if sign in _JOINS and (each.nested or each.compound):
            return (
                f"`{sign}` joins it to a group, a loop or a condition, which may hide its failure"
            )
    if sign in PIPES and not pipefail:
        shown = " ".join(word for each in following for word in each.words[:1])
        return f"`{sign} {shown}` hides its failure: there is no pipefail"
    return ""


def _ends_it(scan: Scan, place: int) -> bool:
    """Whether a command that is run instead of one that failed ends the text with a failure too."""
    if place >= len(scan.found):
        return False
    placed = scan.found[place]
    signs = [each.after for each in scan.found[place:]]
    until = next((n for n, sign in enumerate(signs) if sign in _ENDS), len(signs))
    groups = any(each.nested or each.compound for each in scan.found[place : place + until + 1])
    background = groups or signs[until : until + 1] == ["&"]
    if placed.words[:1] == ["exit"]:
        code = " ".join(placed.words[1:])
        fails = code == "$?" or is_failure(code)
        return fails and placed.after not in ("|", "|&") and not background
    return placed.words == ["false"] and not placed.negated and placed.after in ("\n", ";", "")
