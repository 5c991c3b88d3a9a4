"""Package databases in archives of images: as the last layer leaves them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from todo_manager.engines.archive import Archive
from todo_manager.engines.package_databases import package_databases

STATUS, APK = "var/lib/dpkg/status", "lib/apk/db/installed"


def layer(**files: str) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return found.getvalue()


def archive(folder: Path, *layers: bytes) -> Archive:
    names = [f"{n}/layer.tar" for n in range(len(layers))]
    path = folder / "image.tar"
    with tarfile.open(path, mode="w") as tar:
        manifest = json.dumps([{"Config": "c.json", "Layers": names}]).encode()
        for name, data in (("manifest.json", manifest), *zip(names, layers)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return Archive(path=str(path), id="", manifest="", layers=())


CASES: dict[str, tuple[list[bytes], set[str]]] = {
    "none": ([layer(**{"etc/passwd": "x"})], set()),
    "dpkg": ([layer(**{f"./{STATUS}": "x"})], {STATUS}),
    "apk": ([layer(**{APK: "x"})], {APK}),
    "distroless": ([layer(**{"var/lib/dpkg/status.d/base": "x"})], {"var/lib/dpkg/status.d/base"}),
    "rpm": ([layer(**{"usr/lib/sysimage/rpm/rpmdb.sqlite": "x"})], {"usr/lib/sysimage/rpm/rpmdb.sqlite"}),
    "empty": ([layer(**{STATUS: ""})], set()),
    "emptied later": ([layer(**{STATUS: "x"}), layer(**{STATUS: ""})], set()),
    "removed": ([layer(**{STATUS: "x"}), layer(**{"var/lib/dpkg/.wh.status": ""})], set()),
    "its folder removed": ([layer(**{STATUS: "x"}), layer(**{"var/lib/.wh.dpkg": ""})], set()),
    "covered": ([layer(**{STATUS: "x"}), layer(**{"var/lib/dpkg/.wh..wh..opq": ""})], set()),
    "covered and new": (
        [layer(**{STATUS: "x"}), layer(**{"var/lib/dpkg/.wh..wh..opq": "", STATUS: "y"})], {STATUS},
    ),
    "packed": ([gzip.compress(layer(**{STATUS: "x"}))], {STATUS}),
    "unreadable": ([b"(zstd)" * 200], {"unknown"}),
    "a folder of that name": ([layer(**{f"home/{STATUS}": "x"})], set()),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_databases(tmp_path: Path, layers: list[bytes], expected: set[str]) -> None:
    assert package_databases(archive(tmp_path, *layers)) == expected
