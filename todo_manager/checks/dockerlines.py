"""A Dockerfile as instructions, split as BuildKit splits it.

Comments inside a continued line, the escape directive and here-documents are told apart from
instructions: a `USER` in the text of a here-document is not one.
Source of the rules: moby/buildkit, frontend/dockerfile/parser.
"""

from __future__ import annotations

import json
import re

from msgspec import Struct

_KNOWN = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL"
    "|STOPSIGNAL|USER|VOLUME|WORKDIR"
)
_DOCUMENTED = ("ADD", "COPY", "RUN")
"""Instructions that may have here-documents."""
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$")
_DIRECTIVES = ("syntax", "escape", "check")
"""After a comment with any other name no directive follows."""
_DOCUMENT = re.compile(r"[0-9]*<<(-?)([^<]+)")
_END = re.compile(r"""([^"'\\$]+)|'([^']*)'|"([^"\\$]*)\"""")
"""The word that ends a here-document, as it is written there."""
_BALANCED = re.compile(
    r"""(?:"(?:\\.|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$(?!\{)|[^"\\$])*"|'[^']*'"""
    r"""|\\.|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$(?!\{)|[^"'\\$])*\\?"""
)
"""A line that BuildKit can split into words; of one that it cannot it passes over all here-documents."""
_ODD = re.compile("[\x1c-\x1f]|\r(?!\n|\\Z)")
"""Characters that end a line, or are blanks, for some readers and not for others."""
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'])+|["']""")
_FRONTEND = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@]\S+)?")


class Malformed(Exception):
    """Why no image can be built from the file; the verdict is failed."""


class Unread(Exception):
    """Why the file cannot be read here although an image might be built; the verdict is error."""


class Instruction(Struct, frozen=True, kw_only=True):
    """One instruction, its continued lines joined."""

    name: str
    """In capitals."""
    flags: dict[str, tuple[str, ...]]
    """`--name=value` before its value; one may stand several times."""
    value: str
    line: int
    documents: tuple[str, ...] = ()
    """The texts of its here-documents."""

    def whole(self) -> str:
        """All of it on one line, with single blanks."""
        flags = [f"--{name}={text}" for name, texts in self.flags.items() for text in texts]
        parts = [self.name, *flags, self.value, *self.documents]
        return " ".join(" ".join(parts).split())


def words(text: str) -> list[str]:
    """The words of a line with their quotes."""
    return _WORD.findall(text)


def json_list(text: str) -> list[str] | None:
    """The exec form of an instruction; None for anything Docker takes for shell form."""
    try:
        found = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    so = isinstance(found, list) and all(isinstance(item, str) for item in found)
    return found if so else None


def _begins_as_list(text: str) -> bool:
    """Whether something follows a JSON list: older frontends take the list and pass over the rest."""
    try:
        return isinstance(json.JSONDecoder().raw_decode(text)[0], list)
    except (ValueError, RecursionError):
        return False


def read(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile. Raises Malformed or Unread."""
    if odd := _ODD.search(text):
        raise Unread(f"line {text.count(chr(10), 0, odd.start()) + 1} has a control character")
    lines = text.removeprefix("\ufeff").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    escape = _directives(lines)
    reader = _Reader(lines, escape)
    found = []
    while (instruction := reader.next()) is not None:
        found.append(instruction)
    if not any(one.name == "FROM" for one in found):
        raise Malformed("it has no FROM")
    return found


def _directives(lines: list[str]) -> str:
    """The escape character. Another frontend would read the file by rules of its own."""
    seen: dict[str, str] = {}
    # Where a program is named as in a script, only `syntax` is looked for after it.
    shebang = lines[0].startswith("#!")
    for line in lines[shebang:]:
        match = _DIRECTIVE.match(line.lstrip())
        if not match or match[1].lower() not in _DIRECTIVES:
            break
        seen.setdefault(match[1].lower(), match[2])
    if seen.get("escape", "\\") != "\\" and (shebang or "check" in seen):
        raise Unread("not every frontend sees its escape directive: put it into the first line")
    if not _FRONTEND.fullmatch(seen.get("syntax", "docker/dockerfile")):
        raise Unread(f"it is read by another frontend, {seen['syntax']}")
    escape = seen.get("escape", "\\")
    if escape not in ("\\", "`"):
        raise Malformed(f"its escape character is {escape!r}")
    return escape


