"""The kind `registry`: a real registry with a real engine, and registries of our own that lie."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import pytest
from engine import Engine
from forked import Forked
from gated import new_project
from support import Project

from todo_manager.model import Verdict
from todo_manager.registries import wire
from todo_manager.registries.names import remote_name

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
DOCKER = "application/vnd.docker.distribution.manifest"
INDEX = "application/vnd.oci.image.index.v1+json"
OCI = "application/vnd.oci.image.manifest.v1+json"


def sha(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


# --- a real registry, and the images of a real engine


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    """`app:2` is pushed, `app:2-prev` is the one before, `app:2-same` the new one again."""
    for tag, mode in (("1", "a"), ("2", "b")):
        engine.image(f"{engine.registry}/app:{tag}", f"ENV MODE={mode}")
        engine.push(f"{engine.registry}/app:{tag}")
    for tag, old in (("2-prev", "1"), ("2-same", "2"), ("20250810-abcdef1", "2")):
        engine.docker("tag", f"{engine.registry}/app:{old}", f"{engine.registry}/app:{tag}")
        engine.push(f"{engine.registry}/app:{tag}")
    engine.image("app:local", "ENV MODE=never-pushed")
    put_list(engine, "multi", {"linux/amd64": "2"})
    put_list(engine, "liar", {"linux/arm64": "2"})
    return new_project(tmp_path_factory.mktemp("registry"))  # type: ignore[return-value]


def put_list(engine: Engine, tag: str, images: dict[str, str]) -> None:
    """Put a list of manifests of app, saying of each for which platform it is."""
    url = f"http://{engine.registry}/v2/app/manifests"
    entries = []
    for platform, old in images.items():
        asked = Request(f"{url}/{old}", headers={"Accept": f"{DOCKER}.v2+json"})
        data = urlopen(asked, timeout=10).read()
        os_, architecture = platform.split("/")
        entries.append({
            "mediaType": f"{DOCKER}.v2+json", "size": len(data), "digest": sha(data),
            "platform": {"os": os_, "architecture": architecture},
        })  # fmt: skip
    document = {"schemaVersion": 2, "mediaType": f"{DOCKER}.list.v2+json", "manifests": entries}
    body = json.dumps(document).encode()
    headers = {"Content-Type": f"{DOCKER}.list.v2+json"}
    sent = Request(f"{url}/{tag}", data=body, headers=headers, method="PUT")
    assert urlopen(sent, timeout=10).status == 201


def digest_of(engine: Engine, tag: str) -> str:
    """The digest the engine was told when it pushed."""
    return engine.push(f"{engine.registry}/app:{tag}")


REAL = {
    "registry: 'REG/app:2'": (PASSED, ""),
    "registry: 'REG/app:2', digest: 'DIGEST'": (PASSED, ""),
    "registry: 'REG/app@DIGEST'": (PASSED, ""),
    "registry: 'REG/app:2', platforms: linux/amd64": (PASSED, ""),
    "registry: 'REG/app:multi', platforms: [linux/amd64]": (PASSED, ""),
    "registry: 'REG/app:2', same_image_as: 'REG/app:2'": (PASSED, ""),
    "registry: 'REG/app:multi', same_image_as: 'REG/app:2'": (PASSED, ""),
    "registry: 'REG/app:2', differs_from: 'REG/app:2-prev'": (PASSED, ""),
    "registry: 'REG/app:multi', differs_from: 'REG/app:1'": (PASSED, ""),
    "registry: 'REG/app:20250810-abcdef1', tag_matches: '^[0-9]{8}-[0-9a-f]{7}$'": (PASSED, ""),
    "registry: 'REG/app:3', exists: false": (PASSED, ""),
    "registry: 'REG/nothing:1', exists: false": (PASSED, ""),
    "registry: 'REG/app:3'": (FAILED, "has no"),
    "registry: 'REG/nothing:1'": (FAILED, "has no"),
    "registry: 'REG/app:2', exists: false": (FAILED, "sha256:"),
    "registry: 'REG/app:1', digest: 'DIGEST'": (FAILED, "sha256:"),
    "registry: 'REG/app:2', platforms: [linux/amd64, linux/arm64]": (FAILED, "is for linux/amd64"),
    "registry: 'REG/app:liar', platforms: linux/arm64": (FAILED, "it is for linux/amd64"),
    "registry: 'REG/app:2', same_image_as: 'REG/app:1'": (FAILED, "the same layers with another"),
    "registry: 'REG/app:2', same_image_as: 'app:local'": (FAILED, "the engine sha256:"),
    "registry: 'REG/app:2', differs_from: 'REG/app:2-same'": (FAILED, "both are sha256:"),
    "registry: 'REG/app:multi', differs_from: 'REG/app:2'": (FAILED, "both are sha256:"),
    "registry: 'REG/app:2', differs_from: 'REG/app:3-prev'": (FAILED, "has no"),
    "registry: 'REG/app:2', tag_matches: '^[0-9]{8}-'": (FAILED, "it is 2"),
    "registry: 'REG/app:2', same_image_as: 'app:gone'": (ERROR, "has no image app:gone"),
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(place: Forked, engine: Engine) -> dict[str, dict[str, Any]]:
    """The row of each check, from one run of all of them side by side."""
    digest = digest_of(engine, "2")
    each = "".join(f"\n    - {{{check}}}" for check in REAL)
    each = each.replace("REG", engine.registry).replace("DIGEST", digest)
    place.plan("all", f"- title: T\n  verify:{each}", head=engine.head())
    found = place.ask("verify", "all", 0).refused("check_failed").data["phases"][0]["checks"]
    return dict(zip(REAL, found))


@pytest.mark.engine
@pytest.mark.parametrize("check", REAL)
def test_a_real_registry(rows: dict[str, Any], check: str) -> None:
    verdict, said = REAL[check]
    row = rows[check]
    assert row["verdict"] == verdict, row["actual"] or row["message"]
    assert said in row["actual"] or row["message"]
    if verdict == PASSED and "exists: false" not in check:
        assert row["facts"]["digest"].startswith("sha256:")


@pytest.mark.engine
def test_an_image_that_was_not_pushed_is_named(place: Forked, engine: Engine) -> None:
    check = f"registry: '{engine.registry}/app:never'"
    place.plan("never", f"- {{title: T, verify: [{{{check}}}]}}", head=engine.head())
    ran = place.ask("done", "never", 0).refused("check_failed")
    assert f"has no {engine.registry}/app:never" in ran.error["message"]


@pytest.mark.engine
def test_the_local_image_is_looked_up_for_the_whole_phase(project: Project, engine: Engine) -> None:
    """Its tag is moved while the phase is checked: then nobody knows which image was compared."""
    engine.image("moves:1", "ENV A=1")
    engine.docker("tag", "moves:1", f"{engine.registry}/moves:1")
    engine.push(f"{engine.registry}/moves:1")
    engine.image("moves:other", "ENV A=2")
    move = f"/usr/bin/docker -H {engine.url} tag moves:other moves:1"
    project.plan(
        "p",
        f"- {{title: T, verify: [{{registry: '{engine.registry}/moves:1', same_image_as: 'moves:1'}},"
        f" {{command: '{move}', serial: true}}]}}",
        head=engine.head(),
    )
    row = project.ask("done", "p", 0).refused("check_error").data["checks"][0]
    assert row["verdict"] == "error"
    assert "and became" in row["message"]


@pytest.mark.engine
def test_an_engine_that_is_not_there(place: Forked, engine: Engine) -> None:
    check = f"registry: '{engine.registry}/app:2', same_image_as: 'app:local'"
    place.plan("nowhere", f"- {{title: T, verify: [{{{check}}}]}}",
               head='hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n')  # fmt: skip
    ran = place.ask("done", "nowhere", 0).refused("check_error")
    assert "the engine of local" in ran.error["message"]


# --- registries of our own


class Image:
    """An image as a registry keeps it."""

    def __init__(self, env: str = "A=1", platform: str = "linux/amd64", created: str = "") -> None:
        os_, architecture = platform.split("/")
        layer = sha(env.encode())
        self.config = json.dumps({
            "os": os_, "architecture": architecture, "created": created,
            "config": {"Env": [env]}, "rootfs": {"type": "layers", "diff_ids": [layer]},
        }).encode()  # fmt: skip
        self.document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {"digest": sha(self.config), "size": len(self.config)},
            "layers": [{"digest": layer, "size": 1}],
        }

    @property
    def manifest(self) -> bytes:
        return json.dumps(self.document).encode()


Route = tuple[str, dict[str, str], bytes]


class Registry:
    """Answers what `routes` say for a path; `seen` are the requests, `guard` may answer instead."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.guard: Callable[[str, dict[str, str], bytes], Route | None] = lambda *_: None
        self.host = ""

    def put(self, tag: str, image: Image, media_type: str = OCI) -> None:
        self.add(f"manifests/{tag}", image.manifest, media_type)
        self.add(f"manifests/{sha(image.manifest)}", image.manifest, media_type)
        self.add(f"blobs/{sha(image.config)}", image.config, "application/octet-stream")

    def put_list(self, tag: str, *images: tuple[str, Image]) -> None:
        entries = []
        for platform, image in images:
            self.put("unused", image)
            os_, architecture, *variant = platform.split("/")
            described = {"os": os_, "architecture": architecture}
            described |= {"variant": variant[0]} if variant else {}
            entries.append({"mediaType": OCI, "digest": sha(image.manifest), "platform": described})
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        self.add(f"manifests/{tag}", body, INDEX)

    def add(self, path: str, body: bytes, media_type: str, **headers: str) -> None:
        sent = {"Content-Type": media_type} | {k.replace("_", "-"): v for k, v in headers.items()}
        self.routes[f"/v2/app/{path}"] = ("200 OK", sent, body)

    def talk(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := connection.recv(65536)):
                return
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (field.partition(":") for field in fields)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        path = line.split(" ")[1]
        self.seen.append((path, headers, body))
        unknown = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}'
        status, sent, content = (
            self.guard(path, headers, body)
            or self.routes.get(path)
            or ("404 Not Found", {}, unknown)
        )
        told = "".join(f"{key}: {value}\r\n" for key, value in sent.items())
        length = f"Content-Length: {len(content)}\r\n"
        connection.sendall(f"HTTP/1.1 {status}\r\n{told}{length}\r\n".encode() + content)


