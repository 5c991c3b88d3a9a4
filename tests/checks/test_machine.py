"""`machine`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import hashlib
import os
import socket
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from support import Project

from todo_manager.canonical import Scalar
from todo_manager.checks.base import Program, Ran, Unresolvable
from todo_manager.hosts import figures
from todo_manager.model import Output, Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
ID = "0123456789abcdef0123456789abcdef"
GIB = 2**30
MEMINFO = f"MemTotal:       {32 * 2**20} kB\nMemFree: 1 kB\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


class Tree:
    """A file system of a machine with 8 CPUs and 32 GiB, whose files a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("etc/machine-id", f"{ID}\n")
        self.write("etc/os-release", 'NAME="Debian GNU/Linux"\n# x\nID=debian\nVERSION_ID="12"\n')
        self.write("proc/meminfo", MEMINFO)
        self.write("proc/self/cgroup", "0::/\n")
        self.write("proc/self/mountinfo", V2)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def drop(self, path: str) -> None:
        (self.root / path).unlink()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setattr(figures, "ROOT", tmp_path / "system")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    return Tree(tmp_path / "system")


@pytest.fixture
def local(look: Any) -> Any:
    """What a check of the local machine finds."""
    return lambda **wanted: look({"machine": "local", **wanted})


class TestWhichMachine:
    """The wrong machine must not be asked."""

    def test_id_and_name_are_facts(self, local: Any, tree: Tree) -> None:
        found = local(cpus=1)
        assert found.facts["machine_id"] == ID
        assert found.facts["host"] == socket.gethostname()

    def test_the_id_must_match(self, local: Any, tree: Tree) -> None:
        assert local(machine_id=ID).verdict == PASSED
        found = local(machine_id="f" * 32, cpus=1)
        assert (found.verdict, found.actual) == (FAILED, f"it is {ID}")

    @pytest.mark.parametrize("text", ["", "uninitialized\n", "0123"])
    def test_no_id_is_no_match(self, local: Any, tree: Tree, text: str) -> None:
        tree.write("etc/machine-id", text)
        assert local(machine_id=ID).verdict == ERROR
        assert local(cpus=1).verdict == PASSED

    def test_no_file(self, local: Any, tree: Tree) -> None:
        tree.drop("etc/machine-id")
        assert local(machine_id=ID).verdict == ERROR


