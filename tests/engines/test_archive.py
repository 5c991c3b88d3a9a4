"""Archives of images: what an engine gives is believed only as far as it is the image that was asked for."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from engine import Engine as RealEngine

from todo_manager.engines.address import EngineAddress
from todo_manager.engines.archive import save
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.subjects import Image, image_of

LAYER = "sha256:" + "a" * 64


def image(*layers: str) -> Image:
    return image_of("local", "app:1", {"Id": "sha256:" + "1" * 64, "RootFS": {"Layers": layers}})


def archive(manifest: Any, *, layers: tuple[str, ...] = (LAYER,)) -> bytes:
    """An archive of one image with one layer file, whose manifest says what it likes."""
    config = json.dumps({"rootfs": {"diff_ids": layers}}).encode()
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        files = {
            "manifest.json": json.dumps(manifest).encode(),
            "c.json": config,
            "l.tar": b"layer",
        }
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return found.getvalue()


def giving(*chunks: bytes) -> Any:
    """An engine that gives these bytes as the archive of any image."""
    api = SimpleNamespace(get_image=lambda reference: iter(chunks))
    ask = lambda question, *words: question(*words)  # noqa: E731
    return SimpleNamespace(host="local", api=api, ask=ask)


ONE = [{"Config": "c.json", "Layers": ["l.tar"]}]
WRONG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "gave no archive of app:1"),
    "cut": (archive(ONE)[:1000], "gave no archive of app:1"),
    "words": (b"no such image\n" * 100, "gave no archive of app:1"),
    "two images": (archive(ONE * 2), "it holds 2 images"),
    "no images": (archive([]), "it holds 0 images"),
    "no list": (archive({"a": 1}), "gave no archive of app:1"),
    "no config": (archive([{"Config": "gone.json", "Layers": ["l.tar"]}]), "gone.json"),
    "no layer": (archive([{"Config": "c.json", "Layers": ["gone.tar"]}]), "gone.tar"),
    "fewer layers": (archive([{"Config": "c.json", "Layers": []}]), "it holds 0 of 1 layers"),
    "other layers": (
        archive(ONE, layers=("sha256:" + "b" * 64,)),
        "gave an archive with other layers than app:1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_archive_of_the_image(tmp_path: Path, name: str) -> None:
    data, said = WRONG[name]
    with pytest.raises(Unreachable, match=said):
        save(giving(data), image(LAYER), tmp_path / "image.tar", 5)


def test_an_archive_is_described_by_what_it_holds(tmp_path: Path) -> None:
    data = archive(ONE)
    found = save(giving(data[:100], data[100:]), image(LAYER), tmp_path / "image.tar", 5)
    config = hashlib.sha256(json.dumps({"rootfs": {"diff_ids": [LAYER]}}).encode()).hexdigest()
    assert (found.id, found.layers) == (f"sha256:{config}", (LAYER,))
    assert Path(found.path).read_bytes() == data


def test_an_image_without_layers_holds_nothing_to_look_at(tmp_path: Path) -> None:
    data = archive([{"Config": "c.json", "Layers": []}], layers=())
    with pytest.raises(Unreachable, match="other layers"):
        save(giving(data), image(), tmp_path / "image.tar", 5)


def test_an_engine_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    engine = giving()
    engine.api.get_image = lambda reference: iter(lambda: b"x", b"")
    with pytest.raises(Unreachable, match="did not give app:1 in time"):
        save(engine, image(LAYER), tmp_path / "image.tar", 0.1)


def test_no_room_for_it_is_not_the_fault_of_the_engine() -> None:
    with pytest.raises(OSError, match="No space left"):
        save(giving(b"x" * 10**6), image(LAYER), Path("/dev/full"), 5)


@pytest.mark.engine
def test_an_image_is_saved_by_its_id(tmp_path: Path, engine: RealEngine) -> None:
    """The tag may mean another image by then; without the image itself there is nothing to save."""
    engine.image("archive:1", "ENV A=1")
    with Engine("local", EngineAddress(socket=str(engine.socket)), 30) as asked:
        found = image_of("local", "archive:1", asked.image("archive:1"))
        engine.image("archive:1", "ENV A=2")
        saved = save(asked, found, tmp_path / "image.tar", 30)
        assert (saved.id, saved.layers) == (found.id, found.layers)
        assert asked.image("archive:1")["Id"] != found.id
        engine.docker("image", "rm", found.id)
        with pytest.raises((Absent, Unreachable)):  # by the version of the engine
            save(asked, found, tmp_path / "again.tar", 30)