@pytest.fixture
def registry(serve: Any) -> Registry:
    found = Registry()
    found.host = f"127.0.0.1:{serve(found.talk)}"
    found.put("1", Image())
    return found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own: no login of whoever runs it takes part."""
    folder = tmp_path / "home-of-logins"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    yield folder


def log_in(home: Path, **config: Any) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps(config))


def basic(user: str = "ops", password: str = "open sesame") -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def test_what_is_there(look: Any, registry: Registry) -> None:
    found = look({"registry": f"{registry.host}/app:1", "platforms": ["linux/amd64"]})
    assert found.verdict == PASSED, found
    assert found.facts["digest"] == sha(Image().manifest)


def test_a_list_is_looked_into(look: Any, registry: Registry) -> None:
    one, other = Image("A=1"), Image("A=1", "linux/arm64")
    registry.put_list("2", ("linux/amd64", one), ("linux/arm64/v8", other))
    wanted = ["linux/amd64", "linux/arm64", "linux/arm64/v8"]
    found = look({"registry": f"{registry.host}/app:2", "platforms": wanted})
    assert found.verdict == PASSED, found
    assert found.facts["images"] == {
        "linux/amd64": sha(one.config), "linux/arm64/v8": sha(other.config),
    }  # fmt: skip


def test_the_previous_tag_with_other_dates_is_the_new_image(look: Any, registry: Registry) -> None:
    """Built again without a change: another digest, and nothing to go back to."""
    registry.put("1-prev", Image(created="2025-08-10T00:00:00Z"))
    check = {"registry": f"{registry.host}/app:1", "differs_from": f"{registry.host}/app:1-prev"}
    found = look(check)
    assert (found.verdict, "differ in their dates only" in found.actual) == (FAILED, True), found
    registry.put("1-prev", Image("A=0"))
    assert look(check).verdict == PASSED


def test_the_previous_tag_must_differ_for_every_platform(look: Any, registry: Registry) -> None:
    arm = Image("A=1", "linux/arm64")
    registry.put_list("2", ("linux/amd64", Image("A=2")), ("linux/arm64", arm))
    registry.put_list("2-prev", ("linux/amd64", Image("A=1")), ("linux/arm64", arm))
    check = {"registry": f"{registry.host}/app:2", "differs_from": f"{registry.host}/app:2-prev"}
    assert "for linux/arm64" in look(check).actual
    assert look(check).verdict == FAILED
    assert look(check | {"platforms": ["linux/amd64"]}).verdict == PASSED
    registry.put("2-prev", Image("A=3", "linux/s390x"))
    assert look(check).verdict == ERROR


@pytest.mark.parametrize("late", ["gone", "another", "same"])
def test_what_was_checked_is_looked_at_once_more(
    project: Project, registry: Registry, late: str
) -> None:
    """One question for each name, however many checks asked; no answer is not the same answer."""
    place = Forked(project.root, Path(project.env["HOME"]))
    answers = {"gone": ("503 Busy", {}, b""), "same": None}
    other = ("200 OK", {"Content-Type": OCI}, Image("A=other").manifest)
    registry.guard = lambda *_: answers.get(late, other) if len(registry.seen) > 2 else None
    check = f"{{registry: '{registry.host}/app:1'}}"
    place.plan("p", f"- {{title: T, verify: [{check}, {check[:-1]}, timeout: 10s}}]}}")
    ran = place.ask("done", "p", 0)
    assert len(registry.seen) == 3
    if late == "same":
        ran.ok()
        return
    for row in ran.refused("check_error").data["checks"]:
        assert row["verdict"] == "error"
        assert sha(Image().manifest) in row["message"]
        told = (
            sha(Image("A=other").manifest) if late == "another" else "looked at again: the registry"
        )
        assert told in row["message"]


def lie(registry: Registry, path: str, body: bytes, status: str = "200 OK", **sent: str) -> None:
    headers = {key.replace("_", "-"): value for key, value in sent.items()}
    registry.routes[f"/v2/app/{path}"] = (status, headers, body)


OTHER = Image("A=evil")
LIES: dict[str, Callable[[Registry], None]] = {
    "it calls the manifest sha256:": lambda r: lie(
        r, "manifests/1", OTHER.manifest, Content_Type=OCI, Docker_Content_Digest=sha(Image().manifest)
    ),
    "it is no JSON object": lambda r: lie(r, "manifests/1", b"[]", Content_Type=OCI),
    "Expecting value": lambda r: lie(r, "manifests/1", b"<html>log in</html>", Content_Type=OCI),
    "which is no manifest of an image": lambda r: lie(
        r, "manifests/1", b'{"status": "ok"}', Content_Type="application/json"
    ),
    "and says itself that it is": lambda r: lie(
        r, "manifests/1", Image().manifest, Content_Type=INDEX
    ),
    "has no list layers": lambda r: lie(
        r, "manifests/1", b'{"config": {}}', Content_Type=OCI
    ),
    "holds the same key twice": lambda r: lie(
        r, "manifests/1", b'{"config": 1, "config": 2}', Content_Type=OCI
    ),
    "is no sha256 digest": lambda r: lie(
        r, "manifests/1", b'{"layers": [], "config": {"digest": "../../etc"}}', Content_Type=OCI
    ),
    "was asked for sha256:": lambda r: lie(r, f"blobs/{sha(Image().config)}", OTHER.config),
    "status 500": lambda r: lie(r, "manifests/1", b"", "500 Oops"),
    "status 429": lambda r: lie(r, "manifests/1", b"", "429 Slow down"),
    "status 404": lambda r: lie(r, "manifests/1", b"no such page", "404 Not Found"),
    "log in with docker login": lambda r: lie(r, "manifests/1", b"", "403 Forbidden"),
    "more than 4 MiB": lambda r: lie(
        r, "manifests/1", b" " * (wire.ANSWER_LIMIT + 1), Content_Type=OCI
    ),
    "more than 5 redirects": lambda r: lie(
        r, "manifests/1", b"", "302 Found", Location="/v2/app/manifests/1"
    ),
    "which is no http URL": lambda r: lie(
        r, "manifests/1", b"", "302 Found", Location="file:///etc/passwd"
    ),
    "lists 33 images": lambda r: r.put_list(
        "1", *((f"linux/a{n}", Image(platform=f"linux/a{n}")) for n in range(33))
    ),
}  # fmt: skip


def short_of_a_layer(registry: Registry) -> None:
    image = Image()
    image.document["layers"] = []
    registry.put("1", image)


def list_of_lists(registry: Registry) -> None:
    registry.put_list("2", ("linux/amd64", Image()))
    body = registry.routes["/v2/app/manifests/2"][2]
    registry.add(f"manifests/{sha(body)}", body, INDEX)
    entry = {"mediaType": INDEX, "digest": sha(body)}
    outer = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    registry.add("manifests/1", json.dumps(outer).encode(), INDEX)


LIES |= {
    "its manifest has 0 layers": short_of_a_layer,
    "is a list of lists": list_of_lists,
}


@pytest.mark.parametrize("said", LIES)
def test_registries_that_lie_or_break(look: Any, registry: Registry, said: str) -> None:
    LIES[said](registry)
    found = look({"registry": f"{registry.host}/app:1", "platforms": ["linux/amd64"]})
    assert found.verdict == ERROR, found
    assert said in found.actual


@pytest.mark.parametrize("said", ["status 500", "status 404", "log in with docker login"])
def test_no_absence_is_made_of_it(look: Any, registry: Registry, said: str) -> None:
    LIES[said](registry)
    assert look({"registry": f"{registry.host}/app:1", "exists": False}).verdict == ERROR


def test_a_digest_is_only_answered_by_its_bytes(look: Any, registry: Registry) -> None:
    wanted = sha(Image().manifest)
    found = look({"registry": f"{registry.host}/app@{wanted}"})
    assert found.verdict == PASSED
    lie(registry, f"manifests/{wanted}", OTHER.manifest, Content_Type=OCI)
    found = look({"registry": f"{registry.host}/app@{wanted}"})
    assert (found.verdict, f"sent {sha(OTHER.manifest)}" in found.actual) == (ERROR, True)


def test_a_list_with_an_image_for_another_platform(look: Any, registry: Registry) -> None:
    """The list says arm64; the image's own configuration says what it is."""
    registry.put_list("2", ("linux/arm64", Image()))
    found = look({"registry": f"{registry.host}/app:2", "platforms": ["linux/arm64"]})
    assert (found.verdict, found.actual) == (FAILED, "it is for linux/amd64")


