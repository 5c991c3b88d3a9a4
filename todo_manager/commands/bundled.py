"""`status --bundle`: whether phases are proven, from a bundle and a checkout, without a store."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from msgspec import structs

from todo_manager import project
from todo_manager.attesting import keys, proving, repository, stated
from todo_manager.attesting.proving import Proven
from todo_manager.attesting.stated import Bundle
from todo_manager.binding import Bound
from todo_manager.checks.ground import Unlookable
from todo_manager.errors import Kind, Refused, UsageProblem
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        help="whether this bundle proves it, of what is checked out here",
    )
    parser.add_argument(
        "--keys",
        action="append",
        default=[],
        metavar="PUB",
        help="a public key to trust, or a list of signers; may be given again",
    )
    parser.add_argument("--commit", metavar="SHA", help="of this commit (default: HEAD)")


def refuse_without(arguments: argparse.Namespace) -> None:
    """UsageProblem for words that mean something only beside --bundle."""
    if arguments.phase is not None or arguments.keys or arguments.commit:
        raise UsageProblem(
            "a phase, --keys and --commit are about a bundle",
            hint="todo_manager status --bundle FILE PLAN K --keys PUB",
        )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when everything asked for is proven, 1 when not, 6 without a trusted signature, 9 when altered."""
    root = project.find(Path.cwd()) or project.home_for(Path.cwd())
    found = stated.read(arguments.bundle, keys.trusted(arguments.keys))
    commit = _commit(root, arguments.commit)
    output.data = {"bundle": arguments.bundle, "commit": commit, "proven": False, "plans": []}
    missing: list[tuple[str, Proven]] = []
    for plan in _plans(found, arguments):
        bound = proving.bound(root, found, plan)
        asked = _asked(bound, arguments.phase)
        judged = proving.judge(found, bound, asked, commit)
        output.data["plans"].append({"id": plan, "phases": [_row(each) for each in judged]})
        _tell(plan, judged, output)
        missing += [
            (plan, each) for each in judged if each.state == "not proven" and each.index in asked
        ]
    if missing:
        raise _not_proven(commit, missing)
    output.data["proven"] = True
    return 0


def _not_proven(commit: str, missing: list[tuple[str, Proven]]) -> Refused:
    names = ", ".join(f"{plan} {each.index}" for plan, each in missing[:5])
    return Refused(
        f"not proven of {commit[:12]}: {names}: {missing[0][1].reason}",
        kind=Kind.NOT_PROVEN,
        hint="where the store is: todo_manager done …, then todo_manager export PLAN --bundle FILE",
    )


def _commit(root: Path, wanted: str | None) -> str:
    try:
        return repository.resolved(root, wanted)
    except Unlookable as problem:
        raise UsageProblem(
            f"which commit is not known: {problem}",
            hint="in a checkout, or with --commit and the whole name of a commit",
        ) from None


def _plans(found: Bundle, arguments: argparse.Namespace) -> list[str]:
    """The plans that are asked for: the one that is named, else all in the bundle."""
    known, wanted = found.plans(), arguments.plan
    if wanted is not None and wanted not in known:
        known = [each for each in known if each.startswith(wanted)]
        if len(known) > 1:
            raise UsageProblem(
                f"{wanted!r} may mean {', '.join(known)}",
                kind=Kind.AMBIGUOUS_PLAN,
                hint="type more",
            )
    elif wanted is not None:
        known = [wanted]
    if not known:
        what = f"nothing of {wanted}" if wanted else "nothing of any plan"
        raise Refused(
            f"{arguments.bundle} says {what}",
            kind=Kind.NOT_PROVEN,
            hint=f"todo_manager export {word(wanted or 'PLAN')} --bundle FILE, where the store is",
        )
    return known


def _asked(bound: Bound, index: int | None) -> list[int]:
    count = len(bound.plan.phases)
    if index is None:
        return list(range(count))
    if not 0 <= index < count:
        raise UsageProblem(
            f"{bound.plan.id} has no phase {index}; its phases are 0 to {count - 1}",
            kind=Kind.UNKNOWN_PHASE,
            hint=f"todo_manager lint {word(bound.path or '')}",
        )
    return [index]


def _row(found: Proven) -> dict[str, Any]:
    return structs.asdict(found)


def _tell(plan: str, judged: list[Proven], output: Output) -> None:
    for each in judged:
        state = {"proven": "done", "attested": "attested"}.get(each.state, "failed")
        by = f", {each.at}, signed by {one_line(', '.join(each.by))}" if each.by else ""
        reason = f": {one_line(each.reason, 200)}" if each.reason else ""
        output.say(f"{GLYPHS[state]} {plan} {each.index} ({each.key}): {each.state}{by}{reason}")
