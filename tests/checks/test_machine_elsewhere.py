"""`machine` and `tool` of another host: asked over its ssh, and nobody else is asked instead."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import verdict, verdicts
from forked import Forked
from gated import new_project
from machines import ID_FILE, Machine

pytestmark = pytest.mark.ssh

CARDS = "NVIDIA GeForce RTX 4090, 550.54.14, 24564"
PROGRAMS = {
    "nvidia-smi": f"echo '{CARDS}'",
    "far-docker": "echo 'Docker version 24.0.5, build ced0996'",
    "far-lost": "exec no-such-program-anywhere",
    "far-mute": "exit 0",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, pc2: Machine) -> Iterator[Forked]:
    """A project; pc2 has programs that this machine lacks."""
    for name, text in PROGRAMS.items():
        (pc2.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (pc2.programs / name).chmod(0o755)
    yield new_project(tmp_path_factory.mktemp("machine"))  # type: ignore[misc]
    for name in PROGRAMS:
        (pc2.programs / name).unlink()
    pc2.call_it(pc2.id)


CHECKS = {
    "machine: pc2, machine_id: ID": ("passed", "it is ID"),
    "machine: pc2, cpus: 1, memory: 1MB, disk_free: {/: 1kB}": ("passed", "1 kB"),
    "machine: pc2, os: SYSTEM": ("passed", "it is SYSTEM"),
    'machine: pc2, gpu: {name: RTX 4090, memory: 24GB}, driver: ">= 535"': ("passed", "550.54.14"),
    "tool: far-docker, host: pc2": ("passed", ""),
    'tool: far-docker, host: pc2, version: ">= 24, < 25"': ("passed", "it is 24.0.5"),
    "machine: pc2, machine_id: ffffffffffffffffffffffffffffffff": ("failed", "it is ID"),
    "machine: pc2, cpus: 4096": ("failed", "may be used, of"),
    "machine: pc2, memory: 9000GB": ("failed", "may be used, of"),
    "machine: pc2, disk_free: {/proc: 1GB}": ("failed", "(on /proc)"),
    "machine: pc2, os: plan9": ("failed", "it is SYSTEM"),
    "machine: pc2, gpu: 2": ("failed", "RTX 4090"),
    'machine: pc2, driver: ">= 600"': ("failed", "it is 550.54.14"),
    'tool: far-docker, host: pc2, version: ">= 25"': ("failed", "it is 24.0.5"),
    "machine: pc2, disk_free: {/no/such/place: 1kB}": ("error", "No such file or directory"),
    "tool: far-none, host: pc2": ("error", "pc2: far-none did not run: needs far-none"),
    "tool: far-lost, host: pc2": ("error", "pc2: it exited 127"),
    "tool: far-mute, host: pc2, version: '>= 1'": ("error", "names no version"),
}


def filled(text: str, pc2: Machine) -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    system = next(line.partition("=")[2].strip('"') for line in lines if line.startswith("ID="))
    return text.replace("ID", pc2.id).replace("SYSTEM", system)


@pytest.fixture(scope="module")
def rows(place: Forked, pc2: Machine) -> dict[str, dict[str, Any]]:
    found = verdicts(place, pc2.head(), [filled(check, pc2) for check in CHECKS])
    return dict(zip(CHECKS, found.values(), strict=True))


@pytest.mark.parametrize("check", CHECKS)
def test_verdict(rows: dict[str, dict[str, Any]], pc2: Machine, check: str) -> None:
    wanted, words = CHECKS[check]
    assert rows[check]["verdict"] == wanted, rows[check]
    assert filled(words, pc2) in f"{rows[check]['expected']} {rows[check]['actual']}"


def test_which_machine_and_program_answered_are_facts(
    rows: dict[str, dict[str, Any]], pc2: Machine
) -> None:
    for check, row in rows.items():
        assert row["facts"].get("from") == "pc2", check
        if check.startswith("machine"):
            assert (row["facts"]["host"], row["facts"]["machine_id"]) == ("pc2", pc2.id)
    program = pc2.programs / "far-docker"
    facts = rows["tool: far-docker, host: pc2"]["facts"]
    assert facts["program"] == "/usr/local/sbin/far-docker"
    assert facts["sha256"] == hashlib.sha256(program.read_bytes()).hexdigest()
    gpu = rows["machine: pc2, gpu: 2"]["facts"]["gpu"]
    assert (gpu["from"], gpu["program"]) == ("pc2", "/usr/local/sbin/nvidia-smi")


def test_the_same_is_not_so_here(place: Forked, pc2: Machine) -> None:
    """None of it was answered from here."""
    checks = ["tool: far-docker", f"machine: local, machine_id: {pc2.id}"]
    found = [row["verdict"] for row in verdicts(place, pc2.head(), checks).values()]
    assert found == ["error", "failed"]


def test_what_may_be_used_there_counts(place: Forked, pc2: Machine) -> None:
    with pc2.before_each("taskset -p -c 0 $$ > /dev/null") as key:
        row = verdict(place, pc2.head(identity=str(key)), "machine: pc2, cpus: 2")
    assert row["verdict"] == "failed", row
    assert row["facts"]["cpus"] == {"host": os.cpu_count(), "usable": 1}


def twice(pc2: Machine) -> str:
    """Hosts of which two are one machine."""
    return pc2.head() + pc2.host().replace("pc2:", "pc3:", 1)


def test_a_host_that_leads_back_to_this_machine(place: Forked, pc2: Machine) -> None:
    ours = Path(ID_FILE).read_text().strip()
    pc2.call_it(ours)
    checks = ["machine: pc2, cpus: 1", f"machine: pc2, machine_id: {pc2.id}",
              f"machine: pc2, machine_id: {ours}"]  # fmt: skip
    found = list(verdicts(place, pc2.head(), checks).values())
    pc2.call_it(pc2.id)
    assert [row["verdict"] for row in found] == ["failed", "failed", "passed"]
    assert f"its machine id {ours} is that of local" in found[0]["actual"]


def test_two_hosts_that_are_one_machine(place: Forked, pc2: Machine) -> None:
    checks = ["machine: pc2, cpus: 1", "machine: pc3, cpus: 1, serial: true",
              f"machine: pc3, machine_id: {pc2.id}, serial: true"]  # fmt: skip
    found = list(verdicts(place, twice(pc2), checks).values())
    assert [row["verdict"] for row in found] == ["passed", "failed", "passed"]
    assert f"its machine id {pc2.id} is that of pc2" in found[1]["actual"]


def test_a_host_that_has_no_id(place: Forked, pc2: Machine) -> None:
    """Nothing shows that it is the one that was meant."""
    pc2.call_it("uninitialized")
    row = verdict(place, pc2.head(), "machine: pc2, cpus: 1")
    pc2.call_it(pc2.id)
    assert row["verdict"] == "error"
    assert "/etc/machine-id holds no machine id" in row["actual"]


def test_hosts_that_cannot_be_asked(place: Forked, pc2: Machine, closed_port: int) -> None:
    checks = ["machine: pc2, cpus: 1", "machine: pc2, gpu: 1", "tool: bash, host: pc2"]
    for row in verdicts(place, pc2.head(ssh=""), checks).values():
        assert row["verdict"] == "error"
        assert row["actual"] == "the host pc2 names no login: write ssh: under hosts.pc2"
    for row in verdicts(place, pc2.head(ssh=f"root@127.0.0.1:{closed_port}"), checks).values():
        assert row["verdict"] == "error"
        assert f"pc2 (ssh root@127.0.0.1:{closed_port}) does not answer" in row["actual"]


REFUSED = {
    "machine: pc3, cpus: 1": "verify[0].machine: there is no host 'pc3' (did you mean pc2?)",
    "tool: docker, host: pc3": "verify[0].host: there is no host 'pc3' (did you mean pc2?)",
    "machine: pc2, disk_free: {data: 1GB}": "data is a path of the project; pc2 has none",
    "tool: tools/x, host: pc2": "tools/x is a path of the project; pc2 has none",
    "machine: pc2": "it asserts nothing",
    "tool: docker, inside: web": "tool does not look from inside a container",
    "machine: local, cpus: 1, host: pc2": "a machine is named by its subject, like machine: pc2",
}


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Forked, check: str) -> None:
    head = "hosts: {pc2: {ssh: pc2}}\n"
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", head=head, imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)


def digests(place: Forked, id_: str, ssh: str) -> list[str]:
    phases = [
        "{title: A, verify: [{machine: pc2, cpus: 1}]}",
        "{title: B, needs: [], verify: [{tool: bash, host: pc2}]}",
        "{title: C, needs: [], verify: [{machine: local, cpus: 1}, {tool: bash}]}",
    ]
    head = f"hosts: {{pc2: {{ssh: {ssh}}}, local: {{docker: 'unix:///{ssh}.sock'}}}}\n"
    place.plan(id_, "\n".join(f"- {each}" for each in phases), head=head)
    return [each["digest"] for each in place.ask("show", id_).ok().data["plan"]["phases"]]


def test_which_machine_is_asked_is_part_of_the_gate(place: Forked) -> None:
    one, other = digests(place, "one", "ops@pc2"), digests(place, "other", "ops@pc9")
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, False, True]


def test_another_machine_of_that_name_has_not_been_proven(place: Forked, pc2: Machine) -> None:
    place.plan("later", "- {title: T, verify: [{machine: pc2, cpus: 1}]}", head=pc2.head())
    place.ask("done", "later", 0).ok()
    pc2.call_it("f" * 32)
    found = place.ask("verify", "later", 0).ok().data["phases"][0]
    pc2.call_it(pc2.id)
    assert found["state"] == "stale"
    assert f"the machine of pc2 was {pc2.id} and is {'f' * 32}" in found["reason"]