def test_attestations_of_a_list_are_no_images(look: Any, registry: Registry) -> None:
    registry.put_list(
        "2", ("linux/amd64", Image()), ("unknown/unknown", Image("A=proof", "linux/s390x"))
    )
    found = look({"registry": f"{registry.host}/app:2", "platforms": ["linux/amd64"]})
    assert (found.verdict, len(found.facts["images"])) == (PASSED, 1)


@pytest.mark.parametrize("part", ["manifests", "blobs"])
def test_what_cannot_be_pulled_is_not_there(look: Any, registry: Registry, part: str) -> None:
    registry.put_list("2", ("linux/amd64", Image()))
    name = sha(Image().manifest if part == "manifests" else Image().config)
    del registry.routes[f"/v2/app/{part}/{name}"]
    found = look({"registry": f"{registry.host}/app:2", "platforms": ["linux/amd64"]})
    assert (found.verdict, "cannot be pulled" in found.actual) == (FAILED, True)


def test_a_redirect_to_storage_is_followed_without_the_login(
    look: Any, registry: Registry, serve: Any, home: Path
) -> None:
    storage = Registry()
    storage.routes["/blob"] = ("200 OK", {}, Image().config)
    where = f"http://127.0.0.1:{serve(storage.talk)}/blob"
    log_in(home, auths={registry.host: {"auth": basic()}})
    lie(registry, f"blobs/{sha(Image().config)}", b"", "307 Temporary Redirect", Location=where)
    registry.guard = wants_password
    found = look({"registry": f"{registry.host}/app:1", "platforms": ["linux/amd64"]})
    assert found.verdict == PASSED, found
    assert "authorization" not in storage.seen[0][1]
    assert registry.seen[-1][1]["authorization"] == f"Basic {basic()}"


