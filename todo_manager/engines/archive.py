"""An image as an archive on this machine: saved from its ID, and proven to hold its layers.

Programs that look into images are given this file, never the name: a name may mean another image by the
time they ask, or the image of another engine.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.engines.subjects import Image

_CONFIG_LIMIT = 16 * 2**20
"""Bytes of the two JSON files that say what an archive holds; real ones have some thousand."""


class Archive(Struct, frozen=True, kw_only=True):
    """A file in the format of `docker save` that holds one image."""

    path: str
    id: str
    """sha256 of the image's configuration: its ID, wherever an engine counts that way."""
    manifest: str
    """The digest of the manifest that readers of archives make up, layers as they are in it."""
    layers: tuple[str, ...]


def save(engine: Engine, image: Image, path: Path, seconds: float) -> Archive:
    """Save an image of an engine to `path` within so many seconds.

    Raises Absent, Unreachable (also when what was given is another image), OSError when it cannot be kept.
    """
    _fetch(engine, image, path, time.monotonic() + seconds)
    try:
        found = _described(path)
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError, IndexError) as why:
        reason = f"{type(why).__name__}: {why}"
        raise Unreachable(f"{engine.host} gave no archive of {image.reference}: {reason}") from None
    if found.layers != image.layers or not found.layers:
        raise Unreachable(f"{engine.host} gave an archive with other layers than {image.reference}")
    return found


def _fetch(engine: Engine, image: Image, path: Path, end: float) -> None:
    with path.open("wb") as file:
        chunks = engine.ask(lambda: iter(engine.api.get_image(image.id)))
        while chunk := engine.ask(next, chunks, b""):
            file.write(chunk)
            if time.monotonic() > end:
                raise Unreachable(f"{engine.host} did not give {image.reference} in time")


def _described(path: Path) -> Archive:
    """What an archive holds, by its own files. Raises whatever a broken one leads to."""
    with tarfile.open(path) as tar:
        listed = json.loads(_content(tar, "manifest.json"))
        if len(listed) != 1:
            raise ValueError(f"it holds {len(listed)} images")
        config = _content(tar, listed[0]["Config"])
        sizes = [tar.getmember(name).size for name in listed[0]["Layers"]]
    layers = [str(layer) for layer in json.loads(config)["rootfs"]["diff_ids"]]
    if len(sizes) != len(layers):
        raise ValueError(f"it holds {len(sizes)} of {len(layers)} layers")
    return Archive(
        path=str(path),
        id=_digest(config),
        manifest=_manifest(config, layers, sizes),
        layers=tuple(layers),
    )


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.getmember(name)
    file = tar.extractfile(member)
    if file is None or member.size > _CONFIG_LIMIT:
        raise ValueError(f"{name} is not a file of reasonable size")
    return file.read()


def _manifest(config: bytes, layers: list[str], sizes: list[int]) -> str:
    """An archive has no manifest, so syft and grype make this one: each layer by its diff id and size."""
    docker = "application/vnd.docker"
    made: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": f"{docker}.distribution.manifest.v2+json",
        "config": {
            "mediaType": f"{docker}.container.image.v1+json",
            "size": len(config),
            "digest": _digest(config),
        },
        "layers": [
            {"mediaType": f"{docker}.image.rootfs.diff.tar.gzip", "size": size, "digest": layer}
            for layer, size in zip(layers, sizes)
        ],
    }
    return _digest(json.dumps(made, separators=(",", ":")).encode())


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
