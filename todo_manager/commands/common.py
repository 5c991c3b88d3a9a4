"""What several verbs do alike: open the project, name a plan, tell what a run says."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from todo_manager import (
    actors,
    binding,
    documents,
    exporting,
    ledger,
    plans,
    project,
    proposals,
    stored_plan,
    usage,
)
from todo_manager.documents.base import Document
from todo_manager.errors import UsageProblem
from todo_manager.ledger import Actor
from todo_manager.plans import Plan
from todo_manager.shellword import word
from todo_manager.workspace import Project


def open_project(arguments: argparse.Namespace) -> Project:
    """The project above the working folder, open for writing."""
    return Project(project.require(Path.cwd()))


def actor(arguments: argparse.Namespace, found: Project) -> Actor:
    """Who is asking, and with which key they would sign."""
    return actors.actor(arguments.actor, found.root, getattr(arguments, "key", None))


def plan_of(found: Project, wanted: str) -> Plan:
    """The plan an id or prefix means; IntegrityProblem when it is not what was recorded."""
    id_ = plans.resolve_id(found.db, wanted)
    with found.snapshot():
        ledger.verify_head(found.db, found.root)
        plan = plans.load(found.db, id_)
        plans.verify_accepted(found.db, plan)
    return plan


def plan_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")


def phase_argument(
    parser: argparse.ArgumentParser, *, optional: bool = False, parts: bool = False
) -> None:
    """A phase by its index; with `parts` also K.N, and then the value is a `usage.Place`."""
    parser.add_argument(
        "phase",
        type=usage.place if parts else usage.index,
        nargs="?" if optional else None,
        help="index of a phase, counted from 0"
        + (", or K.N for part N of it" if parts else "")
        + (" (default: all)" if optional else ""),
    )


def run_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verbs that run checks."""
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="an input")
    parser.add_argument(
        "--wait", default="0", metavar="TIME", help="wait this long for a busy phase, like 60s"
    )


def assignments(words: list[str]) -> dict[str, str]:
    """`NAME=value` words as a mapping; UsageProblem for anything else."""
    found = {}
    for each in words:
        name, equals, value = each.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise UsageProblem(f"{each!r} is not NAME=VALUE", hint="like DATE=20250810")
        if "\0" in value:
            raise UsageProblem(f"the value of {name} holds a NUL byte")
        found[name] = value
    return found


def seconds(text: str, *, option: str = "--wait 60s") -> float:
    """A duration given on the command line; `option` shows how one is written."""
    from todo_manager.canonical import Scalar
    from todo_manager.checks.fields import Wrong, duration

    try:
        return duration(Scalar(text, plain=True))
    except Wrong as wrong:
        raise UsageProblem(str(wrong), hint=f"like {option}") from None


def bound_document(found: Project, plan: Plan, file: str | None) -> binding.Bound:
    """What a person would accept: FILE, else the proposal that waits, else the plan's document.

    Where there is no such document any more, it is the one that was accepted. Raises InvalidDocument
    when it does not load or no longer holds the plan.
    """
    document, in_project = _document(found, plan, file)
    for bound in binding.bind(found.root, found.settings, document, in_project):
        if bound.plan.id == plan.id:
            return bound
    raise UsageProblem(
        f"{document.name} holds no plan {plan.id}", hint=f"todo_manager lint {word(document.name)}"
    )


def _document(found: Project, plan: Plan, file: str | None) -> tuple[Document, str | None]:
    """The document, and its path in the project; a proposal has none, and leaves the plan none."""
    if file is not None:
        path = Path(file)
        return documents.read(path), binding.project_path(found.root, path)
    if proposal := proposals.waiting(found.db, plan.id):
        return proposals.read(plan, proposal.data), None
    in_project = plan.source_path
    if in_project and _is_there(found.root / in_project):
        return documents.read(found.root / in_project, in_project), in_project
    data = stored_plan.accepted_bytes(found, plan)
    return exporting.document_of(plan, data, in_project or plan.id), in_project


def _is_there(path: Path) -> bool:
    """Whether there is a file, also one that cannot be reached: reading it will say why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