def wants_password(path: str, headers: dict[str, str], body: bytes) -> Route | None:
    if headers.get("authorization") == f"Basic {basic()}":
        return None
    return "401 Unauthorized", {"WWW-Authenticate": 'Basic realm="here"'}, b""


def wants_token(registry: Registry, grant: str) -> Callable[..., Route | None]:
    """A registry that sends everybody to its own /token, which gives a token to a login."""

    def guard(path: str, headers: dict[str, str], body: bytes) -> Route | None:
        if path.startswith("/token"):
            asked = parse_qs(path.partition("?")[2] or body.decode())
            assert asked["scope"] == ["repository:app:pull"]
            assert asked["service"] == ["ours"]
            known = f"{headers.get('authorization')} {asked.get('refresh_token')}"
            if known != grant:
                return "401 Unauthorized", {}, b""
            return "200 OK", {}, b'{"token": "t0ken"}'
        if headers.get("authorization") == "Bearer t0ken":
            return None
        realm = f'Bearer realm="http://{registry.host}/token",service="ours",scope="repository:app:pull"'
        return "401 Unauthorized", {"WWW-Authenticate": realm}, b""

    return guard


def test_a_login_with_a_password(look: Any, registry: Registry, home: Path) -> None:
    registry.guard = wants_password
    check = {"registry": f"{registry.host}/app:1"}
    found = look(check)
    assert (found.verdict, "docker login" in found.actual) == (ERROR, True)
    log_in(home, auths={f"https://{registry.host}/v2/": {"auth": basic()}})
    assert look(check).verdict == PASSED


