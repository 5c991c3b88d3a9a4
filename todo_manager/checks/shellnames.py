"""Names that change what a command in a shell text means: variables that steer programs, and the shell's own."""

from __future__ import annotations

import re

from todo_manager.documents.substitution import steers

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OWN = frozenset(
    [".", ":", "[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "chdir", "command",
     "compgen", "complete", "compopt", "continue", "coproc", "declare", "dirs", "disown", "echo",
     "enable", "eval", "exec", "exit", "export", "false", "fc", "fg", "getopts", "hash", "help",
     "history", "jobs", "kill", "let", "local", "logout", "mapfile", "popd", "printf", "pushd",
     "pwd", "read", "readarray", "readonly", "return", "set", "shift", "shopt", "source",
     "suspend", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias",
     "unset", "wait", "command_not_found_handle"]
)  # fmt: skip
"""What the shell does itself, and what it calls for names that it does not find."""
_WHATEVER = re.compile(
    r"TZ|LANG|LANGUAGE|LC_.*|_|REPLY|OPT(?:ARG|IND|ERR)|SECONDS|S?RANDOM|TMPDIR|XDG_RUNTIME_DIR"
    r"|PYTHON(?:UNBUFFERED|DONTWRITEBYTECODE|HASHSEED|IOENCODING|UTF8|FAULTHANDLER|NODEBUGRANGES"
    r"|DEVMODE|ASYNCIODEBUG|TRACEMALLOC)"
    r"|GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|GIT_(?:TERMINAL_PROMPT|DEPTH|LFS_SKIP_SMUDGE)"
    r"|NODE_(?:ENV|AUTH_TOKEN)"
)
"""Of the names that steer programs, those that do not decide which program runs or whether it passes."""
_WITH_VALUE = {
    "NODE_OPTIONS": re.compile(r"--max[-_]old[-_]space[-_]size=[0-9]+"),
    "MAKEFLAGS": re.compile(r"(?:-j|--jobs=)\s?(?:[0-9]+|\$\(nproc\))?"),
    "PYTEST_ADDOPTS": re.compile(r"(?:(?:--color=[a-z]+|-v+|-r[a-zA-Z]+|--durations=[0-9]+) ?)+"),
    "PYTHONWARNINGS": re.compile(r"error|default|always"),
}
_OF_PROGRAMS = re.compile(
    r"GOFLAGS|RUSTC(?:_WORKSPACE)?(?:_WRAPPER)?|CARGO_(?:BUILD|TARGET|ALIAS)_.*|CARGO_HOME"
    r"|TRIVY_(?:EXIT_CODE|EXIT_ON_EOL|SEVERITY|SCANNERS|PKG_TYPES|VULN_TYPE|CONFIG|POLICY|SKIP_.*"
    r"|IGNORE.*|SECURITY_CHECKS)|GRYPE_.*|TOX_.*|NOX.*|BUNDLE_GEMFILE"
)
"""By what else a program is told to do nothing, or to call everything well."""


def changes(name: str, value: str = "") -> bool:
    """Whether a variable with this value changes what programs are run, or how they end."""
    if _OF_PROGRAMS.fullmatch(name):
        return True
    if not steers(name) or _WHATEVER.fullmatch(name):
        return False
    known = _WITH_VALUE.get(name)
    return not (known and known.fullmatch(value.strip()))
