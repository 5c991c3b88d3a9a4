"""What is said of values that only one item of a host may have, like ports."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from todo_manager.canonical import Tree
from todo_manager.checks.arithmetic import Unreadable, number
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Wrong
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.rules import Rule, Unique
from todo_manager.checks.stock import Stock, Values, dotted, on_host, text_of
from todo_manager.checks.wording import cited

_PUBLISHED = re.compile(r"(?:.+:)?([0-9]*):[0-9]+(?:/([a-z]+))?")
"""Compose's short form: the port that is published stands before the container's own."""
_NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-f_]+|0[ob][0-7_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?)", re.IGNORECASE
)
"""What some program or other reads as a number, so that `0x50` and `80.0` are 80 to it."""
_RANGE = re.compile(r"(?:.+:)?[0-9]+-[0-9]+(?::[0-9]+(?:-[0-9]+)?)?(?:/[a-z]+)?")
"""Several ports, which are equal to nothing and may overlap all the same."""


def judge_unique(stock: Stock, rule: Unique) -> Judgement:
    """No value stands twice on a host, in whichever of the fields."""
    what = " and ".join(rule.field)
    expected = f"{what} unique{' per host' if _has_hosts(stock, rule) else ''}"
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in rule.field:
        values = Values(stock, rule, path)
        if problem := values.problem():
            return unclear(expected, problem)
        for item, tree in values.found:
            try:
                for value in _each_value(tree, rule.read_as, stock.env):
                    users[item.host, value].append(f"{dotted(item.key, path)} ({item.place})")
            except (Unreadable, Wrong) as problem_:
                return unclear(expected, f"{item.place}: {dotted(item.key, path)}: {problem_}")
    if not users:
        return unclear(expected, f"there is no value of {what} at all")
    twice = [
        f"{value}{on_host(host)}: {', '.join(found)}"
        for (host, value), found in users.items()
        if len(found) > 1
    ]
    return judged(not twice, expected, f"twice {cited(twice)}" if twice else f"{len(users)} values")


def _has_hosts(stock: Stock, rule: Rule) -> bool:
    return any(item.host for item in stock.items(rule.of))


def _each_value(tree: Tree, read_as: str, env: Mapping[str, str]) -> Iterator[str]:
    """The values of a field, as texts that are equal where they mean the same."""
    for part in tree if isinstance(tree, list) else [tree]:
        if isinstance(part, dict) and read_as == "port":
            yield from _published_long(part, env)
        else:
            yield from _value(text_of(part, env), read_as)


def _value(text: str, read_as: str) -> Iterator[str]:
    if read_as != "text" and _RANGE.fullmatch(text):
        raise Wrong(f"{text!r} may be a range; write its values one by one, or say `as: text`")
    published = _PUBLISHED.fullmatch(text)
    if read_as == "port":
        yield from _port(published[1] if published else text, published and published[2])
    elif read_as != "text" and published:
        raise Wrong(f"{text!r} publishes a port: say `as: port`, or `as: text`")
    else:
        found = None if read_as == "text" else number(text)
        if found is None and read_as != "text" and (text.isdigit() or _NUMBER.fullmatch(text)):
            raise Wrong(f"{text!r} may be meant as another number; say `as: text` if it is none")
        yield text if found is None else str(found)


def _published_long(tree: dict[str, Tree], env: Mapping[str, str]) -> Iterator[str]:
    """Compose's long form; without `published` the engine chooses a port that is free."""
    if "published" in tree:
        protocol = text_of(tree["protocol"], env) if "protocol" in tree else None
        yield from _port(text_of(tree["published"], env), protocol)


def _port(text: str, protocol: str | None) -> Iterator[str]:
    if not text:
        return
    found = number(text)
    if found is None or not 1 <= found <= 65535:
        raise Wrong(f"{text!r} is not a port from 1 to 65535")
    named = (protocol or "tcp").lower()
    yield f"{found}/{named}" if named != "tcp" else str(found)
