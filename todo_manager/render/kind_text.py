"""The documentation of a kind of check as text for people, at most 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from todo_manager.checks.docs import KindDoc, ParameterDoc
from todo_manager.render import terminal


def kind_help(found: KindDoc) -> str:
    """Everything about one kind: what it asserts, an example, each parameter."""
    subject, *others = found.parameters
    parts = [_filled(f"{found.kind}: {found.summary}", "", "  ")]
    parts += [_filled(paragraph, "  ", "  ") for paragraph in _paragraphs(found.text)]
    parts += ["example:\n" + textwrap.indent(found.example, "  ")]
    parts += ["parameters:\n" + _all([subject, *(p for p in others if not p.common)])]
    parts += ["parameters of every check:\n" + _all(p for p in others if p.common)]
    parts += [f"try it: todo_manager check {found.kind} SUBJECT [PARAMETER=VALUE ...]"]
    return "\n\n".join(parts)


def kind_list(kinds: Iterable[KindDoc]) -> str:
    """A line or two for each kind."""
    return "\n".join(_filled(f"{kind.kind:17} {kind.summary}", "", " " * 18) for kind in kinds)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _all(parameters: Iterable[ParameterDoc]) -> str:
    return "\n".join(map(_parameter, parameters))


def _parameter(found: ParameterDoc) -> str:
    default = f" (default {found.default})" if found.default else ""
    head = _filled(f"{found.name}: {found.words}{default}", "  ", "      ")
    return f"{head}\n{_filled(found.doc, '      ', '      ')}" if found.doc else head


def _filled(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        terminal.text_columns(),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
