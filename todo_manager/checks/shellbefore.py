"""What may stand before a command in a shell text, so that the command still means what it says.

Programs may, for they cannot change the shell that runs them. Of what the shell does itself only what
is known to leave names, settings and folder as they are may; all else might make the name another
program, or end the text well. What programs do to files is not asked.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable

from todo_manager.checks.shellnames import OWN, PLAIN, changes
from todo_manager.checks.shellscan import ASSIGNMENT, Placed, Scan

_PROGRAM = re.compile(r"(?:~/)?[A-Za-z0-9_./+@%,:-]+")
"""A name that is nothing but letters: nothing in it is expanded."""
_QUIET = frozenset(
    [":", "true", "false", "echo", "pwd", "type", "times", "kill", "umask", "ulimit", "help",
     "break", "continue", "shift", "unalias", "disown"]
)  # fmt: skip
"""What the shell does itself and what changes nothing, whatever it is given."""
_TURNS = re.compile(r"-[euxvhfamEbBCPT]+|\+[xvufHBm]+")
_SETTINGS = re.compile(
    "errexit|pipefail|nounset|xtrace|verbose|errtrace|functrace|noglob|noclobber|allexport|physical"
)
_SHOPTS = re.compile("globstar|nullglob|dotglob|extglob|failglob|nocaseglob|inherit_errexit")
_EXPANSIONS = re.compile(r"\$\{|\$\(\(|\$\[|\$'(?:[^'\\]|\\.)*\\'")
"""What may set a variable, or is read by one shell in another way than by the next."""
_PLAIN_EXPANSION = re.compile(
    r"\$\{\{|\$\{#?[A-Za-z_]\w*(?:\[[@*0-9]+\])?\}|\$\{[0-9@*#?!$-]\}"
    r"|\$\{[A-Za-z_0-9@*]\w*(?:\[[@*0-9]+\])?(?::?[-+?]|[#%/^,])"
    r"(?:[^'\"\\`\n{}]|\$\{[A-Za-z_]\w*\})*\}"
    r"|\$\{[A-Za-z_]\w*:(?: ?-)?[0-9]*(?::-?[0-9]+)?\}"
    r"|\$\(\([0-9 +*/%()<>&|-]*\)\)",
    re.ASCII,
)
_RUNNING = ("builtin", "command", "-p", "--")
_COUNTED = frozenset(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"])


def spoiled(scan: Scan, place: int, text: str) -> str:
    """Why the command at a place may not be the program of its name, or may never run; empty if it is.

    `text` is the whole shell text.
    """
    placed = scan.found[place]
    if told := _defines(scan, placed.words[0]):
        return told
    for earlier in scan.found[:place]:
        if not earlier.apart and (told := _does(earlier)):
            return told
    own = _assigned(placed.assigned) or _numbered(placed.words)
    return own or _expanded(text[: placed.end])


def _defines(scan: Scan, command: str) -> str:
    """What the text defines, by function or loop, that may change a command."""
    if scan.odd:
        return f"`{scan.odd}` is read in more than one way"
    for name in sorted(scan.functions):
        if name == command:
            return f"the text defines a function {name} of its own"
        if name in OWN or not _PROGRAM.fullmatch(name):
            return f"the text defines a function {name}, which the shell may call for another"
    for loop in scan.loops:
        if not loop or not PLAIN.fullmatch(loop[0]) or changes(loop[0]):
            return f"`for {' '.join(loop)[:40]}` may set a variable that steers programs"
    return ""


def _does(placed: Placed) -> str:
    """What one earlier command may change; empty when it changes nothing."""
    if placed.words == ["]]"] and not placed.inside:
        return "`[[ ]]` stands before it: bash ends there, and well"
    if placed.compound:
        return _compared(placed.inside)
    if told := _assigned(placed.assigned) or _numbered(placed.words):
        return told
    words = list(itertools.dropwhile(_RUNNING.__contains__, placed.words))
    if not words or (words != placed.words and re.match("-p?[vV]", words[0])):
        return ""
    name, rest = words[0], words[1:]
    shown = f"`{' '.join(words)[:60]}` stands before it"
    if name in OWN:
        return "" if _harmless(name, rest) else shown
    if not _PROGRAM.fullmatch(name):
        return f"{shown}, whose name only a run can tell"
    return ""


def _numbered(words: list[str]) -> str:
    """`{NAME}>file` sets the name to a number."""
    found = [word for word in words if word.startswith("{") and changes(word.strip("{}"))]
    return f"`{found[0]}` stands before it" if found else ""


def _assigned(words: list[str]) -> str:
    """Of what is assigned there, what steers programs."""
    for word in words:
        match = ASSIGNMENT.match(word)
        if match and changes(match[1], word[match.end() :]):
            return f"`{word[:60]}` stands before it, and {match[1]} steers how programs run"
        if match and word.startswith("(", match.end()) and "[" in word:
            return f"`{word[:60]}` stands before it, which may compute"
    return ""


def _expanded(text: str) -> str:
    """What is expanded there that may set a variable: bash computes with names, and assigns defaults."""
    for one in (text, text.replace("\\\n", "")):
        for match in _EXPANSIONS.finditer(one):
            if not _PLAIN_EXPANSION.match(one, match.start()):
                shown = one[match.start() : match.start() + 30].split("\n")[0]
                return f"`{shown}` stands before it, which may set a variable"
    return ""


def _compared(words: list[str]) -> str:
    """The same for what stands in `[[ … ]]`."""
    for place, word in enumerate(words):
        beside = [words[place - 1] if place else "", *words[place + 1 : place + 2]]
        counted = word in _COUNTED and not all(
            re.fullmatch("-?[0-9]+|[$][?#]", one) for one in beside
        )
        if counted or (word in ("-v", "-R") and not all(map(PLAIN.fullmatch, beside[1:]))):
            return f"`[[ {' '.join(words)[:50]} ]]` stands before it, which computes: use [ … ]"
    return ""


def _harmless(name: str, rest: list[str]) -> bool:
    """Whether what the shell does itself leaves all as it is."""
    if name in _QUIET:
        return True
    judge = _JUDGES.get(name)
    return judge is not None and judge(rest)


def _leaves(rest: list[str]) -> bool:
    """An exit code that is not 0; only its last eight bits count."""
    return len(rest) == 1 and is_failure(rest[0])


def is_failure(code: str) -> bool:
    """Whether a text is an exit code that is not 0."""
    return re.fullmatch("[0-9]{1,9}", code) is not None and int(code) % 256 != 0


def _tests(rest: list[str]) -> bool:
    after = [rest[place + 1 : place + 2] for place, word in enumerate(rest) if word in ("-v", "-R")]
    return all(not one or PLAIN.fullmatch(one[0]) for one in after)


def _sets(rest: list[str]) -> bool:
    """Options of `set` with which the text still runs, and ends at a failure."""
    words = list(rest)
    while words:
        word = words.pop(0)
        if word == "--":
            return True
        if re.fullmatch(r"[-+][a-zA-Z]*o", word):
            named = _SETTINGS if word[0] == "-" else re.compile("xtrace|verbose|nounset|noglob")
            if not words or not named.fullmatch(words.pop(0)):
                return False
            word = word[:-1]
        if len(word) > 1 and not _TURNS.fullmatch(word):
            return False
    return True


def _shopts(rest: list[str]) -> bool:
    options = [word for word in rest if word.startswith("-")]
    names = [word for word in rest if not word.startswith("-")]
    if "o" in "".join(options):
        return set("".join(options)) <= set("-so") and all(map(_SETTINGS.fullmatch, names))
    return set("".join(options)) <= set("-squ") and all(map(_SHOPTS.fullmatch, names))


def _declares(rest: list[str]) -> bool:
    """Names with values; no reference to another name (-n), no number (-i), no function (-f)."""
    for word in rest:
        name, _, value = word.partition("=")
        if word.startswith("-"):
            if not re.fullmatch("-[xrgap]+", word):
                return False
        elif not PLAIN.fullmatch(name.removesuffix("+")) or changes(name.removesuffix("+"), value):
            return False
        elif value.startswith("(") and "[" in value:
            return False
    return True


def _names(rest: list[str]) -> bool:
    return all(PLAIN.fullmatch(word) and not changes(word) for word in rest)


def _reads(rest: list[str]) -> bool:
    return _names([word for word in rest if word not in ("-r", "-s", "-rs")])


def _says(rest: list[str]) -> bool:
    return not any(word.startswith("-v") for word in rest[:1])


_JUDGES: dict[str, Callable[[list[str]], bool]] = {
    "exit": _leaves, "return": _leaves, "exec": lambda rest: not rest, "printf": _says,
    "hash": lambda rest: rest == ["-r"], "wait": lambda rest: all(re.fullmatch("-n|[^-].*", word) for word in rest),
    "test": _tests, "[": _tests, "set": _sets, "shopt": _shopts, "unset": _names, "read": _reads,
    "export": _declares, "readonly": _declares, "declare": _declares, "local": _declares,
    "typeset": _declares,
    # Where it leads is asked for by itself.
    "cd": lambda rest: True,
}  # fmt: skip


def folder(scan: Scan, place: int, begins: str) -> tuple[str, str]:
    """The folder in which the command at a place runs, where the text begins in `begins`.

    With it, why that cannot be told; empty where it can.
    """
    here = begins
    for number, placed in enumerate(scan.found[:place]):
        if placed.apart or placed.words[:1] != ["cd"]:
            continue
        shown = f"`{' '.join(placed.words)[:60]}` stands before it"
        lists = {each.after for each in scan.found[number:place]}
        ends = scan.found[number + 1].words[:1] == ["exit"] and placed.after == "||"
        joined = lists == {"&&"} and placed.before in ("\n", ";", "&&")
        alone = (placed.after in ("\n", ";") or ends) and placed.before in ("\n", ";")
        if placed.nested or placed.negated or not (joined or alone):
            return here, f"{shown}: it may run in another folder"
        if len(placed.words) != 2 or not re.fullmatch(r"[\w.][\w./+-]*", placed.words[1], re.ASCII):
            return here, f"{shown}: in which folder it runs, only a run can tell"
        here = posixpath.join(here, placed.words[1])
    return posixpath.normpath(here), ""
