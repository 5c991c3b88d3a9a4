"""The kind `image_file`: a file inside an image, looked at without starting anything of it."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import shown
from todo_manager.checks.judge_file import judge_words, judged, unclear
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.image_files import CONTENT_LIMIT, Dangling, Entry, ImageFiles, opened
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import Image
from todo_manager.model import Verdict

_OF_THE_ENGINE = re.compile(
    r"/|/\.dockerenv|/etc/(?:hosts|hostname|resolv\.conf|mtab)|/(?:dev|proc|sys)(?:/.*)?"
)
"""What an engine puts into every container, so that nobody can tell whether the image has it."""
_WORDS = {"folder": "a folder", "special": "neither a file nor a folder", "link": "a link"}


def _path(tree: Tree) -> str:
    path = fields.text(tree)
    if not path.startswith("/") or "\0" in path:
        raise Wrong("expected a path from the root of the image, like /app/server.py")
    if posixpath.normpath(path) != path or path.startswith("//"):
        raise Wrong(f"write the path plainly, without `.`, `..` or a slash too many: {path!r}")
    return path


class ImageFile(EngineCheck, frozen=True, kw_only=True):
    """A file or folder inside an image is there, and is as it should be.

        - image_file: /usr/bin/tini
          of: "localhost:5000/base-python:1.4"
          mode: 0755
          uid: 0

    A path alone asserts that a regular file is there and holds at least one byte, or that a folder is
    there. The image is looked into through a container that is created, never started, and removed.
    Symbolic links are followed inside the image only. An image or a file that is not there is failed;
    an engine that does not answer, or whose image cannot be read, is an error.
    """

    kind: ClassVar[str] = "image_file"

    subject: Annotated[str, Convert(_path)] = ""
    """An absolute path in the image."""
    of: Annotated[str, Convert(image_reference)] = ""
    """The image: a reference like `localhost:5000/app:1.4`, or an ID. It must be named."""
    exists: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """false: nothing is there, not even a link that leads nowhere, and the image could be listed."""
    contains: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """A text or texts that stand in it; at most 16 MiB are searched."""
    lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that do not stand in it; a file that is missing, blank or not UTF-8 text lacks nothing."""
    mode: Annotated[int | None, Convert(fields.mode, expects=True)] = None
    """Its permission bits in octal, like 0755, exactly."""
    uid: Annotated[int | None, Convert(fields.count, expects=True)] = None
    """The number of the user it belongs to."""
    gid: Annotated[int | None, Convert(fields.count, expects=True)] = None
    """The number of the group it belongs to."""
    sha256: Annotated[str, Convert(fields.sha256, expects=True)] = ""
    """The digest of its content."""

    def label(self) -> str:
        return self.subject

    def problems(self) -> list[str]:
        found = []
        if _OF_THE_ENGINE.fullmatch(self.subject):
            found.append(
                f"every engine puts {self.subject} into every container: "
                "what the image itself has there cannot be told"
            )
        stated = self._of_content() + self._of_any()
        if not self.exists and stated:
            found.append(f"exists: false says that nothing is there: no {stated[0]} beside it")
        return found

    def lint(self) -> list[str]:
        if self.exists and not (self._of_content() or self._of_any()):
            return ["any file of that name would pass: say more of it, like contains or sha256"]
        return []

    def _of_content(self) -> list[str]:
        return [name for name in ("contains", "lacks", "sha256") if getattr(self, name)]

    def _of_any(self) -> list[str]:
        return [name for name in ("mode", "uid", "gid") if getattr(self, name) is not None]

    def expected(self) -> str:
        there = "is" if self.exists else "is not"
        return f"{shown(self.subject)} {there} in the image {self.of}"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        if not self.of:
            return conclude([unclear(self.expected(), "no image is named")])
        try:
            image = world.image(engine, self.of)
            with opened(engine, image, timeout) as files:
                return self._looked(files, image)
        except Absent:
            said = f"{engine.host} has no image {self.of}"
            return conclude([Judgement(Verdict.FAILED, self.expected(), said)])

    def _looked(self, files: ImageFiles, image: Image) -> Outcome:
        facts = image.facts()
        if not self.exists:
            return conclude([self._judge_absence(files)], facts=facts)
        try:
            entry = files.look(self.subject, content=True)
        except (Absent, Dangling) as problem:
            said = str(problem) if isinstance(problem, Dangling) else "it is not there"
            return conclude([judged(False, self.expected(), said)], facts=facts)
        return conclude(self._judgements(entry), facts=facts | {"file": _facts(entry)})

    def _judge_absence(self, files: ImageFiles) -> Judgement:
        try:
            entry = files.listed(self.subject)
        except Absent:
            return judged(True, self.expected(), "it is not there")
        return judged(False, self.expected(), f"there: {_WORDS.get(entry.type, 'a file')}")

    def _judgements(self, entry: Entry) -> list[Judgement]:
        name, found = shown(self.subject), []
        for what, wanted, actual in (("uid", self.uid, entry.uid), ("gid", self.gid, entry.gid)):
            if wanted is not None:
                so = wanted == actual
                found.append(judged(so, f"{name} has the {what} {wanted}", f"it has {actual}"))
        if self.mode is not None:
            so, actual_mode = entry.mode == self.mode, f"it has {entry.mode:04o}"
            found.append(judged(so, f"{name} has the mode {self.mode:04o}", actual_mode))
        if entry.type == "file":
            return [*found, *self._judge_content(name, entry)]
        if self._of_content() or entry.type != "folder":
            return [
                *found,
                judged(False, f"{name} is a regular file", f"it is {_WORDS[entry.type]}"),
            ]
        return [*found, judged(True, self.expected(), "a folder")]

    def _judge_content(self, name: str, entry: Entry) -> list[Judgement]:
        expected = f"{self.expected()} and holds at least 1 B"
        if self.sha256:
            so = entry.sha256 == self.sha256
            found = [judged(so, f"{name} has sha256 {self.sha256}", f"it has {entry.sha256}")]
        else:
            found = [judged(entry.size > 0, expected, f"it holds {entry.size} B")]
        if (self.contains or self.lacks) and entry.size > CONTENT_LIMIT:
            reason = f"it is larger than {CONTENT_LIMIT // 2**20} MiB and was not searched"
            return [*found, unclear(f"the content of {name} is as expected", reason)]
        return found + judge_words(name, entry.data, self.contains, (), self.lacks)


def _facts(entry: Entry) -> dict[str, Any]:
    found = {"path": entry.path, "type": entry.type, "size": entry.size, "sha256": entry.sha256}
    found |= {"mode": f"{entry.mode:04o}", "uid": entry.uid, "gid": entry.gid}
    return {name: value for name, value in found.items() if value not in ("",)}
