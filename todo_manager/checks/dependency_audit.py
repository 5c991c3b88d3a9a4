"""The check kind `dependency_audit`: no advisory is known for any package a project pins.

`requirements.py` reads what is pinned, `audit_run.py` has pip-audit ask an advisory service,
`audit_report.py` reads what it reports.
"""

from __future__ import annotations

import datetime
import os
import re
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields, requirements
from todo_manager.checks.audit_report import Finding
from todo_manager.checks.audit_run import Audit
from todo_manager.checks.base import Check, Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import Ground, Unlookable, is_pattern, location, shown
from todo_manager.checks.judge_file import judged
from todo_manager.checks.requirements import Pin, Pinned
from todo_manager.checks.urls import plain_url
from todo_manager.checks.wording import cited
from todo_manager.model import Output, Verdict


def _subject(tree: Tree) -> str:
    path = location(tree)
    if is_pattern(path):
        raise Wrong("expected one file, not a pattern")
    name = os.path.basename(path)
    if (name.endswith((".lock", ".toml")) and not requirements.is_lock(path)) or name == "Pipfile":
        raise Wrong(
            "expected a requirements file or pylock.toml; export this one, "
            "like `uv export` or `poetry export` do"
        )
    return path


def _allowed(tree: Tree) -> dict[str, datetime.date]:
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of advisory ids to dates, like {PYSEC-2024-1: 2026-12-01}")
    return {str(id_).upper(): _date(value) for id_, value in tree.items()}


def _date(tree: Tree) -> datetime.date:
    text = fields.text(tree)
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise Wrong(f"expected the last day on which it is allowed, like 2026-12-01, not {text!r}")


def _control(tree: Tree) -> Pin:
    pins = fields.text(tree)
    try:
        return requirements.pin(pins, "control")
    except Unlookable:
        raise Wrong(
            f"expected a package with known advisories, like pyyaml==5.3, not {pins!r}"
        ) from None


def today() -> datetime.date:
    """The day by which allowances run out, in UTC."""
    return datetime.datetime.now(datetime.UTC).date()


class DependencyAudit(Check, frozen=True, kw_only=True):
    """No advisory is known for any package that a requirements file or a pylock.toml pins.

        - dependency_audit: requirements.txt
          require_hashes: true
          allow: {PYSEC-2024-48: 2026-12-01}
        - dependency_audit: pylock.toml
          service: osv
          url: "http://advisories.example:8080/v1/query"

    Every package is asked about, whatever its marker says; files included with `-r` belong to it. Each
    must be pinned to one version: nothing is resolved, so a package that is not in the file is not
    audited. Advisories have no severity; each one counts. Needs pip-audit, which
    `pip install 'todo_manager[audit]'` brings.

    Together with the packages, the service is asked about `control`, a release with known advisories:
    a service that finds nothing there has not looked, and that is an error.
    """

    kind: ClassVar[str] = "dependency_audit"
    needs: ClassVar[tuple[str, ...]] = ("pip-audit",)
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(_subject)] = ""
    """The requirements file or lock."""
    allow: Annotated[dict[str, datetime.date], Convert(_allowed, expects=True)] = {}
    """Ids of advisories (or their aliases) that do not count, each with the last day of that (UTC)."""
    require_hashes: Annotated[bool, Convert(fields.boolean, expects=True)] = False
    """Whether each package must carry a hash of its files."""
    service: Annotated[str, Convert(fields.one_of("pypi", "osv"), expects=True)] = "pypi"
    """Who is asked for advisories."""
    url: Annotated[str, Convert(plain_url, expects=True)] = ""
    """Another server of OSV's query interface; only with `service: osv`."""
    control: Annotated[Pin, Convert(_control, expects=True)] = requirements.pin(
        "pyyaml==5.3", "control"
    )
    """A release for which the service knows advisories; pyyaml==5.3 where none is named."""
    timeout: fields.Timeout = 600.0
    """Seconds one attempt may take; the service is asked about one package after another."""

    def problems(self) -> list[str]:
        if self.url and self.service != "osv":
            return ["a `url` wants `service: osv`: another server of PyPI's cannot be asked"]
        return []

    def lint(self) -> list[str]:
        over = [id_ for id_, last in self.allow.items() if last < today()]
        return [f"the allowance of {id_} is over: it counts again" for id_ in over]

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"no advisory is known for what {shown(self.subject)} pins"
        facts: dict[str, Any] = {"service": self.url or self.service}
        try:
            pinned = requirements.read(Ground(world.root, timeout), self.subject)
        except FileNotFoundError as problem:
            gone = f"{shown(str(problem.filename))} does not exist"
            return conclude([judged(False, expected, gone)])
        except (Unlookable, OSError) as problem:
            return unanswered(expected, getattr(problem, "strerror", None) or str(problem))
        facts |= {"packages": len(pinned.pins), "files": pinned.files}
        audit = Audit(world, timeout, _service(self.service, self.url), self.control)
        try:
            found = audit.run(pinned.pins)
        except Unresolvable as problem:
            advice = "pip install 'todo_manager[audit]' brings it"
            return unanswered(expected, f"{problem}; {advice}", facts=facts)
        except (Unlookable, OSError) as problem:
            why = getattr(problem, "strerror", None) or str(problem)
            outputs = tuple(audit.outputs)
            return unanswered(expected, why, facts=facts | audit.facts, outputs=outputs)
        return self._judge(pinned, found, facts | audit.facts, tuple(audit.outputs))

    def _judge(
        self,
        pinned: Pinned,
        found: list[Finding],
        facts: dict[str, Any],
        outputs: tuple[Output, ...],
    ) -> Outcome:
        counting = [finding for finding in found if not self._last_day(finding, still=True)]
        known = frozenset().union(*(finding.ids for finding in found))
        unused = sorted(id_ for id_ in self.allow if id_ not in known)
        facts["found"] = [f"{finding.name} {finding.version} {finding.id}" for finding in found]
        facts["allowed"] = [finding.id for finding in found if finding not in counting]
        facts["unused_allowances"] = unused
        told = [f"{finding}{self._over(finding)}" for finding in counting]
        expected = f"no advisory is known for the {len(pinned.pins)} packages"
        judgements = [judged(not told, expected, cited(told) if told else "none is known")]
        if self.require_hashes:
            bare = [f"{pin.name} ({pin.place})" for pin in pinned.pins if not pin.hashed]
            judgements.append(judged(not bare, "each carries a hash", f"without: {cited(bare)}"))
        if counting and all(each.verdict == Verdict.PASSED for each in judgements[1:]):
            # It fails for these and for nothing else: waivers may name them.
            facts["counting"] = sorted({finding.id for finding in counting})
        message = f"allowed and not found: {cited(unused)}" if unused else ""
        return conclude(judgements, facts=facts, outputs=outputs, message=message)

    def _last_day(self, finding: Finding, *, still: bool) -> datetime.date | None:
        """Until when a finding is allowed; with `still` None when that day is over."""
        days = [self.allow[id_] for id_ in finding.ids if id_ in self.allow]
        last = max(days, default=None)
        return last if last and (last >= today() or not still) else None

    def _over(self, finding: Finding) -> str:
        last = self._last_day(finding, still=False)
        return f", allowed until {last}, which is over" if last else ""


def _service(service: str, url: str) -> tuple[str, ...]:
    return ("--vulnerability-service", service, *(("--osv-url", url) if url else ()))