class _Reader:
    """Takes one instruction after another."""

    def __init__(self, lines: list[str], escape: str) -> None:
        self._lines = lines
        self._place = 0
        mark = re.escape(escape)
        self._continued = re.compile(rf"(?:(?<=[^{mark}])|^){mark}[ \t]*$")

    def next(self) -> Instruction | None:
        """The next instruction; None at the end."""
        while self._place < len(self._lines):
            line = self._lines[self._place].strip()
            if line and not line.startswith("#"):
                return self._instruction()
            self._place += 1
        return None

    def _instruction(self) -> Instruction:
        line = self._place + 1
        joined = self._joined()
        name, _, rest = joined.partition(" ")
        name = name.upper()
        if not _KNOWN.fullmatch(name):
            raise Malformed(f"line {line}: {name[:40]} is no instruction")
        flags, value = _flags(rest.strip())
        ends = _documents(name, rest, value, line)
        documents = tuple(self._document(*end) for end in ends)
        return Instruction(name=name, flags=flags, value=value, line=line, documents=documents)

    def _joined(self) -> str:
        """The line here with those that continue it; comments and empty lines between are left out."""
        parts: list[str] = []
        while self._place < len(self._lines):
            line = self._lines[self._place]
            self._place += 1
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                continue
            match = self._continued.search(line)
            parts.append(line[: match.start()] if match else line)
            if not match:
                break
        return re.sub(r"^\s*(\S+)[\t\v\f\r ]+", r"\1 ", "".join(parts)).strip()

    def _document(self, end: str, tabs: bool) -> str:
        """The lines up to the one that ends a here-document."""
        found: list[str] = []
        while self._place < len(self._lines):
            line = self._lines[self._place]
            self._place += 1
            line = line.lstrip("\t") if tabs else line
            if line == end:
                return "\n".join(found)
            found.append(line)
        raise Malformed(f"the here-document {end} does not end")


def _flags(rest: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """The flags before a value, and the value."""
    found: dict[str, tuple[str, ...]] = {}
    while match := re.match(r"--([a-z-]+)(?:=((?:\"[^\"]*\"|\S)*))?(?:\s+|$)", rest):
        found[match[1]] = (*found.get(match[1], ()), (match[2] or "").replace('"', ""))
        rest = rest[match.end() :]
    return found, rest


def _documents(name: str, rest: str, value: str, line: int) -> list[tuple[str, bool]]:
    """The ends of the here-documents an instruction announces, and whether tabs before them go.

    `rest` is all that follows its name, `value` the same without flags. Raises Unread where BuildKit
    may see others.
    """
    if name == "ONBUILD":
        name, _, value = value.partition(" ")
        name, value = name.upper(), _flags(value.strip())[1]
    if name not in _DOCUMENTED or "<<" not in rest or json_list(value) is not None:
        return []
    if _begins_as_list(value) or not _BALANCED.fullmatch(rest):
        raise Unread(
            f"line {line}: whether a here-document begins there is read in more than one way"
        )
    matches = [_DOCUMENT.fullmatch(word) for word in words(rest)]
    found = [(_end(match[2], line), bool(match[1])) for match in matches if match]
    return [(end, tabs) for end, tabs in found if end]


def _end(word: str, line: int) -> str:
    """The line that ends a here-document; empty where the word announces none."""
    match = _END.fullmatch(word)
    if not match:
        raise Unread(f"line {line}: what ends the here-document {word} is not read")
    return match[1] or match[2] or match[3] or ""
