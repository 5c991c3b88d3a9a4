"""What the scripts of this plan share: the engine, the plan's vars, and how a script answers."""

import os
import subprocess
import sys
import tarfile
import traceback
from collections.abc import Callable


def var(name: str) -> str:
    """A var of the plan, which is handed over because the script names it."""
    return os.environ[name]


def client(*words: str) -> list[str]:
    """A command line of Docker's client, for the plan's engine where a script names it."""
    address = os.environ.get("engine", "")  # noqa: SIM112 - the plan's own name
    return ["docker", *(["--host", address] if address else []), *words]


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    """Run Docker's client; what it says is judged by the caller."""
    return subprocess.run(client(*words), capture_output=True, text=True, timeout=60)


def asked(*words: str) -> str:
    """What the engine answers. One that does not answer ends the script with 2: it could not look."""
    ran = docker(*words)
    if ran.returncode != 0:
        print(ran.stderr.strip(), file=sys.stderr)
        # Only an engine that answers can say that something is not there.
        sys.exit(1 if docker("version").returncode == 0 else 2)
    return ran.stdout.strip()


def files_of(image: str) -> set[str]:
    """The paths of all files in an image, of which nothing is started."""
    container = asked("create", image)
    try:
        with (
            subprocess.Popen(client("export", container), stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|") as tar,
        ):
            found = {f"/{member.name}" for member in tar if not member.isdir()}
    finally:
        asked("rm", "--force", container)
    if not found:
        raise ValueError(f"{image} holds no file")
    return found


def answer(problems: Callable[[], list[str]]) -> None:
    """End the script: 0 without a problem, 1 with one, 2 when it could not look."""
    try:
        found = problems()
    except Exception:
        traceback.print_exc()
        sys.exit(2)
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)
