"""What a check expects of a text: of stdout and stderr, of a body, of a server's words."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields, searching
from todo_manager.checks.expect import Expectation, Judgement, judge_paths, load_json, paths, show
from todo_manager.checks.fields import Wrong
from todo_manager.model import Output, Verdict


class TextMatch(Struct, frozen=True, kw_only=True):
    """What a text (stdout, stderr, a body) must be like."""

    contains: tuple[str, ...] = ()
    matches: tuple[re.Pattern[str], ...] = ()
    lacks: tuple[str, ...] = ()
    equals: str | None = None
    json: dict[str, Expectation] = {}


_TEXT_READERS: dict[str, Any] = {
    "contains": fields.needles,
    "matches": fields.patterns,
    "lacks": fields.needles,
    "equals": lambda tree: str(fields.scalar(tree)),
    "json": paths,
}


def text_match(tree: Tree, *, lacks_alone: bool = False) -> TextMatch:
    """A mapping of contains, matches, lacks, equals, json; never empty.

    A text may lack something because nothing was written at all, so `lacks` wants a positive control
    beside it: something that must be there. `lacks_alone` lifts that where silence is the normal
    case and another assertion shows that the thing ran (stderr beside an exit code).
    """
    if not isinstance(tree, dict):
        raise Wrong("expected a mapping of contains, matches, lacks, equals, json")
    if not tree:
        raise Wrong("an empty mapping asserts nothing")
    unknown = [key for key in tree if key not in _TEXT_READERS]
    if unknown:
        raise Wrong(f"unknown key {unknown[0]}; known are {', '.join(_TEXT_READERS)}")
    if set(tree) == {"lacks"} and not lacks_alone:
        raise Wrong(
            "`lacks` alone also passes on no text at all; add a contains or matches beside it"
        )
    return TextMatch(**{key: _TEXT_READERS[key](value) for key, value in tree.items()})


def judge_text(name: str, output: Output, wanted: TextMatch) -> list[Judgement]:
    """Judge a captured text; where only part of it was kept, what was not seen is an error."""
    seen = output.kept.decode("utf-8", "replace")
    parts = _parts(seen, output)
    found = [
        _positive(name, output, f"contains {n!r}", any(n in part for part in parts), seen)
        for n in wanted.contains
    ]
    found += [
        _positive(name, output, f"matches {p.pattern!r}", _matches(p, seen, output), seen)
        for p in wanted.matches
    ]
    found += [
        _lacks(name, output, needle, seen, any(needle in part for part in parts))
        for needle in wanted.lacks
    ]
    if wanted.equals is not None:
        equal = seen.rstrip("\n") == wanted.equals.rstrip("\n")
        found.append(_positive(name, output, f"equals {wanted.equals!r}", equal, seen))
    return found + (_json_text(name, output, seen, wanted.json) if wanted.json else [])


_GAP = re.compile(r"\n\[\.\.\. [0-9]+ bytes were not kept \.\.\.\]\n")


def _parts(seen: str, output: Output) -> list[str]:
    """What the program itself wrote: our own line about what was left out is none of it."""
    gap = _GAP.search(seen) if output.truncated else None
    return [seen] if gap is None else [seen[: gap.start()], seen[gap.end() :]]


def _matches(pattern: re.Pattern[str], seen: str, output: Output) -> bool:
    """Whether a pattern is found; one that touches the cut might not be, had all been kept."""
    gap = _GAP.search(seen) if output.truncated else None
    if gap is None:
        return searching.found(pattern, seen)
    (places,) = searching.spans(pattern, [seen], every=True)
    return any(end < gap.start() or start > gap.end() for start, end in places)


def _positive(name: str, output: Output, wanted: str, so: bool, seen: str) -> Judgement:
    if so and not (output.truncated and wanted.startswith("equals")):
        return Judgement(Verdict.PASSED, f"{name} {wanted}")
    verdict = Verdict.ERROR if output.truncated else Verdict.FAILED
    return Judgement(verdict, f"{name} {wanted}", _seen(name, output, seen))


def _lacks(name: str, output: Output, needle: str, seen: str, has: bool) -> Judgement:
    expected = f"{name} lacks {needle!r}"
    if has:
        return Judgement(Verdict.FAILED, expected, f"{name} contains it")
    if output.truncated:
        return Judgement(Verdict.ERROR, expected, _seen(name, output, seen))
    return Judgement(Verdict.PASSED, expected)


def _json_text(
    name: str, output: Output, seen: str, wanted: dict[str, Expectation]
) -> list[Judgement]:
    expected = f"{name} is JSON with {', '.join(f'{p} = {e}' for p, e in wanted.items())}"
    if output.truncated:
        return [Judgement(Verdict.ERROR, expected, _seen(name, output, seen))]
    try:
        document = load_json(seen)
    except ValueError as error:
        return [Judgement(Verdict.FAILED, expected, f"{name} is not JSON: {error}")]
    return judge_paths(document, wanted)


def _seen(name: str, output: Output, seen: str) -> str:
    if output.truncated:
        return f"{name} is {output.size} bytes, of which only the first and last were kept and searched"
    return f"{name} = {show(seen.strip()) if seen.strip() else 'nothing'}"


def not_text(data: bytes) -> str:
    """Why a content cannot be said to lack a text, or nothing: in UTF-16 every text is absent."""
    if b"\0" in data:
        return "it holds NUL bytes, so it is not UTF-8 text"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    return ""
