"""Programs and shell texts that cannot fail: what is refused at load, and what lint warns of.

Shell text runs with `set -euo pipefail`, which finds most hidden failures. What defeats it is written
out: an ending that succeeds whatever came before, and constructs that switch the rule off.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from todo_manager.checks.shellwalk import CAN_FAIL, Ending, Walk
from todo_manager.checks.shellwords import Token, TooDeep, tokens

MAX_LENGTH = 128 * 1024
"""Bytes of one argument from which on Linux starts no program."""
_MAX_NESTED = 10
"""How many texts may stand in each other (`$(…)`, `bash -c`)."""
_SHELLS = frozenset(["sh", "bash", "dash", "ash", "ksh", "zsh"])
_WRAPPERS = frozenset(
    [
        "command",
        "builtin",
        "exec",
        "env",
        "nohup",
        "nice",
        "time",
        "timeout",
        "sudo",
        "setsid",
        "busybox",
        "toybox",
    ]
)
_DECLARING = frozenset(["export", "local", "declare", "typeset", "readonly"])
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^]]*\])?\+?=")
_SAME = frozenset(["=", "==", "-eq", "-le", "-ge"])
"""Comparisons that hold for two equal words."""
_ZERO = re.compile(r"[-+]?([0-9]{1,9})|\$\(\(\s*(0+)\s*\)\)")
_QUIET = frozenset(["sleep", "set", "unset", "alias", "export", "umask", "trap", "ulimit"])
"""What succeeds with fixed words, and writes nothing that is judged."""
_SAYING = frozenset(["echo", "printf", "pwd", "date"])


def cannot_fail(subject: str | Sequence[str], *, judged: bool = False) -> str | None:
    """Why a shell text or argument list passes whatever happens, or None when it can fail.

    `judged`: what it writes is judged too, so that `|| echo 0` is an answer.
    """
    return _judgement(subject if isinstance(subject, str) else tuple(subject), judged)[0] or None


def doubts(subject: str | Sequence[str], *, judged: bool = False) -> list[str]:
    """What in a shell text or argument list may hide a failure; for lint."""
    return list(_judgement(subject if isinstance(subject, str) else tuple(subject), judged)[1])


@functools.lru_cache(maxsize=32)
def _judgement(subject: str | tuple[str, ...], judged: bool) -> tuple[str, tuple[str, ...]]:
    judge = _Judge(judged)
    return judge.subject(subject), tuple(judge.notes)


class _Judge:
    """Judges texts, the commands in them, and the texts in those; keeps what is doubtful."""

    def __init__(self, judged: bool, depth: int = 0) -> None:
        self.notes: dict[str, None] = {}
        self._judged = judged
        self._depth = depth
        self._trapped = ""
        """Why a trap makes the whole text pass."""

    def subject(self, subject: str | Sequence[str]) -> str:
        try:
            if isinstance(subject, str):
                return self.text(subject)
            ending = self.command([_literal(word) for word in subject], "", denied=False)
            return "" if ending.speaks else ending.reason
        except (TooDeep, RecursionError):
            return "it is nested too deeply to be judged; put it into a script"

    def text(self, text: str) -> str:
        """Why a shell text passes whatever happens; empty when it can fail."""
        if len(text.encode("utf-8", "surrogatepass")) >= MAX_LENGTH:
            return f"it is longer than {MAX_LENGTH // 1024} KiB; put it into a script"
        found = tokens(text)
        if all(token.sign("\n", ";") for token in found):
            return "an empty shell text"
        ending = Walk(found, self).sequence()
        return self._trapped or ("" if ending.speaks else ending.reason)

    def note(self, message: str) -> None:
        self.notes[message] = None

    def command(self, words: list[Token], document: str, *, denied: bool) -> Ending:
        """One command: its words, its here-document, and whether a `!` stands before it."""
        self._doubt(words)
        if words and all(word.fixed and _ASSIGNMENT.match(word.text) for word in words):
            return Ending(_ends_in(words[0].text[:40]), speaks=True)
        words = _unwrapped(words)
        if not words or not words[0].fixed:
            return CAN_FAIL
        shown = " ".join(word.text for word in words)[:40]
        name = words[0].text.removeprefix("/usr").removeprefix("/bin/")
        found = self._ending(name, words[1:], document, shown)
        if denied:
            return Ending(_ends_in(f"! {shown}")) if name == "false" else CAN_FAIL
        return found

    def _ending(self, name: str, rest: list[Token], document: str, shown: str) -> Ending:
        if name in ("true", ":"):
            fails = any(word.may_fail for word in rest)
            return CAN_FAIL if fails else Ending(_ends_in(shown))
        if name in ("exit", "return") and rest and _is_zero(rest[0].text):
            self.note("`exit 0` passes whatever came before it")
            return Ending(_ends_in(shown), leaves=name == "exit")
        quiet = name in _QUIET and all(word.fixed for word in rest)
        if quiet or (name in _SAYING and not self._judged):
            return Ending(_ends_in(shown), speaks=True)
        if name == "coproc":
            return Ending("`coproc` runs it in the background, so its exit code is never seen")
        if name == "wait" and not rest:
            return Ending("it ends in `wait`, which does not tell how what it waits for ended")
        if name in ("test", "["):
            return constant(rest, shown)
        return Ending(self._given(name, rest, document))

    def _given(self, name: str, rest: list[Token], document: str) -> str:
        """Why the shell text a command is given cannot fail; empty where it is given none."""
        if name == "eval" and all(word.fixed for word in rest):
            return self._inside(" ".join(word.text for word in rest))
        if name in _SHELLS:
            return self._other_shell(rest, document)
        for place, word in enumerate(rest):
            if word.text.rsplit("/", 1)[-1] in _SHELLS:
                self._other_shell(rest[place + 1 :], "")
        return ""

    def _other_shell(self, rest: list[Token], document: str) -> str:
        text = _script(rest) or document
        if not text:
            return ""
        strict = "pipefail" in " ".join(word.text for word in rest) + document
        if not strict and re.search(r"[;\n|]", text.strip()):
            self.note("the shell it starts goes on after a failure: it has no `set -euo pipefail`")
        return self._inside(text)

    def _inside(self, text: str) -> str:
        """Why a text inside this one passes whatever happens."""
        if self._depth >= _MAX_NESTED:
            raise TooDeep
        judge = _Judge(self._judged, self._depth + 1)
        found = judge.text(text)
        self.notes |= judge.notes
        return found

    def _doubt(self, words: list[Token]) -> None:
        """What a command may hide, whatever comes after it."""
        for text in [text for word in words for text in word.inner]:
            self._inside(text)
        name, rest = (words[0].text, [word.text for word in words[1:]]) if words else ("", [])
        options = " ".join(rest)
        if name == "set" and re.search(r"(?:^| )\+(?:[a-z]*e|o (?:errexit|pipefail))", options):
            self.note("it switches off the rule that a failure stops it")
        if name in _DECLARING and any(word.inner for word in words):
            self.note(f"`{name}` hides how the command in its `$(…)` ended")
        if name == "trap" and rest:
            self._trap(rest[0], frozenset(rest[1:]))

    def _trap(self, action: str, signals: frozenset[str]) -> None:
        reason = _Judge(True, self._depth + 1).subject(action)
        if "exit" in reason and signals & {"EXIT", "ERR", "0"}:
            self._trapped = f"its trap `{action}` decides: {reason}"
        elif re.search(r"\bexit\b", action):
            self.note("a trap may replace the exit code")


def constant(operands: list[Token], shown: str) -> Ending:
    """The ending of a test; one of a single fixed word, or of it with itself, looks at nothing."""
    words = [word for word in operands if word.text not in ("]", "]]")]
    alone = len(words) == 1 or (
        len(words) == 3 and words[1].text in _SAME and words[0].text == words[2].text
    )
    fixed = alone and all(word.fixed and word.text for word in words)
    if len(words) == 2 and words[0].text in ("-n", "-z"):
        fixed = words[1].fixed and bool(words[1].text) == (words[0].text == "-n")
    return Ending(f"`{shown}` tests a fixed text") if fixed else CAN_FAIL


def _is_zero(code: str) -> bool:
    """Whether an exit code is 0; only its last eight bits count."""
    match = _ZERO.fullmatch(code)
    return match is not None and int(match[1] or match[2]) % 256 == 0


def _literal(text: str) -> Token:
    token = Token(text)
    token.bare = False
    return token


def _ends_in(shown: str) -> str:
    return f"it ends in `{shown}`, which always passes; end in what must succeed"


def _script(rest: list[Token]) -> str:
    """The text a shell is given with `-c`; empty when there is none, or none that is known."""
    for place, word in enumerate(rest):
        if re.fullmatch(r"-[a-z]*c[a-z]*", word.text):
            script = rest[place + 1 : place + 2]
            return script[0].text if script and script[0].fixed else ""
        if not word.text.startswith(("-", "+")) and (not place or rest[place - 1].text != "-o"):
            return ""
    return ""


def _unwrapped(words: list[Token]) -> list[Token]:
    """Without assignments before it, and without what merely runs the rest (`env`, `timeout 5`)."""
    while words:
        if _ASSIGNMENT.match(words[0].text):
            words = words[1:]
        elif words[0].fixed and words[0].text in _WRAPPERS and len(words) > 1:
            looks = words[0].text == "command" and re.match(r"-p?[vV]", words[1].text)
            words = [] if looks else words[1:]
            while words and re.match(r"-|[0-9.]+[smhd]?$", words[0].text):
                words = words[1:]
        else:
            break
    return words
