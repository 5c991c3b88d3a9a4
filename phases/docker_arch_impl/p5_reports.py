"""Phase 5: every service that runs has reported its latest start, and truly what it is.

Exit 0: so it is. Exit 1: a report is missing, old or not true. Anything else: could not look.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from engine import answer, asked, var


def untrue(container: str) -> list[str]:
    """What of a service's receipt is not so; empty when all is."""
    (found,) = json.loads(asked("inspect", container))
    name = found["Config"]["Labels"]["service"]
    file = Path("receipts") / f"{name}.json"
    if not file.is_file():
        return [f"{name}: no {file}"]
    report = json.loads(file.read_text(encoding="utf-8"))
    begun = datetime.fromisoformat(found["State"]["StartedAt"][:19] + "+00:00").timestamp()
    contents = asked("exec", container, "sha256sum", "/usr/share/image/contents").split()[0]
    version = found["Config"]["Labels"]["version"]
    wanted = {"service": name, "version": version, "git_sha": version.partition("-")[2]}
    wrong = [
        f"{name}: the report says {key} {report.get(key)}, it is {value}"
        for key, value in {**wanted, "contents": contents}.items()
        if report.get(key) != value
    ]
    if not begun <= report.get("started", 0) <= begun + 60:
        wrong.append(f"{name}: the report is not of the start at {found['State']['StartedAt']}")
    return wrong


def problems() -> list[str]:
    containers = asked("ps", "--quiet", "--filter", f"label=scope={var('scope')}").split()
    with open(os.environ["TODO_MANAGER_FACTS"], "a") as facts:
        facts.write(json.dumps({"services": len(containers)}) + "\n")
    if not containers:
        return [f"no service of {var('scope')} runs"]
    return [problem for container in containers for problem in untrue(container)]


answer(problems)
