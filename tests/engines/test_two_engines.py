"""Two engines, ours and that of pc2 behind ssh: checks land on the right one, or say that they cannot."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from containers import verdicts
from engine import Engine, free_port
from forked import Forked
from gated import new_project
from machines import Machine, MachineEngine

from todo_manager.hosts.netns import open_network

pytestmark = [pytest.mark.engine, pytest.mark.ssh]

PORT = free_port()
ANSWER = '{"where": "WHERE"}'


@pytest.fixture(scope="module")
def far(engine: Engine, pc2: Machine) -> Iterator[MachineEngine]:
    """The engine of pc2. Both engines have a container `tw-web` on one port, each serving its own words."""
    found = MachineEngine(pc2)
    found.start()
    for each, where in ((engine, "mainpc"), (found, "pc2")):
        each.docker("network", "create", "two")
        each.image("two:1", f"LABEL where={where}",
                   files={"www/health": ANSWER.replace("WHERE", where), "where": f"{where}\n"})  # fmt: skip
        ran = each.docker("run", "-d", "--name", "tw-web", "--network", "two", "-p", f"127.0.0.1:{PORT}:8080", "two:1",
                          "httpd", "-f", "-p", "8080", "-h", "/www")  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    found.image("two:there")
    yield found
    found.stop()
    engine.docker("rm", "-f", "tw-web")
    engine.docker("network", "rm", "two")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("two"))  # type: ignore[return-value]


def hosts(engine: Engine, pc2: Machine, **changes: str) -> str:
    return f'hosts:\n  local: {{docker: "{engine.url}"}}\n{pc2.host(**changes)}'


CHECKS = {
    "image: 'two:1', labels: {where: NAME}": "passed",
    "http: 'http://127.0.0.1:PORT/health', json: {where: NAME}, served_by: tw-web": "passed",
    "tcp: '127.0.0.1:PORT', served_by: tw-web": "passed",
    "command: [cat, /where], stdout: {equals: NAME}, inside: tw-web": "passed",
    "file: /where, contains: [NAME], inside: tw-web": "passed",
    "http: 'http://127.0.0.1:8080/health', json: {where: NAME}, inside: tw-web": "passed",
    "tcp: '127.0.0.1:PORT', listening: false, inside: tw-web": "passed",
    "http: 'http://no-such-name:8080/health', inside: tw-web": "error",
    "image: 'two:1', labels: {where: elsewhere}": "failed",
    "image: 'two:none'": "failed",
}
CHECKS = {check.replace("PORT", str(PORT)): verdict for check, verdict in CHECKS.items()}


@pytest.mark.parametrize("host", ["local", "pc2"])
def test_checks_land_on_the_right_one(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine, host: str
) -> None:
    name = "pc2" if host == "pc2" else "mainpc"
    wanted = {f"{c.replace('NAME', name)}, host: {host}": verdict for c, verdict in CHECKS.items()}
    for check, row in verdicts(place, hosts(engine, pc2), wanted).items():
        assert row["verdict"] == wanted[check], (check, row["actual"] or row["message"])


def test_what_only_the_other_one_has(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    found = verdicts(
        place, hosts(engine, pc2), ["image: 'two:there', host: pc2", "image: 'two:there'"]
    )
    assert [row["verdict"] for row in found.values()] == ["passed", "failed"]


def test_the_wrong_machine_behind_a_name(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    """`name:` says what the engine must call its machine; ports are those of the engine's own machine."""
    head = hosts(engine, pc2, name="pc3")
    (row,) = verdicts(place, head, ["image: 'two:1', host: pc2"]).values()
    assert row["verdict"] == "error"
    assert "is the machine 'pc2', not 'pc3'" in row["actual"]
    head = hosts(engine, pc2, docker=engine.url)
    check = f"http: 'http://127.0.0.1:{PORT}/health', served_by: tw-web, host: pc2"
    (row,) = verdicts(place, head, [check]).values()
    assert row["verdict"] == "error"
    assert "whose port answered is not known" in row["actual"]


def test_a_container_is_entered_on_the_machine_of_its_engine(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    """Also where the plan names no other login there."""
    check = "http: 'http://127.0.0.1:8080/health', json: {where: pc2}, inside: tw-web, host: pc2"
    (row,) = verdicts(place, hosts(engine, pc2, ssh=""), [check]).values()
    assert row["verdict"] == "passed", row["actual"] or row["message"]


def test_a_process_that_is_not_the_container_s_is_not_entered() -> None:
    """On another machine the number of its process means another process, or none."""
    with pytest.raises(OSError, match=r"process .* of this machine is not the container's"):
        open_network(os.getpid(), "0" * 64)
    with pytest.raises(OSError, match="this machine has no process"):
        open_network(2**22 - 1, "0" * 64)
    with pytest.raises(OSError, match="names no process"):
        open_network(0, "0" * 64)


def test_nothing_of_the_user_s_configuration_takes_part(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    """The SDK itself would follow ~/.ssh/config to another machine, or start its ProxyCommand."""
    config = Path(place.env["HOME"]) / ".ssh" / "config"
    config.parent.mkdir(exist_ok=True)
    config.write_text(f"Host *\n  Port 1\n  ProxyCommand touch {place.root}/planted\n")
    (row,) = verdicts(place, hosts(engine, pc2), ["image: 'two:there', host: pc2"]).values()
    assert row["verdict"] == "passed", row
    assert not (place.root / "planted").exists()


def test_many_checks_at_once(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    """More sessions than one connection may have, more logins than a server takes at once."""
    checks = [f"image: 'two:1', name: i{n}, host: pc2" for n in range(25)]
    place.plan("many", "- title: T\n  verify:" + "".join(f"\n  - {{{c}}}" for c in checks),
               head=hosts(engine, pc2))  # fmt: skip
    rows = place.ask("verify", "many", 0).data["phases"][0]["checks"]
    assert [row["verdict"] for row in rows] == ["passed"] * 25


def test_a_stopped_pc2_is_an_error(place: Forked, engine: Engine, tmp_path: Path) -> None:
    """What is asked of our own engine goes on."""
    gone = Machine("pc2", tmp_path)
    gone.start()
    head = hosts(engine, gone)
    gone.stop()
    started = time.monotonic()
    checks = [f"{check.replace('NAME', 'pc2')}, host: pc2" for check in CHECKS]
    found = verdicts(place, head, [*checks, "image: 'two:1'"])
    assert time.monotonic() - started < 30
    rows = list(found.values())
    for row in rows[:-1]:
        assert row["verdict"] == "error", row
        assert "pc2" in row["actual"], row
    assert rows[-1]["verdict"] == "passed"


def test_a_stopped_engine_of_pc2_is_an_error(
    place: Forked, engine: Engine, pc2: Machine, far: MachineEngine
) -> None:
    """Last in this file: it does not come back. Its machine still answers, and refuses by itself."""
    far.stop_engine()
    checks = [f"{check.replace('NAME', 'pc2')}, host: pc2" for check in CHECKS]
    found = verdicts(place, hosts(engine, pc2), [*checks, "image: 'two:1'"])
    rows = list(found.values())
    for check, row in zip(checks, rows):
        refused = f":{PORT}" in check and "inside" not in check
        assert row["verdict"] == ("failed" if refused else "error"), row
        assert "pc2" in row["actual"] or refused, row
    assert rows[-1]["verdict"] == "passed"
