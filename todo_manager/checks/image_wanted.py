"""What the kind `image` wants of an image: how each parameter is read, and how it is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import expect, fields
from todo_manager.checks.expect import MISSING, Expectation, Judgement, show
from todo_manager.checks.fields import Wrong
from todo_manager.checks.idle import why_idle
from todo_manager.checks.judge_file import judged
from todo_manager.engines.subjects import Image


class Health(Struct, frozen=True):
    """What is wanted of a HEALTHCHECK."""

    there: bool
    contains: tuple[str, ...] = ()


def user(tree: Tree) -> Expectation:
    """A user as text, or an operator; a number is taken by its digits."""
    if isinstance(tree, dict):
        found = _of_text(tree)
    else:
        found = Expectation("eq", fields.text(tree))
    if found.operator not in ("eq", "ne", "matches"):
        raise Wrong('expected a user like "10001:10001", or {ne: root}')
    return found


def arguments(tree: Tree) -> tuple[str, ...]:
    """A list of words; one text is the shell form, which Docker runs with `/bin/sh -c`."""
    if isinstance(tree, list):
        return tuple(str(fields.scalar(item)) for item in tree)
    return ("/bin/sh", "-c", fields.text(tree))


def expectations(tree: Tree) -> dict[str, Expectation]:
    """Names with a value or an operator each; never empty. Values of images are always text."""
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of names to values")
    found = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found[str(name)] = _of_text(value)
        else:
            found[str(name)] = Expectation("eq", str(fields.scalar(value)))
    return found


def _of_text(tree: dict[str, Tree]) -> Expectation:
    """An operator on a text: numbers are taken by their letters, for an image holds texts only."""
    operator = next(iter(tree), "")
    if len(tree) != 1 or operator not in ("ne", "contains", "matches", "exists"):
        raise Wrong("expected a value or exactly one of {ne contains matches exists}: …")
    value = tree[operator]
    if operator in ("ne", "contains"):
        value = Scalar(str(fields.scalar(value)))
    return expect.expectation({operator: value})


def ports(tree: Tree) -> tuple[str, ...]:
    """Ports with their protocol: `8080` is `8080/tcp`."""
    found = []
    for each in fields.texts(tree):
        match = re.fullmatch(r"([1-9][0-9]{0,4})(?:/(tcp|udp|sctp))?", each)
        if not match or int(match[1]) > 65535:
            raise Wrong(f"{each!r} is not a port: write 8080 or 53/udp")
        found.append(f"{match[1]}/{match[2] or 'tcp'}")
    return tuple(found)


def health(tree: Tree) -> Health:
    """`true`, `false` or `{contains: …}`."""
    if isinstance(tree, dict):
        if set(tree) != {"contains"}:
            raise Wrong("expected true, false or {contains: /health}")
        return Health(True, fields.needles(tree["contains"]))
    return Health(fields.boolean(tree))


def platform(tree: Tree) -> str:
    """`os/architecture`, with or without a variant."""
    found = fields.text(tree)
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?", found):
        raise Wrong(f"{found!r} is not a platform: write linux/amd64 or linux/arm64/v8")
    return found


def judge_list(what: str, actual: Any, wanted: tuple[str, ...]) -> Judgement:
    found = tuple(map(str, actual or ()))
    return judged(found == wanted, f"its {what} is {show(wanted)}", f"it is {show(found)}")


def judge_map(
    what: str, actual: Mapping[str, str], wanted: Mapping[str, Expectation]
) -> list[Judgement]:
    return [
        judged(
            each.holds(actual.get(name, MISSING)),
            f"the {what} {name} is {each}",
            f"{name} is {show(actual.get(name, MISSING))}",
        )
        for name, each in wanted.items()
    ]


def judge_ports(actual: Any, wanted: tuple[str, ...]) -> Judgement:
    found = sorted(actual or ())
    so = set(wanted) <= set(found)
    return judged(so, f"it exposes {', '.join(wanted)}", f"it exposes {', '.join(found) or 'none'}")


def judge_health(actual: Mapping[str, Any], wanted: Health) -> Judgement:
    """The HEALTHCHECK of a configuration; NONE, or one that cannot fail, is none."""
    test = test_of(actual)
    why = why_no_health(test)
    if not wanted.there:
        return judged(bool(why), "it has no HEALTHCHECK", "it has none" if why else show(test))
    expected = "it has a HEALTHCHECK that can fail"
    if wanted.contains:
        expected += f" and holds {', '.join(map(repr, wanted.contains))}"
    text = " ".join(test[1:])
    so = not why and all(each in text for each in wanted.contains)
    return judged(so, expected, why or f"its test is {text}")


def test_of(config: Mapping[str, Any]) -> list[str]:
    """The test of a configuration's HEALTHCHECK, as Docker runs it; empty where there is none.

    A test in shell form is given to the SHELL of the configuration, which may be any program.
    """
    test = [str(word) for word in (config.get("Healthcheck") or {}).get("Test") or ()]
    shell = [str(word) for word in config.get("Shell") or ()]
    return ["CMD", *shell, *test[1:]] if shell and test[:1] == ["CMD-SHELL"] else test


def why_no_health(test: list[str]) -> str:
    """Why a healthcheck's test says nothing; empty when it can fail."""
    if not test or test == ["NONE"] or test[0] == "NONE":
        return "it has no HEALTHCHECK"
    if reason := why_idle(" ".join(test[1:]) if test[0] == "CMD-SHELL" else test[1:]):
        return f"its HEALTHCHECK cannot fail: {reason}"
    return ""


