"""What a registry holds under a name: manifests, lists of them, and configurations, each by its bytes.

A digest is the sha256 of the bytes that came, computed here; what a server says of them is only compared.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from msgspec import Struct

from todo_manager.canonical import digest as text_digest
from todo_manager.checks.expect import load_json, show

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MOST_IMAGES = 32
"""Images of one list that are looked into."""


class Manifest(Struct, frozen=True, kw_only=True):
    """A manifest, or a list of manifests for several platforms."""

    digest: str
    media_type: str
    config: str = ""
    """The digest of its configuration; empty for a list."""
    layers: int = 0
    entries: tuple[tuple[str, str], ...] = ()
    """Of a list: digest of each image's manifest, and the platform the list gives it."""

    @property
    def is_list(self) -> bool:
        return self.media_type in INDEXES


class RemoteImage(Struct, frozen=True, kw_only=True):
    """One image for one platform."""

    digest: str
    """Of its manifest."""
    config: str
    """Of its configuration: what an engine calls the image's ID."""
    platform: str
    """By its own configuration, not by the list that names it."""
    layers: tuple[str, ...]
    """The digests of its layers unpacked, as an engine lists them."""
    content: str
    """A digest of what runs: platform, settings and layers, without dates and history."""


def digest_of(data: bytes) -> str:
    """`sha256:…` of some bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def read_manifest(data: bytes, content_type: str) -> Manifest:
    """A manifest or list from its bytes; raises ValueError, saying what is wrong with it."""
    document = _mapping(data)
    said = content_type.partition(";")[0].strip()
    media_type = str(document.get("mediaType") or said)
    if media_type not in (*INDEXES, *MANIFESTS):
        raise ValueError(f"it is {show(media_type)}, which is no manifest of an image")
    if said in (*INDEXES, *MANIFESTS) and said != media_type:
        raise ValueError(f"it is sent as {said} and says itself that it is {media_type}")
    if media_type in INDEXES:
        entries = tuple(_entry(each) for each in _list(document, "manifests"))
        images = tuple(entry for entry in entries if entry[1] != "unknown/unknown")
        return Manifest(digest=digest_of(data), media_type=media_type, entries=images)
    layers = [_digest(layer) for layer in _list(document, "layers")]
    return Manifest(
        digest=digest_of(data),
        media_type=media_type,
        config=_digest(document.get("config")),
        layers=len(layers),
    )


def read_image(manifest: Manifest, config: bytes, listed: str = "") -> RemoteImage:
    """An image from its manifest and the bytes of its configuration; raises ValueError.

    `listed` is the platform a list gives it: it may add a variant, and nothing else.
    """
    document = _mapping(config)
    rootfs = document.get("rootfs")
    layers = [str(each) for each in _list(rootfs if isinstance(rootfs, dict) else {}, "diff_ids")]
    if len(layers) != manifest.layers:
        raise ValueError(
            f"its manifest has {manifest.layers} layers, its configuration {len(layers)}"
        )
    platform = _platform(document)
    if listed.startswith(f"{platform}/"):
        platform = listed
    runs = {"config": document.get("config"), "layers": layers, "platform": _platform(document)}
    return RemoteImage(
        digest=manifest.digest,
        config=manifest.config,
        platform=platform,
        layers=tuple(layers),
        content=text_digest(_sorted(runs)),
    )


def _mapping(data: bytes) -> dict[str, Any]:
    found = load_json(data.decode("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _list(document: dict[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    if not isinstance(found, list):
        raise ValueError(f"it has no list {key}")
    return found


def _digest(descriptor: Any) -> str:
    found = str(descriptor.get("digest")) if isinstance(descriptor, dict) else ""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", found):
        raise ValueError(f"{show(found)} is no sha256 digest")
    return found


def _entry(descriptor: Any) -> tuple[str, str]:
    """Attestations stand in lists beside the images, with the platform `unknown/unknown`."""
    digest = _digest(descriptor)
    platform = descriptor.get("platform")
    return digest, _platform(platform) if isinstance(platform, dict) else ""


def _platform(document: dict[str, Any]) -> str:
    parts = [str(document.get(key) or "") for key in ("os", "architecture", "variant")]
    if not parts[0] or not parts[1]:
        raise ValueError("it does not say for which platform it is")
    return "/".join(part for part in parts if part)


def _sorted(value: Any) -> str:
    import json

    return json.dumps(value, sort_keys=True, default=str)
