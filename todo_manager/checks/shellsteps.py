"""Which commands a shell text of somebody else runs, and whether the text fails when one of them does.

Such a text (a step of a workflow, a HEALTHCHECK) runs with the rules of its own shell, often without
`pipefail`. A command counts where it stands plainly in the text; inside a condition, a loop, a function
or a group its failure may be swallowed, so it does not.
"""

from __future__ import annotations

import itertools
import re

from msgspec import Struct

from todo_manager.checks.shellwords import REDIRECTS, Token, TooDeep, tokens

_CLOSERS = {
    "if": "fi", "while": "done", "until": "done", "for": "done", "select": "done",
    "case": "esac", "{": "}", "[[": "]]",
}  # fmt: skip
_RESERVED = frozenset(
    [*_CLOSERS, *_CLOSERS.values(), "then", "else", "elif", "do", "time", "!", "function"]
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_SAYING = frozenset(
    ["echo", "printf", "cat", "tee", "ls", "head", "tail", "sort", "wc", "date", "sleep", "unset",
     "uniq", "tr", "cut", "export", "pwd", "hostname", "id", "whoami", "uname", "cd"]
)  # fmt: skip
"""Commands that succeed at the end of a pipe or list whatever came before."""
_TOO_DEEP = "it is nested too deeply to be judged"
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
_SWITCHED_OFF = {
    "set": re.compile(
        r"(?:^| )(?:\+(?:[a-z]*e|o (?:errexit|pipefail))|-(?:[a-z]*n|[a-z]*o noexec))"
    ),
    "shopt": re.compile(r"(?=.*-[a-z]*u).*(?:errexit|pipefail)|noexec"),
    "eval": re.compile(r"\b(?:set|shopt|exit|exec|trap|alias)\b"),
    "trap": re.compile(""),
}
"""Commands, with the arguments by which they make a text go on after failures, or not run."""
_RENAMING = {"alias": "{name}=", "hash": "{name}", "enable": "{name}"}
"""Commands that make a name another command, with the beginning of the word that says which."""


class Placed(Struct):
    """One command of a text and how it stands there."""

    words: list[str]
    nested: bool
    negated: bool
    before: str
    """The operator before it; a line end or `;` where it begins a list."""
    after: str = ""
    """The operator after it; empty at the end of the text."""


class Rules(Struct, frozen=True, kw_only=True):
    """What the shell of a text does with failures."""

    errexit: bool
    pipefail: bool


class _Scan:
    """One way through the tokens of a text."""

    def __init__(self) -> None:
        self.found: list[Placed] = []
        self.functions: set[str] = set()
        self._words: list[str] = []
        self._open: list[str] = []
        """What has begun and not ended: `(`, or the word that ends it."""
        self._negated = False
        self._skip: str = ""
        """What the next word is, where it is no word of a command: a target, a function's name."""
        self._before = "\n"

    def take(self, token: Token) -> None:
        if self._open[-1:] == ["]]"]:
            if token.word("]]"):
                self._close()
        elif token.operator and token.text in REDIRECTS:
            self._skip = "target"
        elif self._skip and not token.operator:
            self._skipped(token.text)
        elif token.operator:
            self._operator(token.text)
        elif self._words or not self._reserved(token):
            self._words.append(token.text)

    def _skipped(self, text: str) -> None:
        if self._skip == "function":
            self.functions.add(text)
        self._skip = ""

    def _operator(self, sign: str) -> None:
        if sign == "(" and self._words:
            self.functions.add(self._words[-1])
            self._words = []
        self.end(sign)
        if sign == "(":
            self._open.append(")")
        # The patterns of `case` have a `)` of their own.
        elif sign == ")" and self._open[-1:] == [")"]:
            self._open.pop()

    def _reserved(self, token: Token) -> bool:
        """Whether it is a word of the shell where a command could begin."""
        if not token.bare or token.text not in _RESERVED:
            return False
        if token.text == "!":
            self._negated = True
        elif token.text == "function":
            self._skip = "function"
        elif closer := _CLOSERS.get(token.text):
            self._open.append(closer)
        elif token.text in self._open[-1:]:
            self._close()
        return True

    def _close(self) -> None:
        """What follows a compound command is joined to it, not to what stood in it."""
        nested = len(self._open) > 1
        self.found.append(Placed([self._open.pop()], nested, False, self._before))

    def end(self, sign: str) -> None:
        while self._words and _ASSIGNMENT.match(self._words[0]) and len(self._words) > 1:
            del self._words[0]
        if self._words:
            placed = Placed(self._words, bool(self._open), self._negated, self._before)
            self.found.append(placed)
        if self.found and (self._words or not self.found[-1].after):
            self.found[-1].after = sign
        if self._words or sign not in ("\n", ";"):
            self._before = sign
        self._words, self._negated, self._skip = [], False, ""


def _scanned(text: str) -> _Scan | None:
    """The commands of a text; None when it is nested too deeply."""
    scan = _Scan()
    try:
        for token in tokens(text):
            scan.take(token)
    except (TooDeep, RecursionError):
        return None
    scan.end("")
    return scan


def why_hidden(text: str, wanted: list[str], rules: Rules) -> str | None:
    """Why a text passes although the wanted command fails; empty when it fails too, None without it.

    Where the command stands several times, one place that counts is enough.
    """
    scan = _scanned(text)
    if scan is None:
        return _TOO_DEEP
    reasons = [
        _says_only(wanted, placed.words) or _hidden(scan, place, rules)
        for place, placed in enumerate(scan.found)
        if fits(wanted, placed.words)
    ]
    return min(reasons, key=bool) if reasons else None


def ends_in_words(text: str) -> str:
    """Why a text passes in a shell that goes on after failures: its end only says something.

    Empty where the last command can fail, or joins (`&&`) what can.
    """
    scan = _scanned(text)
    if scan is None:
        return _TOO_DEEP
    last = scan.found[-1] if scan.found else None
    if last is None or last.nested or last.before == "&&":
        return ""
    if len(scan.found) == 1 and len(last.words) > 1:
        return ""  # alone it may well fail: `cat /run/ready`
    assigns = _ASSIGNMENT.match(last.words[0]) and not re.search(r"[$`]", last.words[0])
    if not assigns and last.words[0] not in _SAYING:
        return ""
    return f"it ends in `{' '.join(last.words)[:40]}`, whatever came before"


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
    found = sorted(_SAYS_ONLY & set(words) - set(wanted))
    return f"with {found[0]} it only tells, and does nothing" if found else ""


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


def _hidden(scan: _Scan, place: int, rules: Rules) -> str:
    """Why a failure of the command at a place does not end the text."""
    placed = scan.found[place]
    if placed.nested or placed.negated:
        return "it stands inside a condition, a loop, a function or a group"
    if not rules.errexit:
        return "its shell goes on after a failure: it is started without -e"
    return (
        _before(scan, place)
        or _joined(scan, place, pipefail=rules.pipefail or _sets_pipefail(scan, place))
        or ""
    )


def _before(scan: _Scan, place: int) -> str:
    """What before a command keeps it from running, or from ending the text."""
    name = scan.found[place].words[0]
    if name in scan.functions:
        return f"the text defines a function {name} of its own"
    for earlier in scan.found[:place]:
        words = list(itertools.dropwhile(("builtin", "command").__contains__, earlier.words))
        first, rest = " ".join(words[:1]), " ".join(words[1:])
        switch, renaming = _SWITCHED_OFF.get(first), _RENAMING.get(first)
        if switch and switch.search(rest):
            return f"`{first} {rest}".rstrip() + "` stands before it"
        if renaming and any(word.startswith(renaming.format(name=name)) for word in words[1:]):
            return f"`{first}` stands before it"
        if _leaves(first, rest):
            return f"`{first} {rest}".rstrip() + "` stands before it"
    return ""


def _leaves(first: str, rest: str) -> bool:
    """Whether a command may end the text well before its end; `exec` alone only redirects."""
    if first == "exit":
        return not _is_failure(rest)
    return first == "exec" and bool(rest)


def _is_failure(code: str) -> bool:
    """Whether a text is an exit code that is not 0; only its last eight bits count."""
    return re.fullmatch("[0-9]{1,9}", code) is not None and int(code) % 256 != 0


def _sets_pipefail(scan: _Scan, place: int) -> bool:
    return any(
        placed.words[0] == "set"
        and re.search(r"-[a-z]*o pipefail", " ".join(placed.words))
        and placed.before in _ENDS
        and placed.after in ("\n", ";")
        for placed in scan.found[:place]
        if not placed.nested
    )


def _joined(scan: _Scan, place: int, *, pipefail: bool) -> str:
    """Why the list a command stands in passes although it fails."""
    placed = scan.found[place]
    if placed.before == "||":
        return "it only runs where something before it has failed (`||`)"
    signs = [scan.found[place].before]
    for number in range(place, len(scan.found)):
        sign = scan.found[number].after
        following = scan.found[number + 1].words if number + 1 < len(scan.found) else []
        if sign in ("|", "|&") and not pipefail:
            return f"`{sign} {' '.join(following[:1])}` hides its failure: there is no pipefail"
        if sign == "||":
            fails = _ends_it(scan, number + 1)
            return "" if fails else f"`|| {' '.join(following)[:40]}` hides its failure"
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


def _ends_it(scan: _Scan, place: int) -> bool:
    """Whether a command that is run instead of one that failed ends the text with a failure too."""
    if place >= len(scan.found):
        return False
    placed = scan.found[place]
    signs = [each.after for each in scan.found[place:]]
    background = next((sign for sign in signs if sign in _ENDS), "") == "&"
    if placed.words[0] == "exit":
        code = " ".join(placed.words[1:])
        fails = code == "$?" or _is_failure(code)
        return fails and placed.after not in ("|", "|&") and not background
    return placed.words == ["false"] and placed.after in ("\n", ";", "")
