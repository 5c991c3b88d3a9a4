"""The check kind `machine`: this machine is the right one, and has what a phase needs.

`this_machine.py` finds out what it is and has, `gpus.py` asks its graphics driver, `judge_machine.py`
compares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from todo_manager.checks import fields, judge_machine
from todo_manager.checks import machine_wants as wants
from todo_manager.checks.base import Check, Outcome, World, conclude
from todo_manager.checks.fields import Convert
from todo_manager.checks.judge_machine import Seen
from todo_manager.checks.versions import Requirement, requirement


class Machine(Check, frozen=True, kw_only=True):
    """This machine is the right one and has what is needed: every figure is the least that will do.

    CPUs and memory are what may be used here: in a container, or under a quota, less than the machine
    has. Cards and driver are asked of `nvidia-smi`. The machine's id and name are facts of every run.

        - machine: local
          machine_id: 0123456789abcdef0123456789abcdef
          cpus: 8
          memory: 30GB
          disk_free: {/var/lib/docker: 40GB}
          gpu: {name: RTX 4090, memory: 24GB}
          driver: ">= 535"
          os: {id: debian, version: ">= 12"}
    """

    kind = "machine"
    needs_for: ClassVar[Mapping[str, str]] = dict.fromkeys(("gpu", "driver"), "nvidia-smi")
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(wants.host_name, expects=True)] = wants.LOCAL
    """`local`, or the name of this machine; on another one it is refused."""
    machine_id: Annotated[str, Convert(wants.id_of, expects=True)] = ""
    """Its /etc/machine-id, where it must be this very machine."""
    cpus: Annotated[int, Convert(fields.positive, expects=True)] = 0
    """How many CPUs we may use at least; a quota of one and a half CPUs is not two."""
    memory: Annotated[int, Convert(wants.size, expects=True)] = 0
    """How much memory we may use at least; of 32 GB built in, the kernel keeps some."""
    disk_free: Annotated[dict[str, int], Convert(wants.disks, expects=True)] = {}
    """How much room there is at least, by path: what is free for a user who is not root."""
    gpu: Annotated[wants.Gpu | None, Convert(wants.gpu, expects=True)] = None
    """A number of cards, a part of their name, or a mapping of name, count and memory."""
    driver: Annotated[Requirement | None, Convert(requirement, expects=True)] = None
    """The version of the NVIDIA driver."""
    os: Annotated[wants.Os | None, Convert(wants.system, expects=True)] = None
    """The ID of /etc/os-release, or a mapping of id and version."""

    def problems(self) -> list[str]:
        wanted = (self.machine_id, self.cpus, self.memory, self.disk_free, self.gpu)
        if any(wanted) or self.driver or self.os:
            return []
        return ["it asserts nothing: say what the machine must be or have, like cpus: 8"]

    def attempt(self, world: World, timeout: float) -> Outcome:
        seen = Seen()
        judge_machine.judge_identity(seen, self.subject, self.machine_id)
        for expected, judge in self._questions():
            seen.look(expected, judge)
        for path, size in self.disk_free.items():
            judge = functools.partial(judge_machine.judge_disk, world, timeout, path, size)
            seen.look(f"{path} has room", judge)
        if self.gpu or self.driver:
            cards = functools.partial(
                judge_machine.judge_cards, world, timeout, self.gpu, self.driver
            )
            seen.look("the graphics cards and their driver are known", cards)
        return conclude(seen.judgements, facts=seen.facts, outputs=tuple(seen.outputs))

    def _questions(self) -> Iterator[tuple[str, judge_machine.Judge]]:
        """What is asked of the machine alone, with what is expected of it."""
        if self.os:
            yield (
                f"the system is {self.os.id}",
                functools.partial(judge_machine.judge_system, self.os),
            )
        if self.cpus:
            yield f"{self.cpus} CPUs", functools.partial(judge_machine.judge_cpus, self.cpus)
        if self.memory:
            yield "memory", functools.partial(judge_machine.judge_memory, self.memory)