@pytest.mark.parametrize(
    ("entry", "grant"),
    [
        (None, "None None"),
        ({"auth": basic()}, f"Basic {basic()} None"),
        ({"auth": basic(), "identitytoken": "ref"}, "None ['ref']"),
    ],
)
def test_a_token(
    look: Any, registry: Registry, home: Path, entry: dict[str, str] | None, grant: str
) -> None:
    """Fetched without a login, with a password, or for a token that `docker login` got."""
    registry.guard = wants_token(registry, grant)
    log_in(home, auths={registry.host: entry} if entry else {})
    found = look({"registry": f"{registry.host}/app:1", "platforms": ["linux/amd64"]})
    assert found.verdict == PASSED, found
    registry.guard = wants_token(registry, "somebody else")
    found = look({"registry": f"{registry.host}/app:1"})
    assert (found.verdict, "gives no token" in found.actual) == (ERROR, True)


@pytest.mark.parametrize(
    "realm", ["http://example.org/token", "ftp://127.0.0.1/", "", "http://user@127.0.0.1/"]
)
def test_a_password_is_not_sent_anywhere(
    look: Any, registry: Registry, home: Path, realm: str
) -> None:
    log_in(home, auths={registry.host: {"auth": basic()}})
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    registry.guard = lambda *_: ("401 Unauthorized", challenge, b"")
    found = look({"registry": f"{registry.host}/app:1"})
    assert (found.verdict, "it wants a token from" in found.actual) == (ERROR, True), found
    assert not any("authorization" in headers for _, headers, _ in registry.seen)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is no mapping"),
        ('{"auths": {"HOST": {"auth": "???"}}}', "not what docker login writes"),
    ],
)
def test_logins_that_cannot_be_read(
    look: Any, registry: Registry, home: Path, config: str, said: str
) -> None:
    registry.guard = wants_password
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(config.replace("HOST", registry.host))
    found = look({"registry": f"{registry.host}/app:1"})
    assert (found.verdict, said in found.actual) == (ERROR, True), found


