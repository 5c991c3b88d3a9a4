"""The stages of a Dockerfile: what each is built on, and what the image of one ends up with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from todo_manager.checks.dockerlines import Instruction, Malformed, Unread, words

_PIECE = re.compile(
    r"""'([^']*)'|(")|\\(.)|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-+])([^{}$]*))?\})""",
    re.DOTALL,
)


class Stage(Struct, frozen=True, kw_only=True):
    """From one FROM to the next."""

    number: int
    name: str
    """In small letters; empty when it has none."""
    base: str
    """The image it is built on, with its variables replaced."""
    parent: int | None
    """The earlier stage it is built on, where `base` names one."""
    line: int
    instructions: tuple[Instruction, ...]


class Build(Struct, frozen=True, kw_only=True):
    """All stages of a file."""

    stages: tuple[Stage, ...]
    arguments: dict[str, str | None]
    """Build arguments before the first FROM, with their defaults."""

    def final(self, target: str) -> Stage:
        """The last stage, or the one of this name."""
        if not target:
            return self.stages[-1]
        found = [stage for stage in self.stages if target.lower() == stage.name]
        if not found:
            raise Malformed(f"it has no stage {target}")
        return found[-1]

    def chain(self, stage: Stage) -> list[Stage]:
        """A stage, the stage it is built on, and so on."""
        found = [stage]
        while (parent := found[-1].parent) is not None:
            found.append(self.stages[parent])
        for other in found[1:]:
            for one in other.instructions:
                if one.name == "ONBUILD":
                    raise Unread(
                        f"line {one.line}: what ONBUILD adds to later stages is not followed"
                    )
        return found

    def last(self, stage: Stage, name: str) -> Instruction | None:
        """The instruction of this name that counts for a stage; None when only its base could say."""
        for here in self.chain(stage):
            named = [one for one in here.instructions if one.name == name]
            if named:
                return named[-1]
        return None

    def copied_from(self, stage: Stage) -> Iterator[tuple[str, int]]:
        """What a stage takes files from (`COPY --from`, `RUN --mount=from=`), with the line."""
        for one in stage.instructions:
            if one.name == "ONBUILD" and re.search(r"\bfrom=", one.value, re.IGNORECASE):
                raise Unread(f"line {one.line}: what ONBUILD takes files from is not followed")
            found = list(one.flags.get("from", ())) if one.name in ("COPY", "ADD") else []
            for mount in one.flags.get("mount", ()):
                found += [part[5:] for part in mount.split(",") if part[:5].lower() == "from="]
            for source in found:
                if "$" in source:
                    raise Unread(f"line {one.line}: what {source} stands for is not known")
                yield source, one.line

    def stage_of(self, source: str, before: Stage) -> Stage | None:
        """The earlier stage a `--from` means, by name or number; None for an image."""
        for stage in reversed(self.stages[: before.number]):
            if source.lower() == stage.name or source == str(stage.number):
                return stage
        return None

    def values(self, stage: Stage, until: Instruction) -> dict[str, str | None]:
        """What variables hold at an instruction of a stage; None for an argument without a default."""
        arguments: dict[str, str | None] = {}
        variables: dict[str, str | None] = {}
        for here in reversed(self.chain(stage)):
            for one in here.instructions:
                if one is until:
                    return arguments | variables
                known = arguments | variables
                if one.name == "ARG":
                    arguments |= _arguments(one, known, self.arguments)
                elif one.name == "ENV":
                    variables |= _variables(one, known)
        return arguments | variables


def stages(found: list[Instruction]) -> Build:
    """The stages of instructions in their order; raises Malformed or Unread."""
    arguments: dict[str, str | None] = {}
    made: list[Stage] = []
    for place, one in enumerate(found):
        if one.name == "FROM":
            rest = found[place + 1 :]
            end = next((n for n, other in enumerate(rest) if other.name == "FROM"), len(rest))
            made.append(_stage(one, tuple(rest[:end]), made, arguments))
        elif not made and one.name == "ARG":
            arguments |= _arguments(one, arguments, {})
        elif not made:
            raise Malformed(f"line {one.line}: {one.name} stands before the first FROM")
    return Build(stages=tuple(made), arguments=arguments)


def _stage(
    one: Instruction,
    instructions: tuple[Instruction, ...],
    earlier: list[Stage],
    arguments: Mapping[str, str | None],
) -> Stage:
    parts = words(one.value)
    if len(parts) not in (1, 3) or (len(parts) == 3 and parts[1].upper() != "AS"):
        raise Malformed(f"line {one.line}: expected FROM image [AS name]")
    base = expand(parts[0], arguments, one.line)
    if not base:
        raise Malformed(f"line {one.line}: FROM names no image")
    named = [stage.number for stage in earlier if stage.name == base.lower()]
    return Stage(
        number=len(earlier),
        name=parts[2].lower() if len(parts) == 3 else "",
        base=base,
        parent=named[-1] if named else None,
        line=one.line,
        instructions=instructions,
    )


def _arguments(
    one: Instruction, known: Mapping[str, str | None], outer: Mapping[str, str | None]
) -> dict[str, str | None]:
    """`ARG name=default …`; one without a default has that of the same name before the first FROM."""
    found: dict[str, str | None] = {}
    for word in words(one.value):
        name, equals, value = word.partition("=")
        found[name] = _known(value, known, one.line) if equals else outer.get(name)
    return found


def _variables(one: Instruction, known: Mapping[str, str | None]) -> dict[str, str | None]:
    """`ENV name=value …`, or the old form `ENV name value`."""
    parts = words(one.value)
    if parts and "=" not in parts[0]:
        return {parts[0]: _known(one.value[len(parts[0]) :].strip(), known, one.line)}
    pairs = [part.partition("=") for part in parts]
    return {name: _known(value, known, one.line) for name, _, value in pairs}


def _known(text: str, known: Mapping[str, str | None], line: int) -> str | None:
    """The value of a variable; None when it cannot be known, which matters only where it is used."""
    try:
        return expand(text, known, line)
    except Unread:
        return None


def expand(text: str, known: Mapping[str, str | None], line: int) -> str:
    """A word without quotes and with its variables replaced.

    Raises Unread for one whose value is given elsewhere: when it is built, or by the base image.
    """

    def replaced(match: re.Match[str]) -> str:
        single, double, escaped, plain, braced, sign, other = match.groups()
        if plain or braced:
            return _value(plain or braced, sign or "", other or "", known, line)
        return "" if double else single or escaped or ""

    found = _PIECE.sub(replaced, text)
    if "$" in _PIECE.sub("", text):
        raise Unread(f"line {line}: what {text} stands for is not known")
    return found


def _value(name: str, sign: str, other: str, known: Mapping[str, str | None], line: int) -> str:
    """`$name`, `${name:-other}`, `${name:+other}` and the same without the colon."""
    if name not in known:
        raise Unread(f"line {line}: {name} has no value in the file")
    value = known[name]
    if sign.endswith("-"):
        empty = value is None or (sign == ":-" and not value)
        return other if empty else value or ""
    if value is None:
        raise Unread(f"line {line}: {name} has no default: it is given when the image is built")
    if sign.endswith("+"):
        return other if value or sign == "+" else ""
    return value
