"""Whether a package is meant by a name: exactly where it must be there, by any spelling where it must not.

Tools write the same package as PyYAML, pyyaml or pkg:pypi/pyyaml, with its group or without; a package
that is forbidden under one of them is not absent because it is listed under another.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from todo_manager.checks.sboms.base import Package


def is_named(package: Package, wanted: str) -> bool:
    """Whether a package is meant by a name, `name@version`, or a purl with or without its version."""
    if wanted.startswith("pkg:"):
        return any(_begins(purl, wanted) for purl in package.purls)
    if package.name == wanted:
        return True
    name, at, version = wanted.rpartition("@")
    return bool(at) and bool(name) and (package.name, package.version) == (name, version)


def _begins(purl: str, wanted: str) -> bool:
    rest = purl.removeprefix(wanted)
    return rest != purl and (not rest or rest[0] in "@?#")


def may_be(package: Package, wanted: str) -> bool:
    """Whether a package is meant however it is spelled: case, `-_.`, `%40`, a group or none, `1.0` for `1.0.0`."""
    if is_named(package, wanted):
        return True
    if wanted.startswith("pkg:"):
        return any(_same_purl(purl, wanted) for purl in package.purls)
    names = {part for name in _names(package) for part in (name, name.rpartition("/")[2])}
    if _plain(wanted) in names:
        return True
    name, at, version = wanted.rpartition("@")
    return bool(at) and _plain(name) in names and _number(version) == _number(package.version)


def _names(package: Package) -> list[str]:
    """What it is called, by its own name and by its purls, `group/name` where there is a group."""
    of_purls = [_purl(purl)[0].partition("/")[2] for purl in package.purls]
    return [_plain(package.name), *filter(None, of_purls)]


def _same_purl(purl: str, wanted: str) -> bool:
    path, version = _purl(purl)
    wanted_path, wanted_version = _purl(wanted)
    return path == wanted_path and (not wanted_version or version == wanted_version)


def _purl(text: str) -> tuple[str, str]:
    """`type/namespace/name` and the version; what tells machines apart (`?arch=…`) is left out."""
    rest = re.split(r"[?#]", text.removeprefix("pkg:"), maxsplit=1)[0]
    path, at, version = rest.rpartition("@")
    if not at or path.endswith("/") or "/" in version:
        path, version = rest, ""
    return _plain(unquote(path)), _number(unquote(version))


def _plain(name: str) -> str:
    """A name as package registries compare them; `:` parts the group in some."""
    return re.sub(r"[-_.]+", "-", name.casefold().replace(":", "/"))


def _number(version: str) -> str:
    return re.sub(r"(?:\.0)+$", "", version.casefold().removeprefix("v"))
