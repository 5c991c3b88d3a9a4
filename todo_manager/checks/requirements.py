"""What a requirements file or a lock pins: names, versions, and whether they carry hashes.

Markers do not leave anything out: what is pinned for another system or Python is as much part of what
is shipped. A line that pins nothing exactly cannot be audited as it stands, and is refused with its
place.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from todo_manager.checks.ground import CONTENT_LIMIT, Ground, Unlookable, shown

MAX_FILES = 50
"""Files that one may lead to by `-r`."""

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?"
    r"\s*={2,3}\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?:;.*)?"
)
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"\s--(?=[a-z])")
_HASH = re.compile(r"hash[= ]\s*sha(256|384|512):[0-9a-fA-F]{64,128}\s*")
_INCLUDE = re.compile(r"(?:-r\s*|--requirement[= ]\s*)(\S.*)")
_PINS_NOTHING = re.compile(
    r"-[cif].*|--(?:constraint|index-url|extra-index-url|find-links|no-index|pre|prefer-binary"
    r"|no-binary|only-binary|trusted-host|require-hashes|use-feature)(?:=.*)?",
    re.DOTALL,
)
"""Options beside which nothing is installed."""


class Pin(Struct, frozen=True, kw_only=True):
    """One package at one version."""

    name: str
    """As PEP 503 normalises it."""
    version: str
    hashed: bool
    """Whether everything that may be installed for it carries a hash."""
    place: str

    @property
    def text(self) -> str:
        return f"{self.name}=={self.version}"


class Pinned(Struct, frozen=True, kw_only=True):
    """Everything a file and those it includes pin."""

    pins: tuple[Pin, ...]
    files: dict[str, str]
    """The sha256 of each file that was read."""


def canonical(name: str) -> str:
    """The name of a package in the one spelling by which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_lock(path: str) -> bool:
    """Whether a path names a lock of PEP 751, like pylock.toml."""
    return re.fullmatch(r"pylock(\.[^.]+)?\.toml", os.path.basename(path)) is not None


def read(ground: Ground, path: str) -> Pinned:
    """The pins of a file. Raises OSError, and Unlookable for what cannot be audited as it stands."""
    files: dict[str, str] = {}
    if is_lock(path):
        return Pinned(pins=tuple(_locked(_text(ground, path, files), path)), files=files)
    return Pinned(pins=tuple(_required(ground, path, files)), files=files)


def _text(ground: Ground, path: str, files: dict[str, str]) -> str:
    try:
        seen = ground.look(path, content=True)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, "", path) from None
    if not stat.S_ISREG(seen.info.st_mode) or seen.size > CONTENT_LIMIT:
        raise Unlookable(f"{shown(path)} is not a file of at most {CONTENT_LIMIT // 2**20} MiB")
    files[path] = seen.sha256
    try:
        return seen.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unlookable(f"{shown(path)} is not UTF-8 text") from None


def _required(ground: Ground, path: str, files: dict[str, str]) -> Iterator[Pin]:
    if len(files) >= MAX_FILES:
        raise Unlookable(f"{shown(path)}: more than {MAX_FILES} files are included")
    for line, text in _lines(_text(ground, path, files)):
        place = f"{shown(path)}:{line}"
        if include := _INCLUDE.fullmatch(text):
            target = _included(path, include[1].strip("'\""), place)
            if target not in files:
                yield from _required(ground, target, files)
        elif not _only_options(text, place):
            yield pin(text, place)


def _only_options(text: str, place: str) -> bool:
    """Whether a line holds options alone, of which none installs anything.

    pip takes several options from one line, so `--pre -r more.txt` includes a file.
    """
    if not text.startswith("-"):
        return False
    try:
        options = [word for word in shlex.split(text) if word.startswith("-")]
    except ValueError as problem:
        raise Unlookable(f"{place}: {text!r} cannot be read: {problem}") from None
    strange = [option for option in options if not _PINS_NOTHING.fullmatch(option)]
    if strange and len(options) > 1:
        raise Unlookable(
            f"{place}: {strange[0]} stands behind another option; give it its own line"
        )
    return not strange


def _included(path: str, target: str, place: str) -> str:
    """The path of an included file, which is meant from the folder of the one that includes it."""
    found = os.path.normpath(os.path.join(os.path.dirname(path), target))
    outside = os.path.isabs(target) or found.split("/")[0] == ".."
    if "://" in target or outside:
        raise Unlookable(f"{place}: {target} is not a file of the project")
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins them, without comments, each with the number of its first."""
    parts: list[str] = []
    begun = 0
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun if parts else number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        joined = _COMMENT.sub("", "".join([*parts, f" {line}" if comment else line])).strip()
        parts = []
        if joined:
            yield begun, joined
    if parts and (joined := _COMMENT.sub("", "".join(parts)).strip()):
        yield begun, joined


def pin(text: str, place: str) -> Pin:
    """One line of a requirements file, like `name==1.0 ; marker --hash=…`; raises Unlookable."""
    requirement, *given = _OPTION.split(text)
    match = _PIN.fullmatch(requirement.strip())
    if not match:
        raise Unlookable(
            f"{place}: {requirement.strip()!r} is not pinned to one version (name==version), so what "
            "will be installed is not known; lock it, with `pip-compile --generate-hashes` for one"
        )
    hashed = any(_HASH.fullmatch(option) for option in given)
    return Pin(name=canonical(match["name"]), version=match["version"], hashed=hashed, place=place)


def _locked(text: str, path: str) -> Iterator[Pin]:
    """The packages of a pylock.toml (PEP 751)."""
    try:
        lock = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise Unlookable(f"{shown(path)} is not TOML: {problem}") from None
    packages = lock.get("packages", [])
    if not str(lock.get("lock-version", "")).startswith("1.") or not isinstance(packages, list):
        raise Unlookable(f"{shown(path)} is not a lock of version 1 (PEP 751)")
    for number, package in enumerate(packages):
        place = f"{shown(path)}: packages[{number}]"
        name, version = _named(package)
        match = _PIN.fullmatch(f"{name}=={version}")
        if not match:
            raise Unlookable(f"{place}: {name or 'it'} has no version that could be audited")
        yield Pin(name=canonical(name), version=version, hashed=_all_hashed(package), place=place)


def _named(package: Any) -> tuple[str, str]:
    if not isinstance(package, dict):
        return "", ""
    return str(package.get("name", "")), str(package.get("version", ""))


def _all_hashed(package: dict[str, Any]) -> bool:
    wheels = package.get("wheels", [])
    files = [*(wheels if isinstance(wheels, list) else [wheels])]
    files += [package[kind] for kind in ("sdist", "archive") if kind in package]
    return bool(files) and all(isinstance(file, dict) and _hashes(file) for file in files)


def _hashes(file: dict[str, Any]) -> bool:
    """Whether a file of a lock carries a hash that nobody can forge."""
    hashes = file.get("hashes")
    return isinstance(hashes, dict) and bool({"sha256", "sha384", "sha512"} & hashes.keys())