class TestCpus:
    def test_enough(self, local: Any, tree: Tree) -> None:
        assert local(cpus=8).verdict == PASSED
        found = local(cpus=9)
        assert (found.verdict, found.actual) == (FAILED, "8 may be used, of 8")

    def test_what_may_be_used_counts(self, local: Any, tree: Tree, monkeypatch: Any) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
        found = local(cpus=4)
        assert found.verdict == FAILED
        assert found.facts["cpus"] == {"host": 8.0, "usable": 2.0}

    @pytest.mark.parametrize(
        ("quota", "cpus", "verdict"),
        [
            ("max 100000", 8, PASSED),
            ("150000 100000", 1, PASSED),
            ("150000 100000", 2, FAILED),
            ("1600000 100000", 8, PASSED),
            ("rubbish", 1, ERROR),
            ("a lot", 1, ERROR),
            ("0 100000", 1, ERROR),
        ],
    )
    def test_quota(self, local: Any, tree: Tree, quota: str, cpus: int, verdict: Any) -> None:
        tree.write("sys/fs/cgroup/cpu.max", f"{quota}\n")
        assert local(cpus=cpus).verdict == verdict

    def test_quota_of_a_group_above(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/cgroup", "0::/a/b\n")
        tree.write("sys/fs/cgroup/a/cpu.max", "200000 100000\n")
        tree.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
        assert local(cpus=3).verdict == FAILED
        assert local(cpus=2).verdict == PASSED

    def test_quota_of_the_first_version(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/mountinfo", V1)
        tree.write("proc/self/cgroup", "4:cpu,cpuacct:/box\n3:memory:/\n0::/\n")
        tree.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "100000\n")
        tree.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "50000\n")
        assert local(cpus=3).verdict == FAILED
        tree.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n")
        assert local(cpus=3).verdict == PASSED

    def test_a_mount_that_shows_only_our_part(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/mountinfo", V2.replace(" / /sys", " /docker/1 /sys"))
        tree.write("proc/self/cgroup", "0::/docker/1\n")
        tree.write("sys/fs/cgroup/cpu.max", "200000 100000\n")
        assert local(cpus=3).verdict == FAILED

    def test_a_path_outside_of_the_mount(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/cgroup", "0::/../../host\n")
        tree.write("sys/fs/cgroup/cpu.max", "200000 100000\n")
        assert local(cpus=3).verdict == FAILED

    def test_without_control_groups(self, local: Any, tree: Tree) -> None:
        tree.drop("proc/self/cgroup")
        assert local(cpus=8).verdict == PASSED

    def test_control_groups_that_cannot_be_read(self, local: Any, tree: Tree) -> None:
        tree.drop("proc/self/mountinfo")
        assert local(cpus=1).verdict == ERROR

    def test_nobody_knows_how_many(self, local: Any, tree: Tree, monkeypatch: Any) -> None:
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert local(cpus=1).verdict == ERROR


class TestMemory:
    def test_enough(self, local: Any, tree: Tree) -> None:
        assert local(memory="32GiB").verdict == PASSED
        found = local(memory="35GB")
        assert (found.verdict, "34.36 GB may be used" in found.actual) == (FAILED, True)

    def test_limit_of_a_group_above(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/cgroup", "0::/a\n")
        tree.write("sys/fs/cgroup/a/memory.max", "max\n")
        tree.write("sys/fs/cgroup/memory.max", f"{4 * GIB}\n")
        found = local(memory="8GiB")
        assert found.verdict == FAILED
        assert found.facts["memory"] == {"host": 32 * GIB, "usable": 4 * GIB}

    def test_limit_of_the_first_version(self, local: Any, tree: Tree) -> None:
        tree.write("proc/self/mountinfo", V1)
        tree.write("proc/self/cgroup", "3:memory:/box\n")
        file = "sys/fs/cgroup/memory/box/memory.limit_in_bytes"
        tree.write(file, "9223372036854771712\n")
        assert local(memory="32GiB").verdict == PASSED
        tree.write(file, f"{GIB}\n")
        assert local(memory="2GiB").verdict == FAILED

    @pytest.mark.parametrize(
        "text", ["", "MemTotal: lots kB\n", "MemTotal: 5\n", "MemFree: 9 kB\n"]
    )
    def test_unreadable(self, local: Any, tree: Tree, text: str) -> None:
        tree.write("proc/meminfo", text)
        assert local(memory="1MB").verdict == ERROR


class TestDisk:
    @pytest.fixture
    def room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """10 GB for users, 20 GB for root."""
        stats = namedtuple("stats", "f_bavail f_bfree f_frsize f_bsize")
        answer = stats(10**6, 2 * 10**6, 10**4, 1)
        monkeypatch.setattr(os, "statvfs", lambda path: answer)

    def test_room_for_users_counts(self, local: Any, room: None) -> None:
        assert local(disk_free={".": "10GB"}).verdict == PASSED
        found = local(disk_free={".": "11GB"})
        assert (found.verdict, ".: 10 GB free" in found.actual) == (FAILED, True)

    def test_the_mount_is_a_fact(self, local: Any) -> None:
        found = local(disk_free={"/proc": "1GB"})
        assert found.verdict == FAILED
        assert found.facts["disk_free"]["/proc"]["mount"] == "/proc"

    def test_no_such_path(self, local: Any) -> None:
        found = local(disk_free={"/no/such/place": 1, ".": 1})
        assert found.verdict == ERROR
        assert "/no/such/place" in found.actual

    def test_out_of_the_project(self, local: Any, world: Any) -> None:
        (world.root / "out").symlink_to("/")
        assert local(disk_free={"out": 1}).verdict == ERROR


class TestSystem:
    def test_name_and_version(self, local: Any, tree: Tree) -> None:
        assert local(os="debian").verdict == PASSED
        assert local(os={"id": "debian", "version": Scalar(">= 12")}).verdict == PASSED
        assert local(os="ubuntu").verdict == FAILED
        found = local(os={"id": "debian", "version": Scalar(">= 13")})
        assert (found.verdict, found.actual) == (FAILED, "it is debian 12")

    def test_another_system_of_that_version(self, local: Any, tree: Tree) -> None:
        assert local(os={"id": "ubuntu", "version": Scalar(">= 12")}).verdict == FAILED

    def test_the_second_place(self, local: Any, tree: Tree) -> None:
        tree.drop("etc/os-release")
        assert local(os="arch").verdict == ERROR
        tree.write("usr/lib/os-release", "ID='arch'\n")
        assert local(os="arch").verdict == PASSED
        assert local(os={"id": "arch", "version": Scalar("> 1")}).verdict == ERROR

    @pytest.mark.parametrize("text", ["", "NAME=x\n", "ID=\n", 'ID="debian\n'])
    def test_unreadable(self, local: Any, tree: Tree, text: str) -> None:
        tree.write("etc/os-release", text)
        assert local(os="debian").verdict == ERROR


TWO_CARDS = "NVIDIA GeForce RTX 4090, 550.54.14, 24564\nNVIDIA GeForce RTX 3060, 550.54.14, 12288\n"


@pytest.fixture
def smi(world: Any) -> Any:
    """Put what nvidia-smi says into the world."""

    def says(text: str, exit: int = 0, err: str = "", **more: Any) -> None:
        def output(name: str, words: str) -> Output:
            data = words.encode()
            return Output(stream=name, size=len(data), sha256="", kept=data)

        ran = Ran(exit=exit, stdout=output("stdout", text), stderr=output("stderr", err))
        world.program = lambda *args: Program(path="/usr/bin/nvidia-smi", sha256="0" * 64)
        world.run = lambda *args, **kw: Ran(**more) if more else ran

    return says


class TestGpu:
    @pytest.mark.parametrize(
        ("wanted", "verdict"),
        [
            (1, PASSED),
            (2, PASSED),
            (3, FAILED),
            ("rtx 4090", PASSED),
            ("A100", FAILED),
            ({"name": "RTX", "count": 2}, PASSED),
            ({"name": "4090", "count": 2}, FAILED),
            ({"memory": "24GB"}, PASSED),
            ({"memory": "24GB", "count": 2}, FAILED),
            ({"name": "3060", "memory": "24GB"}, FAILED),
        ],
    )
    def test_cards(self, local: Any, smi: Any, wanted: Any, verdict: Verdict) -> None:
        smi(TWO_CARDS)
        found = local(gpu=wanted)
        assert found.verdict == verdict
        assert found.facts["gpu"]["sha256"] == "0" * 64
        assert found.outputs[0].kept == TWO_CARDS.encode()

    @pytest.mark.parametrize(
        ("wanted", "verdict"),
        [
            (">= 535", PASSED),
            (">= 550.54.14", PASSED),
            ("> 551", FAILED),
            (">= 535, < 540", FAILED),
        ],
    )
    def test_driver(self, local: Any, smi: Any, wanted: str, verdict: Verdict) -> None:
        smi(TWO_CARDS)
        assert local(driver=Scalar(wanted)).verdict == verdict

    def test_one_driver_of_several_is_too_old(self, local: Any, smi: Any) -> None:
        smi(TWO_CARDS.replace("3060, 550", "3060, 470"))
        assert local(driver=Scalar(">= 535")).verdict == FAILED

    @pytest.mark.parametrize("exit", [0, 6])
    def test_no_card(self, local: Any, smi: Any, exit: int) -> None:
        smi("No devices were found\n", exit)
        assert local(gpu=1).verdict == FAILED
        assert local(driver=Scalar(">= 1")).verdict == ERROR

    @pytest.mark.parametrize(
        ("text", "exit"),
        [
            ("", 0),
            ("", 9),
            (TWO_CARDS, 1),
            ("a card\n", 0),
            ("NVIDIA GeForce RTX 4090, 550\n", 0),
        ],
    )
    def test_no_answer(self, local: Any, smi: Any, text: str, exit: int) -> None:
        smi(text, exit, "couldn't communicate with the NVIDIA driver")
        assert local(gpu=1).verdict == ERROR

    def test_a_driver_that_is_no_version(self, local: Any, smi: Any) -> None:
        smi("A card, [N/A], [N/A]\n")
        assert local(driver=Scalar(">= 1")).verdict == ERROR
        assert local(gpu={"memory": "1MB"}).verdict == ERROR
        assert local(gpu=1).verdict == PASSED

    @pytest.mark.parametrize("more", [{"timed_out": True}, {"signal": 9}, {"problem": "no fork"}])
    def test_a_program_without_an_end(self, local: Any, smi: Any, more: dict[str, Any]) -> None:
        smi("", **more)
        assert local(gpu=1).verdict == ERROR

    def test_needs_the_program(self, local: Any, world: Any) -> None:
        def none(*args: Any) -> None:
            raise Unresolvable("needs nvidia-smi: no such program on the search path")

        world.program = none
        found = local(driver=Scalar(">= 535"), cpus=1)
        assert found.verdict == ERROR
        assert "needs nvidia-smi" in found.actual


class TestLoad:
    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {"cpus": 0},
            {"cpus": "many"},
            {"memory": "0B"},
            {"memory": "lots"},
            {"disk_free": {}},
            {"disk_free": "20GB"},
            {"disk_free": {"../x": "1GB"}},
            {"disk_free": {"/": 0}},
            {"gpu": {}},
            {"gpu": 0},
            {"gpu": Scalar("")},
            {"gpu": {"cores": 3}},
            {"driver": 535},
            {"os": {"version": ">= 12"}},
            {"machine_id": "me"},
        ],
    )
    def test_what_asserts_nothing(self, refused: Any, wanted: dict[str, Any]) -> None:
        refused({"machine": "local", **wanted})

    def test_an_input_may_not_steer(self, refused: Any) -> None:
        for wanted in ({"cpus": "${N}"}, {"machine_id": "${N}"}):
            assert "the input N" in refused({"machine": "local", **wanted}, inputs=["N"])


def test_through_the_command(project: Project) -> None:
    """A stand-in that the settings name with its sha256 answers for the driver's program."""
    project = Forked(project.root, Path(project.env["HOME"]))
    script = project.write("smi", f'#!/bin/sh\ncat <<"END"\n{TWO_CARDS}END\n', mode=0o755)
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    project.write("todo_manager.yaml", f"tools: {{nvidia-smi: {{path: smi, sha256: {digest}}}}}\n")
    verify = '[{machine: local, cpus: 1, memory: 1MB, driver: "%s"}]'
    phase = f"- {{key: k, title: T, verify: {verify}}}"
    project.plan("old", phase.replace("%s", ">= 600"))
    refused = project.ask("done", "old", 0).refused("check_failed")
    assert refused.data["checks"][0]["actual"] == "it is 550.54.14"
    project.plan("new", phase.replace("%s", ">= 535"))
    project.ask("done", "new", 0).ok()


def test_the_command_without_the_program(project: Project) -> None:
    if os.path.exists("/usr/bin/nvidia-smi"):
        pytest.skip("nvidia-smi is installed here")
    project = Forked(project.root, Path(project.env["HOME"]))
    project.plan("p", '- {key: k, title: T, verify: [{machine: local, driver: ">= 535"}]}')
    refused = project.ask("done", "p", 0).refused("check_error")
    assert "needs nvidia-smi" in refused.data["checks"][0]["actual"]
