"""The kind `registry`: what a registry holds under a name, asked of the registry itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields, searching
from todo_manager.checks.base import Outcome, World, conclude, unanswered
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import location
from todo_manager.checks.image_wanted import platform
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Absent, Unreachable
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import MANIFEST, Image, Subject
from todo_manager.model import Verdict
from todo_manager.registries.client import Registry as Asked
from todo_manager.registries.manifests import Manifest, RemoteImage
from todo_manager.registries.names import remote_name, remote_reference


def _digest(tree: Tree) -> str:
    return f"sha256:{fields.sha256(tree)}"


def _platforms(tree: Tree) -> tuple[str, ...]:
    return tuple(platform(each) for each in (tree if isinstance(tree, list) and tree else [tree]))


class Registry(EngineCheck, frozen=True, kw_only=True):
    """A registry has an image under a name, and it is the right one.

        - registry: "localhost:5000/app:1.4"
          same_image_as: "localhost:5000/app:1.4"
          differs_from: "localhost:5000/app:1.4-prev"

    The registry is asked from this machine, by http on the loopback and by https elsewhere; no proxy
    takes part. Logins are those that `docker login` keeps. Digests are computed from what came; a
    server that says another one is not believed. What the registry does not have is failed; a registry
    that does not answer, refuses, or sends what is no image is an error. So is a tag that is moved before
    all checks of the phase have ended.
    """

    kind: ClassVar[str] = "registry"
    runs_programs: ClassVar[bool] = True  # a login may be kept by a helper

    subject: Annotated[str, Convert(remote_reference)] = ""
    """A reference like `localhost:5000/app:1.4`; without a host it is one of Docker Hub."""
    exists: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """false: the registry itself says that it has no such image."""
    digest: Annotated[str, Convert(_digest, expects=True)] = ""
    """The digest of what the name means there, `sha256:…`: of the manifest, or of the list of them."""
    platforms: Annotated[tuple[str, ...], Convert(_platforms, expects=True)] = ()
    """Platforms like `linux/amd64` for which it has an image, by the images' own configuration."""
    differs_from: Annotated[str, Convert(remote_reference, expects=True)] = ""
    """Another reference that is there too, and whose image is another one for each platform."""
    tag_matches: Annotated[re.Pattern[str] | None, Convert(fields.pattern, expects=True)] = None
    """A regular expression found in the tag, like `^[0-9]{8}-[0-9a-f]{7}$`."""
    same_image_as: Annotated[str, Convert(image_reference, expects=True)] = ""
    """An image of the engine of `host`: what the registry has is that very image."""
    ca_file: Annotated[str, Convert(location, expects=True)] = ""
    """PEM file of the only authorities trusted: a path below the project, or an absolute one."""

    def problems(self) -> list[str]:
        found = []
        beside = ("digest", "platforms", "differs_from", "same_image_as")
        stated = [name for name in beside if getattr(self, name)]
        if not self.exists and stated:
            found.append(f"exists: false says that nothing is there: no {stated[0]} beside it")
        if self.subject and self.differs_from and self._same_name():
            found.append("it would be compared with itself")
        if self.tag_matches and self.tag_matches.search("") is not None:
            found.append("tag_matches matches the empty text, so it asserts nothing")
        if self.tag_matches and self.subject and not remote_name(self.subject).tag:
            found.append("tag_matches asks for a tag, and the reference has none")
        return found

    def _same_name(self) -> bool:
        return str(remote_name(self.subject)) == str(remote_name(self.differs_from))

    def lint(self) -> list[str]:
        stated = (self.digest, self.differs_from, self.same_image_as)
        if any(stated) or not self.exists or "@" in self.subject:
            return []
        return ["any image of that name would pass: add same_image_as or digest"]

    def expected(self) -> str:
        there = "has" if self.exists else "does not have"
        return f"the registry {there} {self.subject}"

    def attempt(self, world: World, timeout: float) -> Outcome:
        if self.host != LOCAL and not self.same_image_as:
            said = (
                "host: names the engine of same_image_as; the registry is asked from this machine"
            )
            return unanswered(self.expected(), said)
        try:
            return self._looked(world, timeout)
        except Unreachable as problem:
            return unanswered(self.expected(), str(problem))

    def _looked(self, world: World, timeout: float) -> Outcome:
        """May raise Unreachable, never Absent."""
        registry = self._registry(world, self.subject, timeout)
        try:
            top = registry.top()
        except Absent as problem:
            if not self.exists:
                self._saw(world, self.subject, "")
            return conclude([judged(not self.exists, self.expected(), str(problem)), *self._tag()])
        self._saw(world, self.subject, top.digest)
        found = [judged(self.exists, self.expected(), top.digest), *self._tag()]
        facts: dict[str, Any] = {"digest": top.digest, "media_type": top.media_type}
        if not self.exists:
            return conclude(found, facts=facts)
        if self.digest:
            found.append(judged(top.digest == self.digest, f"it is {self.digest}", top.digest))
        if self.platforms or self.differs_from or self.same_image_as:
            try:
                images = registry.images(top)
            except Absent:
                said = "a part of it is not in the registry: it cannot be pulled"
                return conclude([*found, judged(False, f"{self.subject} is whole", said)])
            facts["images"] = {each.platform: each.config for each in images}
            found += self._of_platforms(images)
            found += self._compared(world, images, timeout)
            if self.same_image_as:
                found.append(self._with_local(world, top, images, facts, timeout))
        return conclude(found, facts=facts)

    def _registry(self, world: World, reference: str, timeout: float) -> Asked:
        return Asked(world, remote_name(reference), timeout, self.ca_file)

    def _saw(self, world: World, reference: str, digest: str) -> None:
        world.saw(Subject(form=MANIFEST, name=reference, id=digest, ca_file=self.ca_file))

    def _tag(self) -> list[Judgement]:
        if self.tag_matches is None:
            return []
        tag = remote_name(self.subject).tag
        so = searching.found(self.tag_matches, tag)
        return [judged(so, f"its tag matches {self.tag_matches.pattern!r}", f"it is {tag}")]

    def _of_platforms(self, images: tuple[RemoteImage, ...]) -> list[Judgement]:
        said = f"it is for {', '.join(sorted(each.platform for each in images)) or 'none'}"
        return [
            judged(_find(images, wanted) is not None, f"it has an image for {wanted}", said)
            for wanted in self.platforms
        ]

    def _compared(
        self, world: World, images: tuple[RemoteImage, ...], timeout: float
    ) -> list[Judgement]:
        """Against `differs_from`, for each platform that both have, or that was asked for."""
        if not self.differs_from:
            return []
        expected = f"it differs from {self.differs_from}"
        registry = self._registry(world, self.differs_from, timeout)
        try:
            top = registry.top()
            others = registry.images(top)
        except Absent as problem:
            return [judged(False, expected, str(problem))]
        self._saw(world, self.differs_from, top.digest)
        wanted = self.platforms or tuple(each.platform for each in images)
        found = [
            judged(*_differ(one, other, expected))
            for name in wanted
            if (one := _find(images, name)) and (other := _find(others, name))
        ]
        return found or [unclear(expected, "they have no platform in common")]

    def _with_local(
        self,
        world: World,
        top: Manifest,
        images: tuple[RemoteImage, ...],
        facts: dict[str, Any],
        timeout: float,
    ) -> Judgement:
        """Against an image of the engine, which counts by configuration or by manifest."""
        expected = f"it is the image {self.same_image_as} of {self.host}"
        try:
            with world.engine(self.host, timeout) as engine:
                local = world.image(engine, self.same_image_as)
        except Absent:
            said = f"{self.host} has no image {self.same_image_as} to compare with"
            return Judgement(Verdict.ERROR, expected, said)
        facts |= local.facts()
        ids = {top.digest, *(each.digest for each in images), *(each.config for each in images)}
        return judged(local.id in ids, expected, _unlike(local, images))


def _find(images: tuple[RemoteImage, ...], wanted: str) -> RemoteImage | None:
    """The image for a platform; one that names a variant more is for it, too."""
    fits = (each for each in images if f"{each.platform}/".startswith(f"{wanted}/"))
    return next(fits, None)


def _differ(one: RemoteImage, other: RemoteImage, expected: str) -> tuple[bool, str, str]:
    """Whether two images are different ones; the arguments of a judgement."""
    if one.config == other.config:
        return False, expected, f"both are {one.config} for {one.platform}"
    if one.content == other.content:
        return False, expected, f"for {one.platform} they differ in their dates only"
    return True, expected, f"{one.config} against {other.config}"


def _unlike(local: Image, images: tuple[RemoteImage, ...]) -> str:
    if any(each.config == local.id for each in images):
        return local.id
    there = ", ".join(each.config for each in images)
    same = any(each.layers == local.layers for each in images)
    why = "the same layers with another configuration" if same else "other layers"
    return f"the registry has {there}, the engine {local.id}: {why}"
