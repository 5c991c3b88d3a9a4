"""Phase 6: all services run on the new images, are healthy, and reach the observability centre.

Exit 0: so it is. Exit 1: one does not. Anything else: could not look.
"""

import json

from engine import answer, asked, docker, var


def wrong_with(container: str) -> list[str]:
    """What is wrong with one service; empty when nothing is."""
    (found,) = json.loads(asked("inspect", container))
    name = found["Name"].lstrip("/")
    health = (found["State"].get("Health") or {}).get("Status", "not probed")
    version = found["Config"]["Labels"].get("version")
    if not found["State"]["Running"] or health != "healthy":
        return [f"{name} is {found['State']['Status']}, {health}"]
    if version != var("tag"):
        return [f"{name} runs {version}, not {var('tag')}"]
    centre = f"http://{var('scope')}-{var('centre')}:8080/health"
    if docker("exec", container, "wget", "-q", "-O", "-", centre).returncode != 0:
        return [f"{name} does not reach {centre}"]
    return []


def problems() -> list[str]:
    label = f"label=scope={var('scope')}"
    containers = asked("ps", "--all", "--quiet", "--filter", label).split()
    if not containers:
        return [f"no service of {var('scope')} is there"]
    return [problem for container in containers for problem in wrong_with(container)]


answer(problems)
