"""What the actions share that ask a Docker engine: the host, the names they may use, what no answer means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Action, Site, Tell
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, conclude, unanswered
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.engines.address import LOCAL
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.model import Output, Verdict
from todo_manager.processes.capture import Capture

ANSWER = 30.0
"""Seconds an engine may take for an answer that is not long by nature."""


class EngineAction(Action, frozen=True, kw_only=True):
    """An action on a Docker engine. An engine that does not answer is an error, one that declines a failure."""

    host: Annotated[str, Convert(fields.text, expects=True)] = LOCAL
    """The host, of those under `hosts`, whose engine is asked."""

    def expected(self) -> str:
        """What is to be done, in words."""
        return f"{self.kind} {self.label()} on {self.host}"

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        """Do it, and say what is worth keeping.

        May raise Declined, Unfinished and Unreachable, never Absent.
        """
        raise NotImplementedError

    def perform(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        told = Told(tell)
        deadline = time.monotonic() + timeout
        try:
            with site.engine(self.host, min(timeout, ANSWER)) as engine:
                facts = self.act(site, engine, told, deadline)
        except Declined as problem:
            judged = [Judgement(Verdict.FAILED, self.expected(), str(problem))]
            return conclude(judged, outputs=told.outputs())
        except (Unreachable, Unfinished) as problem:
            return unanswered(self.expected(), str(problem), outputs=told.outputs())
        judged = [Judgement(Verdict.PASSED, self.expected(), "done")]
        return conclude(judged, facts=facts, outputs=told.outputs())


class Told:
    """What was said while something was done: passed on at once, and kept as evidence."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._kept = {name: Capture(name) for name in ("stdout", "stderr")}

    def add(self, data: bytes, stream: str = "stdout") -> None:
        self._kept[stream].add(data)
        self._tell(stream, data)

    def line(self, text: str) -> None:
        self.add(text.encode() + b"\n")

    def outputs(self) -> tuple[Output, ...]:
        return tuple(capture.output() for capture in self._kept.values())


def tag_patterns(tree: Tree) -> tuple[str, ...]:
    """What policy.yaml says of the names of images: patterns like `localhost:5000/*`."""
    return fields.needles(tree)


class NamingAction(EngineAction, frozen=True, kw_only=True):
    """An action that gives images names, or fetches them by name; policy.yaml may bound the names."""

    bounds: ClassVar[dict[str, Callable[[Tree], Any]]] = {
        "timeout": fields.timeout,
        "tags": tag_patterns,
    }

    def references(self) -> tuple[str, ...]:
        """The names that it gives or fetches; empty ones are not known yet."""
        return (str(getattr(self, "subject", "")),)

    def against(self, bounds: Mapping[str, Any], root: Path) -> list[str]:
        patterns = bounds.get("tags")
        if patterns is None:
            return []
        return [
            f"policy.yaml allows {self.kind} of {', '.join(patterns)}, not of {reference}"
            for reference in self.references()
            if reference and not any(fits(reference, pattern) for pattern in patterns)
        ]


def fits(reference: str, pattern: str) -> bool:
    """Whether a reference is one that a pattern allows; without a tag it means latest."""
    whole = ":".join(split_reference(reference))
    return any(fnmatchcase(text, pattern) for text in {reference, whole})


def split_reference(reference: str) -> tuple[str, str]:
    """Repository and tag; the tag is latest where none is written, and empty for a digest."""
    if "@" in reference or re.fullmatch(r"sha256:[0-9a-f]{64}", reference):
        return reference, ""
    name, colon, tag = reference.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (reference, "latest")


def named(tree: Tree) -> str:
    """A reference by which an image can be named: no ID, no digest."""
    from todo_manager.engines.reference import image_reference

    found = image_reference(tree)
    if "@" in found or found.startswith("sha256:"):
        raise fields.Wrong(
            f"{found!r} names content; a name is wanted, like localhost:5000/app:1.4"
        )
    return found
