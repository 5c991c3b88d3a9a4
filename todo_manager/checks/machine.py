"""The check kind `machine`: a machine is the right one, and has what a phase needs.

`hosts/figures.py` finds out what it is and has, here and there; `gpus.py` asks its graphics driver,
`judge_machine.py` compares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Annotated, ClassVar

from todo_manager.checks import fields, judge_machine
from todo_manager.checks import machine_wants as wants
from todo_manager.checks.base import Outcome, World, conclude, unanswered
from todo_manager.checks.fields import Convert
from todo_manager.checks.judge_machine import Seen
from todo_manager.checks.placed import AwayCheck
from todo_manager.checks.versions import Requirement, requirement
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.figures import Figures
from todo_manager.hosts.places import From


class Machine(AwayCheck, frozen=True, kw_only=True):
    """A machine is the right one and has what is needed: every figure is the least that will do.

    CPUs and memory are what may be used there by whoever looks: in a container, or under a quota, less
    than the machine has. Cards and driver are asked of `nvidia-smi`. Its id and name are facts of every run.
    A host of the plan is looked at over its `ssh`. One that turns out to be this machine, or a machine
    that this run knows as another host, is the wrong one, unless it has the `machine_id` that is demanded.

        - machine: local
          machine_id: 0123456789abcdef0123456789abcdef
          cpus: 8
          memory: 30GB
          disk_free: {/var/lib/docker: 40GB}
          gpu: {name: RTX 4090, memory: 24GB}
          driver: ">= 535"
          os: {id: debian, version: ">= 12"}
        - machine: pc2
          memory: 60GB
    """

    kind = "machine"
    needs_for: ClassVar[Mapping[str, str]] = dict.fromkeys(("gpu", "driver"), "nvidia-smi")
    runs_programs: ClassVar[bool] = True
    names_host: ClassVar[bool] = True

    subject: Annotated[str, Convert(fields.text, expects=True)] = LOCAL
    """`local`, or a host of those under `hosts`."""
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
        if not (any(wanted) or self.driver or self.os):
            return ["it asserts nothing: say what the machine must be or have, like cpus: 8"]
        relative = [path for path in self.disk_free if not path.startswith("/")]
        if self.place.here or not relative:
            return []
        return [f"{path} is a path of the project; {self.subject} has none" for path in relative]

    @property
    def place(self) -> From:
        return From(host=self.subject)

    def attempt(self, world: World, timeout: float) -> Outcome:
        here = nullcontext(Figures())
        try:
            with here if self.place.here else world.elsewhere.figures(self.place, timeout) as found:
                seen = Seen(found)
                self._look(world, seen, timeout)
            if self.gpu or self.driver:
                cards = functools.partial(
                    judge_machine.judge_cards, world, self.place, timeout, self.gpu, self.driver
                )
                seen.look("the graphics cards and their driver are known", cards)
        except Unreachable as problem:
            return unanswered(f"the machine {self.subject} can be looked at", str(problem))
        return conclude(seen.judgements, facts=seen.facts, outputs=tuple(seen.outputs))

    def _look(self, world: World, seen: Seen, timeout: float) -> None:
        """Ask everything but the cards. May raise Unreachable."""
        if self.place.here:
            judge_machine.judge_here(seen, self.machine_id)
        else:
            judge_machine.judge_there(seen, world.elsewhere, self.subject, self.machine_id)
        for expected, judge in self._questions():
            seen.look(expected, judge)
        for path, size in self.disk_free.items():
            own = world.root if self.place.here else None
            judge = functools.partial(judge_machine.judge_disk, own, timeout, path, size)
            seen.look(f"{path} has room", judge)

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
