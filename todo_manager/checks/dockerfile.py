"""The check kind `dockerfile`: what the files images are built from say.

`dockerlines.py` reads instructions, `dockerstages.py` stages, `dockerjudge.py` compares, `dockerlint.py`
runs hadolint; `Dockerfile` says what is wanted of which files.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import dockerlines, fields
from todo_manager.checks.base import Check, Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.dockerjudge import (
    judge_bases,
    judge_health,
    judge_stages,
    judge_tini,
    judge_user,
    judge_words,
)
from todo_manager.checks.dockerlines import Malformed, Unread
from todo_manager.checks.dockerlint import Lint, judge_lint, lint_of
from todo_manager.checks.dockerstages import stages
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import SMALL, Ground, Seen, Unlookable, location, shown
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.textmatch import not_text
from todo_manager.model import Verdict

MOST = 200
"""Files of one check."""


def _patterns(tree: Tree) -> tuple[str, ...]:
    items = tree if isinstance(tree, list) else [tree]
    if not items:
        raise Wrong("expected a path, a pattern, or a list of them")
    return tuple(location(item) for item in items)


def _true_or(word: str) -> Any:
    """A converter for true or one word; gives `true` or the word."""

    def read(tree: Tree) -> str:
        found = str(fields.scalar(tree))
        if found not in ("true", word):
            raise Wrong(f"expected true or {word}; leave it out where it need not be so")
        return found

    return read


class Dockerfile(Check, frozen=True, kw_only=True):
    """Dockerfiles build on pinned images, and make images with a user, an init and a health check.

        - dockerfile: dockerfiles/*.Dockerfile
          pinned_base: true
          user_non_root: numeric
        - dockerfile: [Dockerfile, worker/Dockerfile]
          multi_stage: true
          tini: true
          healthcheck: true
          requires: ["LABEL org.opencontainers.image.source"]
          lacks: ["ADD http", "curl -k"]
          lint: {fail_on: warning, ignore: [DL3008]}

    Every file that is named or matched must be so, and each path or pattern must match one, else it
    is an error. Only the files are read, nothing is built: what a base image brings along (a user, an
    entrypoint) is not known and does not count. A build argument counts with its default; one without
    a default, where it decides, is an error. Comments and the texts of here-documents are no
    instructions.
    """

    kind = "dockerfile"
    needs_for: ClassVar[Mapping[str, str]] = {"lint": "hadolint"}
    runs_programs = True

    subject: Annotated[tuple[str, ...], Convert(_patterns)] = ()
    """A path, a pattern (`*`, `?`, `[a-z]`, `**`), or a list of them."""
    target: Annotated[str, Convert(fields.text, expects=True)] = ""
    """The stage the image is made of; the last one, where it is not given."""
    multi_stage: Annotated[bool, Convert(fields.only_true, expects=True)] = False
    """true: the image's stage copies from another stage, on which it is not built itself."""
    pinned_base: Annotated[str, Convert(_true_or("digest"), expects=True)] = ""
    """true: every image of a FROM, a `COPY --from` and a `RUN --mount` has a digest, or a tag with a
    digit in it that is not a `latest`. digest: a digest alone will do. Stages and scratch need none."""
    user_non_root: Annotated[str, Convert(_true_or("numeric"), expects=True)] = ""
    """true: the last USER is neither root nor 0. numeric: it is a number, which Kubernetes can verify."""
    tini: Annotated[bool, Convert(fields.only_true, expects=True)] = False
    """true: the last ENTRYPOINT is a JSON list that begins with tini."""
    healthcheck: Annotated[bool, Convert(fields.only_true, expects=True)] = False
    """true: the last HEALTHCHECK has a command that can fail; `exit 0` and `|| true` cannot."""
    requires: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that stand in an instruction of the image's stage, or of one it is built on. Instructions are
    compared in capitals, on one line, with single blanks."""
    lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that stand in no instruction of any stage, here-documents included."""
    lint_: Annotated[Lint | None, Convert(lint_of, expects=True)] = None
    """The mildest finding of hadolint that fails: error, warning, info or style; or
    `{fail_on: warning, ignore: [DL3008]}`. Its own files of settings and comments have no say."""

    def label(self) -> str:
        return ", ".join(self.subject)

    def lint(self) -> list[str]:
        asked = (
            self.multi_stage,
            self.pinned_base,
            self.user_non_root,
            self.tini,
            self.healthcheck,
        )
        if any(asked) or self.requires or self.lacks or self.lint_:
            return []
        return ["any Dockerfile passes: say what it must be like"]

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"{shown(self.label())} is a Dockerfile"
        facts: dict[str, Any] = {"files": {}}
        found: list[Judgement] = []
        try:
            ground, end = Ground(world.root, timeout), time.monotonic() + timeout
            for name in self._names(ground):
                seen = ground.look(name, content=True)
                facts["files"][shown(name)] = seen.sha256
                found += self._judge(shown(name), seen)
                if self.lint_:
                    left = end - time.monotonic()
                    path = ground.real(name)
                    found.append(judge_lint(world, path, shown(name), self.lint_, left))
        except (Unlookable, Unresolvable) as problem:
            return unanswered(expected, str(problem), facts=facts)
        except OSError as problem:
            place = shown(str(problem.filename or self.label()))
            reason = f"could not look: {problem.strerror}: {place}"
            return unanswered(expected, reason, facts=facts)
        return conclude(found, facts=facts)

    def _names(self, ground: Ground) -> list[str]:
        """Every file, each once; a pattern that matches none finds nothing wrong with anything."""
        found: dict[str, None] = {}
        for pattern in self.subject:
            matched = ground.matches(pattern)
            if not matched:
                raise Unlookable(f"no file matches {shown(pattern)}")
            found |= dict.fromkeys(matched)
        ground.whole()
        if len(found) > MOST:
            raise Unlookable(f"{len(found)} files match, more than {MOST}")
        return list(found)

    def _judge(self, name: str, seen: Seen) -> list[Judgement]:
        """What is wrong with a file; where nothing is, that in one line."""
        expected = f"{name} is a Dockerfile"
        try:
            found = self._judge_text(_text(seen))
        except Malformed as problem:
            return [judged(False, expected, f"{name}: {problem}")]
        except Unread as problem:
            return [unclear(expected, f"{name}: {problem}")]
        if not all(one.verdict == Verdict.PASSED for one in found):
            return [
                Judgement(one.verdict, f"{name}: {one.expected}", f"{name}: {one.actual}")
                for one in found
                if one.verdict != Verdict.PASSED
            ]
        told = "; ".join(one.expected for one in found) or "it can be read"
        return [judged(True, f"{name}: {told}", "so")]

    def _judge_text(self, text: str) -> list[Judgement]:
        build = stages(dockerlines.read(text))
        final = build.final(self.target)
        found = judge_words(build, final, self.requires, self.lacks)
        found += [judge_stages(build, final)] if self.multi_stage else []
        found += [judge_bases(build, self.pinned_base)] if self.pinned_base else []
        found += [judge_user(build, final, self.user_non_root)] if self.user_non_root else []
        found += [judge_tini(build, final)] if self.tini else []
        return found + ([judge_health(build, final)] if self.healthcheck else [])


def _text(seen: Seen) -> str:
    if not seen.data.strip():
        raise Malformed("it is empty, or no regular file")
    if seen.size > SMALL:
        raise Unread("it is too large to be read")
    if reason := not_text(seen.data):
        raise Unread(reason)
    return seen.data.decode("utf-8")