HELPER = """#!/bin/sh
[ "$1" = get ] && [ "$(cat)" = "%s" ] || { echo "credentials not found in native keychain"; exit 1; }
echo '{"ServerURL": "%s", "Username": "ops", "Secret": "open sesame"}'
"""


def with_helper(place: Project, registry: Registry, script: str, **config: Any) -> dict[str, Any]:
    """Verify one check in a project that names the helper under `tools`; its row."""
    registry.guard = wants_password
    helper = place.write("bin/helper", script, mode=0o755)
    digest = sha256(helper.read_bytes()).hexdigest()
    place.write("todo_manager.yaml",
                f"tools: {{docker-credential-vault: {{path: bin/helper, sha256: {digest}}}}}\n")  # fmt: skip
    place.write("../home/.docker/config.json", json.dumps(config))
    place.plan("p", f"- {{title: T, verify: [{{registry: '{registry.host}/app:1'}}]}}")
    row: dict[str, Any] = place.ask("verify", "p", 0).data["phases"][0]["checks"][0]
    return row


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_login_kept_by_a_helper(project: Project, registry: Registry, key: str) -> None:
    value = "vault" if key == "credsStore" else {registry.host: "vault"}
    row = with_helper(project, registry, HELPER % (registry.host, registry.host), **{key: value})
    assert row["verdict"] == "passed", row
    assert "sesame" not in json.dumps(row)
    assert b"sesame" not in project.store_bytes()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (HELPER % ("elsewhere", "elsewhere"), "docker login"),
        ("#!/bin/sh\nexit 3\n", "docker-credential-vault gave no login"),
        ("#!/bin/sh\necho '{}'\n", "docker-credential-vault gave no login"),
    ],
)
def test_helpers_without_a_login(
    project: Project, registry: Registry, script: str, said: str
) -> None:
    row = with_helper(project, registry, script, credsStore="vault")
    assert (row["verdict"], said in row["actual"]) == ("error", True), row


