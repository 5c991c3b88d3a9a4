"""Whether a container of a service serves: it stays up, is healthy, and answers as the world outside asks.

Beside the one that serves it is asked at its own address; in its place at the port it publishes, where
it must be this very container that answers.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import cast

from msgspec import structs

from todo_manager import importing
from todo_manager.canonical import Tree
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.exchange import Exchange
from todo_manager.checks.image_wanted import test_of, why_no_health
from todo_manager.checks.probes import judge_health
from todo_manager.deploying import marks, ours
from todo_manager.deploying.service import Service, inner_port, outside_check
from todo_manager.deploying.work import Work
from todo_manager.engines.containers import Container
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.network import Network
from todo_manager.hosts.places import From
from todo_manager.model import Verdict

STEADY = 2.0
"""Seconds a candidate has to stay up before it is believed: a crash loop serves now and then, too."""
_EVERY = 0.1
_ATTEMPT = 5.0
"""Seconds one request may take, where its check allows more: a deployment asks again."""


def can_be_proven(service: Service, test: list[str]) -> str:
    """Why nothing could show that a service serves; empty when something can.

    `test` is the HEALTHCHECK of its image. Raises Declined for an outside check that cannot be asked.
    """
    if service.outside is not None:
        inner_port(service, outside_check(service.outside, service.host))
        return ""
    why = why_no_health(test)
    return (
        f"nothing could show that {service.name} serves: it has no outside, and {why}"
        if why
        else ""
    )


def until_proven(
    work: Work,
    found: Container,
    outside: Tree,
    *,
    beside: bool,
    restarts: int | None = 0,
    within: float | None = None,
) -> float:
    """Wait until a container that was started is proven; the seconds that took.

    `restarts` is how often the engine has restarted it so far; None where it was started long ago.
    `within` is how many seconds it gets, if not those of the deployment.
    Raises Declined when it is not proven within the time it is given, Unfinished when that is not known.
    """
    began, patience = time.monotonic(), work.within if within is None else within
    steady = STEADY if beside else 0.0
    before, row = found, 0
    while True:
        now = ours.again(work, found.id)
        _stayed_up(before, now, restarts)
        outcome = look(work, now, outside, beside=beside)
        passed = outcome.verdict == Verdict.PASSED
        row = row + 1 if passed else 0
        took = time.monotonic() - began
        if row >= _successes(work, outside) and took >= steady:
            return took
        if not passed and took > patience:
            raise _unproven(now, outcome, patience)
        work.left()
        work.pause(_EVERY)


def look(work: Work, found: Container, outside: Tree, *, beside: bool) -> Outcome:
    """Look once. Passed when it is up, healthy and answers; raises Declined for what cannot change."""
    if found.status != "running":
        said = f"it is {found.status}"
        return Outcome(verdict=Verdict.FAILED, expected="it is running", actual=said)
    if _has_health(found):
        judged = conclude(judge_health(work.engine, found, "healthy", 1))
        if (found.state.get("Health") or {}).get("Status") == "unhealthy":
            raise Declined(f"{found.name} is unhealthy: {judged.actual}{_last_probe(found)}")
        if judged.verdict != Verdict.PASSED:
            return judged
    if outside is None:
        return Outcome(verdict=Verdict.PASSED, expected=f"{found.name} is up")
    return _asked(work, found, outside, beside=beside)


def serves(work: Work, found: Container) -> bool:
    """Whether a container that has its place serves at this moment, by what it was deployed with."""
    try:
        return look(work, found, marks.outside_of(found), beside=False).verdict == Verdict.PASSED
    except (Declined, Unreachable):
        return False


def _stayed_up(before: Container, now: Container, restarts: int | None) -> None:
    """Raises Declined for one that ended or was started again: what it says in between counts nothing."""
    code = now.state.get("ExitCode")
    if now.status in ("exited", "dead"):
        more = f" ({now.state['Error']})" if now.state.get("Error") else ""
        raise Declined(f"{now.name} ended with {code} instead of serving{more}")
    known = before.restarts if restarts is None else restarts
    if now.status == "restarting" or now.restarts > known or now.started != before.started:
        raise Declined(f"{now.name} is in a crash loop: it ended with {code} and was started again")


def _has_health(found: Container) -> bool:
    return not why_no_health(test_of(found.config))


def _last_probe(found: Container) -> str:
    rows = (found.state.get("Health") or {}).get("Log") or [{}]
    said = " ".join(str(rows[-1].get("Output") or "").split())[:200]
    return f" ({said})" if said else ""


def _asked(work: Work, found: Container, outside: Tree, *, beside: bool) -> Outcome:
    check = outside_check(outside, work.service.host)
    seconds = min(check.timeout, _ATTEMPT, work.left())
    # What performs a step is the very world in which checks look.
    world = cast(World, work.site)
    if not beside:
        mine = structs.replace(check, served_by=found.id)
        return mine.attempt(world, seconds)
    importing.http_client()
    port = inner_port(work.service, check)
    place = From(host=work.service.host)
    where = nullcontext(Network()) if place.here else world.elsewhere.network(place, seconds)
    with where as network:
        exchange = Exchange(seconds, network, (_own_address(found), port))
        outcome = check.look(world, exchange, seconds)
        if why := network.broken or (outcome.verdict != Verdict.PASSED and network.silent()):
            raise Unreachable(why)
    return outcome


def _own_address(found: Container) -> str:
    networks = (found.attrs.get("NetworkSettings") or {}).get("Networks") or {}
    for network in networks.values():
        if own := network.get("IPAddress") or network.get("GlobalIPv6Address"):
            return str(own)
    raise Declined(
        f"{found.name} has no address of its own, so it cannot be tried beside the old one"
    )


def _successes(work: Work, outside: Tree) -> int:
    return outside_check(outside, work.service.host).successes if outside is not None else 1


def _unproven(now: Container, outcome: Outcome, within: float) -> Exception:
    said = (
        f"{now.name} was not proven within {within:g} s: expected {outcome.expected}; "
        f"{outcome.actual or outcome.message}"
    )
    return Unfinished(said) if outcome.verdict == Verdict.ERROR else Declined(said)
