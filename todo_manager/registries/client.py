"""One registry, asked for manifests and configurations. What it does not have and what it cannot say are told apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from todo_manager import importing
from todo_manager.checks.base import World
from todo_manager.checks.exchange import Exchange, explain, too_late
from todo_manager.checks.expect import show
from todo_manager.checks.ground import Unlookable
from todo_manager.engines.engine import Absent, Unreachable
from todo_manager.registries.logins import Login, login_for
from todo_manager.registries.manifests import (
    INDEXES,
    MANIFESTS,
    MOST_IMAGES,
    Manifest,
    RemoteImage,
    digest_of,
    read_image,
    read_manifest,
)
from todo_manager.registries.names import RemoteName, is_loopback
from todo_manager.registries.wire import Reply, Wire

T = TypeVar("T")

_UNKNOWN = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND"}
"""Codes by which registries say in the body of a 404 that they have no such thing."""
_CLIENT = "todo_manager"


class Registry:
    """The registry of one image, for one attempt of a check."""

    def __init__(self, world: World, name: RemoteName, seconds: float, ca_file: str = "") -> None:
        self.name = name
        self._world = world
        self._seconds = seconds
        self._exchange = Exchange(seconds)
        self._wire = Wire(world, self._exchange, ca_file)
        self._authorization = ""

    def top(self) -> Manifest:
        """What the name means: a manifest or a list. Raises Absent, Unreachable."""
        return self._within(lambda: self._manifest(self.name.wanted))

    def images(self, top: Manifest) -> tuple[RemoteImage, ...]:
        """Every image behind a manifest or list, looked into. Raises Absent, Unreachable."""
        return self._within(lambda: tuple(self._images(top)))

    def _within(self, work: Callable[[], T]) -> T:
        """What `work` returns, in time; problems of the network and of what was said are Unreachable."""
        from http.client import HTTPException

        importing.http_client()
        from urllib3.exceptions import HTTPError

        # Each conversation has a thread of its own; together they have the seconds of the attempt.
        exchange = Exchange(self._seconds - self._exchange.elapsed())
        self._wire.exchange = exchange
        try:
            return exchange.run(work)
        except TimeoutError:
            reason = too_late(exchange, self._seconds)[1]
        except (HTTPException, HTTPError) as problem:
            reason = f"no proper http answer: {type(problem).__name__}"
        except (OSError, UnicodeError) as problem:
            reason = explain(problem)[1]
        except (ValueError, Unlookable) as problem:
            reason = str(problem)
        raise Unreachable(f"the registry {self.name.host} does not answer: {reason}")

    def _images(self, top: Manifest) -> list[RemoteImage]:
        if not top.is_list:
            return [self._image(top)]
        if len(top.entries) > MOST_IMAGES:
            raise ValueError(f"{self.name} lists {len(top.entries)} images")
        return [self._image(self._manifest(digest), listed) for digest, listed in top.entries]

    def _image(self, manifest: Manifest, listed: str = "") -> RemoteImage:
        if manifest.is_list:
            raise ValueError(f"{self.name} is a list of lists")
        reply = self._get(f"blobs/{manifest.config}", "*/*", manifest.config)
        try:
            return read_image(manifest, reply.body, listed)
        except ValueError as problem:
            raise ValueError(f"the configuration of {self.name}: {problem}") from None

    def _manifest(self, wanted: str) -> Manifest:
        digest = wanted if wanted.startswith("sha256:") else ""
        reply = self._get(f"manifests/{wanted}", ", ".join((*INDEXES, *MANIFESTS)), digest)
        try:
            found = read_manifest(reply.body, reply.headers.get("content-type", ""))
        except ValueError as problem:
            raise ValueError(f"the manifest of {self.name}: {problem}") from None
        said = reply.headers.get("docker-content-digest", "")
        if said.startswith("sha256:") and said != found.digest:
            raise ValueError(f"it calls the manifest {said}, and sent one that is {found.digest}")
        return found

    def _get(self, what: str, accept: str, digest: str) -> Reply:
        """The answer for a path below the image's name; with `digest` only bytes that have it."""
        url = f"{self.name.origin}/v2/{self.name.path}/{what}"
        reply = self._asked(url, accept)
        if reply.status == 401 and not self._authorization:
            self._authorize(reply.headers.get("www-authenticate", ""))
            reply = self._asked(url, accept)
        if reply.status == 404 and _says_unknown(reply.body):
            raise Absent(f"the registry {self.name.host} has no {self.name}")
        if reply.status in (401, 403):
            raise Unreachable(
                f"the registry {self.name.host} refuses to answer ({reply.status}): "
                f"log in with docker login {self.name.host}"
            )
        if reply.status != 200:
            raise ValueError(f"status {reply.status} for {urlsplit(reply.url).path}")
        if digest and digest_of(reply.body) != digest:
            raise ValueError(f"it was asked for {digest} and sent {digest_of(reply.body)}")
        return reply

    def _asked(self, url: str, accept: str) -> Reply:
        headers = {"Accept": accept}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return self._wire.ask(url, headers)

    def _authorize(self, challenge: str) -> None:
        """Take on what the registry wants to see: a password, or a token from where it points to."""
        scheme, _, rest = challenge.partition(" ")
        login = login_for(self.name.account, self._world, self._exchange_left())
        if scheme.lower() == "basic" and login and login.user:
            self._authorization = login.basic
        elif scheme.lower() == "bearer":
            fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            self._authorization = f"Bearer {self._token(fields, login)}"

    def _exchange_left(self) -> float:
        return self._wire.exchange.left()

    def _token(self, fields: dict[str, str], login: Login | None) -> str:
        realm = fields.get("realm", "")
        self._trusted(realm)
        asked = {"scope": fields.get("scope") or f"repository:{self.name.path}:pull"}
        if fields.get("service"):
            asked["service"] = fields["service"]
        if login and login.identity_token:
            form = {"grant_type": "refresh_token", "client_id": _CLIENT} | asked
            form["refresh_token"] = login.identity_token
            reply = self._wire.ask(realm, {}, form=urlencode(form), follow=False)
        else:
            headers = {"Authorization": login.basic} if login else {}
            joint = "&" if "?" in realm else "?"
            reply = self._wire.ask(f"{realm}{joint}{urlencode(asked)}", headers, follow=False)
        return _token_of(reply)

    def _trusted(self, realm: str) -> None:
        """A password goes over https only, or over this machine's loopback to a registry of it."""
        try:
            parts = urlsplit(realm)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known or re.search(r"[\x00-\x20\x7f\\@]", realm):
            raise ValueError(f"it wants a token from {show(realm)}, which is no URL")
        local = is_loopback(self.name.host) and is_loopback(parts.netloc)
        if parts.scheme != "https" and not local:
            raise ValueError(f"it wants a token from {realm}, which is not https")


def _token_of(reply: Reply) -> str:
    if reply.status != 200:
        raise Unreachable(f"{reply.url.partition('?')[0]} gives no token: status {reply.status}")
    try:
        answer = json.loads(reply.body)
        found = answer.get("token") or answer.get("access_token")
    except (ValueError, AttributeError, RecursionError):
        found = None
    if not isinstance(found, str) or not re.fullmatch(r"[\x21-\x7e]+", found):
        raise Unreachable(f"{reply.url.partition('?')[0]} gives no token")
    return found


def _says_unknown(body: bytes) -> bool:
    """Whether a 404 is the registry's own: any web server answers 404 for a path it has never heard of."""
    try:
        errors = json.loads(body)["errors"]
        return bool(errors) and all(each["code"] in _UNKNOWN for each in errors)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
