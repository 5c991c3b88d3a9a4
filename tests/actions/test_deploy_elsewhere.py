"""`deploy` and `rollback` on the engine of another machine: proven from there, not from here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from engine import free_port
from forked import Forked
from gated import new_project
from machines import Machine, MachineEngine
from services import good

# Four deployments over ssh, each proven twice: on a busy machine that takes its time.
pytestmark = [pytest.mark.engine, pytest.mark.ssh, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("elsewhere"))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def far(pc2: Machine) -> Iterator[MachineEngine]:
    found = MachineEngine(pc2)
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)  # five deployments, each with many connections over ssh
def test_a_service_of_another_machine(place: Forked, pc2: Machine, far: MachineEngine) -> None:
    """Its port is on the loopback of that machine; here another process has the same one."""
    for version in "12":
        good(far, version)
    port = free_port()
    outside = f'{{http: "http://127.0.0.1:{port}/health", json: {{status: ok}}}}'
    head = (
        f"inputs: [TAG]\n{pc2.head()}services:\n"
        f'  web: {{host: pc2, image: "svc:${{TAG}}", container: far-web,\n'
        f'        ports: ["127.0.0.1:{port}:8080"], outside: {outside}}}\n'
    )
    place.plan(
        "p",
        "- {title: D, needs: [], steps: [{deploy: web}], verify: [{file: none}]}\n"
        "- {title: R, needs: [], steps: [{rollback: web}], verify: [{file: none}]}\n"
        "- {title: C, needs: [], verify: [{rollback_ready: web, host: pc2}]}\n",
        head=head,
    )
    for phase, tag in ((0, "1"), (0, "2"), (1, "2"), (0, "2")):
        (row,) = place.ask("exec", "p", phase, "--run", "--var", f"TAG={tag}").ok().data["steps"]
        assert row["facts"]["engine"] == "pc2"
    told = pc2.run("busybox", "wget", "-q", "-O-", f"http://127.0.0.1:{port}/health").stdout
    assert '"version": "2"' in told
    assert place.ask("verify", "p", 2).ok().data["phases"][0]["checks"][0]["verdict"] == "passed"
