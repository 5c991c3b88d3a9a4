"""The kind `scan`: no vulnerability of a severity that counts in an image, a folder or an SBOM."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, ClassVar

from msgspec import structs

from todo_manager.checks import fields, sboms
from todo_manager.checks.artifact import (
    Booth,
    Missing,
    Silent,
    artifact,
    folder_or_file,
    hold,
    is_path,
)
from todo_manager.checks.base import Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.judge_file import CLOCK_SLACK, judged, unclear
from todo_manager.checks.sboms.base import NotAnSbom
from todo_manager.checks.scanners import SCANNERS
from todo_manager.checks.scanners.base import (
    OS,
    SEVERITIES,
    UNKNOWN,
    Finding,
    Report,
    Target,
    class_of,
    classes,
    severities,
)
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Unreachable
from todo_manager.engines.package_databases import package_databases
from todo_manager.model import Verdict

SHOWN = 5
"""How many findings a message names."""
_DAY = 86400.0


class Scan(EngineCheck, frozen=True, kw_only=True):
    """A vulnerability scanner finds nothing that counts.

        - scan: "localhost:5000/app:1.4"
          fail_on: [HIGH, CRITICAL]
          ignore_unfixed: true
        - scan: ./
          fail_on: CRITICAL
          classes: lang-pkgs

    The subject is an image, or a folder or SBOM: a path begins with `.` or `/`, ends with `/`, or with
    `.json`. An image is scanned as an archive saved from its ID. The scanner sees no settings, ignore
    files or variables of the project or the user; it leaves out nothing, and what counts is decided here.

    It is an error, never a pass, where the scanner looked at no packages, or at none of a distribution in
    an image that has such; where it has no vulnerability database or an old one, or its report is broken
    or of something else. A database is not fetched by the check.
    """

    kind: ClassVar[str] = "scan"
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(artifact)] = ""
    """An image, a folder, or an SBOM as SPDX or CycloneDX in JSON."""
    scanner: Annotated[str, Convert(fields.one_of(*sorted(SCANNERS)), expects=True)] = "trivy"
    """The program: `trivy` or `grype`."""
    fail_on: Annotated[tuple[str, ...], Convert(severities, expects=True)] = ()
    """The severities that count, and with them all that are worse; unknown severity always counts."""
    ignore_unfixed: Annotated[bool, Convert(fields.boolean, expects=True)] = False
    """true: only findings that an update would fix count."""
    classes: Annotated[tuple[str, ...], Convert(classes, expects=True)] = ()
    """`os-pkgs`, `lang-pkgs`: only these count, and of each there must be some. All, where unsaid."""
    max_db_age: Annotated[float, Convert(fields.timeout, expects=True)] = 5 * _DAY
    """How old the scanner's vulnerability database may be; 5d where unsaid."""
    fail_on_eol: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """Whether it fails for a distribution that gets no security updates any more, and so no findings."""
    timeout: fields.Timeout = 900.0
    """Seconds one attempt may take."""

    def problems(self) -> list[str]:
        found = []
        if not self.fail_on:
            found.append("it must say what it expects: fail_on: [HIGH, CRITICAL]")
        if is_path(self.subject) and self.host != LOCAL:
            found.append("a folder or an SBOM is of this machine: no host beside it")
        return found

    def lint(self) -> list[str]:
        found = []
        if not self.fail_on_eol:
            found.append(
                "fail_on_eol: false: a distribution without updates has no findings either"
            )
        if self.subject.endswith(".json"):
            found.append("an SBOM that leaves packages out has no findings: scan the image itself")
        if self.max_db_age > 30 * _DAY:
            found.append("max_db_age: what was found in the last 30 days may not be known to it")
        return found

    def expected(self) -> str:
        return f"{self.scanner} finds nothing {self._counting()} in {self.subject}"

    def attempt(self, world: World, timeout: float) -> Outcome:
        end = time.monotonic() + timeout
        try:
            target, facts = self._target(world, timeout)
            with Booth(world, self.scanner, end - time.monotonic()) as booth:
                if target.packages is not None:
                    path = booth.write("sbom.json", facts.pop("data"))
                    target = structs.replace(target, path=path)
                report = SCANNERS[self.scanner].scan(booth, target)
        except Missing as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        except Silent as problem:
            return unanswered(self.expected(), self._hinted(problem), outputs=problem.outputs)
        except (Unreachable, Unresolvable, Unlookable) as problem:
            return unanswered(self.expected(), str(problem))
        except OSError as problem:
            return unanswered(self.expected(), f"{self.subject}: {problem.strerror}")
        judgements = self.judge(report, target, datetime.now(UTC))
        facts |= report.evidence() | self._alone(judgements, report)
        return conclude(judgements, facts=facts, outputs=report.outputs)

    def _alone(self, judgements: list[Judgement], report: Report) -> dict[str, list[str]]:
        """The findings that count, where it fails for them and for nothing else: waivers may name them."""
        if any(each.verdict != Verdict.PASSED for each in judgements[:-1]):
            return {}
        counting = sorted({each.id for each in report.findings if self._counts(each)})
        return {"counting": counting} if counting else {}

    def _hinted(self, problem: Silent) -> str:
        said = str(problem)
        without = re.search(r"\b(db|database)\b", said, re.IGNORECASE)
        return f"{said}; fetch one: {SCANNERS[self.scanner].update}" if without else said

    def _target(self, world: World, timeout: float) -> tuple[Target, dict[str, Any]]:
        """What is scanned, and what is kept of it; of an SBOM its `data` is still to be written down."""
        if not is_path(self.subject):
            with world.engine(self.host, timeout) as engine:
                held = hold(world, engine, self.subject, timeout)
            # Packages that a scanner leaves out are told by nobody else.
            databases = package_databases(held.archive)
            there = frozenset({OS} if databases else ())
            facts = held.facts() | {"package_databases": sorted(databases)}
            return Target(path=held.archive.path, archive=held.archive, classes=there), facts
        path, data = folder_or_file(world, self.subject, timeout)
        if data is None:
            return Target(path=path), {"folder": path}
        try:
            found = sboms.read(data)
        except NotAnSbom as problem:
            raise Unlookable(f"{self.subject} is no SBOM: {problem}") from None
        target = Target(
            path="",
            packages=frozenset(package.name for package in found.packages),
            classes=frozenset(class_of(package) for package in found.packages),
        )
        digest = sha256(data).hexdigest()
        return target, {"sbom": found.subject, "sbom_sha256": digest, "data": data}

    def _counting(self) -> str:
        worst = " or ".join(dict.fromkeys([*self._from(), UNKNOWN]))
        return worst + (" that is fixed elsewhere" if self.ignore_unfixed else "")

    def _from(self) -> list[str]:
        """The severities that count: from the mildest one named up."""
        named = [SEVERITIES.index(word) for word in self.fail_on if word in SEVERITIES]
        return list(SEVERITIES[min(named) :]) if named else []

    def judge(self, report: Report, target: Target, now: datetime) -> list[Judgement]:
        """What a report comes to."""
        return [
            *self._judge_analysed(report, target),
            self._judge_database(report, now),
            *self._judge_distro(report),
            self._judge_findings(report),
        ]

    def _judge_analysed(self, report: Report, target: Target) -> list[Judgement]:
        """Nothing found in nothing looked at is no answer.

        Advisories for packages of a distribution are those of the distribution: where it is not
        recognised, its packages were listed and not looked up.
        """
        wanted = list(self.classes) or ["packages"]
        counts = report.analysed | {"packages": sum(report.analysed.values())}
        if not self.classes and (report.distro or counts[OS] or OS in target.classes):
            wanted.append(OS)
        judgements = []
        for each in wanted:
            of = f" of {report.distro or 'no known distribution'}" if each == OS else ""
            so = counts[each] and (each != OS or report.distro)
            judgements.append(
                Judgement(
                    Verdict.PASSED if so else Verdict.ERROR,
                    f"{report.scanner} analysed {each}",
                    f"it analysed {counts[each]} {each}{of}",
                )
            )
        return judgements

    def _judge_database(self, report: Report, now: datetime) -> Judgement:
        age = (now - report.built).total_seconds()
        expected = f"its database is at most {self.max_db_age / _DAY:g} days old"
        if age < -CLOCK_SLACK:
            return unclear(expected, f"it is of {report.built.isoformat()}, which is to come")
        if age > self.max_db_age:
            update = SCANNERS[self.scanner].update
            return unclear(expected, f"it is {age / _DAY:.1f} days old; fetch another: {update}")
        return judged(True, expected, f"{age / _DAY:.1f} days")

    def _judge_distro(self, report: Report) -> list[Judgement]:
        expected = f"{report.distro} gets security updates"
        if not self.fail_on_eol or not report.distro:
            return []
        if report.ended is None:
            why = f"{report.scanner} cannot tell; a newer one may, or set fail_on_eol: false"
            return [unclear(expected, why)]
        return [judged(not report.ended, expected, "its support has ended")]

    def _judge_findings(self, report: Report) -> Judgement:
        found = sorted(
            (each for each in report.findings if self._counts(each)),
            key=lambda each: (-_rank(each), each.package, each.id),
        )
        if not found:
            return judged(True, self.expected(), f"{len(report.findings)} findings, none of these")
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        named = ", ".join(str(each) for each in found[:SHOWN])
        return judged(False, self.expected(), f"{len(found)} such findings: {named}{more}")

    def _counts(self, finding: Finding) -> bool:
        if self.classes and finding.class_ not in self.classes:
            return False
        if self.ignore_unfixed and not finding.fixed:
            return False
        return finding.severity == UNKNOWN or finding.severity in self._from()


def _rank(finding: Finding) -> int:
    """What is unknown stands first."""
    known = finding.severity in SEVERITIES
    return SEVERITIES.index(finding.severity) if known else len(SEVERITIES)
