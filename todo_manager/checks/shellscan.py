"""The commands of a shell text, each with how it stands there: nested, in a subshell, joined to others.

What bash would refuse is read somehow and never raises: bash says what is wrong with it when it runs.
"""

from __future__ import annotations

import re

from msgspec import Struct

from todo_manager.checks.shellwords import REDIRECTS, Token, TooDeep, tokens

_CLOSERS = {
    "if": "fi", "while": "done", "until": "done", "for": "done", "select": "done",
    "case": "esac", "{": "}", "[[": "]]",
}  # fmt: skip
CLOSING = frozenset(_CLOSERS.values())
_RESERVED = frozenset([*_CLOSERS, *CLOSING, "then", "else", "elif", "do", "time", "!", "function"])
PIPES = ("|", "|&")
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")

_OPEN_DOCUMENT = re.compile(r"(?<!<)<<(?!<)[^\n]*\Z")
"""A here-document that is announced in a substitution and stands behind it."""


class Placed(Struct, kw_only=True):
    """One command of a text and how it stands there."""

    words: list[str]
    """Its words; of a compound command that has ended, the word that ends it."""
    assigned: list[str]
    """The assignments before its first word."""
    inside: list[str] = []
    """Of `[[ … ]]`, what stands in it."""
    nested: bool
    apart: bool
    """It runs in a subshell."""
    negated: bool = False
    before: str
    """The operator before it; a line end or `;` where it begins a list."""
    after: str = ""
    """The operator after it; empty at the end of the text."""
    end: int = 0
    """The letters of the text up to the operator after it."""
    compound: bool = False


class Scan:
    """One way through the tokens of a text."""

    def __init__(self) -> None:
        self.found: list[Placed] = []
        self.functions: set[str] = set()
        self.loops: list[list[str]] = []
        """What stands between `for` and `do`."""
        self.odd = ""
        """What is read in more than one way."""
        self._words: list[str] = []
        self._open: list[str] = []
        """What has begun and not ended: `(`, or the word that ends it."""
        self._negated = False
        self._skip: str = ""
        """What the next word is, where it is no word of a command: a target, a function's name."""
        self._before = "\n"
        self._place = 0
        self._defining = self._body = False
        """Whether the `)` after a function's name comes next, or what the function does."""

    def take(self, token: Token) -> None:
        """The next token."""
        self._place = token.end
        self._doubt(token)
        if self._open[-1:] == ["]]"]:
            self._inside(token)
        elif token.operator and token.text in REDIRECTS:
            self._skip = "target" if self._skip in ("", "target") else self._skip
        elif self._skip == "pattern" or (self._skip and not token.operator):
            self._skipped(token)
        elif token.operator:
            self._operator(token.text)
        elif self._words or not self._reserved(token):
            self._words.append(token.text)

    def _doubt(self, token: Token) -> None:
        """Keep what one shell reads in another way than the next."""
        if any(map(_OPEN_DOCUMENT.search, token.inner)):
            self.odd = "<<"
        if self._body and not token.sign("\n"):
            # dash takes any command for the body of a function.
            if not token.word("{") and not token.sign("("):
                self.odd = "()"
            self._body = False

    def _inside(self, token: Token) -> None:
        if token.word("]]"):
            words, self._words = self._words, []
            self._close()
            self.found[-1].inside = words
        else:
            self._words.append(token.text)

    def _skipped(self, token: Token) -> None:
        """A word that belongs to no command: up to `in` and `)` of a `case`, up to the end of a `for`."""
        if self._skip == "pattern":
            if token.word("esac"):
                self._close()
            elif not token.sign(")"):
                return
        elif self._skip == "subject":
            self._skip = "pattern" if token.word("in") else self._skip
            return
        elif self._skip == "loop":
            if not (token.word("do") and len(self.loops[-1]) == 1):
                self.loops[-1].append(token.text)
                return
        elif self._skip == "function":
            self.functions.add(token.text)
            self._body = True
        self._skip = ""

    def _operator(self, sign: str) -> None:
        if self._skip == "subject":
            return
        if sign == "(" and self._words:
            if len(self._words) > 1:
                self.odd = f"{' '.join(self._words)}("
            self.functions.add(self._words[-1])
            self._words = []
            self._defining = True
        elif sign == ")" and self._defining:
            self._defining, self._body = False, True
        self.end(sign)
        if sign == "(":
            self._open.append(")")
        elif sign == ")" and self._open[-1:] == [")"]:
            self._open.pop()
        elif sign in (";;", ";&", ";;&") and self._open[-1:] == ["esac"]:
            self._skip = "pattern"

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
            self._opened(token.text)
        elif token.text in self._open[-1:]:
            self._close()
        return True

    def _opened(self, word: str) -> None:
        if word == "case":
            self._skip = "subject"
        elif word in ("for", "select"):
            self._skip = "loop"
            self.loops.append([])

    def _close(self) -> None:
        """What follows a compound command is joined to it, not to what stood in it."""
        closed = self._open.pop()
        self._skip = ""
        self._add([closed], compound=True)

    def _add(self, words: list[str], *, compound: bool = False) -> None:
        assigned = []
        while words and ASSIGNMENT.match(words[0]) and not compound:
            assigned.append(words.pop(0))
        self.found.append(
            Placed(
                words=words,
                assigned=assigned,
                nested=bool(self._open),
                apart=")" in self._open,
                negated=self._negated and not compound,
                before=self._before,
                end=self._place,
                compound=compound,
            )
        )

    def end(self, sign: str) -> None:
        """The operator, or the end of the text, that ends what was taken."""
        words = self._words
        if words:
            self._add(list(words))
        if self.found and (words or not self.found[-1].after):
            self.found[-1].after = sign
        # `!` is for a whole pipe, which may go on in the next line.
        goes_on = sign in PIPES or (sign == "\n" and not words and self._before in PIPES)
        if words or sign not in ("\n", ";"):
            self._before = sign
        self._words, self._negated, self._skip = [], self._negated and goes_on, ""


def scanned(text: str) -> Scan | None:
    """The commands of a text; None when it is nested too deeply."""
    scan = Scan()
    try:
        for token in tokens(text):
            scan.take(token)
    except (TooDeep, RecursionError):
        return None
    scan.end("")
    return scan
