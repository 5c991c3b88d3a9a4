"""Which URLs are asked, and where a redirect may lead."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.expect import show
from todo_manager.checks.fields import Wrong

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)


class Refused(Exception):
    """An answer with which the exchange cannot go on; the verdict is failed."""


def plain_url(tree: Tree) -> str:
    """A URL as it is written in a plan: without user and password; raises Wrong."""
    value = fields.text(tree)
    parts = split(value)
    if "@" in parts.netloc:
        raise Wrong("no user or password in a URL: it is shown everywhere; use basic_auth")
    return value


def split(url: str) -> SplitResult:
    """The parts of an http or https URL; raises Wrong for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise Wrong(f"is not a URL: {problem}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Wrong("expected a URL like http://host:port/path or https://…")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise Wrong("holds a blank or another character that no URL may hold")
    if not re.fullmatch(r"[A-Za-z0-9_.:-]+", parts.hostname):
        raise Wrong("expected a host name of ASCII letters (xn--… for others) or an address")
    return parts


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what is meant for one origin is not told to another."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def redirect(url: str, target: str) -> str:
    """The URL to which a redirect leads; raises Refused for one that is not followed."""
    try:
        onward = urljoin(url, target).partition("#")[0]
        parts = split(onward)
    except ValueError:
        raise Refused(f"it redirects to {show(target)}, which is no http URL") from None
    if "@" in parts.netloc:
        raise Refused(f"it redirects to {parts.hostname} with a user or password in the URL")
    if url.startswith("https:") and parts.scheme == "http":
        raise Refused(f"it redirects from https to {onward}")
    return onward


def method_after(status: int, method: str) -> str:
    """The method after a redirect, as browsers do it (RFC 9110, 15.4)."""
    changes = (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")
    return "GET" if changes else method
