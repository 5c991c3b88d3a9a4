"""Whether an image has packages of a distribution, by the database its package manager keeps in it.

A scanner that does not recognise the distribution leaves such packages out without a word; then its report
says nothing of them, and this says that they are there.
"""

from __future__ import annotations

import json
import posixpath
import re
import tarfile

from todo_manager.engines.archive import Archive

_DATABASES = re.compile(
    r"var/lib/dpkg/status|var/lib/dpkg/status\.d/.+|(?:usr/)?lib/apk/db/installed"
    r"|(?:var/lib|usr/lib/sysimage)/rpm/(?:Packages(?:\.db)?|rpmdb\.sqlite)"
    r"|var/lib/pacman/local/[^/]+/desc|var/db/pkg/[^/]+/[^/]+/CONTENTS"
)
_GONE, _ALL_GONE = ".wh.", ".wh..wh..opq"
"""How a layer says that it removes a file, or all that was in a folder (OCI image specification)."""


def package_databases(archive: Archive) -> frozenset[str]:
    """The paths of the databases that are not empty, as the last layer leaves them.

    A layer that cannot be read may hold one: it stands there as `unknown`.
    """
    found: set[str] = set()
    try:
        with tarfile.open(archive.path) as outer:
            file = outer.extractfile("manifest.json")
            assert file is not None
            for name in json.loads(file.read())[0]["Layers"]:
                _overlay(outer, name, found)
    except (tarfile.TarError, OSError, KeyError, ValueError, EOFError):
        found.add("unknown")
    return frozenset(found)


def _overlay(outer: tarfile.TarFile, name: str, found: set[str]) -> None:
    """What a layer adds to the databases that are there, and what it removes."""
    added: set[str] = set()
    with tarfile.open(fileobj=outer.extractfile(name), mode="r:*") as layer:
        for member in layer:
            path = posixpath.normpath(member.name).lstrip("/")
            folder, base = posixpath.split(path)
            if base == _ALL_GONE:
                found -= _below(found, folder)
            elif base.startswith(_GONE):
                gone = posixpath.join(folder, base.removeprefix(_GONE))
                found -= {gone} | _below(found, gone)
            elif _DATABASES.fullmatch(path):
                found.discard(path)
                if (member.isfile() and member.size) or member.islnk():
                    added.add(path)
    found |= added


def _below(paths: set[str], folder: str) -> set[str]:
    return {path for path in paths if path.startswith(f"{folder}/")}
