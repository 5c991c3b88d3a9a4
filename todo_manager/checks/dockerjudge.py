"""What is said of one Dockerfile: its bases, its user, its entrypoint, its health check, its words."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

from todo_manager.checks.dockerlines import json_list, words
from todo_manager.checks.dockerstages import Build, Stage, expand
from todo_manager.checks.expect import Judgement
from todo_manager.checks.idle import why_idle
from todo_manager.checks.judge_file import judged

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_ZERO = re.compile(r"[+-]?0+")
_TINI = re.compile(r"(?:/\S*/)?tini(?:-static)?|/tini")
_TELLS = re.compile(r"--version|-[a-z]*[hl]")
"""Options with which tini says something of itself and ends."""
_MACHINES = re.compile(
    r"(?:amd|arm|x|i|win)(?:32|64|86|386)\w*|arm\w*v[5-8]|ppc64\w*|s390x|riscv64|x86[-_]64"
)
"""What images are made for: no version, though it has digits."""
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?", re.ASCII)
_ADDS_ZERO = r"\b(?:useradd|adduser|usermod)\b[^;&|\n]*(?:-u|--uid)[ =]*0+\b[^;&|\n]*\b{name}\b"


def judge_stages(build: Build, final: Stage) -> Judgement:
    """The image is made of files another stage has built, on which it does not stand itself."""
    chain = {stage.number for stage in build.chain(final)}
    sources = [
        source.number
        for here in build.chain(final)
        for name, _ in build.copied_from(here)
        if (source := build.stage_of(name, here)) is not None
    ]
    taken = [number for number in sources if number not in chain]
    count = len(build.stages)
    actual = f"{count} stages" if taken else f"{count} stages, and the last one takes from none"
    expected = "the final stage copies from a stage that it is not built on"
    return judged(bool(taken), expected, actual if count > 1 else "one stage")


def judge_bases(build: Build, how: str) -> Judgement:
    """Every image that anything is taken from is named by a digest, or by a tag with a version."""
    loose = [f"line {line}: {image}" for image, line in _images(build) if not is_pinned(image, how)]
    wanted = "a digest" if how == "digest" else "a digest or a tag with a version"
    return judged(not loose, f"every base image has {wanted}", "; ".join(loose) or "so")


def _images(build: Build) -> Iterator[tuple[str, int]]:
    for stage in build.stages:
        if stage.parent is None:
            yield stage.base, stage.line
        for source, line in build.copied_from(stage):
            if build.stage_of(source, stage) is None:
                yield source, line


def is_pinned(image: str, how: str) -> bool:
    """Whether an image is named by a digest or, where `how` is not `digest`, by a tag with a number."""
    if image == "scratch":
        return True
    name, _, digest = image.partition("@")
    if digest:
        return _DIGEST.fullmatch(digest) is not None
    tag = _MACHINES.sub("", name.rsplit("/", 1)[-1].partition(":")[2])
    return how != "digest" and bool(re.search("[0-9]", tag)) and "latest" not in tag.lower()


def judge_user(build: Build, final: Stage, how: str) -> Judgement:
    """The user the image ends up with is not root."""
    expected = "the image's user is not root" + (" and is a number" if how == "numeric" else "")
    one = build.last(final, "USER")
    if one is None:
        return judged(False, expected, "it has no USER: that of the base image counts, often root")
    found = expand(one.value, build.values(final, one), one.line).strip()
    name = found.partition(":")[0].strip()
    told = f"line {one.line}: USER {found}"
    if not _USER.fullmatch(name) or name.lower() == "root" or _ZERO.fullmatch(name):
        return judged(False, expected, told)
    if how == "numeric" and not name.isdigit():
        return judged(False, expected, f"{told}, which is no number")
    if reason := _made_root(build, final, name):
        return judged(False, expected, f"{told}, to whom {reason}")
    return judged(True, expected, told)


def _made_root(build: Build, final: Stage, name: str) -> str:
    """Where a user is given the number of root under another name."""
    pattern = re.compile(_ADDS_ZERO.format(name=re.escape(name)))
    row = re.compile(rf"(?<![\w.-]){re.escape(name)}:[^:\s]*:0+:")
    for stage in build.chain(final):
        for one in stage.instructions:
            text = "\n".join([one.value, *one.documents])
            if (one.name == "RUN" and pattern.search(text)) or row.search(text):
                return f"line {one.line} gives the number 0"
    return ""


def judge_tini(build: Build, final: Stage) -> Judgement:
    """The first word of ENTRYPOINT is tini, and no shell stands before it."""
    expected = "ENTRYPOINT starts tini"
    one = build.last(final, "ENTRYPOINT")
    if one is None:
        return judged(False, expected, "it has no ENTRYPOINT")
    argv = json_list(one.value)
    told = f"line {one.line}: ENTRYPOINT {one.value}"
    if argv is None:
        return judged(False, expected, f"{told}, started by a shell: write a JSON list")
    so = bool(argv) and _TINI.fullmatch(argv[0]) is not None
    options = itertools.takewhile(lambda word: word.startswith("-") and word != "--", argv[1:])
    tells = [word for word in options if _TELLS.fullmatch(word)]
    return judged(
        so and not tells, expected, f"{told}: `{tells[0]}` runs nothing" if tells else told
    )


def judge_health(build: Build, final: Stage) -> Judgement:
    """There is a HEALTHCHECK whose command can fail."""
    expected = "HEALTHCHECK has a command that can fail"
    one = build.last(final, "HEALTHCHECK")
    if one is None:
        return judged(False, expected, "it has no HEALTHCHECK")
    told = f"line {one.line}: HEALTHCHECK {one.value}"
    word, _, rest = one.value.partition(" ")
    if word.upper() != "CMD" or not rest.strip():
        return judged(False, expected, told)
    command = _through_shell(build, final, rest.strip())
    argv = json_list(command)
    reason = why_idle(command if argv is None else argv)
    return judged(not reason, expected, f"{told}: {reason}" if reason else told)


def _through_shell(build: Build, final: Stage, text: str) -> str:
    """What a command in shell form really runs: the last SHELL, which may be any program, is given it."""
    one = build.last(final, "SHELL")
    shell = json_list(one.value) if one else None
    return json.dumps([*shell, text]) if shell and json_list(text) is None else text


def judge_words(
    build: Build, final: Stage, requires: tuple[str, ...], lacks: tuple[str, ...]
) -> list[Judgement]:
    """Texts that stand in an instruction the image is made by, and texts that stand in none at all."""
    made = [one.whole() for stage in build.chain(final) for one in stage.instructions]
    heads = [(f"FROM {stage.base} AS {stage.name}", stage.line) for stage in build.stages]
    every = heads + [(one.whole(), one.line) for s in build.stages for one in s.instructions]
    found = []
    for needle in requires:
        so = any(_plain(needle) in text for text in made)
        found.append(judged(so, f"an instruction of the image has {needle!r}", "none has"))
    for needle in lacks:
        lines = [str(line) for text, line in every if _plain(needle) in text]
        actual = f"line {', '.join(lines)}" if lines else "none has"
        found.append(judged(not lines, f"no instruction has {needle!r}", actual))
    return found


def _plain(text: str) -> str:
    return " ".join(words(text))