def test_a_helper_that_is_not_there(project: Project, registry: Registry) -> None:
    row = with_helper(project, registry, "#!/bin/sh\n", credsStore="elsewhere")
    assert row["verdict"] == "error"
    assert "needs docker-credential-elsewhere" in row["actual"] or row["message"]


def test_nobody_listens(look: Any, closed_port: int) -> None:
    for exists in (True, False):
        found = look({"registry": f"127.0.0.1:{closed_port}/app:1", "exists": exists})
        assert (found.verdict, "connection refused" in found.actual) == (ERROR, True)


def test_nobody_answers_in_time(look: Any, serve: Any) -> None:
    waiting = threading.Event()
    port = serve(lambda connection: bool(waiting.wait(5)))
    found = look({"registry": f"127.0.0.1:{port}/app:1"}, timeout=0.3)
    waiting.set()
    assert (found.verdict, "within 0.3 s" in found.actual) == (ERROR, True), found


def test_a_body_that_breaks_off(look: Any, serve: Any, http_kit: Any) -> None:
    def talk(connection: socket.socket) -> None:
        http_kit.request_of(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {OCI}\r\nContent-Length: 9999\r\n\r\n"
        connection.sendall(head.encode() + Image().manifest)

    found = look({"registry": f"127.0.0.1:{serve(talk)}/app:1"})
    assert found.verdict == ERROR, found


def test_https_elsewhere_is_verified(
    look: Any, serve: Any, authority: Any, monkeypatch: pytest.MonkeyPatch, world: Any
) -> None:
    """A host that is not of the loopback by its name is asked by https, with an authority we know."""
    pem = authority("registry.test")
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(pem)
    behind = Registry()
    behind.put("1", Image())

    def talk(connection: socket.socket) -> None:
        with secure.wrap_socket(connection, server_side=True) as wrapped:
            behind.talk(wrapped)

    port = serve(talk)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: real("127.0.0.1", *a, **k))
    check = {"registry": f"registry.test:{port}/app:1"}
    found = look(check)
    assert (found.verdict, "certificate is not trusted" in found.actual) == (ERROR, True), found
    (world.root / "ca.pem").write_bytes(pem.read_bytes())
    assert look(check | {"ca_file": "ca.pem"}).verdict == PASSED


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("app", "https://registry-1.docker.io library/app latest"),
        ("ops/app:1", "https://registry-1.docker.io ops/app 1"),
        ("docker.io/app:1", "https://registry-1.docker.io library/app 1"),
        ("localhost/app:1", "http://localhost app 1"),
        ("localhost:5000/a/b:1", "http://localhost:5000 a/b 1"),
        ("127.8.8.8:5000/app", "http://127.8.8.8:5000 app latest"),
        ("[::1]:5000/app:1", "http://[::1]:5000 app 1"),
        ("ghcr.io/ops/app:1", "https://ghcr.io ops/app 1"),
        ("localhost.example.org/app:1", "https://localhost.example.org app 1"),
        (f"pc2:5000/app:1@sha256:{'0' * 64}", f"https://pc2:5000 app sha256:{'0' * 64}"),
    ],
)
def test_what_a_reference_means(reference: str, meant: str) -> None:
    found = remote_name(reference)
    assert f"{found.origin} {found.path} {found.wanted}" == meant


