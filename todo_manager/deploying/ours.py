"""The containers of one service: which are ours, by what they are labelled, and how they are made.

A service has up to four. `NAME` serves, and nothing gets that name without having been proven.
`NAME-candidate` is tried beside it. `NAME-next` is about to take its place: while it is there, a switch
is unfinished. `NAME-backup` is the one whose place was taken. What has no label of ours is never touched.
"""

from __future__ import annotations

from typing import Any

from todo_manager.canonical import encode
from todo_manager.deploying import marks
from todo_manager.deploying.service import Service, Wanted
from todo_manager.deploying.work import Work
from todo_manager.engines import logs
from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.doing import Declined, Unfinished, do
from todo_manager.engines.engine import Absent, Unreachable

CANDIDATE, NEXT, BACKUP = "-candidate", "-next", "-backup"
SUFFIXES = ("", CANDIDATE, NEXT, BACKUP)
UP = ("running", "restarting", "paused")
_SHOWN = 64 * 2**10
"""Bytes of a container's log that are shown."""
_GRACE = 10
"""Seconds an engine gives a container to end by itself where neither it nor its image says."""
_SHORT = 2
"""Seconds given to one that is not wanted any more."""


def one(work: Work, suffix: str) -> Container | None:
    """The container of the service with this suffix, None where there is none.

    Raises Declined when somebody else's has that name.
    """
    name = work.service.container + suffix
    try:
        found = find(work.engine, name)
    except NotOne:
        return None
    has, service = marks.of(found), work.service
    whole = (has.get(marks.SERVICE), has.get(marks.PLAN), has.get(marks.NAME))
    if whole == (service.name, service.plan, service.container):
        return found
    whose = "was not made by a deployment"
    if marks.SERVICE in has:
        whose = f"is of the service {has[marks.SERVICE]} of the plan {has.get(marks.PLAN)}"
    raise Declined(
        f"{work.engine.host} has a container {name} that {whose}: it is left alone; "
        f"rename it, or give the service another container"
    )


def previous_of(old: Container | None, image: str) -> str:
    """The image to go back to once `image` runs where `old` ran: never that very image."""
    if old is None:
        return ""
    return old.image if old.image != image else marks.of(old).get(marks.PREVIOUS, "")


def create(work: Work, wanted: Wanted, suffix: str) -> Container:
    """Make a container without starting it; the candidate publishes nothing. Raises Declined."""
    service, api = work.service, work.engine.api
    candidate = suffix == CANDIDATE
    aliases = [] if candidate else [service.container]
    ports = () if candidate else service.published()
    config: dict[str, Any] = {
        "restart_policy": None if candidate else {"Name": "unless-stopped"},
        "privileged": False,
        "port_bindings": _bindings(service) if ports else None,
    }
    networking = None
    if service.networks:
        config["network_mode"] = service.networks[0]
        endpoint = api.create_endpoint_config(aliases=aliases)
        networking = api.create_networking_config({service.networks[0]: endpoint})
    made = do(
        work.engine,
        api.create_container,
        image=wanted.image,
        name=service.container + suffix,
        environment=wanted.env,
        ports=[(port.inner, port.protocol) for port in ports],
        labels=_labels(service, wanted, marks.TRIED if candidate else marks.SERVING),
        host_config=api.create_host_config(**config),
        networking_config=networking,
    )
    found = again(work, str(made["Id"]))
    try:
        for network in service.networks[1:]:
            do(work.engine, api.connect_container_to_network, found.id, network, aliases=aliases)
    except (Declined, Unreachable):
        remove(work, found)
        raise
    return found


def _bindings(service: Service) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for port in service.published():
        bound = found.setdefault(f"{port.inner}/{port.protocol}", [])
        bound.append((port.ip or "0.0.0.0", port.outer))
    return found


def _labels(service: Service, wanted: Wanted, role: str) -> dict[str, str]:
    return {
        marks.OURS: "service",
        marks.SERVICE: service.name,
        marks.PLAN: service.plan,
        marks.ROLE: role,
        marks.NAME: service.container,
        marks.REFERENCE: wanted.reference,
        marks.PREVIOUS: wanted.previous,
        marks.SPEC: wanted.spec(service),
        marks.OUTSIDE: encode(service.outside or {}),
        marks.ROLLED_BACK: wanted.rolled_back_from,
    }


def again(work: Work, id_: str) -> Container:
    """A container as it is now; raises Declined when it is gone."""
    try:
        return find(work.engine, id_)
    except NotOne:
        raise Declined(f"somebody removed the container {id_[:12]}") from None


def start(work: Work, found: Container) -> Container:
    """Start a container that does not run, and look at it again."""
    if again(work, found.id).status not in UP:
        do(work.engine, work.engine.api.start, found.id)
    return again(work, found.id)


def stop(work: Work, found: Container, *, unwanted: bool = False) -> None:
    """Stop a container, which stays there."""
    grace = int(found.config.get("StopTimeout") or _GRACE)
    do(work.engine, work.engine.api.stop, found.id, timeout=_SHORT if unwanted else grace)


def rename(work: Work, found: Container, suffix: str) -> Container:
    """Give a container the name of the service with a suffix."""
    do(work.engine, work.engine.api.rename, found.id, work.service.container + suffix)
    return again(work, found.id)


def remove(work: Work, found: Container) -> None:
    """Remove a container of ours; that it is gone already is as good."""
    try:
        work.engine.ask(work.engine.api.remove_container, found.id, force=True, v=True)
    except Absent:
        pass


def show_log(work: Work, found: Container | None) -> None:
    """Tell what a container has written since it was started; all of it where it starts over and over.

    One in a crash loop may just have begun anew, and what it said before tells why.
    """
    if found is None:
        return
    try:
        now = again(work, found.id)
        since = 0 if now.restarts else logs.start_of(now)
        read = logs.read(work.engine, now, since, _SHOWN, work.answer())
    except (Declined, Absent, Unreachable, Unfinished) as problem:
        work.say(f"the log of {found.name} cannot be shown: {problem}")
        return
    work.say(f"--- log of {now.name} ({now.status}, image {now.image})")
    for stream, data in read.streams.items():
        work.told.add(data, "stderr" if stream == "stderr" else "stdout")
        if data and not data.endswith(b"\n"):
            work.told.add(b"\n")
    work.say(f"--- end of the log of {now.name}")


def running(work: Work) -> dict[str, Any]:
    """Which of the containers of the service are there, for people who have to put it right."""
    found: dict[str, Any] = {}
    for suffix in SUFFIXES:
        name = work.service.container + suffix
        try:
            there = find(work.engine, name)
        except NotOne:
            continue
        except Unreachable as problem:
            return {"unknown": str(problem)}
        found[name] = {"status": there.status, "image": there.image}
    return found
