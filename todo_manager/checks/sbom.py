"""The kind `sbom`: what an SBOM lists, of a file or made from an image."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields, sboms
from todo_manager.checks.artifact import (
    Booth,
    Held,
    Missing,
    Silent,
    artifact,
    folder_or_file,
    hold,
    is_path,
    kept,
)
from todo_manager.checks.base import Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.sboms import syft
from todo_manager.checks.sboms.base import Bom, NotAnSbom, Package
from todo_manager.checks.sboms.licenses import Licenses, licenses
from todo_manager.checks.sboms.names import is_named, may_be
from todo_manager.checks.sboms.subject import judge_subject
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Unreachable
from todo_manager.engines.reference import image_reference
from todo_manager.model import Output

SHOWN = 5
"""How many packages a message names."""


def _packages(tree: Tree) -> tuple[str, ...]:
    found = fields.needles(tree)
    for each in found:
        if re.search(r"\s", each):
            raise Wrong(f"{each!r} is no package: write openssl, openssl@3.0.9-1 or a purl")
    return found


class Sbom(EngineCheck, frozen=True, kw_only=True):
    """An SBOM lists what it should: one that is kept as a file, or one made of an image by syft.

        - sbom: dist/app.spdx.json
          subject: "localhost:5000/app:1.4"
          requires: [openssl]
        - sbom: "localhost:5000/app:1.4"
          format: cyclonedx-json
          min_packages: 20
          forbids: [telnetd, "log4j-core@2.14.1", "pkg:pypi/requests"]
          licenses: {deny: ["AGPL-*", "SSPL-*"]}

    A path begins with `.` or `/`, ends with `/`, or with `.json`; all else is an image. It always lists at
    least one package. A file that is empty, not JSON or no SBOM is failed; where syft writes none, error.
    """

    kind: ClassVar[str] = "sbom"
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(artifact)] = ""
    """A file in JSON, or an image of which one is made."""
    format: Annotated[str, Convert(fields.one_of(*sboms.FORMATS), expects=True)] = ""
    """`spdx-json` or `cyclonedx-json`: what the file is; what is made, by default spdx-json."""
    min_packages: Annotated[int, Convert(fields.positive, expects=True)] = 1
    """How many different packages it lists at least."""
    requires: Annotated[tuple[str, ...], Convert(_packages, expects=True)] = ()
    """Packages it lists: `openssl`, `openssl@3.0.9-1`, or a package URL with or without its version."""
    forbids: Annotated[tuple[str, ...], Convert(_packages, expects=True)] = ()
    """Packages it does not list, written in the same way; any spelling counts (PyYAML is pyyaml, and
    log4j also org.apache/log4j)."""
    licenses: Annotated[Licenses | None, Convert(licenses, expects=True)] = None
    """A list of all that packages may have (NOASSERTION: none stated), or `{deny: […]}`; `*` for any."""
    subject_: Annotated[str, Convert(image_reference, expects=True)] = ""
    """The image whose ID, or digest in its registry, the file must state."""

    def problems(self) -> list[str]:
        found = []
        if self.subject and not is_path(self.subject) and self.subject_:
            found.append("subject is for a file; what is made of an image describes that image")
        if is_path(self.subject) and self.host != LOCAL and not self.subject_:
            found.append("a file is of this machine: host is for the engine of its subject")
        if both := set(self.requires) & set(self.forbids):
            found.append(f"{min(both)} is both required and forbidden")
        return found

    def lint(self) -> list[str]:
        if is_path(self.subject) and not self.subject_:
            return ["the SBOM of any image would pass: say whose it is with subject"]
        return []

    def expected(self) -> str:
        return f"the SBOM {'' if is_path(self.subject) else 'of '}{self.subject} lists packages"

    def attempt(self, world: World, timeout: float) -> Outcome:
        try:
            look = self._look_at_file if is_path(self.subject) else self._look_at_image
            return look(world, timeout)
        except (Missing, NotAnSbom) as problem:
            said = str(problem)
            return conclude([judged(False, self.expected(), said)])
        except Silent as problem:
            return unanswered(self.expected(), str(problem), outputs=problem.outputs)
        except (Unreachable, Unresolvable, Unlookable) as problem:
            return unanswered(self.expected(), str(problem))
        except OSError as problem:
            return unanswered(self.expected(), f"{self.subject}: {problem.strerror}")

    def _look_at_file(self, world: World, timeout: float) -> Outcome:
        path, data = folder_or_file(world, self.subject, timeout)
        if data is None:
            raise NotAnSbom("it is a folder")
        found = sboms.read(data)
        judgements = self.judge(found)
        facts = {"file": path} | _facts(found, data)
        if self.subject_:
            held = self._held(world, self.subject_, timeout)
            judgements.append(judge_subject(world, found, held, timeout))
            facts |= held.facts()
        return conclude(judgements, facts=facts, outputs=(kept("sbom", data),))

    def _look_at_image(self, world: World, timeout: float) -> Outcome:
        end = time.monotonic() + timeout
        held = self._held(world, self.subject, timeout)
        format = self.format or sboms.FORMATS[0]
        with Booth(world, syft.NAME, end - time.monotonic()) as booth:
            found, data, ran = syft.generate(booth, held.archive, self.subject, format)
            facts = held.facts() | booth.facts(ran) | _facts(found, data)
        outputs: tuple[Output, ...] = (kept("sbom", data), ran.stderr)
        return conclude(self.judge(found), facts=facts, outputs=outputs)

    def _held(self, world: World, reference: str, timeout: float) -> Held:
        with world.engine(self.host, timeout) as engine:
            return hold(world, engine, reference, timeout)

    def judge(self, found: Bom) -> list[Judgement]:
        """What an SBOM comes to, whatever it is of."""
        count = len(found.packages)
        judgements = [
            judged(
                count >= self.min_packages,
                f"it lists at least {self.min_packages} packages",
                f"it lists {count}",
            )
        ]
        if self.format:
            said = f"it is {found.format} {found.version}"
            judgements.append(judged(found.format == self.format, f"it is {self.format}", said))
        judgements += [self._judge_one(found, each, True) for each in self.requires]
        judgements += [self._judge_one(found, each, False) for each in self.forbids]
        if self.licenses:
            judgements.append(_judge_licenses(found, self.licenses))
        return judgements

    def _judge_one(self, found: Bom, wanted: str, there: bool) -> Judgement:
        means = is_named if there else may_be
        matching = [package for package in found.packages if means(package, wanted)]
        named = [package for package in found.packages if package.name == _name(wanted)]
        expected = f"it {'lists' if there else 'does not list'} {wanted}"
        actual = f"it lists {_listed(matching or named)}" if matching or named else "it does not"
        return judged(bool(matching) == there, expected, actual)


def _judge_licenses(found: Bom, wanted: Licenses) -> Judgement:
    expected = f"its packages have {wanted}"
    kept_to = [(package, wanted.keeps(package)) for package in found.packages]
    if broken := [package for package, so in kept_to if so is False]:
        return judged(False, expected, f"not so: {_listed(broken, licenses=True)}")
    if open_ := [package for package, so in kept_to if so is None]:
        said = f"it does not say which license these have: {_listed(open_, licenses=True)}"
        return unclear(expected, said)
    return judged(True, expected, "they do")


def _name(wanted: str) -> str:
    return wanted.rpartition("@")[0] or wanted


def _listed(packages: list[Package], *, licenses: bool = False) -> str:
    more = f" and {len(packages) - SHOWN} more" if len(packages) > SHOWN else ""
    named = [
        f"{each} ({' AND '.join(each.licenses) or 'no license'})" if licenses else str(each)
        for each in packages[:SHOWN]
    ]
    return ", ".join(named) + more


def _facts(found: Bom, data: bytes) -> dict[str, Any]:
    return {
        "format": f"{found.format} {found.version}",
        "packages": len(found.packages),
        "describes": found.subject,
        "sbom_sha256": sha256(data).hexdigest(),
    }