def judge_platform(attrs: Mapping[str, Any], wanted: str) -> Judgement:
    parts = [attrs.get("Os"), attrs.get("Architecture"), attrs.get("Variant")]
    found = "/".join(str(part) for part in parts if part)
    so = found == wanted or found.startswith(f"{wanted}/")
    return judged(so, f"its platform is {wanted}", f"it is {found}")


def judge_size(attrs: Mapping[str, Any], wanted: int) -> Judgement:
    expected = f"its layers are at most {wanted} bytes unpacked"
    size = attrs.get("Size")
    if not isinstance(size, int) or size <= 0:
        # An import of an empty archive succeeds, and makes an image of nothing.
        return judged(False, expected, f"the engine says its size is {size}: it holds nothing")
    return judged(size <= wanted, expected, f"{size} bytes")


def judge_age(attrs: Mapping[str, Any], wanted: float) -> Judgement:
    """By the date in its configuration; one in the future, or none, is not young."""
    expected = f"it was created within the last {wanted:g} s"
    text = str(attrs.get("Created") or "")
    try:
        seconds = re.sub(r"(\.[0-9]{1,6})[0-9]*", r"\1", text).replace("Z", "+00:00")
        age = (datetime.now(UTC) - datetime.fromisoformat(seconds)).total_seconds()
    except (ValueError, TypeError):
        return judged(False, expected, f"its date of creation is {text or 'missing'}")
    return judged(-2.0 <= age <= wanted, expected, f"it was created {age:.0f} s ago")


def judge_history(history: Iterable[Mapping[str, Any]], wanted: tuple[str, ...]) -> Judgement:
    """Lines of the build history; an image without any (an import, a squash) proves nothing by it."""
    lines = [f"{each.get('CreatedBy') or ''} {each.get('Comment') or ''}" for each in history]
    expected = f"its history lacks {', '.join(map(repr, wanted))}"
    if not any(each.get("CreatedBy") for each in history):
        return judged(False, expected, "it has no history to look through")
    found = [text for text in wanted if any(text in line for line in lines)]
    return judged(not found, expected, f"{', '.join(found)} stands in it" if found else "it does")


def judge_layers(found: Image, other: Image) -> Judgement:
    expected = f"it has the layers of {other.reference}"
    so = bool(found.layers) and found.layers == other.layers
    return judged(so, expected, f"{len(found.layers)} layers against {len(other.layers)}")


def judge_base(found: Image, other: Image) -> Judgement:
    """Its layers begin with all of the base's, and there are more."""
    expected = f"it is built on {other.reference}"
    count = len(other.layers)
    so = 0 < count < len(found.layers) and found.layers[:count] == other.layers
    if found.layers == other.layers and count:
        return judged(False, expected, "it adds nothing to it: the layers are the same")
    return judged(so, expected, "it does" if so else "its layers do not begin with those of it")
