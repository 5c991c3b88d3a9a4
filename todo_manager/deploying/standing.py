"""Where the services of a plan stand: what runs for each, on which image, and what it could go back to.

It only looks. Nothing is decided by it; what must hold for done stands in checks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, structs

from todo_manager import plans
from todo_manager.canonical import Tree
from todo_manager.deploying import marks
from todo_manager.documents.substitution import resolve_tree
from todo_manager.engines.address import LOCAL, engine_address, local_engine
from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.hosts.elsewhere import Elsewhere
from todo_manager.plans import Plan
from todo_manager.processes.client import Cancel
from todo_manager.steps import Written, accepted

SECONDS = 5.0
"""How long an engine may take for each answer."""
_OPEN = "SELECT id FROM plans WHERE closed = 0 AND archived IS NULL ORDER BY seq DESC"
_ALL = "SELECT id FROM plans WHERE archived IS NULL ORDER BY seq DESC"


class Declared(Struct, frozen=True, kw_only=True):
    """A service as an accepted plan has it."""

    plan: str
    name: str
    host: str
    image: str
    """The reference it is to be deployed from, as far as its inputs are bound."""
    container: str
    deploy_phase: int | None = None
    """The phase whose steps deploy it."""
    deploy_digest: str = ""
    """The digest of that phase's steps."""
    rollback_phase: int | None = None
    """The phase whose steps, or whose undo, take it back."""
    rollback_digest: str = ""
    rollback_undo: bool = False


class Standing(Struct, frozen=True, kw_only=True):
    """What was found of a service."""

    status: str
    """One word of the engine, `absent` where there is no container, `error` where nobody knows."""
    health: str = ""
    """What its health check says; empty where it has none."""
    image: str = ""
    """ID of the image it runs."""
    reference: str = ""
    """The name it was deployed from."""
    previous: str = ""
    """ID of the image to go back to; empty where there is none."""
    said: str = ""
    """Why there is nothing to see, or who made the container."""


def declared(db: sqlite3.Connection) -> list[Declared]:
    """The services of all plans that are not archived, those of open plans first."""
    ids = [row["id"] for row in db.execute(_OPEN)]
    ids += [row["id"] for row in db.execute(_ALL) if row["id"] not in ids]
    return [found for id_ in ids for found in _of_plan(plans.load(db, id_))]


def _of_plan(plan: Plan) -> list[Declared]:
    found: dict[str, Declared] = {}
    for phase in plan.phases:
        written = accepted(phase.step_text)
        for name, tree in written.services.items():
            known = found.get(name) or _declared(plan, name, tree)
            found[name] = _owned(known, written, phase.idx, phase.step_digest or "")
    return list(found.values())


def _declared(plan: Plan, name: str, tree: Tree) -> Declared:
    """A service with the inputs that are bound by now; others stay as they are written."""
    values = resolve_tree(tree, plan.bound)
    return Declared(
        plan=plan.id,
        name=name,
        host=str(values.get("host", LOCAL)),
        image=str(values.get("image", "")),
        container=str(values.get("container", "")),
    )


def _owned(known: Declared, written: Written, phase: int, digest: str) -> Declared:
    """The same, with the phase that deploys it or takes it back."""
    steps = [*written.steps, *(step for part in written.parts for step in part)]
    if known.deploy_phase is None and _names(steps, "deploy", known.name):
        known = structs.replace(known, deploy_phase=phase, deploy_digest=digest)
    if known.rollback_phase is not None:
        return known
    if _names(steps, "rollback", known.name):
        return structs.replace(known, rollback_phase=phase, rollback_digest=digest)
    if _names(list(written.undo), "rollback", known.name):
        return structs.replace(known, rollback_phase=phase, rollback_undo=True)
    return known


def _names(steps: list[Tree], kind: str, service: str) -> bool:
    return any(str(step.get(kind)) == service for step in steps)


def look(db: sqlite3.Connection, root: Path) -> Iterator[tuple[Declared, Standing]]:
    """Ask the engine of every service. Raises nothing for what the world can do."""
    for each in declared(db):
        yield each, _look(root, plans.load(db, each.plan), each)


def _look(root: Path, plan: Plan, each: Declared) -> Standing:
    described = plan.names.hosts.get(each.host, {})
    described = described if isinstance(described, dict) else {}
    if not described and each.host != LOCAL:
        return Standing(status="error", said=f"the plan describes no host {each.host}")
    cancel = Cancel()

    def engine(name: str, seconds: float) -> Engine:
        docker = str(described.get("docker", ""))
        address = engine_address(docker) if docker else local_engine()
        return Engine(
            name,
            address,
            seconds,
            name=str(described.get("name", "")),
            reach=lambda shell: elsewhere.socket_to_engine(name, shell, seconds),
        )

    elsewhere = Elsewhere(root, {each.host: described}, engine, cancel)
    try:
        with engine(each.host, SECONDS) as found:
            return _standing(find(found, each.container), each)
    except NotOne as why:
        return Standing(status="absent", said=str(why))
    except (Unreachable, OSError) as why:
        return Standing(status="error", said=str(why))
    finally:
        elsewhere.close()
        cancel.close()


def _standing(found: Container, each: Declared) -> Standing:
    has = marks.of(found)
    whose = ""
    if marks.SERVICE not in has:
        whose = "its container was not made by a deployment"
    elif (has[marks.SERVICE], has.get(marks.PLAN)) != (each.name, each.plan):
        whose = f"its container is of the service {has[marks.SERVICE]} of {has.get(marks.PLAN)}"
    return Standing(
        status=found.status,
        health=str((found.state.get("Health") or {}).get("Status") or ""),
        image=found.image,
        reference=has.get(marks.REFERENCE) or str(found.config.get("Image") or ""),
        previous=has.get(marks.PREVIOUS, ""),
        said=whose,
    )