REFUSED = {
    "registry: 'sha256:" + "0" * 64 + "'": "an ID is known to one engine only",
    "registry: 'A b'": "is not the name of an image",
    "registry: 'h:1/a:1', differs_from: 'h:1/a:1'": "compared with itself",
    "registry: 'app', differs_from: 'docker.io/library/app:latest'": "compared with itself",
    "registry: 'h:1/a:1', exists: false, digest: 'sha256:" + "0" * 64 + "'": "nothing is there",
    "registry: 'h:1/a:1', digest: abc": "64 hexadecimal digits",
    "registry: 'h:1/a:1', platforms: amd64": "is not a platform",
    "registry: 'h:1/a:1', tag_matches: '.*'": "asserts nothing",
    "registry: 'h:1/a@sha256:" + "0" * 64 + "', tag_matches: '^1'": "the reference has none",
}


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(project: Project, check: str) -> None:
    place = Forked(project.root, Path(project.env["HOME"]))
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert re.search(re.escape(REFUSED[check]), "\n".join(told))


def test_a_host_without_an_engine_to_ask_is_no_silent_detour(look: Any, registry: Registry) -> None:
    found = look({"registry": f"{registry.host}/app:1", "host": "pc2"})
    assert (found.verdict, "asked from this machine" in found.actual) == (ERROR, True)
