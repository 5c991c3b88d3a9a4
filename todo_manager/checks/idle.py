"""Whether the command of a health check can fail at all: of a HEALTHCHECK in a Dockerfile, an image, a container.

Such a command runs with the rules of its own shell, mostly without `-e` and `pipefail`, so what stands at
its end decides alone. A program nobody knows may fail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from todo_manager.checks import shelltext
from todo_manager.checks.shellsteps import ends_in_words
from todo_manager.checks.shellwords import TooDeep, tokens

_SHELLS = ("sh", "bash", "ash", "dash", "ksh", "zsh")
_IDLE = frozenset(
    ["true", ":", "echo", "printf", "date", "pwd", "sleep", "hostname", "whoami", "id", "uname",
     "arch", "nproc", "uptime", "printenv", "yes", "clear", "sync"]
)  # fmt: skip
"""Commands that succeed however the service is."""
_WRAPPERS = ("env", "tini", "tini-static", "dumb-init", "busybox", "nice", "nohup", "setsid",
             "exec", "command", "timeout", "stdbuf", "ionice")  # fmt: skip
"""Programs that only run another one, which decides."""
_USER_CHANGERS = ("su-exec", "gosu", "setpriv", "chpst")
_LOOKING = re.compile(r"-[a-hkprstuwxGLNOS]|-[no]t|-ef")
"""Operators by which `test` looks at something that is not written in it."""
_STRICT = re.compile(r"\s*set -[a-z]*e")
_STRICTLY = re.compile("-[a-z]*e[a-z]*")
_GROUP = re.compile(r"\s*[({](?P<inner>.*?);?\s*[)}]\s*", re.DOTALL)


def why_idle(command: str | Sequence[str]) -> str:
    """Why a shell text or an argument list answers the same whatever happens; empty when it can fail."""
    return _text(command) if isinstance(command, str) else _words(list(command))


def _text(text: str, strict: bool = False) -> str:
    """`strict`: its shell stops at a failure (`-e`), if only at that of the last command of a pipe."""
    if not text.strip():
        return "an empty text runs nothing"
    if (group := _GROUP.fullmatch(text)) and not set(group["inner"]) & set("(){}"):
        return _text(group["inner"], strict)
    strict |= bool(_STRICT.match(text))
    said = ends_in_words(text) if not strict or "|" in text else ""
    return shelltext.cannot_fail(text) or said or _alone(text)


def _alone(text: str) -> str:
    """The same for a text that is one plain command, which its shell runs as an argument list."""
    try:
        found = tokens(text)
    except (TooDeep, RecursionError):
        return ""
    if any(token.operator or not token.fixed for token in found):
        return ""
    return _words([token.text for token in found])


def _words(argv: list[str]) -> str:
    argv = _inner(argv)
    if not argv or not argv[0]:
        return "an empty list runs nothing"
    name, rest = _base(argv[0]), argv[1:]
    if name in _SHELLS:
        for place, word in enumerate(rest[:-1]):
            if re.fullmatch("-[a-z]*c", word):
                return _text(rest[place + 1], any(map(_STRICTLY.fullmatch, rest[: place + 1])))
        return shelltext.cannot_fail(argv) or ""
    if name in _IDLE or (name == "exit" and not rest) or (name == "ls" and not _named(rest)):
        return f"`{name}` answers whatever happens"
    if name in ("test", "[", "[[") and not any(_LOOKING.fullmatch(word) for word in rest):
        return f"`{' '.join(argv)[:40]}` tests a fixed text"
    return shelltext.cannot_fail(argv) or ""


def _inner(argv: list[str]) -> list[str]:
    """The command that is run in the end, without what only runs it."""
    while argv and (name := _base(argv[0])) in (*_WRAPPERS, *_USER_CHANGERS) and len(argv) > 1:
        argv = argv[1:]
        while argv and (argv[0].startswith("-") or (name == "env" and "=" in argv[0])):
            argv = argv[1:]
        if argv and name in (*_USER_CHANGERS, "timeout") and len(argv) > 1:
            argv = argv[1:]  # the user, or the time
    return argv


def _named(words: list[str]) -> list[str]:
    return [word for word in words if not word.startswith("-")]


def _base(word: str) -> str:
    return word.rsplit("/", 1)[-1]
