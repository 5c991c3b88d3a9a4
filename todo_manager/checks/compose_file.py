"""What a compose file says of its services: which there are, how their images are named, whom they ask."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from ipaddress import IPv6Address
from socket import inet_aton
from typing import Any

from todo_manager.checks.dockerjudge import is_pinned
from todo_manager.checks.expect import Judgement
from todo_manager.checks.judge_file import judged

Services = dict[str, dict[str, Any]]

_SELF = re.compile(
    r"(?<![\w.-])(?:localhost(?:\.localdomain)?|ip6-(?:localhost|loopback))\.?(?![\w.-])",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"(?<![\w.])[0-9]+(?:\.[0-9]+){1,3}(?![\w.])|(?<=//)(?:0x[0-9a-f]+|[0-9]{8,})(?![\w.])"
)
"""IPv4 addresses as programs take them: `127.1` is one, and after `//` a single number, too."""
_HEXADECIMAL = re.compile(
    r"(?<![\w:.])(?=[^:]*:[^:]*:)[0-9a-f:]+(?:[0-9]+\.){0,3}[0-9a-f]*", re.IGNORECASE
)
_ASKING = ("environment", "command", "entrypoint", "extra_hosts")
"""Where a service is told whom to ask. Published ports and health checks mean this machine rightly."""


def wanted(
    services: Services, named: tuple[str, ...], profiles: tuple[str, ...] | None
) -> tuple[list[str], list[Judgement]]:
    """The services that must run, and what is wrong with how they were named.

    Named ones; else all of the file, or those without a profile and of the profiles that were named.
    """
    if named:
        return _named(services, named)
    if profiles is None:
        return list(services), [_some(services)]
    known = {profile for each in services.values() for profile in profiles_of(each)}
    found = [
        judged(profile in known, f"a service has the profile {profile}", _list(sorted(known)))
        for profile in profiles
    ]
    chosen = [
        name
        for name, each in services.items()
        if not profiles_of(each) or set(profiles_of(each)) & set(profiles)
    ]
    return chosen, [*found, _some(chosen)]


def _named(services: Services, named: tuple[str, ...]) -> tuple[list[str], list[Judgement]]:
    said = f"it has {_list(list(services))}"
    found = [judged(name in services, f"the file has a service {name}", said) for name in named]
    return [name for name in named if name in services], found


def _some(names: Services | list[str]) -> Judgement:
    return judged(bool(names), "a service is meant", "none is" if not names else _list(list(names)))


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


def profiles_of(service: dict[str, Any]) -> list[str]:
    found = service.get("profiles") or []
    return [str(each) for each in found] if isinstance(found, list) else [str(found)]


def jobs(services: Services) -> set[str]:
    """Services that another one needs to have ended well: they run once."""
    found = set()
    for each in services.values():
        needs = each.get("depends_on")
        for name, how in needs.items() if isinstance(needs, dict) else ():
            if isinstance(how, dict) and how.get("condition") == "service_completed_successfully":
                found.add(str(name))
    return found


def replicas(service: dict[str, Any]) -> int:
    """How many containers it should have; one at least, for none at all is no service."""
    deploy = service.get("deploy")
    found = service.get("scale") or (deploy.get("replicas") if isinstance(deploy, dict) else 1)
    return max(1, found) if isinstance(found, int) else 1


def judge_unset(unset: tuple[str, ...]) -> Judgement:
    """Compose puts nothing in place of a variable it does not know, and only warns."""
    said = f"no value for {_list(list(unset))}: name it under env, or write ${{NAME:-default}}"
    return judged(not unset, "every variable of the file has a value", said if unset else "it has")


def judge_pinned(services: Services, how: str) -> list[Judgement]:
    """Every image by digest, or (`how` = tag) by a tag with a digit that is no `latest`."""
    expected = "by digest" if how == "digest" else "by a tag of its own or by digest"
    found = []
    for name, each in services.items():
        image = str(each.get("image") or "")
        said = f"it is {image}" if image else "it names none"
        found.append(
            judged(
                bool(image) and is_pinned(image, how), f"{name} names its image {expected}", said
            )
        )
    return found


def judge_localhost(services: Services) -> list[Judgement]:
    """No service is told to ask itself for another one. Values are not shown: they may be secrets."""
    found = []
    for name, each in services.items():
        places = [
            place for key in _ASKING for place, text in _texts(key, each.get(key)) if _is_self(text)
        ]
        places += [
            place for place, text in _texts("build.args", _build_args(each)) if _is_self(text)
        ]
        said = f"{_list(places)} names the container itself: use the name of a service"
        expected = f"{name} asks no other service at localhost"
        found.append(judged(not places, expected, said if places else "it does not"))
    return found


def _is_self(text: str) -> bool:
    """Whether a text names the machine it is read on, however that is written."""
    if _SELF.search(text):
        return True
    for match in _NUMBERS.finditer(text.lower()):
        with contextlib.suppress(OSError):
            if inet_aton(match[0])[0] == 127:
                return True
    for match in _HEXADECIMAL.finditer(text):
        with contextlib.suppress(ValueError):
            address = IPv6Address(match[0])
            if (address.ipv4_mapped or address).is_loopback:
                return True
    return False


def _build_args(service: dict[str, Any]) -> Any:
    build = service.get("build")
    return build.get("args") if isinstance(build, dict) else None


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a value, with where it stands."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(f"{place}.{key}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(place, each)
    elif value is not None:
        yield place, str(value)
